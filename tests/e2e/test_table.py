"""`tradelake table …`: looking, exporting, changing and rolling back, held against PyIceberg and the oracle."""

import csv
import datetime as dt
import json
import os
import subprocess
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import LongType, StringType

from lake import BINARY, assert_lake, assert_trades, replay_arguments, rows, table, tradelake
from oracle import Oracle, read_capture
from test_kill import BUSY, make_capture


def busy_replay(data_dir, capture):
    """Slow enough for many commits."""
    arguments = replay_arguments(data_dir, capture)
    arguments[arguments.index("max")] = "1000"
    tradelake(*arguments, env=os.environ | BUSY)


def expected_of(*captures):
    oracle = Oracle()
    for capture in captures:
        oracle.take(read_capture(capture))
    return oracle.expected


@pytest.fixture
def captures(tmp_path):
    """The second one goes on where the first ends, as the same market."""
    whole = make_capture(tmp_path / "whole.tsv", 1_200, 501, "repeat=0.05,reorder=0.03,malformed=0.03,unknown=0.02,late=0.1",
                         rate=1)
    lines = whole.read_bytes().splitlines(keepends=True)
    first, second = tmp_path / "first.tsv", tmp_path / "second.tsv"
    first.write_bytes(b"".join(lines[:700]))
    second.write_bytes(b"".join(lines[700:]))
    return first, second


@pytest.fixture
def lake(data_dir, captures):
    busy_replay(data_dir, captures[0])
    return data_dir


def told(data_dir, *arguments):
    return json.loads(tradelake("table", *arguments, "--data-dir", data_dir, "--json").stdout)


def alter(data_dir, name, *change):
    return tradelake("table", "alter", "--data-dir", data_dir, name, *change).stdout


