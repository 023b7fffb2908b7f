"""Spark changes and fills a table while `run` writes, merges and expires it: nobody's rows are lost or there twice."""

import json
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter

import pytest

from lake import BINARY, assert_trades
from oracle import Oracle, read_capture, read_record
from own_stack import OwnStack, with_password
from s3 import reader_properties
from served import Process, Server
from spark_sql import Spark, SparkError
from test_kill import make_capture

stack = OwnStack("e2e-spark-beside")
BUSY = {"TRADELAKE_COMMIT_MAX_ROWS": "100", "TRADELAKE_COMMIT_INTERVAL": "200ms", "TRADELAKE_MAINTAIN_INTERVAL": "100ms",
        "TRADELAKE_COMPACTION_MIN_FILES": "4", "TRADELAKE_SNAPSHOTS_MAX_COUNT": "60", "TRADELAKE_SNAPSHOTS_MIN_COUNT": "2",
        "TRADELAKE_ORPHANS_ACTION": "remove", "TRADELAKE_ORPHANS_MIN_AGE": "3h"}

# Each kind of change, by the one who does not write the table; and what a column is called then.
CHANGES = [
    "ALTER TABLE bronze.trades ADD COLUMN venue STRING COMMENT 'where' AFTER symbol",
    "ALTER TABLE bronze.trades RENAME COLUMN trade_time TO matched_at",
    "ALTER TABLE bronze.trades ALTER COLUMN price FIRST",
    "ALTER TABLE bronze.trades ALTER COLUMN _index TYPE BIGINT",
    "ALTER TABLE bronze.trades DROP COLUMN rpi",
    "ALTER TABLE bronze.trades ALTER COLUMN size COMMENT 'how much'",
    "ALTER TABLE bronze.trades REPLACE PARTITION FIELD trade_time_hour WITH days(matched_at)",
    "ALTER TABLE bronze.trades ADD PARTITION FIELD bucket(4, symbol)",
    "ALTER TABLE bronze.trades SET TBLPROPERTIES ('kept.by' = 'spark')",
]
INSERT = """INSERT INTO bronze.trades BY NAME SELECT * EXCEPT (trade_id, venue), 'spark-{n}' AS trade_id, 'spark' AS venue
            FROM bronze.trades WHERE trade_id NOT LIKE 'spark-%' LIMIT 1"""


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """The environment of a lake with a local log, and Spark on it."""
    folder = tmp_path_factory.mktemp("beside")
    stack("up", "postgres", "versitygw")
    spark = None
    try:
        environment = stack.values()
        environment.pop("TRADELAKE_LOG", None)
        spark = Spark(folder, environment)
        yield environment, spark
    finally:
        if spark:
            spark.stop()
        stack("down", "postgres", "versitygw")


@pytest.fixture
def lake(services):
    """A new lake among the same services: Spark's tables are those of the one before, so they go."""
    environment, spark = services
    yield environment, spark
    clear(environment, spark)


def clear(environment, spark):
    for row in spark.sql("SHOW TABLES IN tradelake.bronze") + spark.sql("SHOW TABLES IN tradelake.silver"):
        spark.sql(f"DROP TABLE tradelake.{row['namespace']}.{row['tableName']}")
    subprocess.run(["psql", "-q", environment["TRADELAKE_CATALOG"], "-c",
                    "TRUNCATE tradelake_progress, tradelake_table_commits"], env=os.environ | environment, check=True)


def until(ready, seconds):
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.2)


class Ingestion:
    """`run` over a capture at some multiple of its speed; killed now and then, if it is to be."""

    def __init__(self, data_dir, capture, speed, environment):
        self.arguments = [BINARY, "run", "--data-dir", str(data_dir), "--source", f"replay:{capture}", "--speed", str(speed),
                          "--exit-when-done", "--listen", "127.0.0.1:0"]
        self.environment = os.environ | environment | BUSY
        self.log = open(f"{data_dir}.log", "a+")
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, env=self.environment, stdout=subprocess.DEVNULL, stderr=self.log)

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.start()

    def end(self):
        assert self.process.wait(240) == 0, self.text()[-3000:]

    def text(self):
        self.log.seek(0)
        return self.log.read()


