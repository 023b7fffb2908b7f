"""What our metadata layer writes, read by PyIceberg."""
import datetime as dt
import json
import os
import pathlib

from pyiceberg.expressions import GreaterThanOrEqual, LessThan
from pyiceberg.manifest import ManifestEntryStatus
from metadata_lake import trades, rows_of


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
