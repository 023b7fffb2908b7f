"""Other readers on files that parquet_tool (our writer) makes, and our reader on files of theirs.

Needs build/*/tests/iceberg/tool_parquet/parquet_tool (or TRADELAKE_PARQUET_TOOL).
"""

import datetime
import decimal
import json
import os
import pathlib
import struct
import subprocess
import uuid

import chdb
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from pyiceberg.expressions import AlwaysTrue, GreaterThanOrEqual
from pyiceberg.io.pyarrow import ArrowScan, PyArrowFileIO, schema_to_pyarrow
from pyiceberg.manifest import DataFile, FileFormat
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.typedef import Record
from pyiceberg.types import (
    BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType, ListType, LongType,
    MapType, NestedField, StringType, StructType, TimestampType, TimestamptzType, TimeType, UUIDType,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tool_path():
    if "TRADELAKE_PARQUET_TOOL" in os.environ:
        return os.environ["TRADELAKE_PARQUET_TOOL"]
    built = sorted(ROOT.glob("build/*/tests/iceberg/tool_parquet/parquet_tool"), key=lambda path: path.stat().st_mtime)
    if not built:
        pytest.skip("parquet_tool is not built")
    return str(built[-1])


def run(*arguments):
    done = subprocess.run([tool_path(), *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def metadata_of(schema, folder):
    return new_table_metadata(
        schema, UNPARTITIONED_PARTITION_SPEC, UNSORTED_SORT_ORDER, folder.as_uri(), {"format-version": "2"}
    )


class Written:
    """Rows, written by our writer into folder/data.parquet."""

    def __init__(self, folder, schema, rows, **options):
        self.folder, self.path = folder, folder / "data.parquet"
        self.metadata = metadata_of(schema, folder)
        (folder / "metadata.json").write_text(self.metadata.model_dump_json())
        (folder / "options.json").write_text(json.dumps(options))
        with ipc.new_file(folder / "rows.arrow", rows.schema) as sink:
            sink.write_table(rows)
        self.metrics = json.loads(
            run("write", folder / "metadata.json", folder / "rows.arrow", self.path, folder / "options.json")
        )

    def by_pyiceberg(self, row_filter=AlwaysTrue()):
        file = DataFile.from_args(
            file_path=self.path.as_uri(), file_format=FileFormat.PARQUET, partition=Record(),
            record_count=self.metrics["record_count"], file_size_in_bytes=self.metrics["size_bytes"],
        )
        file.spec_id = 0
        scan = ArrowScan(self.metadata, PyArrowFileIO(), self.metadata.schema(), row_filter)
        return scan.to_table([FileScanTask(file)])

    def by_chdb(self, query, output="CSV"):
        return str(chdb.query(query.format(file=f"file('{self.path}', Parquet)"), output)).strip()


def ours(folder, schema, path, **request):
    """What our reader makes of a file."""
    (folder / "read.json").write_text(metadata_of(schema, folder).model_dump_json())
    (folder / "request.json").write_text(json.dumps(request))
    run("read", folder / "read.json", path, folder / "back.arrow", folder / "request.json")
    return ipc.open_file(folder / "back.arrow").read_all()


UTC = datetime.timezone.utc
NAN = float("nan")
TYPES = [
    ("boolean", BooleanType(), [False, True, None]),
    ("int", IntegerType(), [-(2**31), 2**31 - 1, None]),
    ("long", LongType(), [-(2**63), 2**63 - 1, None]),
    ("float", FloatType(), [float("-inf"), 1.5, None]),
    ("double", DoubleType(), [-1.7976931348623157e308, 5e-324, None]),
    ("date", DateType(), [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None]),
    ("time", TimeType(), [datetime.time(0, 0), datetime.time(23, 59, 59, 999999), None]),
    ("timestamp", TimestampType(),
     [datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), None]),
    ("timestamptz", TimestamptzType(),
     [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), datetime.datetime(2262, 4, 12, tzinfo=UTC), None]),
    ("string", StringType(), ["", "\U0010ffff\u6f22", None]),
    ("uuid", UUIDType(), [uuid.UUID(int=0).bytes, uuid.UUID(int=2**128 - 1).bytes, None]),
    ("fixed", FixedType(3), [b"\x00\x00\x00", b"\xff\xff\xff", None]),
    ("binary", BinaryType(), [b"", b"\xff\x00", None]),
    ("decimal_9_2", DecimalType(9, 2), [decimal.Decimal("-9999999.99"), decimal.Decimal("9999999.99"), None]),
    ("decimal_18_4", DecimalType(18, 4),
     [decimal.Decimal("-99999999999999.9999"), decimal.Decimal("99999999999999.9999"), None]),
    ("decimal_19_0", DecimalType(19, 0), [decimal.Decimal(-(10**19) + 1), decimal.Decimal(10**19 - 1), None]),
    ("decimal_38_18", DecimalType(38, 18),
     [decimal.Decimal(-(10**38) + 1).scaleb(-18, decimal.Context(prec=40)),
      decimal.Decimal(10**38 - 1).scaleb(-18, decimal.Context(prec=40)), None]),
]


def every_type():
    schema = Schema(*(NestedField(i + 1, name, kind, required=False) for i, (name, kind, _) in enumerate(TYPES)))
    arrow = schema_to_pyarrow(schema, include_field_ids=False)
    # Arrow's own widths: PyIceberg prefers the large ones.
    fields = []
    for field in arrow:
        kind = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary(), pa.uuid(): pa.binary(16)}.get(
            field.type, field.type)
        fields.append(pa.field(field.name, kind))
    rows = pa.table([pa.array(values, field.type) for field, (_, _, values) in zip(fields, TYPES)],
                    schema=pa.schema(fields))
    return schema, rows


