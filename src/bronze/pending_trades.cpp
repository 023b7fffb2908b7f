#include "bronze/pending_trades.h"

namespace tradelake::bronze {

void PendingTrades::remove(const std::vector<bool>& drop) {
  std::vector<std::uint32_t> old_left;
  std::uint32_t left = 0;
  auto old = old_rows.begin();
  for (std::uint32_t row = 0; row < drop.size(); ++row) {
    const bool is_old = old != old_rows.end() && *old == row;
    if (is_old) ++old;
    if (is_old && !drop[row]) old_left.push_back(left);
    left += !drop[row];
  }
  old_rows = std::move(old_left);
  batch.remove(drop);
}

void PendingTrades::clear() {
  batch.clear();
  dead.clear();
  old_rows.clear();
  klines.clear();
  kline_counts = {};
}

}  // namespace tradelake::bronze
