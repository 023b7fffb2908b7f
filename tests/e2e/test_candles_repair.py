"""`tradelake candles repair`: late trades and damaged candles, held against the oracle; refused ranges; kills under way."""

import datetime as dt
import os
import random
import re
import shutil
import subprocess
from collections import Counter

import pyarrow as pa
import pytest
from pyiceberg.types import StringType

from lake import BINARY, assert_all_candles, pointers, replay, replay_arguments, revisions_beyond, rows, table, tradelake
from oracle import INTERVALS, Expected, Oracle, candles_of, read_capture, to_us
from test_kill import kill_shim, make_capture  # noqa: F401, a fixture

TABLES = tuple(f"silver.candles_{interval}" for interval in INTERVALS)
HOUR = dt.timedelta(hours=1)


def at(time):
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def hour_of(time):
    return time.replace(minute=0, second=0, microsecond=0)


def whole_range(data_dir):
    times = [row["trade_time"] for row in rows(data_dir, "bronze.trades")]
    return hour_of(min(times)), hour_of(max(times)) + HOUR


def repair(data_dir, begin, end, *options, **how):
    return tradelake("candles", "repair", "--data-dir", data_dir, "--from", at(begin), "--to", at(end), *options, **how)


def repair_all(data_dir, *options, **how):
    return repair(data_dir, *whole_range(data_dir), *options, **how)


def of_all_trades(trades):
    return Expected(candles=candles_of(trades),
                    larger={name: candles_of(trades, step) for name, step in INTERVALS.items() if name != "1m"})


def assert_on_record(data_dir):
    """As lake.assert_revisions, with repairs; a candle that was taken out has a last row without trades."""
    history = revisions_beyond(data_dir, ("late_trade", "extended", "repair"), foreign=("note",))
    for key, revisions in history.items():
        gone = revisions[max(revisions)]
        assert gone["trades"] == 0 and gone["volume"] == 0 and gone["reason"] == "repair", key


@pytest.fixture
def capture(tmp_path):
    """Three hours of few trades, so that many minutes have none."""
    return make_capture(tmp_path / "c.tsv", 1_500, 601, "repeat=0.05,reorder=0.03,late=0.1", rate=0.5)


@pytest.fixture
def lake(data_dir, capture):
    replay(data_dir, capture)
    return data_dir


def test_late_trades_are_taken_in(lake, capture):
    expected = Oracle().take(read_capture(capture))
    assert len(expected.late) > 20
    before = pointers(lake)
    told = repair_all(lake, "--dry-run", check=False)
    assert told.returncode == 1 and f"{len(expected.late)} late trades taken in" in told.stdout
    assert pointers(lake) == before
    done = repair_all(lake)
    # The same lines, the totals with what became of them.
    assert done.stdout == told.stdout.replace("nothing was changed: ", "")
    assert "is missing -> " in done.stdout and re.search(r" trades \d+ -> ", done.stdout)
    assert_all_candles(lake, of_all_trades(expected.trades))
    assert rows(lake, "silver.late_trades") == []
    assert_on_record(lake)
    # And that is all.
    after = pointers(lake)
    assert {name for name in after if after[name] != before[name]} == {*TABLES, "silver.candle_revisions", "silver.late_trades"}
    assert "0 revised, 0 written, 0 removed; 0 larger candles changed; 0 late trades" in repair_all(lake).stdout
    assert repair_all(lake, "--dry-run").returncode == 0
    replay(lake, capture)
    assert {name: pointers(lake)[name] for name in TABLES} == {name: after[name] for name in TABLES}


def test_the_pipeline_goes_on_after_a_repair(data_dir, capture, tmp_path):
    """Late trades that the repair has not seen are late as ever; those that it has are in every candle that grows on."""
    lines = capture.read_bytes().splitlines(keepends=True)
    first, second = tmp_path / "first.tsv", tmp_path / "second.tsv"
    first.write_bytes(b"".join(lines[:900]))
    second.write_bytes(b"".join(lines[900:]))
    oracle = Oracle()
    oracle.take(read_capture(first))
    replay(data_dir, first)
    repair_all(data_dir)
    assert_all_candles(data_dir, of_all_trades(oracle.expected.trades))
    oracle.on_time += oracle.expected.late
    oracle.expected.late.clear()
    expected = oracle.take(read_capture(second))
    replay(data_dir, second)
    assert_all_candles(data_dir, expected)
    places = {(r["_topic"], r["_topic_partition"], r["_offset"], r["_index"]) for r in rows(data_dir, "bronze.trades")}
    late = [r["trade_id"] for r in rows(data_dir, "silver.late_trades")
            if (r["_topic"], r["_topic_partition"], r["_offset"], r["_index"]) in places]
    assert Counter(late) == Counter(t.trade_id for t in expected.late) and late
    assert_on_record(data_dir)
    repair_all(data_dir)
    assert_all_candles(data_dir, of_all_trades(expected.trades))