def nested():
    schema = Schema(
        NestedField(1, "extra", MapType(2, StringType(), 3, StringType(), value_required=False), required=False),
        NestedField(4, "levels", ListType(5, DecimalType(38, 18), element_required=True), required=False),
        NestedField(6, "place", StructType(NestedField(7, "x", DoubleType(), required=True),
                                           NestedField(8, "name", StringType(), required=False)), required=True),
    )
    rows = pa.table({
        "extra": pa.array([[("a", "1"), ("b", None)], None, []], pa.map_(pa.string(), pa.string())),
        "levels": pa.array([[decimal.Decimal(1), decimal.Decimal(-2)], [], None], pa.list_(pa.decimal128(38, 18))),
        "place": pa.array([{"x": 1.5, "name": "n"}, {"x": NAN, "name": None}, {"x": -2.0, "name": "\u00e9"}],
                          pa.struct([("x", pa.float64()), ("name", pa.string())])),
    })
    return schema, rows


def plain(value):
    return value.bytes if isinstance(value, uuid.UUID) else value


def values(table):
    return {name: [plain(value) for value in table[name].to_pylist()] for name in table.column_names}


def ids(field):
    """Field ids as Arrow sees them; -1 stands for none."""
    own = int((field.metadata or {}).get(b"PARQUET:field_id", -1))
    kind = field.type
    if pa.types.is_map(kind):
        return [own, *ids(kind.key_field), *ids(kind.item_field)]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [own, *ids(kind.value_field)]
    if pa.types.is_struct(kind):
        return [own, *(i for j in range(kind.num_fields) for i in ids(kind.field(j)))]
    return [own]


def test_every_reader_sees_the_extreme_values_of_every_type(tmp_path):
    schema, rows = every_type()
    written = Written(tmp_path, schema, rows)
    assert values(pq.read_table(written.path)) == values(rows)
    assert values(written.by_pyiceberg()) == values(rows)
    assert values(ours(tmp_path, schema, written.path)) == values(rows)


def test_chdb_reads_the_same_digits(tmp_path):
    schema, rows = every_type()
    written = Written(tmp_path, schema, rows)
    query = ("SELECT int, long, decimal_9_2, decimal_18_4, decimal_19_0, decimal_38_18, string, toUnixTimestamp64Micro(timestamptz)"
             " FROM {file} LIMIT 2")
    assert written.by_chdb(query, "TSV").split("\n") == [
        "-2147483648\t-9223372036854775808\t-9999999.99\t-99999999999999.9999\t-9999999999999999999"
        "\t-99999999999999999999.999999999999999999\t\t-1",
        "2147483647\t9223372036854775807\t9999999.99\t99999999999999.9999\t9999999999999999999"
        "\t99999999999999999999.999999999999999999\t\U0010ffff\u6f22\t9223372800000000",
    ]
    assert written.by_chdb("SELECT count(), countIf(uuid IS NULL) FROM {file}") == "3,1"


