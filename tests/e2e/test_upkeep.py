"""`tradelake table compact|expire|orphans`, and orphans in `maintain`: one table, now, and the rows stay."""

import json
import os
import time
from decimal import Decimal
from pathlib import Path

import pytest

from lake import assert_lake, replay, replay_arguments, rows, table, tradelake
from oracle import Oracle, read_capture
from served import Process, Server
from test_kill import BUSY, make_capture

UNMERGED = {"TRADELAKE_COMPACTION_MIN_FILES": "10000", "TRADELAKE_COMPACTION_MAX_AGE": "1d"}


@pytest.fixture
def capture(tmp_path):
    return make_capture(tmp_path / "c.tsv", 1_200, 501, "repeat=0.05,reorder=0.03,malformed=0.03,unknown=0.02,late=0.1", rate=1)


@pytest.fixture
def lake(data_dir, capture):
    """Of many small commits, which nothing has merged yet."""
    arguments = replay_arguments(data_dir, capture)
    arguments[arguments.index("max")] = "1000"
    tradelake(*arguments, env=os.environ | BUSY | UNMERGED)
    return data_dir


def upkeep(lake, *arguments, check=True, **settings):
    return tradelake("table", *arguments, "--data-dir", lake, env={**os.environ, **settings}, check=check)


def files(lake, name="bronze.trades"):
    return [task.file for task in table(lake, name).scan().plan_files()]


def plant(lake, name, days):
    """A file that nothing leads to, so old."""
    path = lake / "warehouse/bronze/trades" / name
    path.write_bytes(b"left over")
    then = time.time() - days * 86_400
    os.utime(path, (then, then))
    return path


def age_all(lake, days):
    then = time.time() - days * 86_400
    for path in (lake / "warehouse").rglob("*"):
        os.utime(path, (then, then))


def test_compact(lake, capture):
    expected = Oracle().take(read_capture(capture))
    before = files(lake)
    told = upkeep(lake, "compact", "bronze.trades", "--dry-run").stdout
    assert told.startswith("rewrite ")
    assert {one.file_path for one in files(lake)} == {one.file_path for one in before}
    told = upkeep(lake, "compact", "bronze.trades").stdout
    after = files(lake)
    assert f"{len(before)} files became {len(after)}" in told and len(after) < len(before)
    assert_lake(lake, expected)
    assert "0 files became 0" in upkeep(lake, "compact", "bronze.trades").stdout
    # Its partitions are of the past; while they are open, small files are merged all the same.
    upkeep(lake, "compact", "silver.candles_1m", TRADELAKE_CANDLES_GRACE="100000d")
    assert_lake(lake, expected)


def test_expire(lake, capture):
    count = len(table(lake, "bronze.trades").metadata.snapshots)
    assert count > 5
    assert f" of {count} snapshots would go" in upkeep(lake, "expire", "bronze.trades", "--older-than", "0s", "--dry-run").stdout
    assert upkeep(lake, "expire", "bronze.trades", "--retain-last", "0", check=False).returncode == 2
    assert upkeep(lake, "expire", "bronze.trades", "--older-than", "soon", check=False).returncode == 2
    upkeep(lake, "compact", "bronze.trades")
    old = {path for path in (lake / "warehouse/bronze/trades").rglob("*.parquet")}
    time.sleep(0.01)
    upkeep(lake, "expire", "bronze.trades", "--older-than", "1ms", "--retain-last", "1")
    assert len(table(lake, "bronze.trades").metadata.snapshots) == 1
    left = {path for path in (lake / "warehouse/bronze/trades").rglob("*.parquet")}
    assert left == {Path(one.file_path.removeprefix("file://")).resolve() for one in files(lake)} and left < old
    assert_lake(lake, Oracle().take(read_capture(capture)))
    replay(lake, capture)
    assert_lake(lake, Oracle().take(read_capture(capture)))


def test_orphans(lake, capture):
    old = [plant(lake, "data/lost.parquet", 4), plant(lake, "metadata/snap-1-1-lost.avro", 5)]
    young = plant(lake, "data/young.parquet", 1)
    told = upkeep(lake, "orphans", "bronze.trades").stdout
    assert all(path.name in told for path in old) and young.name not in told
    assert "2 orphans of 18 B, older than 3 days; nothing was removed" in told
    assert all(path.exists() for path in old)
    for age in ("0s", "179m", "soon"):
        refused = upkeep(lake, "orphans", "bronze.trades", "--older-than", age, "--remove", check=False)
        assert refused.returncode == 2 and "allowed: " in refused.stderr
    age_all(lake, 30)
    os.utime(young)
    told = upkeep(lake, "orphans", "bronze.trades", "--older-than", "3h", "--remove").stdout
    assert "2 orphans of 18 B, older than 3 h: removed" in told
    assert not any(path.exists() for path in old) and young.exists()
    assert_lake(lake, Oracle().take(read_capture(capture)))
    assert "0 orphans" in upkeep(lake, "orphans", "bronze.trades").stdout


