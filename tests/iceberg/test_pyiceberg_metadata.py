"""Our metadata layer against PyIceberg, both ways: nothing counts that only we can read.

Run: .venv/bin/python -m pytest tests/iceberg/test_pyiceberg_metadata.py
The program under test is iceberg_tool (tests/iceberg/tool); TRADELAKE_BUILD names the build folder,
build/release unless set.
"""
import datetime as dt
import json
import os
import pathlib
import subprocess
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.conversions import to_bytes
from pyiceberg.expressions import EqualTo, GreaterThanOrEqual, LessThan
from pyiceberg.manifest import ManifestEntryStatus
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    TruncateTransform,
    YearTransform,
)
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TRADELAKE_BUILD", "build/release")
TOOL = BUILD / "tests/iceberg/tool/iceberg_tool"

SCHEMA = {
    "type": "struct",
    "schema-id": 0,
    "fields": [
        {"id": 1, "name": "symbol", "required": True, "type": "string", "doc": "market"},
        {"id": 2, "name": "price", "required": True, "type": "decimal(38, 18)"},
        {"id": 3, "name": "trade_time", "required": True, "type": "timestamp"},
        {"id": 4, "name": "seq", "required": False, "type": "long"},
        {
            "id": 5,
            "name": "extra",
            "required": False,
            "type": {
                "type": "map",
                "key-id": 6,
                "key": "string",
                "value-id": 7,
                "value-required": False,
                "value": "string",
            },
        },
    ],
}
SPEC = {
    "spec-id": 0,
    "fields": [{"name": "trade_time_hour", "transform": "hour", "source-id": 3, "field-id": 1000}],
}
EPOCH = dt.datetime(1970, 1, 1)


