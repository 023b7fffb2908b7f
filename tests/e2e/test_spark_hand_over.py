"""A lake's pipelines handed over from the program to Spark and back, by stop and start, over one log: the lake is what the program
alone makes of it. Killed or not.
"""

import json
import os
import signal
import subprocess
import time
from collections import Counter

import psycopg2
import pytest

from lake import BINARY, ROOT, tradelake
from oracle import Oracle, read_capture
from spark_jobs import Job, Lake, Services
from test_spark_candles import BEGIN_MS, FAULTS, TABLES as SILVER, Log, assert_silver, written

BRONZE = ("bronze.dead_letters", "bronze.trades")
STAGES = {"bronze": "sink", "silver": "candles"}
JOBS = {"bronze": "bronze_stream", "silver": "candles_stream"}
PRIMARY = {"bronze": "bronze.trades", "silver": "silver.candles_1m"}
OF = {"bronze": BRONZE, "silver": SILVER}
LAKES = ("program", "handed", "killed", "around")


class Readings(Log):
    """A capture in parts, each of which begins within what the one before ended with."""

    def up(self):
        Services.up(self)
        generated = self.folder / "generated.tsv"
        tradelake("simulate", "--write-capture", generated, "--frames", 6_000, "--seed", 11, "--rate", 8, "--start-time", BEGIN_MS,
                  "--symbols", "linear:4,spot:2,inverse:2,option:1", "--faults", FAULTS)
        lines = list(read_capture(generated))
        third = len(lines) // 3
        self.readings = [[written(self.folder, f"part-{n}.tsv", lines[max(0, n * third - 200):(n + 1) * third])] for n in range(3)]
        self.oracle = Oracle()
        self.gaps = Counter()


def by_program(services, lake, *pipelines):
    for pipeline in pipelines or STAGES:
        done = services.program(lake, STAGES[pipeline])
        assert done.returncode == 0, done.stderr[-3000:]


def by_spark(services, lake, pipeline, *arguments, status=0):
    job = Job(services, lake, JOBS[pipeline], "--once", *arguments)
    assert job.end() == status, job.text()[-5000:]
    return job.text()


def killed(services, lake, pipeline, *point):
    """`point` as spark_killed.py takes it."""
    job = Job(services, lake, "killed", JOBS[pipeline], *point, "--once", script=ROOT / "tests/e2e/spark_killed.py")
    assert job.end() == -signal.SIGKILL, job.text()[-3000:]
    return job.text()


def asked(lake, statement, *values):
    with psycopg2.connect(lake.environment["TRADELAKE_CATALOG"], password=lake.environment["PGPASSWORD"]) as connection:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def progress(lake, pipeline):
    """{(topic, partition): (next offset, epoch, replay_from, greatest)}"""
    rows = asked(lake, "SELECT topic, topic_partition, next_offset, epoch, replay_from, max_trade_time_us FROM tradelake_progress "
                       "WHERE pipeline = %s", pipeline)
    return {row[:2]: row[2:] for row in rows}


def recorded(lake, pipeline):
    return dict(asked(lake, "SELECT table_namespace || '.' || table_name, commit_id FROM tradelake_table_commits WHERE pipeline = %s",
                      pipeline))


def of_spark(lake, table):
    return [snapshot for snapshot in lake.table(table).snapshots() if snapshot.summary.get("tradelake.engine") == "spark"]


def assert_bronze(lake, theirs):
    for name in BRONZE:
        found, wanted = lake.rows(name), theirs.rows(name)
        assert sum(wanted.values()) > 0 and max(found.values()) == 1
        assert not (difference := found - wanted), (name, len(difference), str(min(difference, key=str))[:1500])
        assert not (difference := wanted - found), (name, len(difference), str(min(difference, key=str))[:1500])


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    made = Readings("e2e-spark-hand-over", tmp_path_factory.mktemp("hand-over"))
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def lakes(services):
    """All by the program up to the end of the first part; the first one to the end of the second. What Spark found."""
    made = {name: Lake(services.environment, name) for name in LAKES}
    services.fill(0)
    for lake in made.values():
        by_program(services, lake)
    made["before"] = {pipeline: progress(made["handed"], pipeline) for pipeline in STAGES}
    made["expected"] = services.fill(1)
    by_program(services, made["program"])
    return made