def test_maintain_tells_orphans_and_removes_them_if_it_is_to(lake, capture):
    lost = plant(lake, "data/lost.parquet", 4)
    age_all(lake, 30)
    settings = {**os.environ, "TRADELAKE_RETENTION_BRONZE": "0s"}
    told = tradelake("maintain", "--data-dir", lake, "--once", env=settings).stderr
    assert "event=orphans table=bronze.trades files=1 bytes=9 removed=false" in told
    assert lost.exists()
    tradelake("maintain", "--data-dir", lake, "--once", env={**settings, "TRADELAKE_ORPHANS_ACTION": "remove"})
    assert not lost.exists()
    assert_lake(lake, Oracle().take(read_capture(capture)))
    for name, value in (("ACTION", "delete"), ("MIN_AGE", "2h")):
        refused = tradelake("maintain", "--data-dir", lake, "--once", check=False,
                            env={**settings, f"TRADELAKE_ORPHANS_{name}": value})
        assert refused.returncode == 2 and "allowed: " in refused.stderr


def frames_with_fee(path, count, step_ms):
    """A capture of a market whose trades begin to have a field that nobody knows: what each has, by trade id."""
    fees, lines = {}, []
    begin_ms = 1_700_000_000_000
    for n in range(count):
        fees[f"t{n}"] = None if n < count // 5 or n % 11 == 0 else "a lot" if n % 13 == 0 else f"0.{n:03}"
        trade = {"T": begin_ms + n * step_ms, "s": "BTCUSDT", "S": "Buy", "v": "0.1", "p": "100.5", "i": f"t{n}", "L": "PlusTick",
                 "BT": False, **({"fee": fees[f"t{n}"]} if fees[f"t{n}"] else {})}
        frame = {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": trade["T"] + 1, "data": [trade]}
        lines.append(f"{(trade['T'] + 5) * 1_000_000}\tlinear\t{json.dumps(frame)}\n")
    path.write_text("".join(lines))
    return fees


def fee_value(text):
    return Decimal(text) if text and text != "a lot" else None


def test_an_unknown_field_becomes_a_column_while_the_sink_runs(data_dir, tmp_path):
    """The exchange sends a new field: in `extra` at once; promoted, in a column, for old rows and new ones."""
    fees = frames_with_fee(tmp_path / "c.tsv", 300, 50)
    exchange = Process("simulate", "--capture", tmp_path / "c.tsv", log=tmp_path / "exchange.log")
    settings = {**os.environ, "TRADELAKE_COMMIT_INTERVAL": "200ms", "TRADELAKE_MAINTAIN_INTERVAL": "200ms",
                "TRADELAKE_COMPACTION_MIN_FILES": "5"}
    server = Server(data_dir, "--symbols", "linear:BTCUSDT", source=exchange.url, environment=settings)
    try:
        server.until(lambda status: status["bronze"]["rows"] >= 150, 30)
        assert any(row["extra"] for row in rows(data_dir, "bronze.trades"))
        told = upkeep(data_dir, "promote", "bronze.trades", "extra.fee", "decimal(20, 8)", "--doc", "what it costs").stdout
        assert "column 'fee' takes extra.fee" in told
        # A commit that was under way with the old columns is filled by maintenance.
        deadline = time.monotonic() + 30
        while True:
            found = {row["trade_id"]: row["fee"] for row in rows(data_dir, "bronze.trades")}
            if "t299" in found and found == {trade: fee_value(fees[trade]) for trade in found}:
                break
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
    finally:
        server.stop()
        exchange.stop()
    found = rows(data_dir, "bronze.trades")
    # What was sent before the server had subscribed nobody has.
    assert {row["trade_id"]: dict(row["extra"] or {}).get("fee") for row in found} == {f"t{n}": fees[f"t{n}"] for n in
                                                                                   range(300 - len(found), 300)}
    assert None in {row["fee"] for row in found} and len(found) > 200
    assert table(data_dir, "bronze.trades").schema().find_field("fee").doc == "what it costs"
    for field, kind in (("extra.fee", "uuid"), ("fee", "long"), ("symbol.fee", "long"), ("extra.fee", "long")):
        refused = upkeep(data_dir, "promote", "bronze.trades", field, kind, check=False)
        assert refused.returncode == 2, refused.stderr
