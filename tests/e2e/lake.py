"""Runs the program and reads its tables with PyIceberg: what the end-to-end tests are written with."""

import os
import subprocess
from pathlib import Path

from oracle import INTERVALS, load_json, to_us

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRADELAKE_BINARY", ROOT / "build/release/tradelake"))
CAPTURES = Path(os.environ.get("TRADELAKE_CAPTURES", ROOT / "../shared/data")).resolve()

TRADE_COLUMNS = (
    "category", "symbol", "trade_id", "side", "price", "size", "trade_time", "seq", "tick_direction",
    "block_trade", "rpi", "frame_time", "received_at",
)
CANDLE_COLUMNS = (
    "open", "high", "low", "close", "volume", "turnover", "trades", "buy_volume", "buy_turnover",
    "first_trade_time", "last_trade_time",
)


def tradelake(*arguments, check=True, **options):
    options.setdefault("timeout", 300)
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, **options)
    if check:
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def replay_arguments(data_dir, capture):
    return ["run", "--data-dir", data_dir, "--source", f"replay:{capture}", "--speed", "max",
            "--exit-when-done", "--listen", "127.0.0.1:0"]


def replay(data_dir, capture, **options):
    return tradelake(*replay_arguments(data_dir, capture), **options)


def table(data_dir, name):
    """`data_dir` may also be what has its tables elsewhere."""
    if hasattr(data_dir, "table"):
        return data_dir.table(name)
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("tradelake", uri=f"sqlite:///{Path(data_dir).resolve()}/catalog.db")
    return catalog.load_table(name)


def rows(data_dir, name):
    return table(data_dir, name).scan().to_arrow().to_pylist()


def pointers(data_dir):
    listing = tradelake("table", "list", "--data-dir", data_dir).stdout
    return dict(line.split() for line in listing.splitlines())


def assert_extra(found, expected):
    """A string's own text; anything else as its raw JSON text."""
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if isinstance(value, str):
            assert found[key] == value
        else:
            assert load_json(found[key]) == value


def assert_trades(found, expected):
    def shown(row):
        values = [row[name] for name in TRADE_COLUMNS]
        for at, name in enumerate(TRADE_COLUMNS):
            if name.endswith("_time") or name == "received_at":
                values[at] = to_us(values[at])
        return (*values, row["_topic"], row["_topic_partition"], row["_index"])

    def wanted(trade):
        return (*(getattr(trade, name) for name in TRADE_COLUMNS), *trade.partition, trade.index)

    extras = {(row["category"], row["symbol"], row["trade_id"]): dict(row["extra"] or []) for row in found}
    for trade in expected:
        assert_extra(extras[trade.category, trade.symbol, trade.trade_id], trade.extra)

    key = lambda row: row[:3]
    found, expected = sorted(map(shown, found), key=key), sorted(map(wanted, expected), key=key)
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert a == b, f"{a}\n{b}"


def assert_dead_letters(found, expected):
    shown = sorted((r["reason"], -1 if r["_index"] is None else r["_index"], to_us(r["received_at"]), r["category"])
                   for r in found)
    wanted = sorted((reason, -1 if index is None else index, at, category)
                    for reason, index, _, category, at in expected)
    assert shown == wanted
    whole = sorted(r["payload"] for r in found if r["_index"] is None)
    assert whole == sorted(text for _, index, text, _, _ in expected if index is None)


def candles_by_key(found):
    candles = {}
    for row in found:
        key = row["category"], row["symbol"], to_us(row["open_time"])
        assert key not in candles, f"two rows for {key}"
        candles[key] = {n: to_us(row[n]) if n.endswith("_time") else row[n] for n in CANDLE_COLUMNS}
    return candles


def assert_candles(found, expected):
    candles = candles_by_key(found)
    assert candles.keys() == expected.keys()
    for key, candle in expected.items():
        assert candles[key] == candle, key


def assert_all_candles(data_dir, expected):
    """Of every interval that is a table; of a log whose partitions all end with an end marker."""
    assert_candles(rows(data_dir, "silver.candles_1m"), expected.candles)
    for interval, candles in expected.larger.items():
        assert_candles(rows(data_dir, f"silver.candles_{interval}"), candles)


def revisions_beyond(data_dir, reasons, foreign=()):
    """Every correction of every candle is on record once, for one of these reasons, and the last one is the candle, other writers'
    columns apart. The histories of candles that are not there."""
    history = {}
    for row in rows(data_dir, "silver.candle_revisions"):
        key = row["interval"], row["category"], row["symbol"], row["open_time"]
        assert row["reason"] in reasons
        assert row["revision"] not in history.setdefault(key, {}), key
        history[key][row["revision"]] = row
    for interval in INTERVALS:
        for candle in rows(data_dir, f"silver.candles_{interval}"):
            key = interval, candle["category"], candle["symbol"], candle["open_time"]
            revisions = history.pop(key, {})
            assert sorted(revisions) == list(range(1, candle["revision"] + 1)), key
            if revisions:
                ours = {name: value for name, value in candle.items() if name not in foreign}
                last = revisions[candle["revision"]]
                assert {name: last[name] for name in ours} == ours
    return history


def assert_revisions(data_dir):
    assert revisions_beyond(data_dir, ("late_trade", "extended")) == {}


def assert_late(found, expected):
    shown = sorted((r["category"], r["symbol"], r["trade_id"], r["late_by_ms"]) for r in found)
    assert shown == sorted((t.category, t.symbol, t.trade_id, t.late_by_ms) for t in expected)


def assert_lake(data_dir, expected):
    """Every table, read by PyIceberg, against the oracle."""
    trades = rows(data_dir, "bronze.trades")
    assert_trades(trades, expected.trades)
    assert_dead_letters(rows(data_dir, "bronze.dead_letters"), expected.dead)
    assert_all_candles(data_dir, expected)
    positions = {(r["_topic"], r["_topic_partition"], r["_offset"], r["_index"]) for r in trades}
    late = rows(data_dir, "silver.late_trades")
    # A late row whose place in the log is not bronze's is only a repeat (docs/tables.md).
    assert_late([r for r in late if (r["_topic"], r["_topic_partition"], r["_offset"], r["_index"]) in positions], expected.late)