# From the program to Spark.


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", STAGES)
def test_spark_goes_on_where_the_program_has_stopped(services, lakes, pipeline):
    lake, before = lakes["handed"], lakes["before"][pipeline]
    told = by_spark(services, lake, pipeline)
    assert told.count("event=taken_over") == 1
    if pipeline == "bronze":
        assert_bronze(lake, lakes["program"])
    else:
        assert_silver(lake, lakes["program"], lakes["expected"])
    # Who has written before is fenced, in partitions that it had not come to, too.
    after = progress(lake, pipeline)
    ours = {place for place in after if not place[0].endswith(".kline")}
    for place, row in after.items():
        known = before.get(place, (0, 0, 0, None))
        assert row == (known[0], known[1] + 1, known[2], known[3]), place
    assert recorded(lake, pipeline).items() >= dict.fromkeys(OF[pipeline], "spark").items()
    # Each table says first that it goes on from there, with nothing in it.
    ids, first = set(), {}
    for table in OF[pipeline]:
        first[table] = of_spark(lake, table)[0]
        summary = first[table].summary
        ids.add(summary["tradelake.commit-id"])
        assert int(summary.get("added-records") or 0) == 0
        # Nothing more of that commit: the larger candles are those of their minutes, so none is made again.
        assert [snapshot.summary["tradelake.commit-id"] for snapshot in of_spark(lake, table)].count(*ids) == 1
        assert sorted(json.loads(summary["tradelake.tables"])) == sorted(OF[pipeline])
        assert json.loads(summary["tradelake.tables"])[-1] == PRIMARY[pipeline]
        offsets = {(topic, int(partition)): offset for topic, of in json.loads(summary["tradelake.offsets"]).items()
                   for partition, offset in of.items()}
        assert offsets == {place: row[0] for place, row in before.items() if row[0] > 0 and place in ours}
    assert len(ids) == 1
    assert max(first.values(), key=lambda snapshot: snapshot.timestamp_ms) is first[PRIMARY[pipeline]]
    # Every later snapshot is of a commit that names its table, and the primary one.
    for table in OF[pipeline]:
        for snapshot in of_spark(lake, table):
            assert {table, PRIMARY[pipeline]} <= set(json.loads(snapshot.summary["tradelake.tables"]))


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", STAGES)
def test_the_second_start_takes_nothing_over(services, lakes, pipeline):
    lake = lakes["handed"]
    before = [lake.table(name).metadata_location for name in OF[pipeline]], progress(lake, pipeline), recorded(lake, pipeline)
    told = by_spark(services, lake, pipeline)
    assert "event=taken_over" not in told
    assert ([lake.table(name).metadata_location for name in OF[pipeline]], progress(lake, pipeline), recorded(lake, pipeline)) == before


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", STAGES)
def test_killed_while_it_takes_over_it_loses_and_doubles_nothing(services, lakes, pipeline):
    lake = lakes["killed"]
    first, primary = OF[pipeline][0] if pipeline == "bronze" else "silver.late_trades", PRIMARY[pipeline]
    # An old lake's; and a topic that Spark does not read.
    asked(lake, "ALTER TABLE tradelake_progress DROP COLUMN IF EXISTS lost_until_us")
    other = "bybit.v5.spot.kline", 0
    asked(lake, "INSERT INTO tradelake_progress VALUES ('tradelake', %s, %s, %s, 3, 2, 'id', 4)", pipeline, *other)
    killed(services, lake, pipeline, "before", first, 1)
    fenced = progress(lake, pipeline)
    assert fenced[other] == (3, 5, 2, None)
    assert not any(of_spark(lake, table) for table in OF[pipeline])
    for point in (("between", first, 1), ("before", primary, 1), ("between", primary, 1)):
        killed(services, lake, pipeline, *point)
    # What is to go on from is in all tables, and the record was changed once.
    assert progress(lake, pipeline) == fenced
    told = by_spark(services, lake, pipeline)
    assert "event=taken_over" not in told
    if pipeline == "bronze":
        assert_bronze(lake, lakes["program"])
    else:
        assert_silver(lake, lakes["program"], lakes["expected"])


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", STAGES)
def test_a_record_of_another_writer_stops_spark(services, lakes, pipeline):
    """And tables that were moved without their progress are not taken over."""
    lake, primary = lakes["around"], PRIMARY[pipeline]
    was = recorded(lake, pipeline)
    change = ("UPDATE tradelake_table_commits SET commit_id = %s WHERE pipeline = %s "
              "AND table_namespace || '.' || table_name = %s")
    asked(lake, change, "another", pipeline, primary)
    before = progress(lake, pipeline)
    told = by_spark(services, lake, pipeline, status=1)
    assert f"the head of {primary} carries commit {was[primary]}, the catalog's record says another" in told
    assert progress(lake, pipeline) == before and not of_spark(lake, primary)
    asked(lake, change, was[primary], pipeline, primary)


