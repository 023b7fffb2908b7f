#include "silver/candle_row.h"

#include <algorithm>
#include <tuple>

#include "core/time.h"

namespace tradelake::silver {
namespace {

auto values(const CandleRow& row) {
  return std::tie(row.category, row.symbol, row.open_time_us, row.open, row.high, row.low,
                  row.close, row.volume, row.turnover, row.buy_volume, row.buy_turnover, row.trades,
                  row.first_trade_time_us, row.last_trade_time_us);
}

std::optional<Decimal> sum(std::optional<Decimal> a, std::optional<Decimal> b) {
  if (!a || !b) return std::nullopt;
  return add(*a, *b);
}

}  // namespace

bool CandleRow::same_candle(const CandleRow& other) const {
  return values(*this) == values(other);
}

// Minutes do not overlap, so the times of their trades tell which comes first.
void CandleRow::merge(const CandleRow& other) {
  if (other.first_trade_time_us < first_trade_time_us) {
    open = other.open;
    first_trade_time_us = other.first_trade_time_us;
  }
  if (other.last_trade_time_us > last_trade_time_us) {
    close = other.close;
    last_trade_time_us = other.last_trade_time_us;
  }
  high = std::max(high, other.high);
  low = std::min(low, other.low);
  volume = sum(volume, other.volume);
  turnover = sum(turnover, other.turnover);
  buy_volume = sum(buy_volume, other.buy_volume);
  buy_turnover = sum(buy_turnover, other.buy_turnover);
  trades += other.trades;
  revision = std::max(revision, other.revision);
  updated_at_us = std::max(updated_at_us, other.updated_at_us);
}

bool sorts_before(const CandleRow& a, const CandleRow& b) {
  return std::tuple(to_string(a.category), std::string_view(a.symbol), a.open_time_us) <
         std::tuple(to_string(b.category), std::string_view(b.symbol), b.open_time_us);
}

CandleRow to_row(bybit::Category category, std::string_view symbol, std::int64_t open_time_us,
                 const Candle& candle) {
  CandleRow row;
  row.category = category;
  row.symbol = symbol;
  row.open_time_us = open_time_us;
  row.open = candle.first.price;
  row.high = candle.high;
  row.low = candle.low;
  row.close = candle.last.price;
  row.volume = candle.volume.value();
  row.turnover = candle.turnover.value();
  row.buy_volume = candle.buy_volume.value();
  row.buy_turnover = candle.buy_turnover.value();
  row.trades = candle.trades;
  row.first_trade_time_us = candle.first.trade_time_us;
  row.last_trade_time_us = candle.last.trade_time_us;
  return row;
}

std::vector<CandleRow> merge_rows(std::span<const CandleRow> rows,
                                  const std::function<std::int64_t(std::int64_t)>& open_time_of) {
  std::vector<CandleRow> merged;
  for (const auto& row : rows) {
    const std::int64_t open_time_us = open_time_of(row.open_time_us);
    if (merged.empty() || merged.back().open_time_us != open_time_us) {
      merged.push_back(row);
      merged.back().open_time_us = open_time_us;
      continue;
    }
    merged.back().merge(row);
  }
  return merged;
}

std::vector<CandleRow> merge_rows(std::span<const CandleRow> rows, std::int64_t step_us) {
  return merge_rows(rows, [&](std::int64_t time_us) { return floor_to(time_us, step_us); });
}

}  // namespace tradelake::silver
