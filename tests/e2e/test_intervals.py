"""Intervals that are no tables, computed on read: against the trades themselves, over weeks and months."""

import json
import os
import random
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import pytest

from lake import replay, tradelake
from oracle import MINUTE_US, Oracle, candles_of, read_capture
from served import replayed
from test_api import exact, wanted

DAY_MS = 86_400_000
BEGIN = datetime(2024, 7, 19, 21, 0, tzinfo=timezone.utc)  # a Friday
DAYS = 45  # until September: three months, eight weeks, begun and broken off in the middle
MARKETS = {("linear", "BTCUSDT"): 60, ("spot", "BTCUSDT"): 400, ("inverse", "ETHUSD"): 9_000}  # minutes between trades
MINUTES = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "90m": 90, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
           "12h": 720, "24h": 1440, "1d": 1440}
INTERVALS = [*MINUTES, "1w", "1M"]
BYBIT = {"1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120", "4h": "240", "6h": "360",
         "12h": "720", "1d": "D", "1w": "W", "1M": "M"}


def start_of(interval, time_us):
    """By the calendar, in microseconds."""
    if interval in MINUTES:
        step = MINUTES[interval] * MINUTE_US
        return time_us // step * step
    day = datetime.fromtimestamp(time_us // 1_000_000, timezone.utc).replace(hour=0, minute=0, second=0)
    first = day.replace(day=1) if interval == "1M" else day - timedelta(days=day.weekday())
    return int(first.timestamp()) * 1_000_000


def write_capture(path, seed=5):
    """Trades on both sides of every midnight, else anywhere; some minutes with several, days with none."""
    rng = random.Random(seed)
    begin_ms = int(BEGIN.timestamp() * 1000)
    trades = []
    for (category, symbol), pause in MARKETS.items():
        times, at = [], begin_ms
        while at < begin_ms + DAYS * DAY_MS:
            times += [at + rng.randrange(0, 50_000) for _ in range(rng.choice((1, 1, 2, 5)))]
            at += rng.randrange(1, 2 * pause) * 60_000
        if pause < 1_000:
            for midnight in range(begin_ms // DAY_MS * DAY_MS + DAY_MS, begin_ms + DAYS * DAY_MS, DAY_MS):
                times += [midnight - 1, midnight, midnight + 1]
        trades += [(time, category, symbol) for time in times]
    trades.sort()
    with open(path, "w") as file:
        for n, (time, category, symbol) in enumerate(trades):
            data = {"T": time, "s": symbol, "S": rng.choice(("Buy", "Sell")), "v": f"{rng.randrange(1, 99_999)}e-3",
                    "p": f"{rng.randrange(50_000, 70_000)}.{rng.randrange(100):02}", "i": f"t{n}", "seq": n}
            frame = {"topic": f"publicTrade.{symbol}", "type": "snapshot", "ts": time, "data": [data]}
            file.write(f"{(time + 5) * 1_000_000}\t{category}\t{json.dumps(frame)}\n")
    return path


def by_interval(expected, interval):
    """{market: {open_ms: candle}} from the trades."""
    groups = defaultdict(list)
    for trade in expected.trades:
        groups[trade.category, trade.symbol, start_of(interval, trade.trade_time)].append(trade)
    out = defaultdict(dict)
    for (category, symbol, start), members in groups.items():
        # One step that holds them all, wherever it begins.
        (candle,) = candles_of(members, 10**17).values()
        out[category, symbol][start // 1000] = candle
    return out


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intervals")
    capture = write_capture(folder / "months.tsv")
    expected = Oracle().take(read_capture(capture))
    assert not expected.late and not expected.dead
    replay(folder / "data", capture)
    with replayed(folder / "data", capture) as server:
        yield server, expected


def pages(server, market, interval, limit, **more):
    """All candles, newest page first, by `end`."""
    found = []
    while True:
        page = server.get("/v1/candles", category=market[0], symbol=market[1], interval=interval, limit=limit, **more)
        assert page["interval"] == interval
        if not page["candles"]:
            return found
        found = page["candles"] + found
        more["end"] = page["candles"][0]["open_time"]


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_is_the_merge_of_its_trades(lake, interval):
    server, expected = lake
    truth = by_interval(expected, interval)
    assert truth.keys() == MARKETS.keys()
    for market, candles in truth.items():
        for more in ({}, {"consistency": "lake"}):
            found = pages(server, market, interval, 1000, **more)
            assert [c["open_time"] for c in found] == sorted(candles)
            for candle in found:
                assert exact(candle) == wanted(candles[candle["open_time"]])
        if interval in BYBIT:
            answer = server.get("/v5/market/kline", category=market[0], symbol=market[1], interval=BYBIT[interval], limit=1000)
            assert answer["result"]["list"] == [
                [str(c["open_time"]), *(c[n] for n in ("open", "high", "low", "close", "volume", "turnover"))]
                for c in reversed(found[-1000:])]


@pytest.mark.parametrize("interval", ["15m", "2h", "12h", "1d", "1w", "1M"])
def test_ranges_begin_and_end_with_whole_candles(lake, interval):
    server, expected = lake
    market = ("linear", "BTCUSDT")
    times = sorted(by_interval(expected, interval)[market])
    ask = lambda **more: [c["open_time"] for c in server.get(
        "/v1/candles", category=market[0], symbol=market[1], interval=interval, **{"limit": 1000, **more})["candles"]]
    middle = len(times) // 2
    for at in (times[middle], times[-1], times[0]):
        assert ask(start=at) == [t for t in times if t >= at][-1000:]
        assert ask(start=at + 1) == [t for t in times if t > at][-1000:]
        assert ask(end=at) == [t for t in times if t < at][-1000:]
        assert ask(end=at + 1) == [t for t in times if t <= at][-1000:]
    assert ask(limit=1) == times[-1:]
    assert ask(end=times[middle], limit=2) == times[:middle][-2:]
    assert pages(server, market, interval, 3) == pages(server, market, interval, 1000)


@pytest.mark.parametrize("interval", ["30m", "6h", "1d", "1w", "1M"])
def test_fill_goes_from_one_to_the_next(lake, interval):
    server, expected = lake
    market = ("inverse", "ETHUSD")
    candles = by_interval(expected, interval)[market]
    filled = server.get("/v1/candles", category=market[0], symbol=market[1], interval=interval, fill="prev", limit=1000)["candles"]
    assert filled[-1]["open_time"] == max(candles)
    for before, candle in zip(filled, filled[1:]):
        # No boundary lies between the two.
        assert start_of(interval, candle["open_time"] * 1000 - 1) == before["open_time"] * 1000
        if candle["open_time"] in candles:
            assert "filled" not in candle and exact(candle) == wanted(candles[candle["open_time"]])
        else:
            assert candle["filled"] and candle["trades"] == 0 and candle["close"] == before["close"] == candle["open"]
    assert any("filled" in c for c in filled) == (interval != "1M")


def test_the_last_candle_is_open_until_the_table_passes_its_end(lake):
    server, _ = lake
    for interval in ("1d", "1w", "1M", "8h"):
        candles = server.get("/v1/candles", category="linear", symbol="BTCUSDT", interval=interval)["candles"]
        assert [c["closed"] for c in candles] == [True] * (len(candles) - 1) + [False]


def test_larger_candles_outlive_their_minutes(tmp_path):
    """Retention takes the minutes after 90 days and leaves the days: weeks and months are made of those."""
    capture = write_capture(tmp_path / "months.tsv", seed=6)
    expected = Oracle().take(read_capture(capture))
    replay(tmp_path / "data", capture)
    retention = os.environ | {f"TRADELAKE_RETENTION_CANDLES_{name}": "3d" for name in ("1M", "5M")}
    tradelake("maintain", "--data-dir", tmp_path / "data", "--once", env=retention)
    with replayed(tmp_path / "data", capture) as server:
        market = ("linear", "BTCUSDT")
        minutes = pages(server, market, "1m", 1000)
        assert minutes[0]["open_time"] > (BEGIN.timestamp() + (DAYS - 5) * 86_400) * 1000
        for interval in ("1h", "2h", "4h", "6h", "12h", "1d", "1w", "1M"):
            candles = by_interval(expected, interval)[market]
            found = pages(server, market, interval, 1000)
            assert [c["open_time"] for c in found] == sorted(candles)
            assert all(exact(c) == wanted(candles[c["open_time"]]) for c in found)


@pytest.mark.parametrize("interval", ["7m", "5h", "2d", "1W", "60", "01m", "2880m", "0m", "1y"])
def test_what_is_no_interval_is_told_with_those_that_are(lake, interval):
    code, _, body = lake[0].ask("/v1/candles", category="linear", symbol="BTCUSDT", interval=interval)
    assert code == 400
    assert f"interval is '{interval}'; allowed: 1m, 3m" in json.loads(body)["detail"]
    assert "1w, 1M, and any other number of minutes (Nm) or hours (Nh) that divides a day" in json.loads(body)["detail"]
    answer = lake[0].get("/v5/market/kline", category="linear", symbol="BTCUSDT", interval="1w")
    assert answer["retCode"] == 10001 and "allowed: 1, 3, 5, 15, 30, 60, 120, 240, 360, 720, D, W, M" in answer["retMsg"]
