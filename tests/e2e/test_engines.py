"""DuckDB and chDB read what we have written, changed, merged and filled again, as PyIceberg and the oracle say it is.

Nothing but the pointer that `tradelake table list` prints is given to them. Local time is far from UTC.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest

from lake import pointers, replay, rows, tradelake
from oracle import to_us
from test_kill import make_capture

FAR_AWAY = os.environ | {"TZ": "Asia/Tokyo"}


def answers(program, folder, *arguments):
    done = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], cwd=folder, env=FAR_AWAY, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def duckdb(pointer, folder, sql):
    """In a process of its own, as its extensions bring libraries of their own."""
    extensions = [next(Path(find_spec(f"duckdb_extension_{name}").origin).parent.rglob("*.duckdb_extension"))
                  for name in ("avro", "iceberg")]
    program = """
import duckdb, json, sys
connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
for extension in sys.argv[3:]:
    connection.execute(f"LOAD '{extension}'")
connection.execute(f"CREATE VIEW t AS SELECT * FROM iceberg_scan('{sys.argv[1]}')")
cursor = connection.execute(sys.argv[2])
names = [column[0] for column in cursor.description]
for row in cursor.fetchall():
    print(json.dumps(dict(zip(names, row)), default=str))
"""
    return answers(program, folder, pointer, sql, *extensions)


def chdb(pointer, folder, sql):
    program = """
import chdb, sys
folder, file = sys.argv[1].removeprefix("file://").split("/metadata/")
source = f"icebergLocal('{folder}', SETTINGS iceberg_metadata_file_path = 'metadata/{file}')"
# A timestamp without a zone is in the session's zone to it.
sql = sys.argv[2].replace("FROM t", f"FROM {source}") + " SETTINGS session_timezone = 'UTC'"
print(chdb.query(sql, "JSONEachRow").data(), end="")
"""
    return answers(program, folder, pointer, sql)


ENGINES = {"duckdb": duckdb, "chdb": chdb}
TEXT = {"duckdb": "CAST({} AS VARCHAR)", "chdb": "toString({})"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Two captures; between them the table is changed in every way, after them files are merged and a field is promoted."""
    folder = tmp_path_factory.mktemp("engines")
    data_dir = folder / "data"
    captures = [make_capture(folder / f"{n}.tsv", 1_500, seed, "repeat=0.05,reorder=0.03,unknown=0.3", rate=0.3)
                for n, seed in enumerate((91, 92))]
    replay(data_dir, captures[0])

    def table(*arguments):
        return tradelake("table", *arguments, "--data-dir", data_dir)

    def alter(*change):
        table("alter", "bronze.trades", *change)

    alter("add-column", "venue", "string", "--after", "symbol")
    alter("rename-column", "trade_time", "matched_at")
    alter("move-column", "price", "--first")
    alter("widen-column", "_index", "long")
    alter("drop-column", "rpi")
    alter("partition-by", "day(matched_at), bucket(4, symbol)")
    replay(data_dir, captures[1])
    table("compact", "bronze.trades")
    field = next(key for row in rows(data_dir, "bronze.trades") for key, _ in row["extra"] or [])
    table("promote", "bronze.trades", f"extra.{field}", "string", "--column", "promoted")
    return data_dir, field


@pytest.mark.parametrize("engine", ENGINES)
def test_sums_per_market_are_exact(lake, engine):
    data_dir, _ = lake
    wanted = defaultdict(lambda: [0, Decimal(0), Decimal(0), None, 0])
    for row in rows(data_dir, "bronze.trades"):
        sums = wanted[row["category"], row["symbol"]]
        sums[0] += 1
        sums[1] += row["price"]
        sums[2] += row["size"]
        sums[3] = max(sums[3] or row["matched_at"], row["matched_at"])
        sums[4] += row["promoted"] is not None
    text = TEXT[engine].format
    found = ENGINES[engine](pointers(data_dir)["bronze.trades"], data_dir,
                            f"SELECT category, symbol, count(*) AS n, {text('sum(price)')} AS price, {text('sum(size)')} AS size, "
                            f"{text('max(matched_at)')} AS newest, count(promoted) AS filled FROM t GROUP BY category, symbol")
    assert len(found) == len(wanted) > 5
    assert sum(int(row["filled"]) for row in found) > 0
    for row in found:
        n, price, size, newest, filled = wanted[row["category"], row["symbol"]]
        assert (int(row["n"]), Decimal(row["price"]), Decimal(row["size"]), int(row["filled"])) == (n, price, size, filled)
        assert row["newest"].rstrip("0").rstrip(".") == str(newest).rstrip("0").rstrip(".")


@pytest.mark.parametrize("engine", ENGINES)
def test_filters_that_prune_find_the_same_rows(lake, engine):
    """By partition, by bounds of a column, and by both, in files of both partition specs."""
    data_dir, field = lake
    everything = rows(data_dir, "bronze.trades")
    times = sorted(row["matched_at"] for row in everything)
    prices = sorted(row["price"] for row in everything)
    asked = {
        f"matched_at >= '{times[len(times) // 3]}' AND matched_at < '{times[len(times) // 2]}'":
            lambda row: times[len(times) // 3] <= row["matched_at"] < times[len(times) // 2],
        f"price > {prices[-40]}": lambda row: row["price"] > prices[-40],
        "symbol = 'BTCUSDT' AND category = 'spot'": lambda row: row["symbol"] == "BTCUSDT" and row["category"] == "spot",
        "venue IS NOT NULL": lambda row: row["venue"] is not None,
        "promoted IS NOT NULL": lambda row: field in dict(row["extra"] or {}),
    }
    for condition, holds in asked.items():
        found = ENGINES[engine](pointers(data_dir)["bronze.trades"], data_dir, f"SELECT trade_id FROM t WHERE {condition}")
        assert sorted(row["trade_id"] for row in found) == sorted(row["trade_id"] for row in everything if holds(row)), condition


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["silver.candles_1m", "silver.candles_1d", "bronze.dead_letters", "silver.late_trades"])
def test_the_other_tables_have_their_rows(lake, engine, name):
    data_dir, _ = lake
    found = ENGINES[engine](pointers(data_dir)[name], data_dir, "SELECT * FROM t")
    wanted = rows(data_dir, name)
    assert len(found) == len(wanted)
    if name == "silver.candles_1m":
        assert {(row["symbol"], row["category"]) for row in found} == {(row["symbol"], row["category"]) for row in wanted}
        assert to_us(max(row["open_time"] for row in wanted)) > 0
