#include "silver/rewrite.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>

#include "core/time.h"
#include "iceberg/arrow_error.h"
#include "iceberg/declared_schema.h"
#include "iceberg/filter_rows.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "iceberg/write_rows.h"
#include "silver/candle_arrow.h"
#include "silver/tables.h"

namespace tradelake::silver {
namespace {

using Key = std::tuple<std::int64_t, std::string, std::string>;  // open_time, category, symbol

Key key_of(const CandleRow& row) {
  return {row.open_time_us, std::string(to_string(row.category)), row.symbol};
}

// What category, symbol and open_time are called in the table by now.
Result<std::vector<std::string>> key_columns(const iceberg::Table& table) {
  return current_names(table, candle_schema(), {"category", "symbol", "open_time"});
}

// Empty if all rows stay, else 0 for each that goes.
Result<iceberg::Selection> select_others(const iceberg::Table& table, iceberg::FileIo& io,
                                         const iceberg::ScanFile& file,
                                         const std::vector<std::string>& columns,
                                         const Goes& goes) {
  TL_ASSIGN(const auto rows, iceberg::read_data_file(*table.metadata, io, file, columns, {}));
  const iceberg::RowReader reader(*rows);
  iceberg::Selection others;
  for (std::int64_t row = 0; row < reader.rows(); ++row) {
    if (!goes(reader, row)) continue;
    others.resize(static_cast<std::size_t>(reader.rows()), 1);
    others[static_cast<std::size_t>(row)] = 0;
  }
  return others;
}

Result<std::shared_ptr<arrow::Table>> sorted_rows(const iceberg::Table& table,
                                                  const std::shared_ptr<arrow::Table>& rows) {
  TL_ASSIGN(const auto columns, key_columns(table));
  std::vector<int> positions;
  for (const auto& name : columns) positions.push_back(rows->schema()->GetFieldIndex(name));
  TL_ASSIGN(const auto keys, iceberg::checked(rows->SelectColumns(positions), "sorting candles"));
  const iceberg::RowReader reader(*keys);
  std::vector<std::int64_t> order(static_cast<std::size_t>(reader.rows()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::int64_t row) {
    return std::tuple(reader.text(0, row), reader.text(1, row), reader.integer(2, row));
  });
  arrow::Int64Builder builder;
  TL_TRY(iceberg::checked(builder.AppendValues(order), "sorting candles"));
  TL_ASSIGN(const auto indices, iceberg::checked(builder.Finish(), "sorting candles"));
  TL_ASSIGN(const auto taken,
            iceberg::checked(arrow::compute::Take(rows, indices), "sorting candles"));
  return taken.table();
}

}  // namespace

iceberg::ParquetOptions candle_file_options() {
  iceberg::ParquetOptions options;
  options.delta_columns = {"open_time", "first_trade_time", "last_trade_time", "trades"};
  return options;
}

Result<std::vector<std::string>> current_names(const iceberg::Table& table,
                                               const iceberg::Schema& declared,
                                               std::vector<std::string> names) {
  for (auto& name : names) {
    const auto id = iceberg::id_in_table(*table.metadata, *declared.find(std::string_view(name)));
    const auto* field = id ? table.metadata->schema().find(*id) : nullptr;
    if (field == nullptr) {
      return make_error(Errc::corrupt, "{} has no column {} any more: its rows cannot be corrected",
                        to_string(table.ident), name);
    }
    name = field->name;
  }
  return names;
}

Result<Rewrite> rewrite_without(const iceberg::Table& table, iceberg::FileIo& io,
                                const iceberg::Filter& filter,
                                const std::vector<std::string>& columns, const Goes& goes) {
  Rewrite rewrite;
  rewrite.read_at = table.metadata->last_sequence_number;
  TL_ASSIGN(const auto files, iceberg::plan_files(*table.metadata, io, filter));
  for (const auto& file : files) {
    TL_ASSIGN(auto others, select_others(table, io, file, columns, goes));
    if (others.empty()) continue;
    rewrite.removed_paths.push_back(file.file.path);
    TL_ASSIGN(auto rows, iceberg::read_data_file(*table.metadata, io, file, {}, {}));
    TL_ASSIGN(auto kept, iceberg::filter_rows({}, std::move(rows), std::move(others)));
    rewrite.kept.push_back(std::move(kept));
  }
  return rewrite;
}

Result<Rewrite> plan_rewrite(const iceberg::Table& table, iceberg::FileIo& io,
                             const std::vector<CandleRow>& gone) {
  if (gone.empty()) return Rewrite{{}, {}, table.metadata->last_sequence_number};
  std::map<Key, bool> found;
  for (const auto& row : gone) found[key_of(row)] = false;
  TL_ASSIGN(const auto columns, key_columns(table));
  const std::int64_t from_us = std::get<0>(found.begin()->first);
  const std::int64_t to_us = std::get<0>(found.rbegin()->first);
  const iceberg::Filter filter{
      {columns[2], iceberg::Comparison::greater_equal, {iceberg::Value{from_us}}},
      {columns[2], iceberg::Comparison::less_equal, {iceberg::Value{to_us}}}};
  TL_ASSIGN(auto rewrite,
            rewrite_without(
                table, io, filter, columns, [&](const iceberg::RowReader& rows, std::int64_t row) {
                  const auto key = found.find({rows.integer(2, row), std::string(rows.text(0, row)),
                                               std::string(rows.text(1, row))});
                  return key != found.end() && (key->second = true);
                }));
  for (const auto& [key, was_there] : found) {
    if (was_there) continue;
    const auto& [open_time_us, category, symbol] = key;
    return make_error(Errc::corrupt, "{} lacks the candle {}:{} at {} that is to be revised",
                      to_string(table.ident), category, symbol, format_us(open_time_us));
  }
  return rewrite;
}

Result<std::vector<iceberg::DataFile>> write_candles(
    const iceberg::Table& table, iceberg::FileIo& io, std::vector<CandleRow> rows,
    const std::vector<std::shared_ptr<arrow::Table>>& kept) {
  std::ranges::sort(rows, sorts_before);
  if (kept.empty()) {
    return iceberg::write_rows(io, *table.metadata, candle_schema(), to_arrow(rows),
                               candle_file_options());
  }
  TL_ASSIGN(auto all, iceberg::fit_rows(*table.metadata, candle_schema(), to_arrow(rows)));
  std::vector<std::shared_ptr<arrow::Table>> parts{std::move(all)};
  parts.insert(parts.end(), kept.begin(), kept.end());
  // What fit_rows() gives allows nulls where the others do not.
  TL_ASSIGN(auto joined,
            iceberg::checked(arrow::ConcatenateTables(
                                 parts, arrow::ConcatenateTablesOptions{.unify_schemas = true}),
                             "joining candles"));
  TL_ASSIGN(joined, sorted_rows(table, joined));
  return iceberg::write_whole_rows(
      io, *table.metadata, joined,
      iceberg::fit_options(*table.metadata, candle_schema(), candle_file_options()));
}

}  // namespace tradelake::silver