def test_nested_columns_are_read_by_all(tmp_path):
    schema, rows = nested()
    written = Written(tmp_path, schema, rows)

    def text(table):
        return str(values(table))

    assert text(pq.read_table(written.path)) == text(rows)
    assert text(written.by_pyiceberg()) == text(rows)
    assert text(ours(tmp_path, schema, written.path)) == text(rows)
    assert written.by_chdb("SELECT extra['a'], length(levels), place.x FROM {file} LIMIT 1") == '"1",2,1.5'


def test_every_node_has_its_field_id(tmp_path):
    for name, (schema, rows) in {"flat": every_type(), "nested": nested()}.items():
        (tmp_path / name).mkdir()
        written = Written(tmp_path / name, schema, rows)
        found = [i for field in pq.read_schema(written.path) for i in ids(field)]
        assert sorted(found) == list(range(1, len(found) + 1))
        assert found == [i for field in schema_to_pyarrow(written.metadata.schema()) for i in ids(field)]
        assert b"ARROW:schema" not in (pq.read_metadata(written.path).metadata or {})


def test_types_are_annotated_as_the_specification_says(tmp_path):
    schema, rows = every_type()
    columns = pq.read_metadata(Written(tmp_path, schema, rows).path).schema
    by_name = {columns.column(i).name: columns.column(i) for i in range(len(columns))}

    def shape(name):
        return by_name[name].physical_type, by_name[name].length, str(by_name[name].logical_type)

    assert by_name["decimal_9_2"].physical_type == "INT32"
    assert by_name["decimal_18_4"].physical_type == "INT64"
    assert shape("decimal_19_0")[:2] == ("FIXED_LEN_BYTE_ARRAY", 9)
    assert shape("decimal_38_18")[:2] == ("FIXED_LEN_BYTE_ARRAY", 16)
    assert shape("uuid") == ("FIXED_LEN_BYTE_ARRAY", 16, "UUID")
    assert "isAdjustedToUTC=false, timeUnit=microseconds" in shape("timestamp")[2]
    assert "isAdjustedToUTC=true, timeUnit=microseconds" in shape("timestamptz")[2]
    assert "isAdjustedToUTC=false, timeUnit=microseconds" in shape("time")[2]


def test_codec_encodings_and_statistics_are_those_of_fast_readers(tmp_path):
    count = 5000
    schema = Schema(
        NestedField(1, "id", StringType(), required=True), NestedField(2, "at", TimestampType(), required=True),
        NestedField(3, "symbol", StringType(), required=True), NestedField(4, "price", DecimalType(38, 18), required=True),
    )
    rows = pa.table({
        "id": [str(uuid.UUID(int=i * 2**100 + 7)) for i in range(count)],
        "at": pa.array(range(count), pa.timestamp("us")),
        "symbol": pa.array([f"S{i % 7}" for i in range(count)]).dictionary_encode(),
        "price": pa.array([decimal.Decimal(i % 300) for i in range(count)], pa.decimal128(38, 18)),
    })
    written = Written(tmp_path, schema, rows, delta_columns=["at"], random_columns=["id"], plain_columns=["price"])
    group = pq.read_metadata(written.path).row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert set(columns["id"].encodings) == {"PLAIN", "RLE"}
    assert set(columns["at"].encodings) == {"DELTA_BINARY_PACKED", "RLE"}
    assert set(columns["symbol"].encodings) == {"PLAIN", "RLE", "RLE_DICTIONARY"}
    assert set(columns["price"].encodings) == {"PLAIN", "RLE"}
    assert all(column.statistics.has_min_max for column in columns.values())
    assert columns["symbol"].statistics.min == "S0" and columns["symbol"].statistics.max == "S6"
    assert pq.read_metadata(written.path).schema.column(0).max_definition_level == 0  # required
    assert written.by_pyiceberg(GreaterThanOrEqual("at", "1970-01-01T00:00:00.004990")).num_rows == 10
    assert written.by_chdb("SELECT uniqExact(id), sum(price), uniqExact(symbol) FROM {file}") == f"{count},{sum(i % 300 for i in range(count))},7"


