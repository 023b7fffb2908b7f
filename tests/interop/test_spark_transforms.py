"""Each type under each transform: Spark's tables read and appended to by us, and ours by Spark; filters lose no row."""
import itertools

import pytest

from every_type import (
    NESTED, NESTED_ROWS, TRANSFORMS, TYPES, by_id, filters_of, fits_truncated, matching, plain, rows_of, schema_of, some,
)
from found_by_us import assert_found_by_us
from same_partitions import assert_same_partitions
from spark_rows import expected, insert, read
from spark_text import literal, type_text

pytestmark = pytest.mark.slow
OPERATORS = {"equal": "=", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">="}
# Spark has no column of these; it reads and writes uuid and fixed ones that others have made, and no time.
FOREIGN = ("uuid", "fixed")
# Java writes and reads partitions of fixed values with a length that does not belong there (apache/iceberg#17501).
CASES = [(name, transform) for name, transform in TRANSFORMS if name != "time" and (name, transform) != ("fixed", "identity")]
numbers = itertools.count()


def partition_text(transform):
    """As PARTITIONED BY takes it; nothing if Spark cannot say it."""
    term, _, parameter = transform.partition("[")
    if term == "void":
        return None
    if term == "identity":
        return "v"
    return f"{term}({parameter.rstrip(']')}, v)" if parameter else f"{term}s(v)"


def condition(kind, comparison, value):
    if value is None:
        return "v IS NULL" if comparison == "is_null" else "v IS NOT NULL"
    return f"v {OPERATORS[comparison]} {literal(kind, value)}"


def writable(name, transform, value):
    """What Java can write: it takes no truncation that does not fit the decimal, and Spark has one partition for both zeros."""
    if isinstance(value, float):
        return transform != "identity" or str(value) != "-0.0"
    truncated = name.startswith("decimal") and transform.startswith("truncate")
    return value is None or not truncated or fits_truncated(name, value)


def findable(name, value):
    """What Spark finds in tables of its own: it has NaN greater than all or prunes it, tells the zeros apart where it prunes,
    and compares uuids as signed numbers where it prunes, as text elsewhere."""
    return name != "uuid" and not (isinstance(value, float) and value == 0)


def assert_found_by_spark(spark, table, name, transform, rows):
    kind = TYPES[name][0]
    filters = [(comparison, value) for comparison, value in some(filters_of(name, transform))
               if value is None or findable(name, value)]
    selected = (f"SELECT {at}L AS filter, id FROM {table} WHERE {condition(kind, *one)}" for at, one in enumerate(filters))
    found = {at: [] for at in range(len(filters))}
    for row in spark.sql(" UNION ALL ".join(selected)):
        found[row["filter"]].append(row["id"])
    nan = {row["id"] for row in rows if plain(row["v"]) == "NaN"}
    for at, (comparison, value) in enumerate(filters):
        ids = sorted(number for number in found[at] if value is None or number not in nan)
        assert ids == matching(name, comparison, value, rows), (comparison, value)


def create_by_spark(spark, table, name, transform):
    partition = partition_text(transform)
    if name in FOREIGN or not partition:
        pytest.skip("Spark cannot make this table")
    spark.sql(f"CREATE TABLE {table} (id BIGINT NOT NULL, v {type_text(TYPES[name][0])}) USING iceberg "
              f"PARTITIONED BY ({partition}) TBLPROPERTIES ('format-version' = '2')")


@pytest.mark.parametrize("who", ["spark", "we"])
@pytest.mark.parametrize("name, transform", CASES)
def test_both_write_and_read_a_partitioned_table(ours, spark, theirs, name, transform, who):
    table, schema = f"t.n{next(numbers)}", schema_of(name)
    create_by_spark(spark, table, name, transform) if who == "spark" else ours.create(table, schema, (2, transform))
    everything = rows_of(name, transform), rows_of(name, transform, 100)
    both = [[row for row in rows if writable(name, transform, row["v"])] for rows in everything]
    writers = [lambda rows: insert(spark, table, schema, rows), lambda rows: ours.append(table, schema, rows)]
    if both[0]:
        for write, rows in zip(writers if who == "spark" else writers[::-1], both, strict=True):
            write(rows)
        assert_same_partitions(ours, table, transform)
    rows = both[0] + both[1]
    rest = [row for rows_ in everything for row in rows_ if row not in rows]
    if rest:
        ours.append(table, schema, rest)
    rows += rest

    assert ours.rows(table) == by_id(rows)
    assert read(spark, table, schema) == expected(schema, rows)
    assert by_id(theirs.load_table(table).scan().to_arrow().to_pylist()) == by_id(rows)
    assert_found_by_us(ours, table, name, transform, rows)
    assert_found_by_spark(spark, table, name, transform, rows)


@pytest.mark.parametrize("who", ["spark", "we"])
def test_nested_columns_go_both_ways(ours, spark, theirs, who):
    table, more = f"t.nested_{who}", [row | {"id": 100 + row["id"]} for row in NESTED_ROWS]
    if who == "spark":
        columns = ", ".join(f"{field.name} {type_text(field.field_type)}{' NOT NULL' if field.required else ''}"
                            for field in NESTED.fields)
        spark.sql(f"CREATE TABLE {table} ({columns}) USING iceberg TBLPROPERTIES ('format-version' = '2')")
    else:
        ours.create(table, NESTED)
    schema = theirs.load_table(table).schema()
    insert(spark, table, schema, NESTED_ROWS)
    ours.append(table, schema, more)
    assert ours.rows(table) == by_id(NESTED_ROWS + more)
    assert read(spark, table, schema) == expected(schema, NESTED_ROWS + more)
    assert by_id(theirs.load_table(table).scan().to_arrow().to_pylist()) == by_id(NESTED_ROWS + more)
