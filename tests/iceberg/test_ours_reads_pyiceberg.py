"""What PyIceberg writes, read and continued by our metadata layer, and both in turn."""
import datetime as dt
import pathlib
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.conversions import to_bytes
from pyiceberg.expressions import EqualTo
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
from metadata_lake import trades, rows_of


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
        # A source column may have been dropped since.
        schema = next(schema for schema in table.schemas().values()
                      if {field.source_id for field in spec.fields} <= schema._lazy_id_to_field.keys())
        types = [field.field_type for field in spec.partition_type(schema).fields]
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