def test_bounds_are_what_pyiceberg_computes(tmp_path):
    from pyiceberg.io.pyarrow import compute_statistics_plan, data_file_statistics_from_parquet_metadata
    from pyiceberg.io.pyarrow import parquet_path_to_id_mapping

    schema, rows = every_type()
    rows = rows.set_column(9, "string", pa.array(["aaaaaaaaaaaaaaaaa", "\u00e9" * 17, None]))
    written = Written(tmp_path, schema, rows)
    theirs = data_file_statistics_from_parquet_metadata(
        pq.read_metadata(written.path), compute_statistics_plan(schema, {}), parquet_path_to_id_mapping(schema)
    ).to_serialized_dict()

    def hexed(bounds):
        return {str(i): value.hex() for i, value in bounds.items()}

    # PyIceberg gives integer decimals' bounds in fixed width, and none to uuids of raw bytes.
    compared = {str(i + 1) for i, (name, _, _) in enumerate(TYPES) if name not in ("uuid",)}
    for kind in ("lower_bounds", "upper_bounds"):
        mine = {i: v for i, v in written.metrics[kind].items() if i in compared}
        assert mine == {i: v for i, v in hexed(theirs[kind]).items() if i in compared}
    assert written.metrics["lower_bounds"]["11"] == "00" * 16
    for kind in ("column_sizes", "value_counts", "null_value_counts"):
        assert written.metrics[kind] == {str(i): n for i, n in theirs[kind].items()}
    assert written.metrics["split_offsets"] == theirs["split_offsets"]


def test_bounds_of_floats_follow_the_specification(tmp_path):
    schema = Schema(NestedField(1, "x", DoubleType(), required=False))
    written = Written(tmp_path, schema, pa.table({"x": [NAN, 0.0, None]}))
    assert written.metrics["lower_bounds"]["1"] == struct.pack("<d", -0.0).hex()
    assert written.metrics["upper_bounds"]["1"] == struct.pack("<d", 0.0).hex()
    assert written.metrics["nan_value_counts"] == {"1": 1}


@pytest.mark.parametrize("options", [
    {}, {"use_dictionary": False}, {"data_page_version": "2.0", "compression": "snappy"},
    {"compression": "gzip", "row_group_size": 2}, {"version": "1.0"},
])
def test_we_read_what_pyarrow_writes_with_ids(tmp_path, options):
    schema, rows = every_type()
    arrow = schema_to_pyarrow(schema)
    pq.write_table(rows.cast(arrow), tmp_path / "theirs.parquet", **options)
    back = ours(tmp_path, schema, tmp_path / "theirs.parquet")
    assert values(back) == values(rows)
    some = ours(tmp_path, schema, tmp_path / "theirs.parquet", columns=["string"],
                filter=[["int", "greater", 5], ["long", "not_null"]])
    assert values(some) == {"string": [rows["string"][1].as_py()]}


@pytest.mark.parametrize("kind", [pa.large_list, lambda element: pa.list_(element, 2)])
def test_lists_are_read_whatever_width_arrow_has_noted_for_them(tmp_path, kind):
    """PyIceberg writes large lists, and Arrow's readers make such again."""
    schema = Schema(NestedField(1, "l", ListType(2, StringType(), element_required=False), required=False))
    element = pa.field("element", pa.large_string(), True, {"PARQUET:field_id": "2"})
    rows = pa.table({"l": pa.array([["a", None], ["", "\u6f22"]], kind(element))},
                    schema=pa.schema([pa.field("l", kind(element), True, {"PARQUET:field_id": "1"})]))
    pq.write_table(rows, tmp_path / "theirs.parquet")
    assert values(ours(tmp_path, schema, tmp_path / "theirs.parquet")) == values(rows)


def test_we_read_a_file_of_chdb_by_name_mapping(tmp_path):
    schema = Schema(NestedField(1, "n", LongType(), required=False), NestedField(2, "s", StringType(), required=False))
    path = tmp_path / "theirs.parquet"
    chdb.query(f"INSERT INTO FUNCTION file('{path}', Parquet) SELECT toInt32(number) AS n, toString(number) AS s "
               "FROM numbers(1000) SETTINGS output_format_parquet_string_as_string=1")
    metadata = metadata_of(schema, tmp_path)
    mapping = json.dumps([{"field-id": 1, "names": ["n"]}, {"field-id": 2, "names": ["s"]}])
    metadata = metadata.model_copy(update={"properties": {"schema.name-mapping.default": mapping}})
    (tmp_path / "read.json").write_text(metadata.model_dump_json())
    (tmp_path / "request.json").write_text(json.dumps({"filter": [["n", "less", 3]]}))
    run("read", tmp_path / "read.json", path, tmp_path / "back.arrow", tmp_path / "request.json")
    assert values(ipc.open_file(tmp_path / "back.arrow").read_all()) == {"n": [0, 1, 2], "s": ["0", "1", "2"]}
