"""Maintenance of a lake that another program reads: the rows are the same before and after, and what is past its
retention goes, exactly."""

import datetime as dt
import json
import os
import signal
import subprocess
import time
from pathlib import Path

from lake import BINARY, assert_lake, replay, rows, table, tradelake
from oracle import Oracle, read_capture

NO_TTL = {**os.environ, "TRADELAKE_RETENTION_BRONZE": "0s"}
SMALL_COMMITS = {**os.environ, "TRADELAKE_COMMIT_MAX_ROWS": "500"}


def maintain(data_dir, *arguments, env=NO_TTL):
    return tradelake("maintain", "--data-dir", data_dir, "--once", *arguments, env=env)


def data_files(data_dir, name):
    return [task.file for task in table(data_dir, name).scan().plan_files()]


def test_a_capture_is_the_same_rows_in_fewer_smaller_files(data_dir, capture):
    replay(data_dir, capture, env=SMALL_COMMITS)
    expected = Oracle().take(read_capture(capture))
    before = data_files(data_dir, "bronze.trades")
    plan = tradelake("maintain", "--data-dir", data_dir, "--dry-run", env=NO_TTL).stdout
    assert "bronze.trades: rewrite" in plan
    assert {f.file_path for f in data_files(data_dir, "bronze.trades")} == {f.file_path for f in before}
    maintain(data_dir)
    assert_lake(data_dir, expected)
    after = data_files(data_dir, "bronze.trades")
    assert len(after) == len({json.dumps(list(f.partition), default=str) for f in after})  # one each
    assert sum(f.file_size_in_bytes for f in after) < sum(f.file_size_in_bytes for f in before)
    order = table(data_dir, "bronze.trades").sort_order().order_id
    assert {file.sort_order_id for file in after} == {order}
    assert "nothing to do" in tradelake("maintain", "--data-dir", data_dir, "--dry-run", env=NO_TTL).stdout
    # The pipeline goes on where it was: the file is known, and nothing comes twice.
    replay(data_dir, capture)
    assert_lake(data_dir, expected)