def refused(data_dir, *arguments, why, status=2):
    done = tradelake("table", *arguments, "--data-dir", data_dir, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert why in done.stderr


def test_looks(lake):
    trades = table(lake, "bronze.trades")
    listed = {one["table"]: one["metadata_location"] for one in told(lake, "list")}
    assert listed["bronze.trades"] == trades.metadata_location
    assert [line.split() for line in tradelake("table", "list", "--data-dir", lake).stdout.splitlines()] == \
        [list(one) for one in listed.items()]
    columns = {one["column"]: one for one in told(lake, "schema", "bronze.trades")}
    assert columns["price"] == {"id": 5, "column": "price", "type": "decimal(38, 18)", "presence": "required",
                                "doc": "exact, in quote coin"}
    assert "extra.value" in columns
    snapshots = told(lake, "snapshots", "bronze.trades")
    assert [one["snapshot_id"] for one in snapshots] == [one.snapshot_id for one in trades.metadata.snapshots]
    assert snapshots[-1]["total_records"] == len(rows(lake, "bronze.trades"))
    assert len(snapshots) > 3
    files = told(lake, "files", "bronze.trades")
    assert {one["path"] for one in files} == {task.file.file_path for task in trades.scan().plan_files()}
    partitions = told(lake, "partitions", "bronze.trades")
    assert sum(one["rows"] for one in partitions) == snapshots[-1]["total_records"]
    assert all(one["partition"].startswith("trade_time_hour=") for one in partitions)
    history = told(lake, "history", "bronze.trades")
    assert [one["snapshot_id"] for one in history] == [one.snapshot_id for one in trades.history()]
    assert all(one["is_ancestor_of_current"] for one in history)
    refs = {one["name"]: one for one in told(lake, "refs", "bronze.trades")}
    assert refs["main"]["type"] == "branch" and refs["tradelake-bronze"]["type"] == "tag"
    for what in ("schema", "snapshots", "files", "partitions", "history", "refs", "scan"):
        assert len(tradelake("table", what, "bronze.trades", "--data-dir", lake).stdout.splitlines()) > 1


def test_scans_what_is_asked_for(lake):
    everything = rows(lake, "bronze.trades")
    symbol = Counter(row["symbol"] for row in everything).most_common(1)[0][0]
    prices = sorted(row["price"] for row in everything if row["symbol"] == symbol)
    price = prices[len(prices) // 4]
    middle = sorted(row["trade_time"] for row in everything)[len(everything) // 2]
    wanted = [row for row in everything
              if row["symbol"] == symbol and row["price"] >= price and row["trade_time"] < middle]
    found = told(lake, "scan", "bronze.trades", "--columns", "trade_id,price,trade_time,extra", "--limit", "-1",
                 "--where", f"symbol = '{symbol}'", "--where", f"price >= {price}",
                 "--where", f"trade_time < {middle.isoformat()}Z")
    assert sorted((one["trade_id"], one["price"]) for one in found) == \
        sorted((row["trade_id"], str(row["price"])) for row in wanted)
    assert list(found[0]) == ["trade_id", "price", "trade_time", "extra"]
    assert len(told(lake, "scan", "bronze.trades")) == 20
    nulls = told(lake, "scan", "bronze.trades", "--limit", "-1", "--where", "seq is null")
    assert len(nulls) == sum(row["seq"] is None for row in everything)
    some = told(lake, "scan", "bronze.trades", "--limit", "-1", "--where", "category in linear, spot")
    assert len(some) == sum(row["category"] in ("linear", "spot") for row in everything)
    refused(lake, "scan", "bronze.trades", "--where", "pric > 1", why="column 'pric' does not exist; the table has category")
    refused(lake, "scan", "bronze.trades", "--where", "price ~ 1", why="allowed is COLUMN followed by")
    refused(lake, "scan", "bronze.trades", "--where", "price > x", why="'x' is no value of type decimal(38, 18)")
    refused(lake, "scan", "bronze.trades", "--columns", "a", why="column 'a' does not exist")
    refused(lake, "scan", "bronze.nothing", why="bronze.nothing", status=1)
    refused(lake, "scan", "trades", why="NAMESPACE.NAME")


def test_travels_in_time(lake):
    trades = table(lake, "bronze.trades")
    middle = trades.metadata.snapshots[2]
    then = trades.scan(snapshot_id=middle.snapshot_id).to_arrow().num_rows
    alter(lake, "bronze.trades", "rename-column", "seq", "cross_sequence")
    for asked in (["--snapshot", middle.snapshot_id], ["--at", middle.timestamp_ms],
                  ["--at", dt.datetime.fromtimestamp(middle.timestamp_ms / 1000, dt.UTC).isoformat().replace("+00:00", "Z")]):
        found = told(lake, "scan", "bronze.trades", "--limit", "-1", *map(str, asked))
        assert len(found) == then and "seq" in found[0]  # the columns of then
        assert sum(one["rows"] for one in told(lake, "files", "bronze.trades", *map(str, asked))) == then
    assert "cross_sequence" in told(lake, "scan", "bronze.trades")[0]
    refused(lake, "scan", "bronze.trades", "--at", "1000", why="had no snapshot at 1970-01-01T00:00:01")
    refused(lake, "scan", "bronze.trades", "--at", "yesterday", why="allowed: 2024-08-08T23:54:15.342Z")
    refused(lake, "scan", "bronze.trades", "--snapshot", "5", why="snapshot 5 is not one of the table's")


def test_exports(lake, tmp_path):
    everything = sorted(rows(lake, "bronze.trades"), key=lambda row: (row["category"], row["symbol"], row["trade_id"]))
    out = tmp_path / "trades.parquet"
    tradelake("table", "export", "bronze.trades", "--data-dir", lake, "--to", out)
    back = pq.read_table(out).to_pylist()
    assert sorted(back, key=lambda row: (row["category"], row["symbol"], row["trade_id"])) == everything
    out = tmp_path / "trades.csv"
    told_text = tradelake("table", "export", "bronze.trades", "--data-dir", lake, "--to", out).stdout
    assert told_text.startswith(f"{len(everything)} rows in")
    with open(out, newline="") as file:
        back = sorted(csv.DictReader(file), key=lambda row: (row["category"], row["symbol"], row["trade_id"]))
    for found, row in zip(back, everything, strict=True):
        assert found["price"] == str(row["price"])
        assert found["seq"] == ("" if row["seq"] is None else str(row["seq"]))
        assert dt.datetime.fromisoformat(found["trade_time"]).replace(tzinfo=None) == row["trade_time"]
        assert found["trade_time"].endswith("Z")
        assert json.loads(found["extra"] or "{}") == dict(row["extra"] or [])
    refused(lake, "export", "bronze.trades", "--to", str(out), why="nothing is overwritten")
    refused(lake, "export", "bronze.trades", "--to", str(tmp_path / "x.json"), why="FILE.csv or FILE.parquet")
    out = tmp_path / "dead.csv"
    tradelake("table", "export", "bronze.dead_letters", "--data-dir", lake, "--to", out, "--columns", "reason,payload",
              "--where", "reason = not_json", "--limit", "2")
    with open(out, newline="") as file:
        assert len(list(csv.reader(file))) <= 3


def test_changes_a_table_and_the_pipeline_goes_on(lake, captures):
    """Every kind of change by us; PyIceberg reads old and new files as one table; the pipeline loses nothing."""
    name = "bronze.trades"
    assert "is so already" in alter(lake, name, "set-property", "write.parquet.compression-codec=zstd")
    alter(lake, name, "add-column", "venue", "string", "--doc", "where it was made", "--after", "symbol")
    alter(lake, name, "rename-column", "trade_time", "matched_at")
    alter(lake, name, "move-column", "price", "--first")
    alter(lake, name, "widen-column", "_index", "long")
    alter(lake, name, "drop-column", "rpi")
    alter(lake, name, "optional-column", "side")
    alter(lake, name, "set-doc", "size", "how much")
    alter(lake, name, "partition-by", "day(matched_at), bucket(4, symbol)")
    alter(lake, name, "set-property", "owner=nobody")
    alter(lake, name, "tag", "before", "--max-age", "30d")
    alter(lake, name, "tag", "short")
    alter(lake, name, "drop-tag", "short")
    alter(lake, name, "unset-property", "owner")
    # Silver, too: candles are read back and rewritten.
    alter(lake, "silver.candles_1m", "rename-column", "close", "last")
    alter(lake, "silver.candles_1m", "widen-column", "revision", "long")
    alter(lake, "silver.candles_1m", "add-column", "note", "string", "--first")
    alter(lake, "silver.candles_1m", "partition-by", "month(open_time)")
    alter(lake, "silver.late_trades", "drop-column", "block_trade")
    busy_replay(lake, captures[1])

    expected = expected_of(*captures)
    trades = table(lake, name)
    assert trades.schema().find_field("_index").field_type == LongType()
    assert trades.schema().find_field("venue").doc == "where it was made"
    assert trades.schema().fields[0].name == "price"
    assert [field.name for field in trades.spec().fields] == ["matched_at_day", "symbol_bucket_4"]
    assert [field.field_id for field in trades.spec().fields] == [1001, 1002]
    assert isinstance(trades.spec().fields[1].transform, BucketTransform)
    specs = {task.file.spec_id for task in trades.scan().plan_files()}
    assert specs == {0, 1}
    assert trades.refs()["before"].max_ref_age_ms == 30 * 86_400_000
    found = trades.scan().to_arrow().to_pylist()
    assert all(row["venue"] is None for row in found)
    old_names = [{**row, "trade_time": row["matched_at"], "rpi": None} for row in found]
    for trade in expected.trades:
        trade.rpi = None
    assert_trades(old_names, expected.trades)
    some = trades.scan(row_filter="symbol = 'BTCUSDT'").to_arrow().num_rows
    assert some == sum(trade.symbol == "BTCUSDT" for trade in expected.trades)
    candles = rows(lake, "silver.candles_1m")
    assert {(c["category"], c["symbol"]): 0 for c in candles}.keys() == {key[:2] for key in expected.candles}
    for row in candles:
        key = row["category"], row["symbol"], int((row["open_time"] - dt.datetime(1970, 1, 1)) / dt.timedelta(microseconds=1))
        assert row["last"] == expected.candles[key]["close"]
        assert row["trades"] == expected.candles[key]["trades"]
    assert len(candles) == len(expected.candles)
    assert len(told(lake, "scan", name, "--columns", "venue,matched_at", "--limit", "-1")) == len(found)


def test_goes_on_after_others_have_changed_its_tables(lake, captures):
    """The same with PyIceberg as the one who changes."""
    trades = table(lake, "bronze.trades")
    with trades.update_schema() as update:
        update.add_column("venue", StringType())
        update.rename_column("trade_id", "id")
        update.update_column("_index", LongType())
        update.move_first("size")
    with trades.update_schema() as update:
        update.delete_column("tick_direction")
        update.add_column("tick_direction", LongType())  # theirs, not ours
    with trades.update_spec() as update:
        update.remove_field("trade_time_hour")
        update.add_identity("category")
    busy_replay(lake, captures[1])
    expected = expected_of(*captures)
    found = rows(lake, "bronze.trades")
    assert all(row["tick_direction"] is None and row["venue"] is None for row in found)
    for trade in expected.trades:
        trade.tick_direction = None
    assert_trades([{**row, "trade_id": row["id"]} for row in found], expected.trades)
    # Theirs and ours are read as one, by us too.
    trades = table(lake, "bronze.trades")
    one = {**found[0], "venue": "theirs", "id": "theirs-1", "tick_direction": 7}
    trades.append(pa.Table.from_pylist([one], schema=trades.schema().as_arrow()))
    back, = told(lake, "scan", "bronze.trades", "--where", "venue = theirs")
    assert (back["id"], back["tick_direction"], back["price"]) == ("theirs-1", 7, str(one["price"]))


def test_refuses_what_cannot_be(lake):
    name = "bronze.trades"
    before = table(lake, name).metadata_location
    for change, why in (
        (["add-column", "price", "string"], "'price' exists already"),
        (["add-column", "x", "text"], "'text' is no type of a column; allowed: boolean, int"),
        (["add-column", "x", "int", "--first", "--after", "price"], "one of --first"),
        (["drop-column", "trade_time"], "the partition spec (field 'trade_time_hour') needs it"),
        (["drop-column", "symbol"], "the sort order needs it"),
        (["widen-column", "seq", "int"], "is long and cannot become int; allowed: nothing else"),
        (["rename-column", "nothing", "x"], "'nothing' does not exist; the table has category"),
        (["move-column", "price"], "one of --first"),
        (["partition-by", "hour(symbol)"], "cannot be partitioned by hour"),
        (["set-property", "x"], "allowed: KEY=VALUE"),
        (["tag", "main"], "any other than main"),
        (["tag", "x", "--max-age", "soon"], "such as 5s"),
        (["drop-tag", "x"], "it has tradelake-bronze"),
    ):
        refused(lake, "alter", name, *change, why=why)
    assert tradelake("table", "alter", name, check=False).returncode == 2
    assert table(lake, name).metadata_location == before


def roll_back(data_dir, name, *to):
    """Told first, and nothing changed; then done; then there is nothing more to do."""
    before = told(data_dir, "list")
    done = tradelake("table", "rollback", name, "--data-dir", data_dir, *map(str, to), check=False)
    assert done.returncode == 1 and "nothing was changed" in done.stdout, done.stderr
    assert told(data_dir, "list") == before
    text = tradelake("table", "rollback", name, "--data-dir", data_dir, *map(str, to), "--yes").stdout
    assert "rolled back" in text
    again = tradelake("table", "rollback", name, "--data-dir", data_dir, *map(str, to))
    assert "is so already" in again.stdout
    return text


@pytest.mark.parametrize("name", ["bronze.trades", "bronze.dead_letters", "silver.candles_1m", "silver.late_trades"])
@pytest.mark.parametrize("share", [0, 0.4, 0.9])
def test_rolls_back_with_the_pipeline(lake, captures, name, share):
    snapshots = table(lake, name).metadata.snapshots
    to = snapshots[min(int(len(snapshots) * share), len(snapshots) - 2)]  # however few a slow machine makes
    roll_back(lake, name, "--to-snapshot", to.snapshot_id)
    assert table(lake, name).current_snapshot().snapshot_id == to.snapshot_id
    # Read again by what goes on, and then more.
    busy_replay(lake, captures[0])
    assert_lake(lake, expected_of(captures[0]))
    roll_back(lake, name, "--to-time", to.timestamp_ms)
    busy_replay(lake, captures[1])
    assert_lake(lake, expected_of(*captures))


def test_a_table_that_somebody_else_rolled_back_is_taken_along(lake, captures):
    trades = table(lake, "bronze.trades")
    to = trades.metadata.snapshots[len(trades.metadata.snapshots) // 2]
    trades.manage_snapshots().rollback_to_snapshot(to.snapshot_id).commit() \
        if hasattr(trades.manage_snapshots(), "rollback_to_snapshot") else pytest.skip("PyIceberg cannot roll back")
    stopped = tradelake(*replay_arguments(lake, captures[1]), check=False)
    assert stopped.returncode == 1 and "tradelake table rollback" in stopped.stderr
    roll_back(lake, "bronze.trades", "--to-snapshot", to.snapshot_id)
    busy_replay(lake, captures[1])
    assert_lake(lake, expected_of(*captures))


def test_rollback_asks_for_what_can_be(lake):
    refused(lake, "rollback", "bronze.trades", why="one of --to-snapshot ID and --to-time TIME")
    refused(lake, "rollback", "bronze.trades", "--to-snapshot", "5", why="is not an ancestor")
    refused(lake, "rollback", "bronze.trades", "--to-snapshot", "x", why="snapshot is 'x'")
    refused(lake, "rollback", "bronze.trades", "--to-time", "1000", why="has no snapshot of 1970")


def test_rollback_stands_back_from_a_running_pipeline(data_dir, captures):
    busy_replay(data_dir, captures[0])
    to = table(data_dir, "bronze.trades").metadata.snapshots[0].snapshot_id
    arguments = ["run", "--data-dir", data_dir, "--source", f"replay:{captures[1]}", "--speed", "1",
                 "--listen", "127.0.0.1:0"]
    running = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert "listening" in running.stdout.readline()
        refused(data_dir, "rollback", "bronze.trades", "--to-snapshot", str(to), "--yes",
                why="is held by another process", status=3)
    finally:
        running.terminate()
        running.wait(30)
