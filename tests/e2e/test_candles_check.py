"""The exchange's own candles in bronze.klines, and `tradelake candles check` against them: real frames, doctored ones, and live."""

import copy
import datetime as dt
import json
import os
import re
import signal
import subprocess
import time
from decimal import Decimal

import pytest

from lake import BINARY, CAPTURES, replay, rows, tradelake
from oracle import partition_of, read_capture, to_us
from test_gaps import Exchange
from test_live import address

CAPTURE = CAPTURES / "bybit_v5_2026-08-09.tsv.zst"
MINUTE = 1786310820000  # 21:27, which is inside the capture
NUMBERS = ("open", "high", "low", "close", "volume", "turnover")


@pytest.fixture(scope="module")
def recorded():
    if not CAPTURE.exists():
        pytest.skip(f"no captures in {CAPTURES}")
    return [(ns, category, json.loads(text), text) for ns, category, text in read_capture(CAPTURE)]


def is_kline(frame):
    return frame.get("topic", "").startswith("kline.1.")


def symbol_of(frame):
    return frame.get("topic", "").split(".")[-1]


def check(data_dir, begin_ms, end_ms, *options, **how):
    return tradelake("candles", "check", "--data-dir", data_dir, "--from", begin_ms, "--to", end_ms, *options, **how)


def differences(data_dir, begin_ms=MINUTE, end_ms=MINUTE + 60_000, *options):
    """(category, symbol, field) to (ours, the exchange's, difference, names of reasons)."""
    done = check(data_dir, begin_ms, end_ms, "--json", *options, check=False)
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert bool(told["differences"]) == (done.returncode == 1) == (told["different"] > 0)
    assert told["compared"] == told["equal"] + told["different"]
    found = {}
    for one in told["differences"]:
        key = one["category"], one["symbol"], one["field"]
        assert key not in found
        found[key] = (one["ours"], one["exchange"], one["difference"], [r["reason"] for r in one["reasons"]])
    return told, found


