"""Spark reads what we write, and we see what it writes: catalog in PostgreSQL, warehouse in S3, stages as processes."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import lake
from lake import BINARY, ROOT, assert_candles, assert_dead_letters, assert_lake, assert_trades, tradelake
from oracle import Expected, Oracle, read_capture
from own_stack import OwnStack, with_password
from s3 import reader_properties
from spark_sql import Spark
from test_kill import make_capture

stack = OwnStack("e2e-spark")
# Some snapshots to travel between, and not many small files to open again and again.
BATCHES = {"TRADELAKE_COMMIT_MAX_ROWS": "800", "TRADELAKE_COMMIT_INTERVAL": "2s"}
TABLES = ("bronze.trades", "bronze.dead_letters", "silver.candles_1m", "silver.candles_5m", "silver.candles_1h", "silver.candles_4h",
          "silver.candles_1d", "silver.candle_revisions", "silver.late_trades")


@dataclass
class Filled:
    expected: Expected
    environment: dict
    spark: Spark

    def sql(self, statement):
        return self.spark.sql(statement)

    def value(self, statement):
        (row,) = self.sql(statement)
        (found,) = row.values()
        return found

    def catalog(self):
        from pyiceberg.catalog.sql import SqlCatalog

        uri = with_password(self.environment["TRADELAKE_CATALOG"], self.environment["PGPASSWORD"])
        return SqlCatalog("tradelake", uri=uri, **reader_properties(self.environment))

    def tradelake(self, *arguments):
        return tradelake(*arguments, env=os.environ | self.environment).stdout


# versitygw is built in a third of the time that MinIO takes, on a machine that has neither.
@pytest.fixture(scope="module", params=["versitygw", pytest.param("minio", marks=pytest.mark.slow)])
def filled(request, tmp_path_factory):
    """A lake that two sinks and candles have filled, each a process, from a replay; and Spark on it."""
    folder = tmp_path_factory.mktemp("spark")
    services = ("kafka", "postgres", request.param)
    stack("up", *services)
    spark = None
    try:
        environment = stack.values()
        spark = Spark(folder, environment)  # starts while the stages work
        # Some hours of trades, so that there are partitions to tell apart.
        capture = make_capture(folder / "c.tsv.zst", 4_000, 77, rate=0.5)
        tradelake("replay", "--data-dir", folder / "data", "--listen", "127.0.0.1:0", capture, env=os.environ | environment)
        started = []
        for number, name in enumerate(("sink", "sink", "candles")):
            log = folder / f"{name}-{number}.log"
            started.append((log, subprocess.Popen([BINARY, name, "--data-dir", folder / "data", "--exit-when-done"],
                                                  env=os.environ | environment | BATCHES, stdout=log.open("w"),
                                                  stderr=subprocess.STDOUT)))
        for log, process in started:
            assert process.wait(120) == 0, log.read_text()
        yield Filled(Oracle().take(read_capture(capture)), environment, spark)
    finally:
        if spark:
            spark.stop()
        stack("down", *services)


def at(us):
    return datetime(1970, 1, 1) + timedelta(microseconds=us)


def test_spark_sees_every_table_and_no_more(filled):
    listed = {line.split()[0] for line in filled.tradelake("table", "list").splitlines()}
    found = {f"{row['namespace']}.{row['tableName']}" for space in ("bronze", "silver")
             for row in filled.sql(f"SHOW TABLES IN tradelake.{space}")}
    assert found == listed >= set(TABLES)
    for name in listed:
        assert filled.value(f"SELECT count(*) FROM {name}") == filled.catalog().load_table(name).scan().count(), name


def test_pyiceberg_and_spark_read_the_same_trades_as_the_oracle_says(filled, monkeypatch):
    monkeypatch.setattr(lake, "table", lambda _, name: filled.catalog().load_table(name))
    assert_lake(None, filled.expected)
    rows = filled.sql("SELECT * FROM bronze.trades")
    for row in rows:
        row["extra"] = list((row["extra"] or {}).items())
    assert_trades(rows, filled.expected.trades)


def test_sums_are_exact_per_market_and_hour(filled):
    """Decimals to the last digit, and hours of UTC although this Spark's local time is Tokyo's."""
    wanted = {}
    for trade in filled.expected.trades:
        key = trade.category, trade.symbol, at(trade.trade_time // 3_600_000_000 * 3_600_000_000)
        count, size, price = wanted.get(key, (0, Decimal(0), Decimal(0)))
        wanted[key] = count + 1, size + trade.size, price + trade.price
    assert len({hour for _, _, hour in wanted}) > 1
    found = filled.sql("SELECT category, symbol, CAST(date_trunc('hour', trade_time) AS TIMESTAMP_NTZ) AS hour, "
                       "count(*) AS trades, sum(size) AS size, sum(price) AS price FROM bronze.trades GROUP BY ALL")
    hours = {(r["category"], r["symbol"], r["hour"]): (r["trades"], r["size"], r["price"]) for r in found}
    assert hours == wanted
    category, symbol, hour = max(wanted)
    asked = filled.value(f"SELECT count(*) FROM bronze.trades WHERE category = '{category}' AND symbol = '{symbol}' AND "
                         f"trade_time >= TIMESTAMP_NTZ '{hour}' AND trade_time < TIMESTAMP_NTZ '{hour + timedelta(hours=1)}'")
    assert asked == wanted[category, symbol, hour][0]


def test_candles_are_the_oracles_and_what_spark_makes_of_the_trades(filled):
    assert_candles(filled.sql("SELECT * FROM silver.candles_1m"), filled.expected.candles)
    differ = filled.sql("""
        WITH on_time AS (
          SELECT t.* FROM bronze.trades t LEFT ANTI JOIN silver.late_trades l
          ON t._topic = l._topic AND t._topic_partition = l._topic_partition AND t._offset = l._offset AND t._index = l._index),
        made AS (
          SELECT category, symbol, CAST(date_trunc('minute', trade_time) AS TIMESTAMP_NTZ) AS open_time, max(price) AS high,
                 min(price) AS low, sum(size) AS volume, count(*) AS trades FROM on_time GROUP BY ALL)
        SELECT * FROM made FULL JOIN silver.candles_1m c USING (category, symbol, open_time)
        WHERE NOT (made.high <=> c.high AND made.low <=> c.low AND made.volume <=> c.volume AND made.trades <=> c.trades)""")
    assert differ == []


def span_of(expected):
    """The whole minutes in which the trades are, as candles_batch takes them."""
    times = [trade.trade_time // 60_000_000 * 60_000_000 for trade in expected.trades]
    return "--from", at(min(times)).isoformat(), "--to", at(max(times) + 60_000_000).isoformat()


def test_candles_batch_makes_the_same_candles_of_the_trades(filled):
    """In this catalog and warehouse, in the session that is there."""
    count = len(filled.expected.candles)
    assert filled.spark.candles_batch("--check", *span_of(filled.expected)) == (
        0, f"{count} candles rebuilt, 0 differ from silver.candles_1m\n")
    try:
        wrote = filled.spark.candles_batch("--write", "silver.rebuilt_1m", *span_of(filled.expected))
        assert wrote == (0, f"{count} candles rebuilt, written to silver.rebuilt_1m\n")
        assert_candles(filled.sql("SELECT * FROM silver.rebuilt_1m"), filled.expected.candles)
    finally:
        filled.sql("DROP TABLE IF EXISTS silver.rebuilt_1m")


@pytest.mark.slow
def test_spark_submit_runs_it_with_the_configuration_file_of_the_program(filled, tmp_path):
    """Spark itself is told nothing but where Iceberg is; addresses are in the file, a password in a file of its own."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from stack_spark import spark

    file, password = tmp_path / "tradelake.toml", tmp_path / "password"
    password.write_text(filled.environment["PGPASSWORD"] + "\n")
    file.write_text("".join(f'{key} = "{filled.environment[f"TRADELAKE_{key.upper()}"]}"\n' for key in ("catalog", "warehouse")))
    keys = {key: value for key, value in filled.environment.items() if key.startswith("AWS_")}
    done = subprocess.run(
        [spark() / "python/pyspark/bin/spark-submit", "--master", "local[2]", "--driver-class-path", f"{spark() / 'jars'}/*",
         ROOT / "spark/candles_batch.py", "--config", file, "--check", *span_of(filled.expected)],
        env=os.environ | keys | {"PGPASSWORD_FILE": f"{password}", "TZ": "Asia/Tokyo", "SPARK_LOCAL_IP": "127.0.0.1",
                                 "PYSPARK_PYTHON": sys.executable}, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith(f"{len(filled.expected.candles)} candles rebuilt, 0 differ from silver.candles_1m\n")


@pytest.mark.slow
def test_no_password_is_on_a_command_line_without_spark_submit(filled, tmp_path):
    sys.path.insert(0, str(ROOT / "scripts"))
    from stack_spark import spark

    shown, ours = set(), {key: value for key, value in filled.environment.items() if not key.startswith("SPARK_CONF")}
    with open(tmp_path / "said", "w+") as said, subprocess.Popen(
            [sys.executable, ROOT / "spark/candles_batch.py", "--check", *span_of(filled.expected)],
            env=os.environ | ours | {"PYTHONPATH": f"{spark() / 'python'}", "SPARK_LOCAL_IP": "127.0.0.1",
                                     "PYSPARK_SUBMIT_ARGS": f"--driver-class-path {spark() / 'jars'}/* pyspark-shell"},
            cwd=tmp_path, stdout=said, stderr=said) as process:
        while process.poll() is None:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):  # it has ended
                    shown.add(path.read_bytes())
            time.sleep(0.1)
        said.seek(0)
        assert process.returncode == 0, said.read()[-3000:]
    assert any(b"org.apache.spark" in line for line in shown)
    for secret in ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY"):
        assert not [line for line in shown if filled.environment[secret].encode() in line], f"{secret} is shown"


