#include "silver/rewrite.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <arrow/api.h>

#include "core/time.h"
#include "iceberg/declared_schema.h"
#include "iceberg/scan.h"
#include "iceberg/write_rows.h"
#include "silver/tables.h"

namespace tradelake::silver {
namespace {

using Key = std::tuple<std::int64_t, bybit::Category, std::string>;

Key key_of(const CandleRow& row) {
  return {row.open_time_us, row.category, row.symbol};
}

}  // namespace

iceberg::ParquetOptions candle_file_options() {
  iceberg::ParquetOptions options;
  options.delta_columns = {"open_time", "first_trade_time", "last_trade_time", "trades"};
  return options;
}

Result<Rewrite> plan_rewrite(const iceberg::Table& table, iceberg::FileIo& io,
                             const std::vector<CandleRow>& revised) {
  static const auto declared = candles_1m_table().schema;
  Rewrite rewrite;
  rewrite.read_at = table.metadata->last_sequence_number;
  std::set<Key> wanted;
  for (const auto& row : revised) wanted.insert(key_of(row));
  if (wanted.empty()) return rewrite;
  const std::int64_t from_us = std::get<0>(*wanted.begin()), to_us = std::get<0>(*wanted.rbegin());
  const iceberg::Filter filter{
      {"open_time", iceberg::Comparison::greater_equal, {iceberg::Value{from_us}}},
      {"open_time", iceberg::Comparison::less_equal, {iceberg::Value{to_us}}}};
  const auto metadata = iceberg::as_declared(table.metadata, declared);
  TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io, filter));
  for (const auto& file : files) {
    TL_ASSIGN(auto rows, read_candles(table, io, file, {}));
    const auto outdated = std::ranges::partition(
        rows, [&](const CandleRow& row) { return !wanted.contains(key_of(row)); });
    if (outdated.empty()) continue;
    for (const auto& row : outdated) wanted.erase(key_of(row));
    rewrite.removed_paths.push_back(file.file.path);
    rows.erase(outdated.begin(), outdated.end());
    std::ranges::move(rows, std::back_inserter(rewrite.kept));
  }
  if (!wanted.empty()) {
    const auto& [open_time_us, category, symbol] = *wanted.begin();
    return make_error(Errc::corrupt, "{} lacks the candle {}:{} at {} that is to be revised",
                      to_string(table.ident), to_string(category), symbol, format_us(open_time_us));
  }
  return rewrite;
}

Result<std::vector<iceberg::DataFile>> write_candles(const iceberg::Table& table,
                                                     iceberg::FileIo& io,
                                                     std::vector<CandleRow> rows,
                                                     const std::string* interval,
                                                     const std::string* reason) {
  static const auto candles = candles_1m_table().schema;
  static const auto revisions = candle_revisions_table().schema;
  std::ranges::sort(rows, sorts_before);
  std::vector<std::string> reasons;
  if (reason != nullptr) reasons.assign(rows.size(), *reason);
  return iceberg::write_rows(io, *table.metadata, interval == nullptr ? candles : revisions,
                             to_arrow(rows, interval, reason != nullptr ? &reasons : nullptr),
                             candle_file_options());
}

}  // namespace tradelake::silver
