#include "silver/late_trades.h"

#include <algorithm>
#include <numeric>

#include <arrow/api.h>

#include "bronze/trade_rows.h"
#include "core/time.h"
#include "iceberg/columns.h"
#include "iceberg/write_rows.h"
#include "silver/tables.h"

namespace tradelake::silver {

void LateTrades::add(const bronze::Trade& trade, const bronze::ParsedFrame& frame,
                     bronze::MarketIndex market, const bronze::FrameOrigin& origin,
                     std::int64_t greatest_time_us) {
  batch_.append(trade, frame, market, origin);
  open_time_us_.push_back(floor_to(trade.trade_time_us, us_per_minute));
  // Of a candle that cannot be rebuilt, it may be the newest.
  late_by_ms_.push_back(std::max<std::int64_t>(0, greatest_time_us - trade.trade_time_us) /
                        us_per_ms);
}

void LateTrades::clear() {
  batch_.clear();
  open_time_us_.clear();
  late_by_ms_.clear();
}

Result<std::vector<iceberg::DataFile>> LateTrades::write_files(
    iceberg::FileIo& io, const iceberg::Table& table, const bronze::MarketNames& markets,
    const std::vector<std::string>& topics) const {
  static const auto declared = late_trades_table().schema;
  bronze::RowNumbers rows(batch_.rows());
  std::iota(rows.begin(), rows.end(), 0);
  std::ranges::stable_sort(rows, {}, [&](std::uint32_t row) {
    const auto& name = markets[batch_.market[row]];
    return std::tuple(to_string(name.category), std::string_view(name.symbol), open_time_us_[row]);
  });
  auto columns = bronze::trade_columns(batch_, markets, topics, rows);
  columns.emplace_back("open_time", iceberg::timestamp_column(open_time_us_, rows));
  columns.emplace_back("late_by_ms", iceberg::int64_column(late_by_ms_, rows));
  return iceberg::write_rows(io, *table.metadata, declared, iceberg::table_of(columns));
}

}  // namespace tradelake::silver
