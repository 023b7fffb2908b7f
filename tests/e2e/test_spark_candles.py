"""candles_stream beside the program's candles, over the same log, each into a lake of its own: the same silver, to the last digit.

The log is read twice: what comes the second time goes on within candles that an end marker has closed, and corrects others.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from itertools import chain
from unittest.mock import patch

import pytest
from confluent_kafka import Producer

import extreme_trades
from lake import CAPTURES, ROOT, assert_all_candles, assert_late, revisions_beyond, rows, tradelake
from oracle import INTERVALS, Oracle, partition_of, read_capture, to_us
from spark_jobs import Job, Lake, Services, assert_ends_when_asked_to, assert_leaves_alone
from spark_sql import Spark

CANDLES = tuple(f"silver.candles_{interval}" for interval in INTERVALS)
BESIDE = ("silver.late_trades", "silver.coverage_gaps", "silver.candle_revisions")
TABLES = (*CANDLES, *BESIDE)
BEGIN_MS = 1_740_873_300_000  # 2025-03-01T23:55Z
FAULTS = "repeat=0.05,reorder=0.05,late=0.03,malformed=0.01,numbers=0.02,extreme=0.02"


def written(folder, name, lines):
    path = folder / name
    path.write_bytes(b"".join(b"%d\t%s\t%s\n" % (ns, category.encode(), text) for ns, category, text in lines))
    return path


def captures(folder):
    """Of each reading of the log: files in the order of their times."""
    generated = folder / "generated.tsv"
    tradelake("simulate", "--write-capture", generated, "--frames", 4_000, "--seed", 7, "--rate", 8, "--start-time", BEGIN_MS,
              "--symbols", "linear:4,spot:2,inverse:2,option:1", "--faults", FAULTS)
    lines = list(read_capture(generated))
    with patch.object(extreme_trades, "BEGIN_MS", BEGIN_MS - 365 * 86_400_000):
        extreme = extreme_trades.write(folder / "extreme.tsv")
    cut = len(lines) // 2
    known = [CAPTURES / f"{name}.tsv.zst" for name in ("market_2024-08-08", "bybit_v5_2026-08-09")]
    market, bybit = ([path] if path.exists() else [] for path in known)
    return ([extreme, *market, written(folder, "first.tsv", lines[:cut])],
            [written(folder, "second.tsv", lines[cut - 200:]), *bybit])


class Log(Services):
    """With one reading's captures after the other in it."""

    def up(self):
        super().up()
        self.readings = captures(self.folder)
        self.oracle = Oracle()
        self.gaps = Counter()

    def fill(self, reading):
        # Before the captures: the program waits for an end marker at the end of each partition.
        self.send_gap("linear", "BTCUSDT", BEGIN_MS * 1000 + reading, "connection_lost")
        self.send_gap("spot", "*", BEGIN_MS * 1000 + reading, "not_running")
        self.send("linear", "BTCUSDT", b'{"from_us":2,"to_us":1,"cause":"x"}', kind="gap")
        self.replay(*self.readings[reading])
        return self.oracle.take(chain.from_iterable(map(read_capture, self.readings[reading])))

    def send(self, category, key, value, **headers):
        """Into the partition of BTCUSDT, whatever the key."""
        producer = Producer({"bootstrap.servers": self.environment["TRADELAKE_LOG"].removeprefix("kafka://")})
        told = {"recv_ns": str(BEGIN_MS * 1_000_000), "category": category, "origin": "ws"} | headers
        topic, partition = partition_of(f"bybit.v5.{category}.publicTrade", "BTCUSDT")
        producer.produce(topic, key=key, value=value, headers=list(told.items()), partition=partition)
        assert producer.flush(30) == 0

    def send_gap(self, category, symbol, begin_us, cause):
        self.send(category, symbol, b'{"from_us":%d,"to_us":%d,"cause":"%s"}' % (begin_us, begin_us + 5, cause.encode()), kind="gap")
        self.gaps[category, symbol, begin_us, begin_us + 5, cause, "open", BEGIN_MS * 1000] += 1


def ran(services, lake, *arguments):
    job = Job(services, lake, "candles_stream", "--once", *arguments)
    assert job.end() == 0, job.text()[-5000:]
    return job.text()


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    made = Log("e2e-spark-candles", tmp_path_factory.mktemp("candles"))
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def lakes(services):
    """The program's and Spark's, which read the log at the same places, each in one commit; and what there must be in them."""
    theirs, ours = Lake(services.environment, "program"), Lake(services.environment, "spark")
    for reading in range(2):
        expected = services.fill(reading)
        done = services.program(theirs, "candles", TRADELAKE_COMMIT_INTERVAL="1h", TRADELAKE_COMMIT_MAX_ROWS="100000000")
        assert done.returncode == 0, done.stderr[-3000:]
        ran(services, ours, "--max-records", 10_000_000)
    return theirs, ours, expected


