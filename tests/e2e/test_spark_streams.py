"""Spark's streaming jobs beside the program: over the same log, each into a lake of its own, the same rows. Killed or not."""

import json
import random
import signal
import time
from collections import Counter

import pytest

from lake import CAPTURES, ROOT
from spark_jobs import Job, Lake, Services, assert_ends_when_asked_to, assert_leaves_alone
from test_hostile import EVERYTHING
from test_kill import make_capture
from test_spark_frames import FRAMES, NOW_NS

BRONZE = ("bronze.trades", "bronze.dead_letters")


def fill(services):
    hand = services.folder / "hand.tsv"
    hand.write_bytes(b"".join(b"%d\tlinear\t%s\n" % (NOW_NS + n, text) for n, text in enumerate(FRAMES)))
    generated = make_capture(services.folder / "c.tsv", 4_000, 5, EVERYTHING.replace("large=0.0005", "large=0.003"), rate=25)
    services.replay(generated, hand, *sorted(CAPTURES.glob("*.tsv.zst")))


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    made = Services("e2e-spark-streams", tmp_path_factory.mktemp("streams"))
    try:
        made.up()
        fill(made)
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def theirs(services):
    """The program's lake."""
    lake = Lake(services.environment, "program")
    for stage in ("sink",):
        done = services.program(lake, stage)
        assert done.returncode == 0, done.stderr[-3000:]
    return lake


@pytest.fixture(scope="module")
def ours(services):
    """Spark's, of a log that was read in batches that cut frames in parts."""
    lake = Lake(services.environment, "spark")
    job = Job(services, lake, "bronze_stream", "--once", "--max-records", 1_500)
    assert job.end() == 0, job.text()[-3000:]
    assert job.text().count("event=batch_done") > 2
    return lake


def assert_same(ours, theirs, names):
    for name in names:
        found, expected = ours.rows(name), theirs.rows(name)
        assert sum(expected.values()) > 0 and max(found.values()) == 1
        assert not (difference := found - expected), (name, len(difference), str(min(difference, key=str))[:1500])
        assert not (difference := expected - found), (name, len(difference), str(min(difference, key=str))[:1500])


def offsets(lake, name):
    summary = lake.table(name).current_snapshot().summary
    return {(topic, partition): offset for topic, partitions in json.loads(summary["tradelake.offsets"]).items()
            for partition, offset in partitions.items()}


@pytest.mark.slow
def test_bronze_is_the_same_to_the_last_column(ours, theirs):
    assert_same(ours, theirs, BRONZE)


@pytest.mark.slow
def test_tables_that_spark_makes_are_the_program_s(ours, theirs):
    for name in BRONZE:
        made, expected = ours.table(name), theirs.table(name)
        assert made.schema().fields == expected.schema().fields
        assert (made.spec(), made.sort_order(), made.properties) == (expected.spec(), expected.sort_order(), expected.properties)
        assert made.metadata.location == expected.metadata.location.replace("/program/", "/spark/")


@pytest.mark.slow
def test_each_head_says_how_far_it_reaches(ours, theirs):
    for name in BRONZE:
        summary, expected = ours.table(name).current_snapshot().summary, theirs.table(name).current_snapshot().summary
        assert summary["tradelake.pipeline"] == "bronze"
        assert summary["tradelake.max-trade-time-us"] == expected["tradelake.max-trade-time-us"]
        assert ours.table(name).metadata.refs["tradelake-bronze"].snapshot_id == ours.table(name).current_snapshot().snapshot_id
    # Kafka's own marks at the end of a replay have offsets, too; the program counts them.
    reached, expected = offsets(ours, "bronze.trades"), offsets(theirs, "bronze.trades")
    # The exchange's own candles are the program's alone.
    expected = {place: offset for place, offset in expected.items() if not place[0].endswith(".kline")}
    assert reached.keys() == expected.keys() and all(0 <= expected[place] - reached[place] <= 2 for place in expected)
    sums = Counter()
    for snapshot in ours.table("bronze.trades").snapshots():
        sums.update({name: int(snapshot.summary[f"tradelake.{name}"]) for name in ("in", "ok", "dead", "filtered")})
    assert sums["in"] == sums["ok"] + sums["dead"] + sums["filtered"]
    assert sums["ok"] == sum(ours.rows("bronze.trades").values()) and sums["dead"] == sum(ours.rows("bronze.dead_letters").values())


@pytest.mark.slow
def test_a_second_run_adds_nothing_and_ends_when_asked_to(services, ours):
    assert_ends_when_asked_to(services, ours, "bronze_stream", BRONZE)


@pytest.mark.slow
@pytest.mark.parametrize("lock", ("pg_advisory_lock", "pg_advisory_lock_shared"))
def test_another_writer_is_waited_for_and_then_left_alone(services, theirs, lock):
    """Another job, which has the lock alone; a process of the program, which shares it with others."""
    assert_leaves_alone(services, theirs, "bronze_stream", "bronze", "bronze.trades", lock)


@pytest.mark.slow
def test_killed_around_each_commit_it_loses_and_doubles_nothing(services, theirs):
    lake = Lake(services.environment, "killed")
    for point in (("between", "bronze.trades", 1), ("between", "bronze.dead_letters", 1), ("after", "bronze.dead_letters", 1)):
        job = Job(services, lake, "killed", "bronze_stream", *point, "--once", "--max-records", 1_000,
                  script=ROOT / "tests/e2e/spark_killed.py")
        assert job.end() == -signal.SIGKILL, job.text()[-3000:]
    job = Job(services, lake, "bronze_stream", "--once")
    assert job.end() == 0, job.text()[-3000:]
    assert_same(lake, theirs, BRONZE)


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_and_doubles_nothing(services, theirs):
    dice = random.Random(3)
    lake = Lake(services.environment, "random")
    for _ in range(3):
        job = Job(services, lake, "bronze_stream", "--once", "--max-records", 1_000)
        try:
            job.until("event=query_started")
            time.sleep(dice.uniform(1, 30))
        finally:
            if job.process.poll() is None:
                job.kill()
    job = Job(services, lake, "bronze_stream", "--once")
    assert job.end() == 0, job.text()[-3000:]
    assert_same(lake, theirs, BRONZE)