def tool(*args, stdin=None):
    done = subprocess.run(
        [TOOL, *map(str, args)],
        input=None if stdin is None else json.dumps(stdin),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Lake:
    def __init__(self, folder):
        self.folder = folder
        self.database = folder / "catalog.db"
        self.warehouse = f"file://{folder}/warehouse"
        self.files = 0

    def catalog(self):
        return SqlCatalog("tradelake", uri=f"sqlite:///{self.database}", warehouse=self.warehouse)

    def create(self, name, schema=SCHEMA, spec=SPEC, properties=None):
        tool("create", self.database, self.warehouse, name,
             stdin={"schema": schema, "spec": spec, "properties": properties or {}})

    def commit(self, name, *steps):
        tool("commit", self.database, name, stdin=steps)

    def dump(self, name):
        return json.loads(tool("dump", self.database, name))

    def parquet(self, rows, table="trades"):
        """A Parquet file with field ids and its description for the tool."""
        def field(name, type_, id_, nullable=True):
            return pa.field(name, type_, nullable, {"PARQUET:field_id": str(id_)})

        schema = pa.schema([
            field("symbol", pa.string(), 1, False),
            field("price", pa.decimal128(38, 18), 2, False),
            field("trade_time", pa.timestamp("us"), 3, False),
            field("seq", pa.int64(), 4),
            field("extra", pa.map_(field("key", pa.string(), 6, False), field("value", pa.string(), 7)), 5),
        ])
        self.files += 1
        path = self.folder / f"warehouse/bronze/{table}/data/{self.files}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
        hour = (rows[0]["trade_time"] - EPOCH) // dt.timedelta(hours=1)
        prices = [row["price"] for row in rows]
        times = [(row["trade_time"] - EPOCH) // dt.timedelta(microseconds=1) for row in rows]
        return {
            "path": f"file://{path}",
            "record_count": len(rows),
            "size_bytes": path.stat().st_size,
            "partition": [to_bytes(IntegerType(), hour).hex()],
            "value_counts": {"1": len(rows), "2": len(rows), "3": len(rows)},
            "null_value_counts": {"1": 0, "2": 0, "3": 0},
            "lower_bounds": {
                "2": to_bytes(DecimalType(38, 18), min(prices)).hex(),
                "3": to_bytes(TimestampType(), min(times)).hex(),
            },
            "upper_bounds": {
                "2": to_bytes(DecimalType(38, 18), max(prices)).hex(),
                "3": to_bytes(TimestampType(), max(times)).hex(),
            },
            "split_offsets": [4],
        }


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)


def trades(first, count, hour=0):
    start = dt.datetime(2024, 8, 8, hour)
    return [
        {
            "symbol": "BTCUSDT",
            "price": Decimal(i) + Decimal("0.000000000000000001"),
            "trade_time": start + dt.timedelta(seconds=i % 3600),
            "seq": i,
            "extra": [("k", str(i))] if i % 2 else None,
        }
        for i in range(first, first + count)
    ]


def rows_of(table, **scan):
    rows = table.scan(**scan).to_arrow().to_pylist()
    return sorted(rows, key=lambda row: row["seq"])


def avro_header(path):
    data = pathlib.Path(path.removeprefix("file://")).read_bytes()
    assert data[:4] == b"Obj\x01"
    at = 4

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return (value >> 1) ^ -(value & 1)

    def text():
        nonlocal at
        size = number()
        at += size
        return data[at - size : at].decode()

    header = {}
    while count := number():
        for _ in range(count):
            key = text()
            header[key] = text()
    return header


def walk(schema, found, missing, path=""):
    """Record names, and places that lack a field id."""
    if isinstance(schema, list):
        assert schema[0] == "null" and len(schema) == 2, f"{path}: {schema}"
        return walk(schema[1], found, missing, path)
    if not isinstance(schema, dict):
        return None
    if schema["type"] == "record":
        found.append(schema["name"])
        for field in schema["fields"]:
            here = f"{path}.{field['name']}"
            if not isinstance(field.get("field-id"), int):
                missing.append(here)
            if isinstance(field["type"], list):
                assert "default" in field and field["default"] is None, here
            walk(field["type"], found, missing, here)
    elif schema["type"] == "array":
        if schema.get("logicalType") != "map" and not isinstance(schema.get("element-id"), int):
            missing.append(path + "[]")
        walk(schema["items"], found, missing, path + "[]")
    return None


def test_pyiceberg_scans_what_we_append(lake):
    lake.create("bronze.trades")
    first, second = trades(0, 50, hour=0), trades(50, 70, hour=1)
    lake.commit(
        "bronze.trades",
        {"operation": "append", "added": [lake.parquet(first)], "summary": {"tradelake.commit-id": "a"}},
        {"operation": "append", "added": [lake.parquet(second)], "tag": "tradelake"},
    )
    table = lake.catalog().load_table("bronze.trades")
    assert rows_of(table) == first + second
    boundary = dt.datetime(2024, 8, 8, 1).isoformat()
    assert rows_of(table, row_filter=LessThan("trade_time", boundary)) == first
    pruned = table.scan(row_filter=GreaterThanOrEqual("trade_time", boundary))
    assert len(list(pruned.plan_files())) == 1
    assert table.metadata.snapshots[0].summary["tradelake.commit-id"] == "a"
    summary = table.current_snapshot().summary
    assert (summary["total-records"], summary["total-data-files"]) == ("120", "2")
    assert summary.operation.value == "append"
    assert table.metadata.refs["tradelake"].snapshot_id == table.current_snapshot().snapshot_id
    assert table.snapshot_by_name("tradelake") == table.current_snapshot()
    assert [entry["metadata-file"] if isinstance(entry, dict) else entry.metadata_file
            for entry in table.metadata.metadata_log][-1] != table.metadata_location
    assert pathlib.Path(table.metadata_location).name.startswith("00002-")


def test_the_catalog_lists_our_tables_and_namespaces(lake):
    lake.create("bronze.trades")
    lake.create("silver.candles_1m")
    catalog = lake.catalog()
    assert sorted(catalog.list_namespaces()) == [("bronze",), ("silver",)]
    assert catalog.list_tables("silver") == [("silver", "candles_1m")]
    assert catalog._schema_version == "v1"


def test_every_field_of_our_avro_files_has_an_id_and_the_names_of_java(lake):
    lake.create("bronze.trades")
    lake.commit("bronze.trades", {"operation": "append", "added": [lake.parquet(trades(0, 3))]})
    table = lake.catalog().load_table("bronze.trades")
    snapshot = table.current_snapshot()
    manifest = snapshot.manifests(table.io)[0]

    header = avro_header(manifest.manifest_path)
    found, missing = [], []
    walk(json.loads(header["avro.schema"]), found, missing)
    assert missing == []
    assert found[:3] == ["manifest_entry", "r2", "r102"]
    assert "k126_v127" in found
    assert header["format-version"] == "2" and header["content"] == "data"
    assert header["partition-spec-id"] == "0" and header["schema-id"] == "0"
    assert isinstance(json.loads(header["partition-spec"]), list)
    assert json.loads(header["schema"])["fields"][1]["type"] == "decimal(38, 18)"
    assert header["avro.codec"] == "deflate"

    header = avro_header(snapshot.manifest_list)
    found, missing = [], []
    walk(json.loads(header["avro.schema"]), found, missing)
    assert missing == [] and found == ["manifest_file", "r508"]
    assert header["parent-snapshot-id"] == "null"
    assert header["snapshot-id"] == str(snapshot.snapshot_id)
    assert header["sequence-number"] == "1"
    assert manifest.manifest_length == os.path.getsize(manifest.manifest_path.removeprefix("file://"))


def test_pyiceberg_sees_an_overwrite_as_deleted_and_existing_entries(lake):
    lake.create("bronze.trades")
    old = [lake.parquet(trades(0, 10)), lake.parquet(trades(10, 10))]
    new = lake.parquet(trades(20, 5))
    lake.commit(
        "bronze.trades",
        {"operation": "append", "added": old},
        {"operation": "overwrite", "removed": [old[0]["path"]], "added": [new]},
    )
    table = lake.catalog().load_table("bronze.trades")
    assert rows_of(table) == trades(10, 10) + trades(20, 5)
    entries = {
        entry.data_file.file_path: entry
        for manifest in table.current_snapshot().manifests(table.io)
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False)
    }
    gone, kept, added = (entries[file["path"]] for file in (*old, new))
    assert (gone.status, kept.status, added.status) == (
        ManifestEntryStatus.DELETED, ManifestEntryStatus.EXISTING, ManifestEntryStatus.ADDED)
    assert (gone.sequence_number, kept.sequence_number, added.sequence_number) == (1, 1, 2)
    assert kept.snapshot_id == table.metadata.snapshots[0].snapshot_id
    assert gone.snapshot_id == table.current_snapshot().snapshot_id
    summary = table.current_snapshot().summary
    assert summary.operation.value == "overwrite"
    assert (summary["deleted-records"], summary["total-records"]) == ("10", "15")


