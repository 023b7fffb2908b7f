"""What a live source sent while nobody was connected is in a recorded gap; everything else is in the tables."""

import os
import re
import signal
import subprocess
import time
from collections import defaultdict

from lake import BINARY, rows
from oracle import to_us
from served import Server
from test_group import Stages, ended
from test_live import address

MARKETS = "linear:*,spot:*,inverse:*,option:*"
SYMBOLS = "linear:6,spot:3,inverse:2,option:1"
MARGIN_US = 2_000_000  # a gap is recorded so much wider, at both ends


class Exchange:
    def __init__(self, *options):
        # After a sweep of hundreds the simulator is silent until its rate is right again: at 300 a second for seconds.
        self.process = subprocess.Popen([BINARY, "simulate", "--symbols", SYMBOLS, "--rate", "2000", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = re.search(r"ws://\S+", self.process.stdout.readline())[0]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0


class Run:
    def __init__(self, folder, url):
        self.folder, self.url, self.starts = folder, url, 0
        folder.mkdir()
        self.start()

    def start(self):
        self.starts += 1
        output = self.folder / f"output-{self.starts}"
        self.events = self.folder / f"events-{self.starts}"
        self.process = subprocess.Popen(
            [BINARY, "run", "--data-dir", self.folder / "data", "--log", "local", "--source", self.url, "--listen",
             "127.0.0.1:0", "--symbols", MARKETS], stdout=output.open("w"), stderr=self.events.open("w"),
            env=os.environ | {"TRADELAKE_COMMIT_INTERVAL": "300ms"})
        address(output, self.process)

    def wait_for(self, event, count=4, seconds=30):
        deadline = time.monotonic() + seconds
        while self.events.read_text().count(event) < count:
            assert self.process.poll() is None and time.monotonic() < deadline, self.events.read_text()[-2000:]
            time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0, self.events.read_text()[-2000:]


def test_an_answer_over_a_gap_says_so(tmp_path):
    """A minute that nobody received does not look like one without trades, also when it is filled."""
    exchange = Exchange()
    arguments = ("--symbols", "linear:*", "--log", "local")
    server = Server(tmp_path / "data", *arguments, source=exchange.url)
    try:
        server.until(lambda s: s["bronze"]["in"] > 100)
        time.sleep(3)
        server.process.kill()
        server.process.wait()
        time.sleep(2)
        server = Server(tmp_path / "data", *arguments, source=exchange.url, log=tmp_path / "second.log")
        deadline = time.monotonic() + 30
        while not (told := server.get("/v1/candles", category="linear", symbol="BTCUSDT")["gaps"]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # Before and after they are committed.
        while not rows(tmp_path / "data", "silver.coverage_gaps"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        (gap,) = [g for g in gaps_of(tmp_path / "data") if g["category"] == "linear" and g["symbol"] == "BTCUSDT"]
        begin, end = to_us(gap["from_time"]), to_us(gap["to_time"])
        assert told == [{"start": begin // 1000, "end": -(-end // 1000), "cause": "not_running", "status": "open"}]
        time.sleep(1)
        for interval, step in (("1m", 60_000_000), ("1h", 3_600_000_000), ("1d", 86_400_000_000)):
            answer = server.get("/v1/candles", category="linear", symbol="BTCUSDT", interval=interval, fill="prev")
            assert answer["gaps"] == told
            assert answer["candles"]
            for candle in answer["candles"]:
                touches = candle["open_time"] * 1000 < end and candle["open_time"] * 1000 + step > begin
                assert candle.get("gap", False) == touches
            assert any(c.get("gap") for c in answer["candles"])
        after = server.get("/v1/candles", category="linear", symbol="BTCUSDT", start=told[0]["end"])
        before = server.get("/v1/candles", category="linear", symbol="BTCUSDT", end=told[0]["start"])
        assert after["gaps"] == before["gaps"] == []
        assert server.get("/v1/candles", category="spot", symbol="BTCUSDT")["gaps"] == []
    finally:
        server.stop()
        exchange.stop()


def trades_of(lake):
    return {(r["category"], r["symbol"], r["trade_id"]): to_us(r["trade_time"]) for r in rows(lake, "bronze.trades")}


def gaps_of(lake):
    found = rows(lake, "silver.coverage_gaps")
    assert all(r["status"] == "open" and r["from_time"] < r["to_time"] for r in found)
    return found


def market_of_gap(category, symbol):
    """A gap of options is told of the base coin."""
    return category, symbol.split("-")[0] if category == "option" else symbol


def missing_outside_gaps(all_trades, lake):
    """Trades that the lake has not, in no gap of theirs; and how many it has not at all."""
    spans = defaultdict(list)
    for gap in gaps_of(lake):
        spans[gap["category"], gap["symbol"]].append((to_us(gap["from_time"]), to_us(gap["to_time"])))
    have = trades_of(lake)
    missing = {key: at for key, at in all_trades.items() if key not in have}
    return [(key, at) for key, at in missing.items()
            if not any(begin <= at < end for begin, end in spans[market_of_gap(*key[:2])])], len(missing)


def test_a_kill_of_the_collecting_process_is_a_gap(tmp_path):
    exchange = Exchange()
    witness, run = Run(tmp_path / "witness", exchange.url), Run(tmp_path / "run", exchange.url)
    # Before a market was received for the first time there is no gap.
    for one in (witness, run):
        one.wait_for("event=subscribed")
    since, down = time.time() * 1e6, []
    for _ in range(2):
        run.wait_for("event=subscribed")
        time.sleep(4)
        run.kill()
        killed = time.time()
        time.sleep(3)
        run.start()
        run.wait_for("event=subscribed")
        down.append((killed, time.time()))
    time.sleep(3)
    exchange.stop()
    time.sleep(1)
    run.stop()
    witness.stop()
    assert not gaps_of(witness.folder / "data")
    sent = {key: at for key, at in trades_of(witness.folder / "data").items() if at >= since}
    outside, missing = missing_outside_gaps(sent, run.folder / "data")
    assert missing > 100
    assert not outside
    gaps = gaps_of(run.folder / "data")
    assert {gap["cause"] for gap in gaps} == {"not_running"}
    # Every market has one for each time, and none is much longer than the time nobody was there.
    markets = {market_of_gap(*key[:2]) for key in sent}
    for market in markets:
        spans = sorted((to_us(g["from_time"]), to_us(g["to_time"])) for g in gaps if (g["category"], g["symbol"]) == market)
        assert len(spans) == 2, (market, spans)
        for (begin, end), (killed, back) in zip(spans, down):
            assert begin <= killed * 1e6
            # A quiet connection is known to be whole only as often as something comes in.
            assert market[0] != "linear" or killed * 1e6 - 3_000_000 - MARGIN_US < begin
            assert begin < end <= back * 1e6 + MARGIN_US


def test_connections_that_end_leave_gaps(tmp_path):
    exchange = Exchange("--faults", "close=3s,drop=4s")
    runs = [Run(tmp_path / name, exchange.url) for name in ("one", "other")]
    for run in runs:
        run.wait_for("event=subscribed")
    since = time.time() * 1e6
    time.sleep(12)
    last = time.time() * 1e6
    # What is lost is known when the connection is back.
    time.sleep(8)
    exchange.stop()
    time.sleep(1)
    for run in runs:
        run.stop()
    everything = {key: at for run in runs for key, at in trades_of(run.folder / "data").items() if since <= at < last}
    missing = 0
    for run in runs:
        outside, count = missing_outside_gaps(everything, run.folder / "data")
        assert not outside
        missing += count
        assert {gap["cause"] for gap in gaps_of(run.folder / "data")} == {"connection_lost"}
    assert missing > 0


def test_a_kill_of_collect_is_a_gap_and_everything_else_is_there(tmp_path, broker):
    exchange = Exchange()
    witness = Run(tmp_path / "witness", exchange.url)
    stages = Stages(tmp_path)
    sink, candles = stages.start("sink"), stages.start("candles")

    def collect():
        process = stages.start("collect", "--source", exchange.url, "--symbols", MARKETS)
        deadline = time.monotonic() + 30
        while open(process.log).read().count("event=subscribed") < 4:
            assert process.poll() is None and time.monotonic() < deadline, open(process.log).read()
            time.sleep(0.05)
        return process

    collecting = collect()
    witness.wait_for("event=subscribed")
    since = time.time() * 1e6
    for _ in range(2):
        time.sleep(3)
        collecting.kill()
        collecting.wait()
        time.sleep(2)
        collecting = collect()
    time.sleep(3)
    exchange.stop()
    time.sleep(1)
    for process in (collecting, sink, candles):
        process.terminate()
        code, text = ended(process)
        assert code == 0, text
    witness.stop()
    sent = {key: at for key, at in trades_of(witness.folder / "data").items() if at >= since}
    outside, missing = missing_outside_gaps(sent, stages.lake)
    assert missing > 100
    assert not outside
    assert {gap["cause"] for gap in gaps_of(stages.lake)} == {"not_running"}
