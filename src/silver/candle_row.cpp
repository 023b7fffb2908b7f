#include "silver/candle_row.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include <arrow/api.h>

#include "core/time.h"
#include "iceberg/columns.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "silver/tables.h"

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

std::vector<CandleRow> merge_rows(std::span<const CandleRow> rows, std::int64_t step_us,
                                  std::int64_t origin_us) {
  std::vector<CandleRow> merged;
  for (const auto& row : rows) {
    const std::int64_t open_time_us = floor_to(row.open_time_us - origin_us, step_us) + origin_us;
    if (merged.empty() || merged.back().open_time_us != open_time_us) {
      merged.push_back(row);
      merged.back().open_time_us = open_time_us;
      continue;
    }
    auto& into = merged.back();
    into.high = std::max(into.high, row.high);
    into.low = std::min(into.low, row.low);
    into.close = row.close;
    into.volume = sum(into.volume, row.volume);
    into.turnover = sum(into.turnover, row.turnover);
    into.buy_volume = sum(into.buy_volume, row.buy_volume);
    into.buy_turnover = sum(into.buy_turnover, row.buy_turnover);
    into.trades += row.trades;
    into.last_trade_time_us = row.last_trade_time_us;
    into.revision = std::max(into.revision, row.revision);
    into.updated_at_us = std::max(into.updated_at_us, row.updated_at_us);
  }
  return merged;
}

std::shared_ptr<arrow::Table> to_arrow(std::span<const CandleRow> rows, const std::string* interval,
                                       const std::vector<std::string>* reasons) {
  using namespace iceberg;
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

  std::vector<std::pair<std::string, Column>> columns{
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
  if (interval != nullptr) {
    columns.emplace_back("interval",
                         text([&](const CandleRow&) { return std::string_view(*interval); }));
    columns.emplace_back("reason", text_column(
                                       [&](std::uint32_t row) {
                                         return std::optional<std::string_view>((*reasons)[row]);
                                       },
                                       order));
  }
  return table_of(columns);
}

Result<std::vector<CandleRow>> read_candles(const iceberg::Table& table, iceberg::FileIo& io,
                                            const iceberg::ScanFile& file,
                                            const iceberg::Filter& filter) {
  static const auto declared = candles_1m_table().schema;
  TL_ASSIGN(const auto rows, iceberg::read_data_file(
                                 *iceberg::as_declared(table.metadata, declared), io, file,
                                 {"category", "symbol", "open_time", "open", "high", "low", "close",
                                  "volume", "turnover", "trades", "buy_volume", "buy_turnover",
                                  "first_trade_time", "last_trade_time", "revision", "updated_at"},
                                 filter));
  const iceberg::RowReader reader(*rows);
  std::vector<CandleRow> candles;
  candles.reserve(static_cast<std::size_t>(reader.rows()));
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
    candles.push_back(std::move(row));
  }
  return candles;
}

}  // namespace tradelake::silver