def test_merged_manifests_keep_sequence_numbers_and_counts(lake):
    lake.create("bronze.trades", properties={"commit.manifest.min-count-to-merge": "3"})
    steps = [{"operation": "append", "added": [lake.parquet(trades(i * 10, 10, hour=i))]} for i in range(7)]
    lake.commit("bronze.trades", *steps)
    table = lake.catalog().load_table("bronze.trades")
    assert rows_of(table) == [row for i in range(7) for row in trades(i * 10, 10, hour=i)]
    manifests = table.current_snapshot().manifests(table.io)
    assert len(manifests) == 1
    numbers = [entry.sequence_number for entry in manifests[0].fetch_manifest_entry(table.io)]
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6, 7]
    manifest = manifests[0]
    assert (manifest.added_files_count, manifest.existing_files_count) == (1, 6)
    assert (manifest.added_rows_count, manifest.existing_rows_count) == (10, 60)
    assert (manifest.sequence_number, manifest.min_sequence_number) == (7, 1)


def test_thousands_of_entries_in_many_blocks(lake):
    lake.create("bronze.trades")
    file = lake.parquet(trades(0, 1))
    added = [{**file, "path": f"{file['path']}.{i}"} for i in range(5000)]
    lake.commit("bronze.trades", {"operation": "append", "added": added})
    table = lake.catalog().load_table("bronze.trades")
    manifest = table.current_snapshot().manifests(table.io)[0]
    paths = [entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)]
    assert paths == [entry["path"] for entry in added]


WIDE = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "text", StringType()),
    NestedField(3, "amount", DecimalType(20, 4)),
    NestedField(4, "at", TimestampType()),
    NestedField(5, "zoned", TimestamptzType()),
    NestedField(6, "day", DateType()),
    NestedField(7, "flag", BooleanType()),
    NestedField(8, "number", IntegerType()),
    NestedField(9, "real", DoubleType()),
    NestedField(10, "bytes", BinaryType()),
    NestedField(11, "list", ListType(12, StringType(), element_required=False)),
    NestedField(13, "struct", StructType(NestedField(14, "x", LongType()))),
    NestedField(15, "map", MapType(16, StringType(), 17, LongType(), value_required=False)),
    NestedField(18, "month", DateType()),
    NestedField(19, "year", DateType()),
)
WIDE_SPEC = PartitionSpec(
    PartitionField(2, 1000, IdentityTransform(), "text"),
    PartitionField(3, 1001, IdentityTransform(), "amount"),
    PartitionField(4, 1002, DayTransform(), "at_day"),
    PartitionField(1, 1003, BucketTransform(16), "id_bucket"),
    PartitionField(8, 1004, TruncateTransform(10), "number_trunc"),
    PartitionField(5, 1005, HourTransform(), "zoned_hour"),
    PartitionField(18, 1006, MonthTransform(), "month_month"),
    PartitionField(19, 1007, YearTransform(), "year_year"),
    PartitionField(7, 1008, IdentityTransform(), "flag"),
    PartitionField(6, 1009, IdentityTransform(), "day"),
)