def changed(candles, rng):
    """Rows of one table as another writer might leave them, and what was done to how many."""
    left, done = [], Counter()
    for row in candles:
        does = rng.choices(("nothing", "value", "sum", "gone", "twice"), (85, 5, 5, 3, 2))[0]
        done[does] += 1
        if does == "value":
            row = row | {"close": row["close"] + 1, "trades": row["trades"] + 1}
        if does == "sum":
            row = row | {"volume": None}
        left += {"gone": [], "twice": [row, row]}.get(does, [row])
    return left, done


@pytest.mark.parametrize("seed", range(3))
def test_damaged_candles_are_made_again(lake, capture, seed):
    rng = random.Random(seed)
    expected = Oracle().take(read_capture(capture))
    damage = Counter()
    for name in TABLES:
        one = table(lake, name)
        with one.update_schema() as update:
            update.add_column("note", StringType())
        one = table(lake, name)
        left, done = changed([row | {"note": f"on {row['symbol']}"} for row in rows(lake, name)], rng)
        if name == "silver.candles_1m":
            damage = done
            # A market that never was, and a minute that a market rested in.
            traded = of_all_trades(expected.trades).candles
            there = {(row["category"], row["symbol"], to_us(row["open_time"])) for row in left}
            quiet = next(row for row in left if row["open_time"].minute > 0 and
                         (row["category"], row["symbol"], to_us(row["open_time"]) - 60_000_000) not in there | traded.keys())
            left += [quiet | {"open_time": quiet["open_time"] - dt.timedelta(minutes=1)}, quiet | {"symbol": "NOSUCHUSDT"}]
        one.overwrite(pa.Table.from_pylist(left, schema=one.schema().as_arrow()))
    assert all(damage[kind] for kind in ("value", "sum", "gone", "twice"))
    told = repair_all(lake, "--dry-run", check=False)
    assert told.returncode == 1, told.stdout + told.stderr
    assert len(told.stdout.splitlines()) == 52 and "… and " in told.stdout
    done = repair_all(lake)
    assert "2 removed" in done.stdout
    assert_all_candles(lake, of_all_trades(expected.trades))
    # What others wrote beside a candle that was right is still there.
    notes = {(row["note"] is None, row["note"] in (None, f"on {row['symbol']}")) for row in rows(lake, "silver.candles_1m")}
    assert notes == {(True, True), (False, True)}
    assert_on_record(lake)
    replay(lake, capture)
    assert_all_candles(lake, of_all_trades(expected.trades))


