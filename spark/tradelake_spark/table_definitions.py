"""The pipelines' tables as the program makes them (src/bronze/tables.cpp, src/silver/tables.cpp), for a lake that Spark begins. A
test compares them. Only the ids of columns beside a map are others where Spark makes the table; the program finds them by name."""

import json
from itertools import count

PROPERTIES = {"write.metadata.delete-after-commit.enabled": "true", "write.metadata.previous-versions-max": "100",
              "write.parquet.compression-codec": "zstd"}
AMOUNT = "decimal(38, 18)"
TRADES = [
    ("category", "string", True, "spot, linear, inverse or option: the stream the trade came on"),
    ("symbol", "string", True, "the exchange's symbol; of different categories: different markets"),
    ("trade_id", "string", True, "the exchange's id, unique within category and symbol"),
    ("side", "string", True, "side of the taker: Buy or Sell"),
    ("price", AMOUNT, True, "exact, in quote coin"),
    ("size", AMOUNT, True, "exact; base coin, for inverse contracts USD"),
    ("trade_time", "timestamp", True, "when the exchange matched it, UTC"),
    ("seq", "long", False, "cross sequence, shared by the trades of one taker order"),
    ("tick_direction", "string", False, "PlusTick, ZeroPlusTick, MinusTick, ZeroMinusTick; absent on spot"),
    ("block_trade", "boolean", False, "a block trade"),
    ("rpi", "boolean", False, "a retail price improvement trade"),
    ("frame_time", "timestamp", False, "when the exchange made the frame, UTC"),
    ("received_at", "timestamp", True, "local clock when the frame came, UTC"),
    ("extra", {"type": "map", "key-id": 19, "key": "string", "value-id": 20, "value": "string", "value-required": True}, False,
     "fields this version does not know, as text; null if none"),
    ("_topic", "string", True, "topic of the log"),
    ("_topic_partition", "int", True, "partition of the topic"),
    ("_offset", "long", True, "offset of the frame in the partition"),
    ("_index", "int", True, "place of the trade in the frame's data, from 0"),
]
DEAD_LETTERS = [
    ("_topic", "string", True, "topic of the log"),
    ("_topic_partition", "int", True, "partition of the topic"),
    ("_offset", "long", True, "offset of the frame in the partition"),
    ("_index", "int", False, "place in the frame's data; null: the whole frame is bad"),
    ("received_at", "timestamp", True, "local clock when the frame came, UTC"),
    ("category", "string", False, "as the source named it"),
    ("symbol", "string", False, "where it is known"),
    ("reason", "string", True, "one of a closed set, see docs/tables.md"),
    ("detail", "string", True, "the thing, its value and what is allowed"),
    ("payload", "binary", True, "the bytes as received: of the trade, or of the frame"),
]
CANDLES = [
    ("category", "string", True, "spot, linear, inverse or option"),
    ("symbol", "string", True, "the exchange's symbol"),
    ("open_time", "timestamp", True, "start of the half-open interval, UTC"),
    ("open", AMOUNT, True, "price of the first trade in the order of docs/tables.md"),
    ("high", AMOUNT, True, "highest price"),
    ("low", AMOUNT, True, "lowest price"),
    ("close", AMOUNT, True, "price of the last trade"),
    ("volume", AMOUNT, False, "sum of sizes; null if it leaves the type"),
    ("turnover", AMOUNT, False, "sum of price x size (inverse: size / price), each rounded to 18 decimals HALF_UP"),
    ("trades", "long", True, "number of trades"),
    ("buy_volume", AMOUNT, False, "sum of sizes of trades whose taker bought"),
    ("buy_turnover", AMOUNT, False, "sum of turnover of trades whose taker bought"),
    ("first_trade_time", "timestamp", True, "trade_time of the first trade, UTC"),
    ("last_trade_time", "timestamp", True, "trade_time of the last trade, UTC"),
    ("revision", "int", True, "0 when first written, one more at each correction"),
    ("updated_at", "timestamp", True, "when this row was written, UTC"),
]
CANDLE_REVISIONS = [*CANDLES, ("interval", "string", True, "1m, 5m, 1h, 4h or 1d"),
                    ("reason", "string", True, "late_trade, extended or repair")]
LATE_TRADES = [*TRADES, ("open_time", "timestamp", True, "the 1m candle it missed, UTC"),
               ("late_by_ms", "long", True, "greatest trade_time seen in its partition less its own")]
COVERAGE_GAPS = [
    ("category", "string", True, "spot, linear, inverse or option"),
    ("symbol", "string", True, "the exchange's symbol, of options the base coin; * is any of the category"),
    ("from_time", "timestamp", True, "trades from here on may be missing, UTC"),
    ("to_time", "timestamp", True, "trades from here on are not, UTC"),
    ("cause", "string", True, "not_running, connection_lost, queue_full or log_lost"),
    ("status", "string", True, "open, filled, unproven or lost"),
    ("detected_at", "timestamp", True, "when it was known, UTC"),
]
BY_OPEN_TIME = ("category", "symbol", "open_time")
# Columns, partition (transform and column), sort order.
TABLES = {
    "bronze.trades": (TRADES, ("hour", "trade_time"), ("category", "symbol", "trade_time", "seq")),
    "bronze.dead_letters": (DEAD_LETTERS, ("day", "received_at"), ()),
    **{f"silver.candles_{interval}": (CANDLES, (transform, "open_time"), BY_OPEN_TIME)
       for interval, transform in (("1m", "day"), ("5m", "day"), ("1h", "month"), ("4h", "month"), ("1d", "year"))},
    "silver.candle_revisions": (CANDLE_REVISIONS, ("day", "open_time"), BY_OPEN_TIME),
    "silver.late_trades": (LATE_TRADES, ("day", "open_time"), ("category", "symbol", "trade_time", "seq")),
    "silver.coverage_gaps": (COVERAGE_GAPS, ("day", "from_time"), ("category", "symbol", "from_time")),
}


def fields(columns):
    """As of a schema's JSON. The ids within a map are given, those of columns go around them."""
    within = {kind[key] for _, kind, _, _ in columns if isinstance(kind, dict) for key in ("key-id", "value-id")}
    numbers = (number for number in count(1) if number not in within)
    return [{"id": next(numbers), "name": column, "type": kind, "required": required, "doc": doc}
            for column, kind, required, doc in columns]


def make_missing(session, names):
    iceberg = session._jvm.org.apache.iceberg
    catalog = iceberg.spark.Spark3Util.loadIcebergCatalog(session._jsparkSession, "tradelake")
    for name in names:
        if session.catalog.tableExists(name):
            continue
        namespace, table = name.split(".")
        session.sql(f"CREATE NAMESPACE IF NOT EXISTS tradelake.{namespace}")
        columns, (transform, column), order = TABLES[name]
        schema = iceberg.SchemaParser.fromJson(json.dumps({"type": "struct", "schema-id": 0, "fields": fields(columns)}))
        spec = getattr(iceberg.PartitionSpec.builderFor(schema), transform)(column).build()
        sorting = iceberg.SortOrder.builderFor(schema)
        for field in order:
            sorting = sorting.asc(field)
        builder = catalog.buildTable(iceberg.catalog.TableIdentifier.parse(name), schema).withPartitionSpec(spec)
        for key, value in PROPERTIES.items():
            builder = builder.withProperty(key, value)
        builder.withSortOrder(sorting.build()).create()