def test_klines_are_stored_as_the_exchange_closed_them(data_dir, recorded):
    replay(data_dir, CAPTURE)
    expected = {}
    for ns, category, frame, _ in recorded:
        for index, kline in enumerate(frame["data"] if is_kline(frame) else ()):
            if kline["confirm"]:
                expected[category, symbol_of(frame), kline["start"]] = ns, index, kline
    found = rows(data_dir, "bronze.klines")
    assert len(found) == len(expected) == 6
    for row in found:
        ns, index, kline = expected[row["category"], row["symbol"], to_us(row["open_time"]) // 1000]
        assert row["interval"] == "1" and to_us(row["close_time"]) == (kline["end"] + 1) * 1000
        assert to_us(row["pushed_at"]) == kline["timestamp"] * 1000 and to_us(row["received_at"]) == ns // 1000
        assert {name: row[name] for name in NUMBERS} == {name: Decimal(kline[name]) for name in NUMBERS}
        assert row["_index"] == index
        assert (row["_topic"], row["_topic_partition"]) == partition_of(f"bybit.v5.{row['category']}.kline", row["symbol"])
    # Again, and from a file of another content: nothing twice.
    replay(data_dir, CAPTURE)
    other = data_dir.parent / "again.tsv"
    write(other, [(ns, category, text) for ns, category, frame, text in recorded if is_kline(frame)])
    replay(data_dir, other)
    assert len(rows(data_dir, "bronze.klines")) == 6


def write(path, lines):
    path.write_bytes(b"".join(b"%d\t%s\t%s\n" % (ns, category.encode(), text) for ns, category, text in lines))
    return path


class Minute:
    """What the capture has of 21:27 up to the exchange's last push of each market; and that push, told as closed."""

    def __init__(self, recorded):
        self.pushed = {}
        for _, category, frame, _ in recorded:
            for kline in frame["data"] if is_kline(frame) else ():
                if kline["start"] == MINUTE:
                    self.pushed[category, symbol_of(frame)] = copy.deepcopy(kline)
        assert len(self.pushed) == 6
        self.frames = []  # of trades: receive time, category, frame
        for ns, category, frame, _ in recorded:
            market = category, symbol_of(frame)
            if frame.get("topic", "").startswith("publicTrade.") and market in self.pushed:
                if all(trade["T"] <= self.pushed[market]["timestamp"] for trade in frame["data"]):
                    self.frames.append((ns, category, copy.deepcopy(frame)))
        self.later = []

    def trades(self, category, symbol):
        return [trade for _, of, frame in self.frames if of == category
                for trade in frame["data"] if trade["s"] == symbol and trade["T"] >= MINUTE]

    def remove(self, gone):
        for _, _, frame in self.frames:
            frame["data"] = [trade for trade in frame["data"] if trade is not gone]

    def add(self, category, symbol, **changes):
        """A trade like the market's last one, by the exchange's candle not there."""
        like = next(frame for _, of, frame in reversed(self.frames) if of == category and symbol_of(frame) == symbol)
        trade = like["data"][-1] | {"i": f"made-{len(self.frames)}", "T": MINUTE + 59_000} | changes
        self.frames.append(((MINUTE + 59_100) * 1_000_000, category, like | {"data": [trade]}))
        return trade

    def write(self, path):
        lines = [(ns, category, json.dumps(frame).encode()) for ns, category, frame in self.frames if frame["data"]]
        for (category, symbol), kline in self.pushed.items():
            closed = kline | {"confirm": True, "timestamp": MINUTE + 60_441}
            following = kline | {"start": MINUTE + 60_000, "end": MINUTE + 119_999, "volume": "0", "turnover": "0", "confirm": False}
            frame = {"topic": f"kline.1.{symbol}", "data": [closed, following], "ts": MINUTE + 60_441, "type": "snapshot"}
            lines.append(((MINUTE + 60_500) * 1_000_000, category, json.dumps(frame).encode()))
        return write(path, lines + self.later)


@pytest.fixture
def minute(recorded):
    return Minute(recorded)


def test_a_minute_is_as_the_exchange_has_it(data_dir, minute, tmp_path):
    replay(data_dir, minute.write(tmp_path / "c.tsv"))
    done = check(data_dir, MINUTE, MINUTE + 60_000)
    assert done.stdout == "6 candles compared: 6 equal, 0 different; 0 without kline\n"
    told, found = differences(data_dir)
    assert (told["compared"], found) == (6, {})
    assert len([r for r in rows(data_dir, "bronze.klines") if to_us(r["open_time"]) == MINUTE * 1000]) == 6
    only = check(data_dir, MINUTE, MINUTE + 60_000, "--symbols", "spot:*,linear:BTCUSDT")
    assert only.stdout.startswith("3 candles compared: 3 equal")


def test_each_difference_is_told_with_what_accounts_for_it(data_dir, minute, tmp_path):
    gone = minute.trades("linear", "BTCUSDT")[0]
    minute.remove(gone)
    block = minute.add("linear", "ETHUSDT", BT=True, v="12.5", p="1950.25")
    rpi = minute.add("spot", "ETHUSDT", RPI=True, v="0.75", p="1900")
    for trade in minute.trades("spot", "BTCUSDT"):
        minute.remove(trade)
    # The exchange counts a trade that came when its minute was out of grace.
    template = next(frame for _, category, frame in minute.frames if category == "linear" and symbol_of(frame) == "SOLUSDT")
    ahead = template["data"][-1] | {"i": "ahead", "T": MINUTE + 30 * 60_000, "seq": 10**12}
    late = template["data"][-1] | {"i": "late", "T": MINUTE + 1, "v": "3.5", "p": "77.25"}
    for n, trade in enumerate((ahead, late)):
        minute.later.append(((MINUTE + 30 * 60_000 + n) * 1_000_000, "linear", json.dumps(template | {"data": [trade]}).encode()))
    kline = minute.pushed["linear", "SOLUSDT"]
    kline["volume"] = str(Decimal(kline["volume"]) + Decimal("3.5"))
    kline["turnover"] = str(Decimal(kline["turnover"]) + Decimal("3.5") * Decimal("77.25"))
    replay(data_dir, minute.write(tmp_path / "c.tsv"))
    told, found = differences(data_dir)
    assert (told["equal"], told["different"]) == (1, 5)  # linear:DOGEUSDT

    def text(number):
        number = format(number.normalize(), "f")
        return "0" if number == "-0" else number

    def pair(name, size, price, sign):
        return {(*name, "volume"): text(sign * size), (*name, "turnover"): text(sign * size * price)}

    sol, eth, btc = ("linear", "SOLUSDT"), ("linear", "ETHUSDT"), ("linear", "BTCUSDT")
    expected = {
        **pair(btc, Decimal(gone["v"]), Decimal(gone["p"]), -1),
        **pair(eth, Decimal(block["v"]), Decimal(block["p"]), 1),
        (*eth, "close"): text(Decimal(block["p"]) - Decimal(minute.pushed[eth]["close"])),
        **pair(("spot", "ETHUSDT"), Decimal(rpi["v"]), Decimal(rpi["p"]), 1),
        ("spot", "ETHUSDT", "close"): text(Decimal(rpi["p"]) - Decimal(minute.pushed["spot", "ETHUSDT"]["close"])),
        **pair(sol, Decimal("3.5"), Decimal("77.25"), -1),
        ("spot", "BTCUSDT", "volume"): text(-Decimal(minute.pushed["spot", "BTCUSDT"]["volume"])),
    }
    assert {key: one[2] for key, one in found.items()} == expected
    reasons = {"linear:BTCUSDT": [], "linear:ETHUSDT": ["block trades"], "spot:ETHUSDT": ["rpi"], "linear:SOLUSDT": ["late"],
               "spot:BTCUSDT": ["no candle"]}
    for (category, symbol, field), one in found.items():
        # Nothing of these markets was told before this minute.
        assert [name for name in one[3] if name != "begin"] == reasons[f"{category}:{symbol}"], (category, symbol, field)
        assert "begin" in one[3]
    shown = check(data_dir, MINUTE, MINUTE + 60_000, check=False)
    assert shown.returncode == 1 and shown.stdout.endswith("6 candles compared: 1 equal, 5 different; 0 without kline\n")
    assert "1m linear:SOLUSDT 2026-08-09T21:27:00.000000Z volume " in shown.stdout
    assert "late (1 trade, volume 3.5)" in shown.stdout


def test_klines_without_candles_and_candles_without_klines(data_dir, recorded, tmp_path):
    trades = write(tmp_path / "t.tsv", [(ns, category, text) for ns, category, frame, text in recorded if not is_kline(frame)])
    refused = check(data_dir, MINUTE, MINUTE + 60_000, check=False)
    assert refused.returncode != 0
    replay(data_dir, trades)
    done = check(data_dir, MINUTE, MINUTE + 60_000)
    assert done.stdout == "0 candles compared: 0 equal, 0 different; 6 without kline\n"


@pytest.mark.parametrize("arguments, message", [
    (("--from", MINUTE + 1, "--to", MINUTE + 60_000), "allowed: the start of a minute"),
    (("--from", MINUTE, "--to", MINUTE), "allowed: later than --from"),
    (("--from", MINUTE, "--to", MINUTE + 60_000, "--interval", "2m"), "allowed: 1m, 5m, 1h, 4h, 1d"),
    (("--from", MINUTE, "--to", MINUTE + 60_000, "--interval", "1h"), "the start of a 1h candle"),
    (("--from", MINUTE, "--to", MINUTE + 60_000, "--symbols", "linear:NOSUCH"), "linear:NOSUCH"),
    (("--from", MINUTE, "--to", MINUTE + 60_000, "--symbols", "moon:*"), "moon"),
])
def test_what_cannot_be_checked_is_refused(data_dir, recorded, arguments, message):
    replay(data_dir, CAPTURE)
    done = tradelake("candles", "check", "--data-dir", data_dir, *arguments, check=False)
    assert done.returncode == 2 and message in done.stderr, done.stderr
    assert done.stdout == ""


def test_live_minutes_are_as_the_exchange_has_them(tmp_path):
    """One whole minute of a live source, by connections of their own."""
    exchange = Exchange()
    output, events = tmp_path / "output", tmp_path / "events"
    lake = subprocess.Popen(
        [BINARY, "run", "--data-dir", tmp_path / "data", "--source", exchange.url, "--listen", "127.0.0.1:0",
         "--symbols", "linear:*,spot:*,inverse:*,option:*"], stdout=output.open("w"), stderr=events.open("w"),
        env=os.environ | {"TRADELAKE_COMMIT_INTERVAL": "500ms", "TRADELAKE_LOG_LEVEL": "debug"})
    try:
        address(output, lake)
        deadline = time.monotonic() + 30
        while not (told := re.findall(r"event=subscribed conn=(\S+) active=(\d+) refused=0", events.read_text())) or len(told) < 7:
            assert time.monotonic() < deadline, events.read_text()[-2000:]
            time.sleep(0.1)
        assert {conn: int(active) for conn, active in told} == {
            "linear-0": 6, "spot-0": 3, "inverse-0": 2, "option-0": 1, "linear-kline-0": 6, "spot-kline-0": 3, "inverse-kline-0": 2}
        # The exchange closes a minute a second after its end, the clock closes ours 7 s after it.
        begin = (int(time.time()) // 60 + 1) * 60
        time.sleep(begin + 60 + 15 - time.time())
        done = check(tmp_path / "data", begin * 1000, (begin + 60) * 1000, check=False)
        assert done.returncode == 0, done.stdout
        assert re.fullmatch(r"11 candles compared: 11 equal, 0 different; \d+ without kline(; .*)?\n", done.stdout), done.stdout
    finally:
        exchange.stop()
        lake.send_signal(signal.SIGTERM)
        assert lake.wait(timeout=30) == 0
    stored = [r for r in rows(tmp_path / "data", "bronze.klines") if to_us(r["open_time"]) == begin * 1_000_000]
    assert len(stored) == 11 and all(row["close_time"] - row["open_time"] == dt.timedelta(minutes=1) for row in stored)
    assert rows(tmp_path / "data", "bronze.dead_letters") == []
    assert rows(tmp_path / "data", "silver.coverage_gaps") == []
