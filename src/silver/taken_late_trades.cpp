#include "silver/taken_late_trades.h"

#include <algorithm>

#include <arrow/table.h>

#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "iceberg/write_rows.h"
#include "silver/rewrite.h"
#include "silver/tables.h"

namespace tradelake::silver {
Result<> TakenLateTrades::load(std::int64_t from_us, std::int64_t to_us, MarketFilter& markets) {
  rows_.clear();
  from_us_ = std::min(from_us_, from_us);
  to_us_ = std::max(to_us_, to_us);
  static const auto declared = late_trades_table().schema;
  const auto metadata = iceberg::as_declared(table_.metadata, declared);
  const auto filter = iceberg::half_open("open_time", from_us, to_us);
  TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io_, filter));
  for (const auto& file : files) {
    TL_ASSIGN(const auto found, iceberg::read_data_file(*metadata, io_, file,
                                                        {"category", "symbol", "trade_id", "_topic",
                                                         "_topic_partition", "_offset", "_index"},
                                                        filter));
    const iceberg::RowReader reader(*found);
    for (std::int64_t n = 0; n < reader.rows(); ++n) {
      const auto category = bybit::parse_category(reader.text(0, n));
      if (!category || !markets.takes(*category, reader.text(1, n))) continue;
      const auto id = bronze::hash_id(*category, reader.text(1, n), reader.text(2, n));
      rows_.emplace(
          Id{id.high, id.low},
          Row{std::string(reader.text(3, n)), static_cast<std::int32_t>(reader.integer(4, n)),
              reader.integer(5, n), static_cast<std::int32_t>(reader.integer(6, n))});
    }
  }
  return {};
}

std::optional<TakenLateTrades::Kind> TakenLateTrades::find(const bronze::IdHash& id,
                                                           const Place& place) const {
  const auto [first, last] = rows_.equal_range({id.high, id.low});
  if (first == last) return std::nullopt;
  const bool same = std::any_of(first, last, [&](const auto& entry) {
    const auto& row = entry.second;
    return row.topic == place.topic && row.partition == place.partition &&
           row.offset == place.offset && row.index == place.index;
  });
  return same ? Kind::trade : Kind::repeat;
}

void TakenLateTrades::take(const bronze::IdHash& id, Kind kind) {
  const bool fresh = taken_.insert({id.high, id.low}).second;
  trades_ += fresh && kind == Kind::trade;
}

Result<std::unique_ptr<iceberg::Action>> TakenLateTrades::action(
    iceberg::FileIo& io, const iceberg::SnapshotNote& note) const {
  if (taken_.empty()) return nullptr;
  static const auto declared = late_trades_table().schema;
  TL_ASSIGN(const auto columns,
            current_names(table_, declared, {"category", "symbol", "trade_id", "open_time"}));
  TL_ASSIGN(auto rewrite,
            rewrite_without(table_, io_, iceberg::half_open(columns[3], from_us_, to_us_), columns,
                            [&](const iceberg::RowReader& rows, std::int64_t row) {
                              const auto category = bybit::parse_category(rows.text(0, row));
                              const auto open_us = rows.integer(3, row);
                              if (!category || open_us < from_us_ || open_us >= to_us_)
                                return false;
                              const auto id =
                                  bronze::hash_id(*category, rows.text(1, row), rows.text(2, row));
                              return taken_.contains({id.high, id.low});
                            }));
  // Each file's rows are in their order.
  std::vector<iceberg::DataFile> files;
  for (const auto& kept : rewrite.kept) {
    TL_ASSIGN(auto written, iceberg::write_whole_rows(io, *table_.metadata, kept, {}));
    std::ranges::move(written, std::back_inserter(files));
  }
  return iceberg::overwrite_files(std::move(rewrite.removed_paths), std::move(files), note,
                                  rewrite.read_at);
}

}  // namespace tradelake::silver