def hours_of_trades(path, hours):
    """A capture with a few trades in each hour, from an hour that is long past."""
    begin_ms = 1_700_000_000_000 // 3_600_000 * 3_600_000
    lines = []
    for hour in range(hours):
        for n in range(5):
            at = begin_ms + hour * 3_600_000 + n * 600_000
            trade = {"T": at, "s": "BTCUSDT", "S": "Buy", "v": "0.1", "p": "100.5", "i": f"{hour}-{n}", "L": "PlusTick", "BT": False}
            frame = {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": at + 1, "data": [trade]}
            lines.append(f"{(at + 5) * 1_000_000}\tlinear\t{json.dumps(frame)}\n")
    path.write_text("".join(lines))
    return begin_ms


def test_retention_drops_exactly_the_expired_hours_in_one_commit(data_dir, tmp_path):
    capture = tmp_path / "hours.tsv"
    begin_ms = hours_of_trades(capture, 48)
    replay(data_dir, capture)
    before = {f.file_path for f in data_files(data_dir, "bronze.trades")}
    snapshots = len(table(data_dir, "bronze.trades").metadata.snapshots)
    # The newest trade is 40 min into the last hour: 24 h before it lie in the middle of an hour, which stays.
    done = tradelake("maintain", "--data-dir", data_dir, "--once",
                     env={**os.environ, "TRADELAKE_COMPACTION_MIN_FILES": "1000", "TRADELAKE_CANDLES_GRACE": "100000d"})
    assert "23 partitions dropped (115 rows)" in done.stdout
    bronze = table(data_dir, "bronze.trades")
    assert len(bronze.metadata.snapshots) == snapshots + 1
    assert bronze.metadata.snapshots[-1].summary.operation.value == "delete"
    first = dt.datetime.fromtimestamp(begin_ms / 1000 + 23 * 3600, dt.UTC).replace(tzinfo=None)
    found = rows(data_dir, "bronze.trades")
    assert len(found) == 125 and min(r["trade_time"] for r in found) == first
    # No file that stays was touched, and none is gone before its snapshots are.
    after = {f.file_path for f in data_files(data_dir, "bronze.trades")}
    assert after < before and len(after) == 25
    assert all(Path(path.removeprefix("file://")).exists() for path in before)
    # Once they are, the files go.
    tradelake("maintain", "--data-dir", data_dir, "--once",
              env={**os.environ, "TRADELAKE_SNAPSHOTS_MAX_COUNT": "1", "TRADELAKE_SNAPSHOTS_MIN_COUNT": "1",
                   "TRADELAKE_COMPACTION_MIN_FILES": "1000", "TRADELAKE_CANDLES_GRACE": "100000d"})
    assert all(Path(path.removeprefix("file://")).exists() for path in after)
    assert not any(Path(path.removeprefix("file://")).exists() for path in before - after)
    # And what the log still has does not come back: its offsets are committed.
    replay(data_dir, capture)
    assert len(rows(data_dir, "bronze.trades")) == 125


def test_many_commits_leave_few_snapshots_and_files(data_dir, capture):
    """With maintenance inside `run`, as everybody has it."""
    environment = {**os.environ, "TRADELAKE_COMMIT_MAX_ROWS": "100", "TRADELAKE_MAINTAIN_INTERVAL": "50ms",
                   "TRADELAKE_SNAPSHOTS_MAX_COUNT": "20"}
    replay(data_dir, capture, env=environment)
    maintain(data_dir, env={**NO_TTL, "TRADELAKE_SNAPSHOTS_MAX_COUNT": "20"})
    assert_lake(data_dir, Oracle().take(read_capture(capture)))
    bronze = table(data_dir, "bronze.trades").metadata
    assert len(bronze.snapshots) <= 25
    on_disk = {path for path in (data_dir / "warehouse/bronze/trades/data").rglob("*.parquet")}
    needed = set()
    for snapshot in bronze.snapshots:
        for task in table(data_dir, "bronze.trades").scan(snapshot_id=snapshot.snapshot_id).plan_files():
            needed.add(Path(task.file.file_path.removeprefix("file://")))
    assert on_disk == {path.resolve() for path in needed}


def test_killed_again_and_again_it_changes_no_row(data_dir, capture):
    replay(data_dir, capture, env=SMALL_COMMITS)
    expected = Oracle().take(read_capture(capture))
    for n in range(12):
        process = subprocess.Popen([BINARY, "maintain", "--data-dir", data_dir, "--once"], env=NO_TTL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.02 + 0.04 * n)
        process.send_signal(signal.SIGKILL)
        process.wait()
    maintain(data_dir)
    assert_lake(data_dir, expected)


def test_a_lake_that_somebody_runs_is_not_maintained_by_a_second_process(data_dir, capture):
    process = subprocess.Popen([BINARY, "run", "--data-dir", data_dir, "--source", f"replay:{capture}",
                                "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert "listening" in process.stdout.readline()
        done = tradelake("maintain", "--data-dir", data_dir, "--once", check=False)
        assert done.returncode == 3
    finally:
        process.terminate()
        process.wait(20)


def test_settings_out_of_range_are_told(data_dir):
    for name, value in (("TRADELAKE_MAINTAIN_CPU_PERCENT", "0"), ("TRADELAKE_COMPACTION_TARGET", "1KiB"),
                        ("TRADELAKE_SNAPSHOTS_MAX_COUNT", "0"), ("TRADELAKE_COMPACTION_ZSTD_LEVEL", "23")):
        done = tradelake("maintain", "--data-dir", data_dir, "--once", check=False, env={**os.environ, name: value})
        assert done.returncode == 2 and "allowed" in done.stderr, done.stderr