@pytest.fixture(scope="module")
def theirs(lakes):
    return lakes[0]


@pytest.fixture(scope="module")
def ours(lakes):
    return lakes[1]


@pytest.fixture(scope="module")
def expected(lakes):
    return lakes[2]


def counted(lake, name, *without):
    found = Counter()
    for row in rows(lake, name):
        if row.get("extra") is not None:
            row["extra"] = tuple(sorted(row["extra"]))
        found[tuple((column, value) for column, value in row.items() if column not in without)] += 1
    return found


def assert_same(ours, theirs, *without, tables=TABLES):
    for name in tables:
        found, wanted = counted(ours, name, "updated_at", *without), counted(theirs, name, "updated_at", *without)
        assert sum(wanted.values()) > 0, name
        assert not (difference := found - wanted), (name, len(difference), str(min(difference, key=str))[:1500])
        assert not (difference := wanted - found), (name, len(difference), str(min(difference, key=str))[:1500])


def assert_silver(lake, theirs, expected, *foreign):
    """Whenever and however often it was committed; but for columns that others have added."""
    assert_all_candles(lake, expected)
    assert_same(lake, theirs, "revision", *foreign, tables=(*CANDLES, "silver.late_trades", "silver.coverage_gaps"))
    assert revisions_beyond(lake, ("late_trade", "extended"), foreign) == {}


@pytest.mark.slow
def test_silver_is_the_same_to_the_last_digit_and_revision(services, ours, theirs, expected):
    assert_same(ours, theirs)
    reasons = Counter(row["reason"] for row in rows(ours, "silver.candle_revisions"))
    assert reasons["late_trade"] > 3 and reasons["extended"] > 10


@pytest.mark.slow
def test_it_is_what_the_log_says(services, ours, theirs, expected):
    assert_silver(ours, theirs, expected)
    found = Counter((r["category"], r["symbol"], to_us(r["from_time"]), to_us(r["to_time"]), r["cause"], r["status"],
                     to_us(r["detected_at"])) for r in rows(ours, "silver.coverage_gaps"))
    assert found == services.gaps
    assert len(expected.late) > 10
    first = {(t.category, t.symbol, t.trade_id) for t in expected.late}
    late = [row for row in rows(ours, "silver.late_trades") if (row["category"], row["symbol"], row["trade_id"]) in first]
    seen = {}
    for row in sorted(late, key=lambda row: (row["_offset"], row["_index"])):
        seen.setdefault((row["category"], row["symbol"], row["trade_id"]), row)
    assert_late(seen.values(), expected.late)


@pytest.mark.slow
def test_tables_that_spark_makes_are_the_program_s(ours, theirs):
    for name in TABLES:
        made, wanted = ours.table(name), theirs.table(name)
        columns = [[(field.name, str(field.field_type).split("<")[0], field.required, field.doc) for field in table.schema().fields]
                   for table in (made, wanted)]
        assert columns[0] == columns[1]
        if name != "silver.late_trades":  # the map's ids are others
            assert made.schema().fields == wanted.schema().fields
            assert (made.spec(), made.sort_order()) == (wanted.spec(), wanted.sort_order())
        assert made.properties == wanted.properties


@pytest.mark.slow
def test_each_head_says_how_far_it_reaches(ours, theirs):
    def reach(lake):
        summary = lake.table("silver.candles_1m").current_snapshot().summary
        offsets = json.loads(summary["tradelake.offsets"])
        return {(topic, partition): offset for topic, of in offsets.items() for partition, offset in of.items()}, summary

    (found, summary), (wanted, of_theirs) = reach(ours), reach(theirs)
    assert found.keys() == wanted.keys() and all(0 <= wanted[place] - found[place] <= 2 for place in wanted)
    assert summary["tradelake.pipeline"] == "silver"
    assert summary["tradelake.max-trade-time-us"] == of_theirs["tradelake.max-trade-time-us"]
    sums = Counter()
    for snapshot in ours.table("silver.candles_1m").snapshots():
        sums.update({name: int(snapshot.summary[f"tradelake.{name}"]) for name in ("in", "ok", "dead", "filtered")})
    assert sums["in"] == sums["ok"] + sums["dead"] + sums["filtered"] and sums["filtered"] > 10
    for name in TABLES:
        metadata = ours.table(name).metadata
        assert metadata.refs["tradelake-silver"].snapshot_id == metadata.current_snapshot_id


