"""Trino reads what we have written under each transform, and trades in a table that we have changed, filled again and merged."""
import os
from collections import defaultdict
from decimal import Decimal

import pytest
from pyiceberg.types import (
    BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType, LongType, StringType,
    TimestampType, TimestamptzType, TimeType, UUIDType,
)

from every_type import EPOCH, TYPES
from fixtures.wide_table import COLUMNS, filters_of, rows_of, schema_of, spec_of
from lake import replay, tradelake
from own_stack import OwnStack
from test_kill import make_capture
from trino_sql import Trino

pytestmark = pytest.mark.slow
OPERATORS = {"equal": "=", "less": "<", "greater_equal": ">="}
TYPE_NAMES = {BooleanType: "BOOLEAN", IntegerType: "INTEGER", LongType: "BIGINT", FloatType: "REAL", DoubleType: "DOUBLE",
              DateType: "DATE", TimeType: "TIME(6)", TimestampType: "TIMESTAMP(6)", UUIDType: "UUID",
              TimestamptzType: "TIMESTAMP(6) WITH TIME ZONE"}
SIZE = 6  # of a table's columns: a folder's name has all of them
AT_ONCE = 30  # conditions in one statement, each of them a scan
# Java's library writes and reads partitions of fixed values with a length that does not belong there (apache/iceberg#17501).
READABLE = [column for column in COLUMNS if column != "fixed_identity"]
GROUPS = [READABLE[at:at + SIZE] for at in range(0, len(READABLE), SIZE)]


@pytest.fixture(scope="module")
def trino(services):
    stack = OwnStack("interop")
    stack("up", "trino")
    try:
        yield Trino(stack.values()["TRADELAKE_TRINO"])
    finally:
        stack("down", "trino")


def literal(kind, value):
    if isinstance(kind, StringType):
        return f"from_utf8(X'{value.encode().hex()}')"
    if isinstance(kind, (BinaryType, FixedType)):
        return f"X'{value.hex()}'"
    if isinstance(kind, DecimalType):
        return f"CAST('{value:f}' AS DECIMAL({kind.precision}, {kind.scale}))"
    if isinstance(kind, (FloatType, DoubleType)):
        text = {"inf": "infinity()", "-inf": "-infinity()"}.get(str(value), f"CAST('{value}' AS DOUBLE)")
        return f"CAST({text} AS {TYPE_NAMES[type(kind)]})"
    text = str(value).replace("+00:00", " UTC")
    return f"CAST('{text}' AS {TYPE_NAMES[type(kind)]})"


def condition(column, comparison, value):
    if value is None:
        return f"{column} IS NULL"
    return f"{column} {OPERATORS[comparison]} {literal(TYPES[COLUMNS[column][0]][0], value)}"


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_filters_find_what_we_have_written(ours, trino, group):
    columns, table = GROUPS[group], f"t.trino{group}"
    rows = rows_of(columns)
    ours.create(table, schema_of(columns), *((source, transform) for source, _, _, transform in spec_of(columns)))
    ours.append(table, schema_of(columns), rows)
    asked = list(filters_of(columns, rows))
    found = {at: [] for at in range(len(asked))}
    selected = [f"SELECT {at} AS filter, id FROM {table} WHERE {condition(*one)}" for at, (one, _, _) in enumerate(asked)]
    for first in range(0, len(selected), AT_ONCE):
        for row in trino.sql(" UNION ALL ".join(selected[first:first + AT_ONCE])):
            found[row["filter"]].append(row["id"])
    wrong = [(one, sorted(found[at]), ids) for at, (one, _, ids) in enumerate(asked) if sorted(found[at]) != ids]
    assert wrong == []


@pytest.fixture(scope="module")
def trades(services, ours, theirs, tmp_path_factory):
    """Two captures; between them the table is changed in every way, after them files are merged."""
    folder = tmp_path_factory.mktemp("trades")
    environment = os.environ | ours.environment
    captures = [make_capture(folder / f"{n}.tsv", 1_500, seed, "repeat=0.05,reorder=0.03", rate=0.3)
                for n, seed in enumerate((93, 94))]

    def table(*arguments):
        return tradelake("table", *arguments, "--data-dir", folder / "data", env=environment)

    replay(folder / "data", captures[0], env=environment)
    table("alter", "bronze.trades", "add-column", "venue", "string", "--after", "symbol")
    table("alter", "bronze.trades", "rename-column", "trade_time", "matched_at")
    table("alter", "bronze.trades", "move-column", "price", "--first")
    table("alter", "bronze.trades", "widen-column", "_index", "long")
    table("alter", "bronze.trades", "drop-column", "rpi")
    table("alter", "bronze.trades", "partition-by", "day(matched_at), bucket(4, symbol)")
    replay(folder / "data", captures[1], env=environment)
    table("compact", "bronze.trades")
    assert theirs.load_table("bronze.trades").current_snapshot().summary.operation.value == "replace"
    return theirs.load_table("bronze.trades").scan().to_arrow().to_pylist()


def test_sums_per_market_are_exact(trino, trades):
    wanted = defaultdict(lambda: (0, Decimal(0), Decimal(0), EPOCH))
    for row in trades:
        key = row["category"], row["symbol"]
        n, price, size, newest = wanted[key]
        wanted[key] = n + 1, price + row["price"], size + row["size"], max(newest, row["matched_at"])
    found = trino.sql("SELECT category, symbol, count(*) AS n, sum(price) AS price, sum(size) AS size, max(matched_at) AS newest "
                      "FROM bronze.trades GROUP BY category, symbol")
    assert {(row["category"], row["symbol"]): (row["n"], Decimal(row["price"]), Decimal(row["size"]), row["newest"])
            for row in found} == {key: (n, price, size, newest.isoformat(" ", "microseconds"))
                                  for key, (n, price, size, newest) in wanted.items()}


def test_filters_over_files_of_both_specs(trino, trades):
    times = sorted(row["matched_at"] for row in trades)
    low, high = times[len(times) // 3], times[len(times) // 2]
    price = sorted(row["price"] for row in trades)[-40]
    asked = {
        f"matched_at >= TIMESTAMP '{low}' AND matched_at < TIMESTAMP '{high}'": lambda row: low <= row["matched_at"] < high,
        f"price > DECIMAL '{price:f}'": lambda row: row["price"] > price,
        "symbol = 'BTCUSDT' AND category = 'spot'": lambda row: row["symbol"] == "BTCUSDT" and row["category"] == "spot",
        "venue IS NOT NULL": lambda row: row["venue"] is not None,
    }
    for text, holds in asked.items():
        found = trino.sql(f"SELECT trade_id FROM bronze.trades WHERE {text}")
        assert sorted(row["trade_id"] for row in found) == sorted(row["trade_id"] for row in trades if holds(row)), text


@pytest.mark.parametrize("name", ["silver.candles_1m", "bronze.dead_letters", "silver.late_trades"])
def test_the_other_tables_have_their_rows(trino, theirs, trades, name):
    assert trino.sql(f"SELECT count(*) AS n FROM {name}") == [{"n": theirs.load_table(name).scan().count()}]