def test_dead_letters_have_their_bytes(filled):
    rows = filled.sql("SELECT * FROM bronze.dead_letters")
    assert len(rows) > 20
    assert_dead_letters(rows, filled.expected.dead)
    reasons = {r["reason"]: r["n"] for r in filled.sql("SELECT reason, count(*) AS n FROM bronze.dead_letters GROUP BY reason")}
    assert reasons == Counter(letter[0] for letter in filled.expected.dead)


def test_partitions_sort_order_and_texts_are_what_they_should_be(filled):
    shown = filled.sql("DESCRIBE TABLE EXTENDED bronze.trades")
    described = {row["col_name"]: row["data_type"] for row in shown}
    assert described["price"] == "decimal(38,18)" and described["trade_time"] == "timestamp_ntz"
    assert "hours(trade_time)" in described.values()
    properties = described["Table Properties"]
    assert re.search(r"sort-order=category ASC NULLS \w+, symbol ASC NULLS \w+, trade_time ASC NULLS \w+, seq ASC", properties)
    comments = {row["col_name"]: row["comment"] for row in shown if row["data_type"] in ("decimal(38,18)", "timestamp_ntz")}
    assert comments and all(comments.values()), comments
    # The names that Spark keeps for itself are not among our columns.
    partition = filled.sql("SELECT _partition, _topic_partition FROM bronze.trades LIMIT 1")[0]
    assert partition["_partition"].keys() == {"trade_time_hour"}
    for name, transform in (("bronze.dead_letters", "days(received_at)"), ("silver.candles_1m", "days(open_time)"),
                            ("silver.candles_4h", "months(open_time)"), ("silver.candles_1d", "years(open_time)")):
        assert transform in {row["data_type"] for row in filled.sql(f"DESCRIBE TABLE EXTENDED {name}")}