def wide_rows(first, count):
    return [
        {
            "id": i,
            "text": ["a/b c", "ü", None][i % 3],
            "amount": Decimal("-12345.6789") if i % 2 else Decimal("0.0001"),
            "at": dt.datetime(1969, 12, 31, 23) + dt.timedelta(days=i % 2),
            "zoned": dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
            "day": dt.date(1969, 6, 15),
            "month": dt.date(1969, 6, 15),
            "year": None,
            "flag": i % 2 == 0,
            "number": -7 if i % 2 else 23,
            "real": float("nan") if i % 5 == 0 else i / 3,
            "bytes": bytes([i % 256]) * 20,
            "list": ["x", None],
            "struct": {"x": i},
            "map": [("k", i)],
        }
        for i in range(first, first + count)
    ]


def expected_manifests(table, snapshot):
    """What PyIceberg says of a snapshot, in the words of the tool's dump."""
    manifests = []
    for manifest in snapshot.manifests(table.io):
        spec = table.specs()[manifest.partition_spec_id]
        types = [field.field_type for field in spec.partition_type(table.schema()).fields]
        entries = []
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False):
            file = entry.data_file

            def text(map_, convert=lambda value: value):
                return {str(key): convert(value) for key, value in (map_ or {}).items()}

            partition = [
                None if value is None else to_bytes(type_, value).hex()
                for type_, value in zip(types, file.partition, strict=True)
            ]
            entries.append({
                "status": int(entry.status),
                "snapshot_id": entry.snapshot_id,
                "sequence_number": entry.sequence_number,
                "file_sequence_number": entry.file_sequence_number,
                "content": int(file.content),
                "path": file.file_path,
                "format": file.file_format.value,
                "record_count": file.record_count,
                "size_bytes": file.file_size_in_bytes,
                "partition": partition,
                "column_sizes": text(file.column_sizes),
                "value_counts": text(file.value_counts),
                "null_value_counts": text(file.null_value_counts),
                "nan_value_counts": text(file.nan_value_counts),
                "lower_bounds": text(file.lower_bounds, bytes.hex),
                "upper_bounds": text(file.upper_bounds, bytes.hex),
                "split_offsets": file.split_offsets or [],
            })
        manifests.append({
            "path": manifest.manifest_path,
            "length": manifest.manifest_length,
            "spec_id": manifest.partition_spec_id,
            "content": int(manifest.content),
            "sequence_number": manifest.sequence_number,
            "min_sequence_number": manifest.min_sequence_number,
            "added_snapshot_id": manifest.added_snapshot_id,
            **{
                f"{kind}_{what}_count": getattr(manifest, f"{kind}_{what}_count")
                for what in ("files", "rows")
                for kind in ("added", "existing", "deleted")
            },
            "partitions": [
                {
                    "contains_null": summary.contains_null,
                    "contains_nan": summary.contains_nan,
                    "lower_bound": None if summary.lower_bound is None else summary.lower_bound.hex(),
                    "upper_bound": None if summary.upper_bound is None else summary.upper_bound.hex(),
                }
                for summary in manifest.partitions
            ],
            "entries": entries,
        })
    return manifests


def assert_same_view(lake, name):
    table = lake.catalog().load_table(name)
    ours = lake.dump(name)
    assert ours["metadata_location"] == table.metadata_location
    assert list(ours["manifests"]) == [str(s.snapshot_id) for s in table.snapshots()]
    for snapshot in table.snapshots():
        assert ours["manifests"][str(snapshot.snapshot_id)] == expected_manifests(table, snapshot)
    # Our JSON of the metadata, read by PyIceberg, is the same metadata.
    again = type(table.metadata).model_validate(ours["metadata"])
    assert again == table.metadata
    return table


