#include "bronze/old_trades.h"

#include <map>
#include <set>
#include <unordered_map>

#include <arrow/api.h>

#include "bronze/id_window.h"
#include "bronze/tables.h"
#include "core/time.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"

namespace tradelake::bronze {
namespace {

struct HashOfId {
  std::size_t operator()(const std::pair<std::uint64_t, std::uint32_t>& id) const {
    return id.first;
  }
};
using Key = std::pair<std::uint64_t, std::uint32_t>;

Key key_of(bybit::Category category, std::string_view symbol, std::string_view trade_id) {
  const auto hash = hash_id(category, symbol, trade_id);
  return {hash.high, hash.low};
}

}  // namespace

Result<std::vector<std::uint32_t>> find_repeats(const iceberg::Table& trades, iceberg::FileIo& io,
                                                const TradeBatch& batch, const MarketNames& markets,
                                                const std::vector<std::uint32_t>& rows) {
  std::vector<std::uint32_t> repeats;
  std::unordered_map<Key, std::uint32_t, HashOfId> wanted;
  std::set<std::int64_t> hours;
  for (const auto row : rows) {
    const auto& market = markets[batch.market[row]];
    if (!wanted.emplace(key_of(market.category, market.symbol, batch.trade_id(row)), row).second)
      repeats.push_back(row);
    hours.insert(floor_div(batch.trade_time_us[row], us_per_hour));
  }
  if (trades.metadata->current_snapshot() == nullptr) return repeats;
  static const auto declared = trades_table().schema;
  const auto metadata = iceberg::as_declared(trades.metadata, declared);
  for (const auto hour : hours) {
    const auto filter =
        iceberg::half_open("trade_time", hour * us_per_hour, (hour + 1) * us_per_hour);
    TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io, filter));
    for (const auto& file : files) {
      TL_ASSIGN(
          const auto table,
          iceberg::read_data_file(*metadata, io, file, {"category", "symbol", "trade_id"}, filter));
      const iceberg::RowReader reader(*table);
      for (std::int64_t row = 0; row < reader.rows(); ++row) {
        const auto category = bybit::parse_category(reader.text(0, row));
        if (!category) continue;  // written by somebody else: not one of ours
        const auto found = wanted.find(key_of(*category, reader.text(1, row), reader.text(2, row)));
        if (found == wanted.end()) continue;
        repeats.push_back(found->second);
        wanted.erase(found);
      }
    }
  }
  return repeats;
}

}  // namespace tradelake::bronze
