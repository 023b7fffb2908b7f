#include "silver/candle_arrow.h"

#include <numeric>

#include <arrow/api.h>

#include "iceberg/columns.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "silver/tables.h"

namespace tradelake::silver {
namespace {

using namespace iceberg;
using Columns = std::vector<std::pair<std::string, Column>>;

Columns candle_columns(std::span<const CandleRow> rows) {
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  const auto text = [&](auto member) {
    return text_column(
        [&, member](std::uint32_t row) {
          return std::optional<std::string_view>(member(rows[row]));
        },
        order);
  };
  const auto integers = [&](auto member) {
    std::vector<std::int64_t> column;
    for (const auto& row : rows) column.push_back(row.*member);
    return column;
  };
  const auto times = [&](auto member) { return timestamp_column(integers(member), order); };
  const auto prices = [&](auto member) {
    std::vector<int128_t> units;
    for (const auto& row : rows) units.push_back((row.*member).units);
    return decimal_column(units, order);
  };
  const auto sums = [&](auto member) {
    std::vector<int128_t> units;
    std::vector<bool> null;
    for (const auto& row : rows) {
      units.push_back((row.*member).value_or(Decimal{}).units);
      null.push_back(!(row.*member).has_value());
    }
    return decimal_column(units, order, &null);
  };
  std::vector<std::int32_t> revision;
  for (const auto& row : rows) revision.push_back(row.revision);

  return {
      {"category", text([](const CandleRow& row) { return to_string(row.category); })},
      {"symbol", text([](const CandleRow& row) { return std::string_view(row.symbol); })},
      {"open_time", times(&CandleRow::open_time_us)},
      {"open", prices(&CandleRow::open)},
      {"high", prices(&CandleRow::high)},
      {"low", prices(&CandleRow::low)},
      {"close", prices(&CandleRow::close)},
      {"volume", sums(&CandleRow::volume)},
      {"turnover", sums(&CandleRow::turnover)},
      {"trades", int64_column(integers(&CandleRow::trades), order)},
      {"buy_volume", sums(&CandleRow::buy_volume)},
      {"buy_turnover", sums(&CandleRow::buy_turnover)},
      {"first_trade_time", times(&CandleRow::first_trade_time_us)},
      {"last_trade_time", times(&CandleRow::last_trade_time_us)},
      {"revision", int32_column(revision, order)},
      {"updated_at", times(&CandleRow::updated_at_us)},
  };
}

}  // namespace

std::shared_ptr<arrow::Table> to_arrow(std::span<const CandleRow> rows) {
  return table_of(candle_columns(rows));
}

std::shared_ptr<arrow::Table> to_arrow(std::span<const CandleRow> rows,
                                       std::span<const std::string_view> intervals,
                                       std::span<const std::string_view> reasons) {
  auto columns = candle_columns(rows);
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  const auto add = [&](const char* name, std::span<const std::string_view> texts) {
    columns.emplace_back(
        name, text_column([&](std::uint32_t row) { return std::optional(texts[row]); }, order));
  };
  add("interval", intervals);
  add("reason", reasons);
  return table_of(columns);
}

Result<> visit_candles(const iceberg::Table& table, iceberg::FileIo& io,
                       const iceberg::ScanFile& file, const iceberg::Filter& filter,
                       const std::function<void(CandleRow row)>& visit) {
  TL_ASSIGN(const auto rows, iceberg::read_data_file(
                                 *iceberg::as_declared(table.metadata, candle_schema()), io, file,
                                 {"category", "symbol", "open_time", "open", "high", "low", "close",
                                  "volume", "turnover", "trades", "buy_volume", "buy_turnover",
                                  "first_trade_time", "last_trade_time", "revision", "updated_at"},
                                 filter));
  const iceberg::RowReader reader(*rows);
  for (std::int64_t i = 0; i < reader.rows(); ++i) {
    const auto category = bybit::parse_category(reader.text(0, i));
    if (!category) continue;
    const auto price = [&](int column) { return Decimal{reader.decimal(column, i)}; };
    const auto optional_sum = [&](int column) {
      return reader.is_null(column, i) ? std::nullopt : std::optional(price(column));
    };
    CandleRow row;
    row.category = *category;
    row.symbol = reader.text(1, i);
    row.open_time_us = reader.integer(2, i);
    row.open = price(3);
    row.high = price(4);
    row.low = price(5);
    row.close = price(6);
    row.volume = optional_sum(7);
    row.turnover = optional_sum(8);
    row.trades = reader.integer(9, i);
    row.buy_volume = optional_sum(10);
    row.buy_turnover = optional_sum(11);
    row.first_trade_time_us = reader.integer(12, i);
    row.last_trade_time_us = reader.integer(13, i);
    row.revision = static_cast<std::int32_t>(reader.integer(14, i));
    row.updated_at_us = reader.integer(15, i);
    visit(std::move(row));
  }
  return {};
}

Result<std::vector<CandleRow>> read_candles(const iceberg::Table& table, iceberg::FileIo& io,
                                            const iceberg::ScanFile& file,
                                            const iceberg::Filter& filter) {
  std::vector<CandleRow> candles;
  TL_TRY(visit_candles(table, io, file, filter,
                       [&](CandleRow row) { candles.push_back(std::move(row)); }));
  return candles;
}

}  // namespace tradelake::silver