def make_wide(lake):
    catalog = lake.catalog()
    catalog.create_namespace("bronze")
    table = catalog.create_table(
        "bronze.wide", WIDE, partition_spec=WIDE_SPEC, properties={"format-version": "2"})
    schema = table.schema().as_arrow()
    for start in (0, 7, 20):
        table.append(pa.Table.from_pylist(wide_rows(start, 9), schema=schema))
    table.overwrite(pa.Table.from_pylist(wide_rows(40, 4), schema=schema),
                    overwrite_filter=EqualTo("number", 23))
    table.delete(EqualTo("id", 41))
    return table


def test_we_read_what_pyiceberg_writes(lake):
    make_wide(lake)
    table = assert_same_view(lake, "bronze.wide")
    operations = [s.summary.operation.value for s in table.snapshots()]
    assert {"append", "delete", "overwrite"} >= set(operations) and len(operations) >= 5


def test_a_table_of_pyiceberg_survives_our_commits_and_goes_on(lake):
    table = make_wide(lake)
    before = sorted(row["id"] for row in table.scan().to_arrow().to_pylist())
    dump = lake.dump("bronze.wide")
    live = [
        entry
        for manifest in dump["manifests"][str(table.current_snapshot().snapshot_id)]
        for entry in manifest["entries"]
        if entry["status"] != 2
    ]
    removed = live[0]
    gone = pq.read_table(removed["path"].removeprefix("file://")).column("id").to_pylist()
    same = {**live[1], "path": live[1]["path"] + ".copy"}
    pathlib.Path(same["path"].removeprefix("file://")).write_bytes(
        pathlib.Path(live[1]["path"].removeprefix("file://")).read_bytes())
    lake.commit(
        "bronze.wide",
        {"operation": "overwrite", "removed": [removed["path"]], "added": []},
        {"operation": "replace", "removed": [live[1]["path"]], "added": [same]},
    )
    table = assert_same_view(lake, "bronze.wide")
    after = sorted(row["id"] for row in table.scan().to_arrow().to_pylist())
    assert sorted(after + gone) == before
    assert [s.summary.operation.value for s in table.snapshots()][-2:] == ["delete", "replace"]
    table.append(pa.Table.from_pylist(wide_rows(100, 3), schema=table.schema().as_arrow()))
    assert_same_view(lake, "bronze.wide")
    assert len(table.scan().to_arrow()) == len(after) + 3


def test_pyiceberg_commits_onto_our_table_and_we_onto_its(lake):
    lake.create("bronze.trades")
    lake.commit("bronze.trades", {"operation": "append", "added": [lake.parquet(trades(0, 5))]})
    table = lake.catalog().load_table("bronze.trades")
    table.append(pa.Table.from_pylist(trades(5, 5), schema=table.schema().as_arrow()))
    lake.commit("bronze.trades", {"operation": "append", "added": [lake.parquet(trades(10, 5))]})
    table = assert_same_view(lake, "bronze.trades")
    assert rows_of(table) == trades(0, 15)
    assert [s.sequence_number for s in table.snapshots()] == [1, 2, 3]
    assert table.current_snapshot().summary["total-records"] == "15"


def test_a_changed_schema_and_spec_are_read_and_old_manifests_stay_readable(lake):
    make_wide(lake)
    table = lake.catalog().load_table("bronze.wide")
    with table.update_spec() as update:
        update.remove_field("flag")
    with table.update_schema() as update:
        update.delete_column("flag")
    table.append(pa.Table.from_pylist(
        [{k: v for k, v in row.items() if k != "flag"} for row in wide_rows(200, 2)],
        schema=table.schema().as_arrow()))
    dump = lake.dump("bronze.wide")
    manifests = dump["manifests"][str(table.current_snapshot().snapshot_id)]
    assert {manifest["spec_id"] for manifest in manifests} == {0, 1}
    flags = {e["partition"][8] for m in manifests if m["spec_id"] == 0 for e in m["entries"]}
    assert flags <= {"00", "01"} and flags
    # Rewriting a manifest of the old spec needs the type of the dropped column.
    old = next(e for m in manifests if m["spec_id"] == 0 for e in m["entries"] if e["status"] != 2)
    rows = len(table.scan().to_arrow())
    lake.commit("bronze.wide", {"operation": "overwrite", "removed": [old["path"]], "added": []})
    table = lake.catalog().load_table("bronze.wide")
    assert table.current_snapshot().summary["total-records"] == str(rows - old["record_count"])
