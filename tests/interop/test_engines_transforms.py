"""Tables of ours under each transform, read by DuckDB and chDB: filters by which they prune lose no row."""
import json

import pytest
from pyiceberg.types import (
    BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType, LongType, StringType,
    TimestampType, TimestamptzType, TimeType, UUIDType,
)

from every_type import TYPES
from fixtures.wide_table import COLUMNS, filters_of, rows_of, schema_of, spec_of
from ours import Ours
from test_engines import ENGINES

OPERATORS = {"equal": "=", "less": "<", "greater_equal": ">="}
TYPE_NAMES = {
    "duckdb": {BooleanType: "BOOLEAN", IntegerType: "INTEGER", LongType: "BIGINT", FloatType: "FLOAT", DoubleType: "DOUBLE",
               DateType: "DATE", TimeType: "TIME", TimestampType: "TIMESTAMP", TimestamptzType: "TIMESTAMPTZ", UUIDType: "UUID"},
    "chdb": {BooleanType: "Bool", IntegerType: "Int32", LongType: "Int64", FloatType: "Float32", DoubleType: "Float64"},
}
# What an engine gets wrong itself, whoever has written the table: DuckDB rounds months and days before 1970 to the other side,
# and fails on uuids' buckets and on truncations that do not fit the decimal; chDB has no truncations of wide decimals, and
# neither uuids as such nor times before 1900.
LEFT_OUT = {
    "duckdb": ("uuid_bucket", "decimal_9_2_truncate", "decimal_18_4_truncate", "decimal_38_18_truncate", "timestamp_month",
               "timestamp_day", "timestamptz_month", "timestamptz_day"),
    "chdb": ("decimal_38_18_truncate", "uuid", "date", "time", "fixed", "binary"),
}
SIZE = 6  # of a table's columns: a folder's name has all of them


def groups():
    for engine, left_out in LEFT_OUT.items():
        columns = [column for column in COLUMNS if not column.startswith(left_out)]
        yield from ((engine, columns[at:at + SIZE]) for at in range(0, len(columns), SIZE))


def literal(engine, kind, value):
    if isinstance(kind, (StringType, BinaryType, FixedType)):
        data = (value.encode() if isinstance(value, str) else value).hex()
        if engine == "chdb":
            return f"unhex('{data}')"
        return f"decode(from_hex('{data}'))" if isinstance(kind, StringType) else f"from_hex('{data}')"
    if isinstance(kind, DecimalType):
        name = f"DECIMAL({kind.precision}, {kind.scale})" if engine == "duckdb" else f"Decimal({kind.precision}, {kind.scale})"
        return f"CAST('{value:f}' AS {name})"
    return f"CAST('{value}' AS {TYPE_NAMES[engine][type(kind)]})"


def condition(engine, column, comparison, value):
    if value is None:
        return f"{column} IS NULL"
    return f"{column} {OPERATORS[comparison]} {literal(engine, TYPES[COLUMNS[column][0]][0], value)}"


@pytest.mark.parametrize("engine, columns", groups())
def test_filters_find_what_we_have_written(tmp_path, engine, columns):
    ours = Ours(tmp_path, tmp_path / "catalog.db", f"file://{tmp_path}/warehouse")
    rows = rows_of(columns)
    ours.create("t.some", schema_of(columns), *((source, transform) for source, _, _, transform in spec_of(columns)))
    ours.append("t.some", schema_of(columns), rows)
    pointer = json.loads(ours.tool("dump", ours.catalog, "t.some"))["metadata_location"]
    asked = list(filters_of(columns, rows))
    found = {at: [] for at in range(len(asked))}
    selected = (f"SELECT {at} AS filter, id FROM t WHERE {condition(engine, *one)}" for at, (one, _, _) in enumerate(asked))
    for row in ENGINES[engine](pointer, tmp_path, " UNION ALL ".join(selected)):
        found[int(row["filter"])].append(int(row["id"]))
    for at, (one, _, ids) in enumerate(asked):
        assert sorted(found[at]) == ids, one
