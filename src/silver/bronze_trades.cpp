#include "silver/bronze_trades.h"

#include <arrow/table.h>

#include "bronze/tables.h"
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
  index,
  block_trade,
  rpi
};
const std::vector<std::string> columns{
    "category", "symbol", "trade_id",         "side",    "price", "size", "trade_time",
    "seq",      "_topic", "_topic_partition", "_offset", "_index"};

std::vector<std::string> columns_with(TradeFlags flags) {
  auto wanted = columns;
  if (flags == TradeFlags::wanted) wanted.insert(wanted.end(), {"block_trade", "rpi"});
  return wanted;
}

BronzeTrade trade_at(const iceberg::RowReader& rows, std::int64_t row, bybit::Category of,
                     TradeFlags flags) {
  const auto is = [&](Column column) {
    return flags == TradeFlags::wanted && !rows.is_null(column, row) && rows.boolean(column, row);
  };
  return {of,
          rows.text(Column::symbol, row),
          {rows.integer(Column::trade_time, row),
           rows.is_null(Column::seq, row) ? 0 : rows.integer(Column::seq, row),
           rows.text(Column::side, row) == to_string(bronze::Side::buy) ? bronze::Side::buy
                                                                        : bronze::Side::sell,
           Decimal{rows.decimal(Column::price, row)}, Decimal{rows.decimal(Column::size, row)},
           rows.text(Column::trade_id, row)},
          {rows.text(Column::topic, row),
           static_cast<std::int32_t>(rows.integer(Column::partition, row)),
           rows.integer(Column::offset, row),
           static_cast<std::int32_t>(rows.integer(Column::index, row))},
          is(Column::block_trade),
          is(Column::rpi)};
}

}  // namespace

Result<> visit_bronze_trades(const iceberg::Table& trades, iceberg::FileIo& io,
                             std::int64_t from_us, std::int64_t to_us, TradeFlags flags,
                             const std::function<void(const BronzeTrade& trade)>& see) {
  static const auto declared = bronze::trades_table().schema;
  auto narrow = iceberg::with_columns(trades.metadata, declared, columns_with(flags));
  if (!narrow) return in_context(std::move(narrow).error(), to_string(trades.ident));
  const auto filter = iceberg::half_open("trade_time", from_us, to_us);
  TL_ASSIGN(const auto files, iceberg::plan_files(**narrow, io, filter));
  for (const auto& file : files) {
    const auto next = iceberg::stream_data_file(*narrow, io, file, batch_rows);
    while (true) {
      TL_ASSIGN(const auto batch, next());
      if (batch == nullptr) break;
      const iceberg::RowReader rows(*batch);
      for (std::int64_t row = 0; row < rows.rows(); ++row) {
        const auto time_us = rows.integer(Column::trade_time, row);
        if (time_us < from_us || time_us >= to_us) continue;
        const auto of = bybit::parse_category(rows.text(Column::category, row));
        if (of) see(trade_at(rows, row, *of, flags));  // else written by somebody else
      }
    }
  }
  return {};
}

}  // namespace tradelake::silver