def commit(spark, statement):
    """Who loses to our commits, and has given up, tries again."""
    for _ in range(20):
        try:
            return spark.sql(statement)
        except SparkError as error:
            if not re.search("CommitFailed|ConcurrentModification|Cannot commit", str(error)):
                raise
    raise AssertionError(f"never got a turn: {statement}")


@pytest.mark.parametrize("kills", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_spark_changes_and_appends_while_we_write(lake, data_dir, tmp_path, kills):
    from pyiceberg.catalog.sql import SqlCatalog

    environment, spark = lake
    catalog = SqlCatalog("tradelake", uri=with_password(environment["TRADELAKE_CATALOG"], environment["PGPASSWORD"]),
                         **reader_properties(environment))
    capture = make_capture(tmp_path / "c.tsv", 6_000, 171, "repeat=0.05,reorder=0.03,malformed=0.01", rate=30)
    ingestion = Ingestion(data_dir, capture, 3, environment)
    until(lambda: catalog.table_exists("bronze.trades") and catalog.load_table("bronze.trades").scan().count() > 500, 60)
    dice = random.Random(7)
    appended = 0
    for change in CHANGES:
        commit(spark, change)
        if kills and dice.random() < 0.7:
            ingestion.kill()
        # Both see the same rows of the same snapshot, whatever it is by now.
        table = catalog.load_table("bronze.trades")
        snapshot = table.current_snapshot().snapshot_id
        (counted,) = spark.sql(f"SELECT count(*) AS n, sum(size) AS size FROM bronze.trades VERSION AS OF {snapshot}")
        read = table.scan(snapshot_id=snapshot).to_arrow()
        assert (counted["n"], counted["size"]) == (read.num_rows, sum(read["size"].to_pylist()))
        commit(spark, INSERT.format(n=appended))
        appended += 1
    if not kills:
        assert ingestion.process.poll() is None, "it was all done before Spark was"
    ingestion.end()

    expected = Oracle().take(read_capture(capture))
    found = catalog.load_table("bronze.trades").scan().to_arrow().to_pylist()
    ours = [row for row in found if not row["trade_id"].startswith("spark-")]
    theirs = sorted(row["trade_id"] for row in found if row["trade_id"].startswith("spark-"))
    assert theirs == sorted(f"spark-{n}" for n in range(appended))
    assert all(row["venue"] == ("spark" if row["trade_id"].startswith("spark-") else None) for row in found)
    for trade in expected.trades:
        trade.rpi = None
    assert_trades([row | {"trade_time": row["matched_at"], "rpi": None} for row in ours], expected.trades)
    assert spark.sql("SELECT count(*) AS n FROM bronze.trades")[0]["n"] == len(found)
    metadata = catalog.load_table("bronze.trades").metadata
    assert len(metadata.snapshots) <= 80
    operations = {snapshot.summary.operation.value for snapshot in metadata.snapshots}
    assert "replace" in operations or "event=files_merged" in ingestion.text()
    assert "maintenance_failed" not in ingestion.text()
    assert "conservation_error" not in ingestion.text()


INSERT_AT = """INSERT INTO bronze.trades BY NAME SELECT * EXCEPT (trade_id, trade_time), 'spark-{n}' AS trade_id,
               timestampadd(HOUR, -{hours}, trade_time) AS trade_time FROM bronze.trades WHERE trade_id NOT LIKE 'spark-%' LIMIT 1"""


def live_for(seconds, folder, environment, meanwhile=lambda n: time.sleep(1), kills=()):
    """`run` at fifty thousand trades a second. The ids that were sent, the ms of each commit of trades, the events."""
    folder.mkdir()
    record = folder / "record.tsv"
    exchange = Process("simulate", "--symbols", "linear:60,spot:30", "--rate", "50000", "--record", record,
                       log=folder / "exchange.log")
    logs = []

    def start():
        logs.append(folder / f"run-{len(logs)}.log")
        return Server(folder / "data", "--symbols", "linear:*,spot:*", source=exchange.url, log=logs[-1],
                      environment=os.environ | environment | {"TRADELAKE_COMMIT_INTERVAL": "1s", "TRADELAKE_LOG_LEVEL": "debug"})

    server, begin, turns, kills = start(), time.monotonic(), 0, list(kills)
    while time.monotonic() < begin + seconds:
        if kills and time.monotonic() > begin + kills[0]:
            kills.pop(0)
            server.process.kill()
            server.process.wait()
            server = start()
        meanwhile(turns)
        turns += 1
    assert exchange.stop() == 0
    time.sleep(2)
    assert server.stop() == 0, logs[-1].read_text()[-3000:]
    sent = Counter()
    for _, category, frame, whole in read_record(record):
        if whole and b'"topic":"publicTrade' in frame:
            sent.update((category, trade["s"], trade["i"]) for trade in json.loads(frame)["data"])
    text = "".join(log.read_text() for log in logs)
    took = [int(us) / 1000 for us in re.findall(r"event=committed pipeline=bronze commits=\d+ took_us=(\d+)", text)]
    return sent, sorted(took), text


@pytest.mark.slow
@pytest.mark.parametrize("kills", [(), (11, 25, 40)])
def test_fifty_thousand_a_second_beside_all_of_it(lake, tmp_path, kills):
    from pyiceberg.catalog.sql import SqlCatalog

    environment, spark = lake
    _, undisturbed, _ = live_for(40, tmp_path / "alone", environment | {"TRADELAKE_MAINTAIN_INTERVAL": "999d"})
    clear(environment, spark)
    changes = [f"ALTER TABLE bronze.trades ADD COLUMN c{n} STRING" for n in range(5)]

    def meanwhile(turn):
        if turn < 3:  # until there is a table with rows
            time.sleep(2)
        elif turn % 3 == 0 and changes:
            commit(spark, changes.pop())
        else:  # rows of this hour stay; those of two days ago are past retention
            commit(spark, INSERT_AT.format(n=turn, hours=0 if turn % 3 == 1 else 48))
            kept.update([f"spark-{turn}"] if turn % 3 == 1 else [])
        time.sleep(1)

    kept = set()
    busy = {name: BUSY[name] for name in BUSY if "COMMIT" not in name}
    sent, took, events = live_for(60, tmp_path / "busy", environment | busy, meanwhile, kills)
    catalog = SqlCatalog("tradelake", uri=with_password(environment["TRADELAKE_CATALOG"], environment["PGPASSWORD"]),
                         **reader_properties(environment))
    table = catalog.load_table("bronze.trades")
    found = table.scan(selected_fields=("category", "symbol", "trade_id")).to_arrow().to_pylist()
    ours = Counter((r["category"], r["symbol"], r["trade_id"]) for r in found if not r["trade_id"].startswith("spark-"))
    theirs = Counter(row["trade_id"] for row in found if row["trade_id"].startswith("spark-"))
    assert len(sent) > 60 * 40_000
    assert max(ours.values()) == 1
    assert not ours.keys() - sent.keys()
    if not kills:  # what a killed process did not receive is missing, and recorded as a gap (test_gaps.py)
        assert ours.keys() == sent.keys()
    assert set(theirs.values()) == {1} and kept <= theirs.keys()
    assert {f"c{n}" for n in range(5)} <= {field.name for field in table.schema().fields}
    done = {what: len(re.findall(f"event={what}", events)) for what in ("files_merged", "snapshots_expired", "partitions_dropped")}
    assert all(done.values()), done
    assert "maintenance_failed" not in events and "conservation_error" not in events and "gave_up_uncommitted" not in events
    middle = [times[len(times) // 2] for times in (undisturbed, took)]
    late = [times[len(times) * 99 // 100] for times in (undisturbed, took)]
    print(f"commits {len(undisturbed)} alone, {len(took)} beside all: p50 {middle} ms, p99 {late} ms; {len(sent)} trades; {done}")
    assert middle[1] < 2 * middle[0]
