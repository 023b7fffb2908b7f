"""Each type under each transform: PyIceberg's tables read and appended to by us, ours by PyIceberg; filters lose no row."""
import itertools
import math

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import (
    EqualTo, GreaterThan, GreaterThanOrEqual, IsNull, LessThan, LessThanOrEqual, NotNull,
)
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import parse_transform
import pyarrow as pa

from every_type import (
    NESTED, NESTED_ROWS, TRANSFORMS, TYPES, by_id, filters_of, fits_truncated, matching, plain, rows_of, schema_of, some,
    storable,
)
from found_by_us import assert_found_by_us
from ours import Ours
from same_partitions import assert_same_partitions

EXPRESSIONS = {"equal": EqualTo, "less": LessThan, "less_equal": LessThanOrEqual, "greater": GreaterThan,
               "greater_equal": GreaterThanOrEqual}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pyiceberg")
    return Ours(folder, folder / "catalog.db", f"file://{folder}/warehouse")


@pytest.fixture(scope="module")
def theirs(ours):
    catalog = SqlCatalog("tradelake", uri=f"sqlite:///{ours.catalog}", warehouse=ours.warehouse)
    catalog.create_namespace("t")
    return catalog


numbers = itertools.count()


def append(table, rows):
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    table.append(pa.Table.from_pylist([storable(row) for row in rows], schema))


def writable(name, transform, value):
    """What PyIceberg can write: it has no partitions of uuids, of NaN or of buckets of times, none for both zeros, and bounds
    of text without regard to surrogates."""
    if name == "uuid" or (name, transform) in (("time", "bucket[5]"), ("binary", "truncate[2]")):
        return False
    if value is None:
        return True
    if transform.startswith("truncate") and name.startswith("decimal"):
        return fits_truncated(name, value)
    if isinstance(value, float):
        return transform != "identity" or plain(value) != "NaN" and str(value) != "-0.0"
    return not str(value).startswith("\ud7ff")


def findable(name, transform, value):
    """What PyIceberg can look for: it compares no uuids, takes infinity for what no float can be, rounds doubles that are
    partitions, and what comes of the ends of time is too much for Python's types."""
    if name == "uuid" or (name, transform) == ("double", "identity") or name == "float" and math.isinf(value):
        return False
    return transform == "identity" or getattr(value, "year", 1970) not in (1, 9999)


def assert_found_by_pyiceberg(table, name, transform, rows):
    for comparison, value in some(filters_of(name, transform)):
        if value is not None and not findable(name, transform, value):
            continue
        # A literal with a zone is taken as text only.
        literal = value.isoformat() if name == "timestamptz" and value else value
        wanted = {"is_null": IsNull("v"), "not_null": NotNull("v")}.get(comparison) or EXPRESSIONS[comparison]("v", literal)
        found = sorted(table.scan(row_filter=wanted, selected_fields=("id",)).to_arrow()["id"].to_pylist())
        assert found == matching(name, comparison, value, rows), (comparison, value)


@pytest.mark.parametrize("name, transform", TRANSFORMS)
def test_both_write_and_read_a_partitioned_table(ours, theirs, name, transform):
    table_name, schema = f"t.n{next(numbers)}", schema_of(name)
    spec = PartitionSpec(PartitionField(2, 1000, parse_transform(transform), "part"))
    table = theirs.create_table(table_name, schema, partition_spec=spec, properties={"format-version": "2"})
    first = [row for row in rows_of(name, transform) if writable(name, transform, row["v"])]
    if first:
        append(table, first)
    second = rows_of(name, transform, 100)
    same = [row for row in second if writable(name, transform, row["v"])]
    if first:
        ours.append(table_name, schema, same)
        assert_same_partitions(ours, table_name, transform)
    if same != second:
        ours.append(table_name, schema, [row for row in second if row not in same])
    table.refresh()
    rows = first + second
    assert ours.rows(table_name) == by_id(rows)
    assert by_id(table.scan().to_arrow().to_pylist()) == by_id(rows)
    assert_found_by_us(ours, table_name, name, transform, rows)
    assert_found_by_pyiceberg(table, name, transform, rows)


def test_nested_columns_go_both_ways(ours, theirs):
    table = theirs.create_table("t.nested", NESTED, properties={"format-version": "2"})
    append(table, NESTED_ROWS)
    more = [row | {"id": 100 + row["id"]} for row in NESTED_ROWS]
    ours.append("t.nested", NESTED, more)
    wanted = by_id(NESTED_ROWS + more)
    assert by_id(table.refresh().scan().to_arrow().to_pylist()) == wanted
    assert ours.rows("t.nested") == wanted


def test_every_type_is_there():
    assert len({type(kind) for kind, _ in TYPES.values()}) == 14