def test_one_market_and_one_hour(lake, capture):
    """Nothing else is touched."""
    expected = Oracle().take(read_capture(capture))
    begin, end = whole_range(lake)
    chosen = Counter((t.category, t.symbol) for t in expected.late).most_common(1)[0][0]
    middle = begin + (end - begin) / 2
    middle = hour_of(middle)
    taken = [t for t in expected.late if (t.category, t.symbol) == chosen and
             to_us(middle) <= t.trade_time // 60_000_000 * 60_000_000 < to_us(middle + HOUR)]
    assert taken
    name = chosen[1].split("-")[0] if chosen[0] == "option" else chosen[1]
    repair(lake, middle, middle + HOUR, "--symbols", f"{chosen[0]}:{name}")
    late = {id(t) for t in expected.late} - {id(t) for t in taken}
    assert_all_candles(lake, of_all_trades([t for t in expected.trades if id(t) not in late]))


def refused(data_dir, *arguments):
    before = pointers(data_dir)
    done = tradelake("candles", "repair", "--data-dir", data_dir, *arguments, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert pointers(data_dir) == before
    return done.stderr


def test_a_range_that_bronze_no_longer_holds(lake):
    begin, end = whole_range(lake)
    table(lake, "bronze.trades").delete(f"trade_time < '{(begin + HOUR):%Y-%m-%dT%H:%M:%S}'")
    assert min(row["trade_time"] for row in rows(lake, "bronze.trades")) >= begin + HOUR
    text = refused(lake, "--from", at(begin), "--to", at(end))
    for part in (at(begin)[:-1], at(end)[:-1], "bronze.trades holds all trades from", at(begin + HOUR)[:-1], "ask for --from"):
        assert part in text
    repair(lake, begin + HOUR, end)


def test_a_range_that_retention_has_called_for(lake, monkeypatch):
    """Also where it has not been dropped yet."""
    monkeypatch.setenv("TRADELAKE_RETENTION_BRONZE", "1h")
    newest = max(row["trade_time"] for row in rows(lake, "bronze.trades"))
    begin, end = whole_range(lake)
    assert "retention.bronze" in refused(lake, "--from", at(begin), "--to", at(end))
    repair(lake, hour_of(newest - HOUR), end)


@pytest.mark.parametrize("arguments, told", [
    (("--from", "2026-08-01T00:00:30Z", "--to", "2026-08-01T01:00:00Z"), "--from is '2026-08-01T00:00:30Z'; allowed: the start of a minute"),
    (("--from", "2026-08-01T00:00:00Z", "--to", "soon"), "--to is 'soon'"),
    (("--from", "2026-08-01T01:00:00Z", "--to", "2026-08-01T01:00:00Z"), "allowed: later than --from"),
    (("--from", "0", "--to", "60000", "--symbols", "BTCUSDT"), "has no category"),
])
def test_what_cannot_be_asked_for(lake, arguments, told):
    assert told in refused(lake, *arguments)


def test_unknown_markets_are_named(lake):
    begin, end = whole_range(lake)
    text = refused(lake, "--from", at(begin), "--to", at(end), "--symbols", "linear:*,spot:NOSUCH,inverse:NEITHERUSD")
    assert "spot:NOSUCH, inverse:NEITHERUSD" in text and "linear" not in text


def test_no_lake_is_made_where_none_is(tmp_path):
    done = tradelake("candles", "repair", "--data-dir", tmp_path / "none", "--from", "0", "--to", "60000", check=False)
    assert done.returncode == 1 and not (tmp_path / "none").exists()


def test_beside_a_run_nothing_is_repaired(data_dir, capture):
    arguments = replay_arguments(data_dir, capture)
    arguments[arguments.index("max")] = "1"
    process = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert "listening" in process.stdout.readline()
        done = tradelake("candles", "repair", "--data-dir", data_dir, "--from", "0", "--to", "60000", check=False)
        assert done.returncode == 3 and "is held by another process" in done.stderr
    finally:
        process.kill()
        process.communicate()


def state(data_dir):
    """All that a repair changes, without the times of writing."""
    candles = {name: [{k: v for k, v in row.items() if k != "updated_at"} for row in sorted(
        rows(data_dir, name), key=lambda row: (row["category"], row["symbol"], row["open_time"]))] for name in TABLES}
    return candles, len(rows(data_dir, "silver.candle_revisions")), len(rows(data_dir, "silver.late_trades"))


def test_a_kill_at_every_effect_on_the_disk_leaves_all_or_nothing(lake, capture, tmp_path, kill_shim):  # noqa: F811
    begin, end = whole_range(lake)
    saved, count = tmp_path / "saved", tmp_path / "count"
    shutil.copytree(lake, saved)
    before = state(lake)

    def killed_at(point, **more):
        environment = os.environ | {"LD_PRELOAD": str(kill_shim), "TRADELAKE_KILL_AT": str(point)} | more
        return subprocess.run([BINARY, "candles", "repair", "--data-dir", lake, "--from", at(begin), "--to", at(end)],
                              env=environment, capture_output=True, timeout=120).returncode

    assert killed_at(-1, TRADELAKE_KILL_COUNT=str(count)) == 0
    after = state(lake)
    assert before != after
    points = int(count.read_text())
    assert points > 10
    ends = Counter()
    for point in range(1, points + 1, 1 if os.environ.get("TRADELAKE_ALL_POINTS") else max(1, points // 25)):
        # In its own place: paths in the metadata are absolute.
        shutil.rmtree(lake)
        shutil.copytree(saved, lake)
        assert killed_at(point) in (-9, 0)
        found = state(lake)
        assert found in (before, after), point
        ends[found == after] += 1
        repair(lake, begin, end)
        assert state(lake) == after
    assert ends[False] > 0
    replay(lake, capture)
    assert state(lake) == after
    assert_all_candles(lake, of_all_trades(Oracle().take(read_capture(capture)).trades))
