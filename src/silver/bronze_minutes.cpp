#include "silver/bronze_minutes.h"

#include <arrow/table.h>

#include "bronze/tables.h"
#include "core/time.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t batch_rows = 50'000;

enum Column {
  category,
  symbol,
  trade_id,
  side,
  price,
  size,
  trade_time,
  seq,
  topic,
  partition,
  offset,
  index
};
const std::vector<std::string> columns{
    "category", "symbol", "trade_id",         "side",    "price", "size", "trade_time",
    "seq",      "_topic", "_topic_partition", "_offset", "_index"};

}  // namespace

Result<Book> BronzeMinutes::make(std::int64_t from_us, std::int64_t to_us, TakenLateTrades& late) {
  static const auto declared = bronze::trades_table().schema;
  auto narrow = iceberg::with_columns(trades_.metadata, declared, columns);
  if (!narrow) return in_context(std::move(narrow).error(), to_string(trades_.ident));
  const iceberg::Filter filter{
      {"trade_time", iceberg::Comparison::greater_equal, {iceberg::Value{from_us}}},
      {"trade_time", iceberg::Comparison::less, {iceberg::Value{to_us}}}};
  TL_ASSIGN(const auto files, iceberg::plan_files(**narrow, io_, filter));
  Book book;
  for (const auto& file : files) {
    const auto next = iceberg::stream_data_file(*narrow, io_, file, batch_rows);
    while (true) {
      TL_ASSIGN(const auto batch, next());
      if (batch == nullptr) break;
      const iceberg::RowReader rows(*batch);
      for (std::int64_t row = 0; row < rows.rows(); ++row) {
        const auto time_us = rows.integer(Column::trade_time, row);
        if (time_us >= from_us && time_us < to_us) add(rows, row, late, book);
      }
    }
  }
  return book;
}

void BronzeMinutes::add(const iceberg::RowReader& rows, std::int64_t row, TakenLateTrades& late,
                        Book& book) {
  const auto market_category = bybit::parse_category(rows.text(Column::category, row));
  if (!market_category) return;  // written by somebody else: not one of ours
  const auto name = rows.text(Column::symbol, row);
  if (!filter_.takes(*market_category, name)) return;
  const TakenLateTrades::Place place{
      rows.text(Column::topic, row),
      static_cast<std::int32_t>(rows.integer(Column::partition, row)),
      rows.integer(Column::offset, row),
      static_cast<std::int32_t>(rows.integer(Column::index, row))};
  if (!reach_.consumed(place.topic, place.partition, place.offset)) return;
  const CandleTrade trade{rows.integer(Column::trade_time, row),
                          rows.is_null(Column::seq, row) ? 0 : rows.integer(Column::seq, row),
                          rows.text(Column::side, row) == to_string(bronze::Side::buy)
                              ? bronze::Side::buy
                              : bronze::Side::sell,
                          Decimal{rows.decimal(Column::price, row)},
                          Decimal{rows.decimal(Column::size, row)},
                          rows.text(Column::trade_id, row)};
  const std::int64_t minute_us = floor_to(trade.trade_time_us, us_per_minute);
  if (late.has_any()) {
    const auto id = bronze::hash_id(*market_category, name, trade.trade_id);
    if (const auto kind = late.find(id, place)) {
      // Of a market whose trades come in several partitions, one may be late in its own while the
      // minute is still in a book of another: the next start would take it out again.
      if (*kind == TakenLateTrades::Kind::trade &&
          !reach_.is_closed(*market_category, name, minute_us))
        return;
      late.take(id, *kind);
    }
  }
  book.add(*market_category, markets_.index_of(*market_category, name), minute_us, trade);
}

}  // namespace tradelake::silver