# From Spark to the program.

CUT_OFF = {"bronze": (("after", "bronze.dead_letters", 1), ("between", "bronze.trades", 2)),
           "silver": (("after", "silver.late_trades", 1), ("before", "silver.candles_1m", 2), ("after", "silver.candles_1m", 1),
                      ("after", "silver.candles_1h", 1))}
CASES = [(pipeline, point) for pipeline, points in CUT_OFF.items() for point in points]


def name_of(pipeline, point):
    return "_".join((pipeline, point[0], point[1].split(".")[1], str(point[2])))


@pytest.fixture(scope="module")
def back(services, lakes):
    """Lakes that Spark has left, one after the other how; then comes the last part, and the program's own lake takes it."""
    made = {"handed": lakes["handed"], "around": lakes["around"], "begun": Lake(services.environment, "begun")}
    for pipeline in STAGES:
        by_spark(services, made["handed"], pipeline)
        by_spark(services, made["begun"], pipeline, "--max-records", 6_000)
        killed(services, made["around"], pipeline, "before", PRIMARY[pipeline], 1)
    for pipeline, point in CASES:
        made[pipeline, point] = lake = Lake(services.environment, name_of(pipeline, point))
        job = Job(services, lake, "killed", JOBS[pipeline], *point, "--once", "--max-records", 3_000,
                  script=ROOT / "tests/e2e/spark_killed.py")
        assert job.end() == -signal.SIGKILL, job.text()[-3000:]
    made["expected"] = services.fill(2)
    by_program(services, lakes["program"])
    return made


def assert_handed_back(services, lakes, back, lake, pipeline):
    by_program(services, lake, pipeline)
    if pipeline == "bronze":
        assert_bronze(lake, lakes["program"])
    else:
        assert_silver(lake, lakes["program"], back["expected"])
    assert "spark" not in recorded(lake, pipeline).values()


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", STAGES)
@pytest.mark.parametrize("name", ("begun", "handed", "around"))
def test_the_program_goes_on_where_spark_has_stopped(services, lakes, back, name, pipeline):
    """In a lake that Spark began; in one that the program did; in one where Spark was killed while it took over."""
    assert_handed_back(services, lakes, back, back[name], pipeline)


@pytest.mark.slow
@pytest.mark.parametrize("pipeline, point", CASES, ids=[name_of(*case) for case in CASES])
def test_the_program_goes_on_after_a_commit_that_spark_did_not_end(services, lakes, back, pipeline, point):
    assert_handed_back(services, lakes, back, back[pipeline, point], pipeline)


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", STAGES)
def test_and_to_spark_once_more(services, lakes, back, pipeline):
    lake = back["begun"]
    by_program(services, lake, pipeline)
    told = by_spark(services, lake, pipeline)
    assert told.count("event=taken_over") == 1
    if pipeline == "bronze":
        assert_bronze(lake, lakes["program"])
    else:
        assert_silver(lake, lakes["program"], back["expected"])


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", STAGES)
def test_neither_begins_while_the_other_runs(services, lakes, pipeline):
    """Last, on a lake that nothing else looks at."""
    lake = Lake(services.environment, f"both_{pipeline}")
    with (services.folder / "both.log").open("w") as log:
        program = subprocess.Popen([BINARY, STAGES[pipeline], "--data-dir", services.folder / lake.name, "--listen", "127.0.0.1:0"],
                                   env=os.environ | lake.environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not asked(lake, "SELECT to_regclass('tradelake_progress')")[0][0] or not progress(lake, pipeline):
            assert program.poll() is None and time.monotonic() < deadline
            time.sleep(0.5)
        told = by_spark(services, lake, pipeline, status=3)
        assert f"pipeline {pipeline}: another writer, the program or another job of Spark, writes" in told
    finally:
        program.terminate()
        program.wait(60)
    job = Job(services, lake, JOBS[pipeline])
    try:
        job.until("event=query_started")
        done = services.program(lake, STAGES[pipeline])
        assert done.returncode == 3, done.stderr[-3000:]
    finally:
        job.process.terminate()
        assert job.end() == 0, job.text()[-3000:]