def test_time_travel_goes_to_each_snapshot(filled):
    snapshots = filled.sql("SELECT snapshot_id, committed_at, summary FROM bronze.trades.snapshots ORDER BY committed_at")
    assert len(snapshots) > 2
    middle = snapshots[len(snapshots) // 2]
    counted = int(middle["summary"]["total-records"])
    assert 0 < counted < len(filled.expected.trades)
    assert filled.value(f"SELECT count(*) FROM bronze.trades VERSION AS OF {middle['snapshot_id']}") == counted
    read = filled.catalog().load_table("bronze.trades").scan(snapshot_id=middle["snapshot_id"]).to_arrow()
    size = filled.value(f"SELECT sum(size) FROM bronze.trades VERSION AS OF {middle['snapshot_id']}")
    assert size == sum(read["size"].to_pylist(), Decimal(0))


def test_tradelake_sees_a_table_that_spark_makes_and_appends_to(filled):
    filled.sql("CREATE TABLE silver.of_spark (at TIMESTAMP_NTZ, price DECIMAL(38,18)) USING iceberg "
               "PARTITIONED BY (days(at)) TBLPROPERTIES ('format-version'='2')")
    try:
        for price in ("1.000000000000000001", "99999999999999999999.999999999999999999"):
            filled.sql(f"INSERT INTO silver.of_spark VALUES (TIMESTAMP_NTZ '2026-01-01 23:59:59.999999', {price})")
        assert re.search(r"^silver.of_spark +s3://tradelake/lake/", filled.tradelake("table", "list"), re.MULTILINE)
        scanned = filled.tradelake("table", "scan", "silver.of_spark")
        assert "1.000000000000000001" in scanned and "99999999999999999999.999999999999999999" in scanned
        assert "price" in filled.tradelake("table", "schema", "silver.of_spark")
    finally:
        filled.sql("DROP TABLE silver.of_spark")
    assert "of_spark" not in filled.tradelake("table", "list")