@pytest.mark.slow
def test_batches_that_cut_the_log_anywhere_make_the_same(services, theirs, expected):
    lake = Lake(services.environment, "small")
    told = ran(services, lake, "--max-records", 3_000)
    assert told.count("event=batch_done") > 5
    assert_silver(lake, theirs, expected)


@pytest.mark.slow
def test_a_second_run_adds_nothing_and_ends_when_asked_to(services, ours):
    assert_ends_when_asked_to(services, ours, "candles_stream", TABLES)


@pytest.mark.slow
@pytest.mark.parametrize("lock", ("pg_advisory_lock", "pg_advisory_lock_shared"))
def test_another_writer_is_waited_for_and_then_left_alone(services, theirs, lock):
    """Another job, which has the lock alone; a process of the program, which shares it with others."""
    assert_leaves_alone(services, theirs, "candles_stream", "silver", "silver.candles_1m", lock)


@pytest.mark.slow
def test_killed_around_each_commit_it_loses_and_doubles_nothing(services, theirs, expected):
    lake = Lake(services.environment, "killed")
    points = [("after", "silver.late_trades", 1), ("between", "silver.candle_revisions", 1), ("after", "silver.candle_revisions", 1),
              ("between", "silver.candles_1m", 2), ("after", "silver.candles_1m", 1), ("after", "silver.candles_5m", 1),
              ("before", "silver.candles_1d", 1), ("after", "silver.coverage_gaps", 1)]
    killed = []
    for point in points:
        job = Job(services, lake, "killed", "candles_stream", *point, "--once", "--max-records", 4_000,
                  script=ROOT / "tests/e2e/spark_killed.py")
        killed.append((point, job.end()))
        assert killed[-1][1] in (0, -signal.SIGKILL), job.text()[-3000:]
    assert [status for _, status in killed].count(-signal.SIGKILL) >= 6, killed
    told = ran(services, lake)
    assert_silver(lake, theirs, expected)
    assert told


@pytest.mark.slow
def test_what_others_write_beside_candles_stays(services, theirs, expected):
    lake = Lake(services.environment, "beside")
    job = Job(services, lake, "killed", "candles_stream", "after", "silver.candles_1m", 2, "--once", "--max-records", 5_000,
              script=ROOT / "tests/e2e/spark_killed.py")
    assert job.end() == -signal.SIGKILL, job.text()[-3000:]
    before = {row["category"] + row["symbol"] + str(row["open_time"]) for row in rows(lake, "silver.candles_1m")}
    tradelake("table", "alter", "silver.candles_1m", "add-column", "venue", "string", env=os.environ | lake.environment)
    (services.folder / "other").mkdir()
    other = Spark(services.folder / "other", lake.environment)
    try:
        other.sql("UPDATE silver.candles_1m SET venue = 'x'")
    finally:
        other.stop()
    ran(services, lake)
    assert_silver(lake, theirs, expected, "venue")
    found = rows(lake, "silver.candles_1m")
    assert {row["category"] + row["symbol"] + str(row["open_time"]) for row in found if row["venue"] == "x"} == before
    assert any(row["revision"] for row in found if row["venue"] == "x") and any(row["venue"] is None for row in found)


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_and_doubles_nothing(services, theirs, expected):
    dice = random.Random(3)
    lake = Lake(services.environment, "random")
    for _ in range(4):
        job = Job(services, lake, "candles_stream", "--once", "--max-records", 3_000)
        try:
            job.until("event=query_started")
            time.sleep(dice.uniform(1, 25))
        finally:
            if job.process.poll() is None:
                job.kill()
    ran(services, lake)
    assert_silver(lake, theirs, expected)


@pytest.mark.slow
def test_the_clock_closes_candles_of_a_market_that_rests(services, theirs):
    """Last, as its trades stay in the log."""
    lake = Lake(services.environment, "live")
    ran(services, lake)
    now_ms = time.time_ns() // 1_000_000
    trade = {"i": "live-1", "s": "RESTS", "S": "Buy", "p": "1.5", "v": "2", "T": now_ms}
    services.send("linear", "RESTS", json.dumps({"topic": "publicTrade.RESTS", "ts": now_ms, "data": [trade]}).encode(),
                  recv_ns=str(time.time_ns()))
    job = Job(services, lake, "candles_stream")
    try:
        job.until("event=idle_commit_done", 120)
        found = [row for row in rows(lake, "silver.candles_1m") if row["symbol"] == "RESTS"]
        assert [row["trades"] for row in found] == [1]
        assert time.time_ns() // 1_000_000 >= now_ms - now_ms % 60_000 + 67_000
    finally:
        job.process.terminate()
        assert job.end() == 0, job.text()[-3000:]
