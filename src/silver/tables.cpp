#include "silver/tables.h"

#include <fmt/format.h>

#include "bronze/tables.h"

namespace tradelake::silver {
namespace {

using namespace iceberg;

NestedField column(std::int32_t id, std::string name, TypePtr type, bool required,
                   std::string doc) {
  return {FieldId{id}, std::move(name), std::move(type), required, std::move(doc)};
}

std::vector<NestedField> candle_columns() {
  const auto text = primitive(TypeKind::string);
  const auto amount = decimal_type(38, 18);
  const auto time = primitive(TypeKind::timestamp);
  return {
      column(1, "category", text, true, "spot, linear, inverse or option"),
      column(2, "symbol", text, true, "the exchange's symbol"),
      column(3, "open_time", time, true, "start of the half-open interval, UTC"),
      column(4, "open", amount, true, "price of the first trade in the order of docs/tables.md"),
      column(5, "high", amount, true, "highest price"),
      column(6, "low", amount, true, "lowest price"),
      column(7, "close", amount, true, "price of the last trade"),
      column(8, "volume", amount, false, "sum of sizes; null if it leaves the type"),
      column(9, "turnover", amount, false,
             "sum of price x size (inverse: size / price), each rounded to 18 decimals HALF_UP"),
      column(10, "trades", primitive(TypeKind::int64), true, "number of trades"),
      column(11, "buy_volume", amount, false, "sum of sizes of trades whose taker bought"),
      column(12, "buy_turnover", amount, false, "sum of turnover of trades whose taker bought"),
      column(13, "first_trade_time", time, true, "trade_time of the first trade, UTC"),
      column(14, "last_trade_time", time, true, "trade_time of the last trade, UTC"),
      column(15, "revision", primitive(TypeKind::int32), true,
             "0 when first written, one more at each correction"),
      column(16, "updated_at", time, true, "when this row was written, UTC"),
  };
}

PartitionSpec by_time(std::int32_t source_id, std::string_view column, std::string_view transform) {
  PartitionSpec spec;
  spec.fields = {{FieldId{source_id}, FieldId{1000}, fmt::format("{}_{}", column, transform),
                  parse_transform(transform)}};
  return spec;
}

SortOrder by_market_and_time(std::int32_t time_id) {
  const auto ascending = [](std::int32_t id) {
    return SortField{FieldId{id}, parse_transform("identity"), true, true};
  };
  return {SortOrderId{1}, {ascending(1), ascending(2), ascending(time_id)}};
}

}  // namespace

const Schema& candle_schema() {
  static const Schema schema = [] {
    Schema made;
    made.fields = candle_columns();
    return made;
  }();
  return schema;
}

TableDefinition candle_table(const StoredInterval& interval) {
  return {{"silver", fmt::format("candles_{}", interval.name)},
          candle_schema(),
          by_time(3, "open_time", interval.partitioned_by),
          by_market_and_time(3),
          bronze::table_properties()};
}

TableDefinition candle_revisions_table() {
  Schema schema;
  schema.fields = candle_columns();
  schema.fields.push_back(
      column(17, "interval", primitive(TypeKind::string), true, "1m, 5m, 1h, 4h or 1d"));
  schema.fields.push_back(
      column(18, "reason", primitive(TypeKind::string), true, "late_trade, extended or repair"));
  return {{"silver", "candle_revisions"},
          schema,
          by_time(3, "open_time", "day"),
          by_market_and_time(3),
          bronze::table_properties()};
}

TableDefinition late_trades_table() {
  auto definition = bronze::trades_table();
  definition.ident = {"silver", "late_trades"};
  definition.schema.fields.push_back(column(21, "open_time", primitive(TypeKind::timestamp), true,
                                            "the 1m candle it missed, UTC"));
  definition.schema.fields.push_back(
      column(22, "late_by_ms", primitive(TypeKind::int64), true,
             "greatest trade_time seen in its partition less its own"));
  definition.spec = by_time(21, "open_time", "day");
  definition.earlier_specs.clear();
  return definition;
}

TableDefinition coverage_gaps_table() {
  const auto text = primitive(TypeKind::string);
  const auto time = primitive(TypeKind::timestamp);
  Schema schema;
  schema.fields = {
      column(1, "category", text, true, "spot, linear, inverse or option"),
      column(2, "symbol", text, true,
             "the exchange's symbol, of options the base coin; * is any of the category"),
      column(3, "from_time", time, true, "trades from here on may be missing, UTC"),
      column(4, "to_time", time, true, "trades from here on are not, UTC"),
      column(5, "cause", text, true, "not_running, connection_lost, queue_full or log_lost"),
      column(6, "status", text, true, "open, filled, unproven or lost"),
      column(7, "detected_at", time, true, "when it was known, UTC"),
  };
  return {{"silver", "coverage_gaps"},
          schema,
          by_time(3, "from_time", "day"),
          by_market_and_time(3),
          bronze::table_properties()};
}

}  // namespace tradelake::silver
