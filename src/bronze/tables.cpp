#include "bronze/tables.h"

namespace tradelake::bronze {
namespace {

using namespace iceberg;

NestedField column(std::int32_t id, std::string name, TypePtr type, bool required,
                   std::string doc) {
  return {FieldId{id}, std::move(name), std::move(type), required, std::move(doc)};
}

SortField ascending(std::int32_t source_id) {
  return {FieldId{source_id}, parse_transform("identity"), true, true};
}

}  // namespace

std::map<std::string, std::string> table_properties() {
  return {{"write.metadata.delete-after-commit.enabled", "true"},
          {"write.metadata.previous-versions-max", "100"},
          {"write.parquet.compression-codec", "zstd"}};
}

TableDefinition trades_table() {
  const auto text = primitive(TypeKind::string);
  const auto amount = decimal_type(38, 18);
  const auto time = primitive(TypeKind::timestamp);
  const auto extra =
      map_type({FieldId{19}, "key", text, true, ""}, {FieldId{20}, "value", text, true, ""});
  Schema schema;
  schema.fields = {
      column(1, "category", text, true,
             "spot, linear, inverse or option: the stream the trade came on"),
      column(2, "symbol", text, true,
             "the exchange's symbol; of different categories: different markets"),
      column(3, "trade_id", text, true, "the exchange's id, unique within category and symbol"),
      column(4, "side", text, true, "side of the taker: Buy or Sell"),
      column(5, "price", amount, true, "exact, in quote coin"),
      column(6, "size", amount, true, "exact; base coin, for inverse contracts USD"),
      column(7, "trade_time", time, true, "when the exchange matched it, UTC"),
      column(8, "seq", primitive(TypeKind::int64), false,
             "cross sequence, shared by the trades of one taker order"),
      column(9, "tick_direction", text, false,
             "PlusTick, ZeroPlusTick, MinusTick, ZeroMinusTick; absent on spot"),
      column(10, "block_trade", primitive(TypeKind::boolean), false, "a block trade"),
      column(11, "rpi", primitive(TypeKind::boolean), false, "a retail price improvement trade"),
      column(12, "frame_time", time, false, "when the exchange made the frame, UTC"),
      column(13, "received_at", time, true, "local clock when the frame came, UTC"),
      column(14, "extra", extra, false, "fields this version does not know, as text; null if none"),
      column(15, "_topic", text, true, "topic of the log"),
      column(16, "_topic_partition", primitive(TypeKind::int32), true, "partition of the topic"),
      column(17, "_offset", primitive(TypeKind::int64), true,
             "offset of the frame in the partition"),
      column(18, "_index", primitive(TypeKind::int32), true,
             "place of the trade in the frame's data, from 0"),
  };
  PartitionSpec spec;
  spec.fields = {{FieldId{7}, FieldId{1000}, "trade_time_hour", parse_transform("hour")}};
  SortOrder order{SortOrderId{1}, {ascending(1), ascending(2), ascending(7), ascending(8)}};
  // As tables of the first versions are.
  PartitionSpec by_day;
  by_day.fields = {{FieldId{7}, FieldId{1000}, "trade_time_day", parse_transform("day")}};
  return {{"bronze", "trades"}, schema, spec, order, table_properties(), {by_day}};
}

TableDefinition dead_letters_table() {
  const auto text = primitive(TypeKind::string);
  Schema schema;
  schema.fields = {
      column(1, "_topic", text, true, "topic of the log"),
      column(2, "_topic_partition", primitive(TypeKind::int32), true, "partition of the topic"),
      column(3, "_offset", primitive(TypeKind::int64), true,
             "offset of the frame in the partition"),
      column(4, "_index", primitive(TypeKind::int32), false,
             "place in the frame's data; null: the whole frame is bad"),
      column(5, "received_at", primitive(TypeKind::timestamp), true,
             "local clock when the frame came, UTC"),
      column(6, "category", text, false, "as the source named it"),
      column(7, "symbol", text, false, "where it is known"),
      column(8, "reason", text, true, "one of a closed set, see docs/tables.md"),
      column(9, "detail", text, true, "the thing, its value and what is allowed"),
      column(10, "payload", primitive(TypeKind::binary), true,
             "the bytes as received: of the trade, or of the frame"),
  };
  PartitionSpec spec;
  spec.fields = {{FieldId{5}, FieldId{1000}, "received_at_day", parse_transform("day")}};
  return {{"bronze", "dead_letters"}, schema, spec, {}, table_properties()};
}

TableDefinition klines_table() {
  const auto text = primitive(TypeKind::string);
  const auto amount = decimal_type(38, 18);
  const auto time = primitive(TypeKind::timestamp);
  Schema schema;
  schema.fields = {
      column(1, "category", text, true, "spot, linear or inverse: options have no klines"),
      column(2, "symbol", text, true, "the exchange's symbol"),
      column(3, "interval", text, true, "as the exchange writes it: 1, 5, 60, 240, D, …"),
      column(4, "open_time", time, true, "when it begins, UTC"),
      column(5, "close_time", time, true,
             "when the next one begins, UTC: the exchange's `end` and 1 ms"),
      column(6, "open", amount, true, "as the exchange has it: the close of the one before"),
      column(7, "high", amount, true, "with the open"),
      column(8, "low", amount, true, "with the open"),
      column(9, "close", amount, true, "price of the last trade"),
      column(10, "volume", amount, true, "base coin, for inverse contracts USD"),
      column(11, "turnover", amount, true, "quote coin, for inverse contracts base coin"),
      column(12, "pushed_at", time, true,
             "when the exchange told it, UTC: of several rows of a candle the last one counts"),
      column(13, "received_at", time, true, "local clock when the frame came, UTC"),
      column(14, "_topic", text, true, "topic of the log"),
      column(15, "_topic_partition", primitive(TypeKind::int32), true, "partition of the topic"),
      column(16, "_offset", primitive(TypeKind::int64), true,
             "offset of the frame in the partition"),
      column(17, "_index", primitive(TypeKind::int32), true,
             "place of the candle in the frame's data, from 0"),
  };
  PartitionSpec spec;
  spec.fields = {{FieldId{4}, FieldId{1000}, "open_time_day", parse_transform("day")}};
  const SortOrder order{SortOrderId{1}, {ascending(1), ascending(2), ascending(3), ascending(4)}};
  return {{"bronze", "klines"}, schema, spec, order, table_properties()};
}

}  // namespace tradelake::bronze
