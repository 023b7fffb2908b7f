"""`serve` beside the stages that fill the lake: tables and tail in one answer, nothing missing, nothing twice."""

import time
from collections import Counter

from lake import assert_lake, rows, tradelake
from oracle import Oracle, read_capture
from served import Process, Server
from test_api import exact, wanted
from test_group import Stages, ended
from test_kill import make_capture


class Lake(Stages):
    def serve(self):
        self.count += 1
        return Server(self.folder / f"serve-{self.count}", command="serve", log=self.folder / f"serve-{self.count}.log",
                      environment=self.environment)


def market_of(trade):
    return trade.category, trade.symbol


def served_trades(server, category, symbol):
    """All of a market's trade ids, page by page."""
    found, cursor = [], {}
    while True:
        page = server.get("/v1/trades", category=category, symbol=symbol, limit=500, **cursor)
        found += [trade["trade_id"] for trade in page["trades"]]
        if not page.get("next_cursor"):
            return found
        cursor = {"cursor": page["next_cursor"]}


def assert_served(server, expected):
    """What the server answers now is what the oracle says: trades of every market, and every candle."""
    trades, candles = {}, {}
    for trade in expected.trades:
        trades.setdefault(market_of(trade), []).append(trade.trade_id)
    for (category, symbol, open_us), candle in expected.candles.items():
        candles.setdefault((category, symbol), {})[open_us // 1000] = candle
    for market, ids in trades.items():
        assert Counter(served_trades(server, *market)) == Counter(ids), market
        answer = server.get("/v1/candles", category=market[0], symbol=market[1], interval="1m", limit=1000)["candles"]
        assert {c["open_time"]: exact(c) for c in answer} == {t: wanted(c) for t, c in candles.get(market, {}).items()}


def until_served(server, seconds=60):
    """Until it has read to the end of the log."""
    server.until(lambda s: s["bronze"]["lag_records"] == s["silver"]["lag_records"] == 0, seconds)


def test_the_log_alone_is_served_before_anything_is_committed(tmp_path, capture, broker):
    lake = Lake(tmp_path)
    server = lake.serve()
    try:
        assert server.get("/v1/markets")["markets"] == []
        tradelake("replay", "--data-dir", tmp_path / "replay", "--listen", "127.0.0.1:0", capture)
        expected = Oracle().take(read_capture(capture))
        until_served(server)
        assert_served(server, expected)
        assert rows(lake.lake, "bronze.trades") == []
        # Then it is committed, and what is served stays the same.
        lake.finish("sink", "candles")
        server.until(lambda s: s["bronze"]["uncommitted_rows"] == 0)
        assert_served(server, expected)
        status = server.get("/v1/status")
        assert status["bronze"]["total_rows"] == len(expected.trades)
    finally:
        assert server.stop() == 0


def test_answers_stay_whole_while_others_commit(tmp_path, broker):
    """A reader that asks all the time sees every trade once, and never fewer than before."""
    capture = make_capture(tmp_path / "c.tsv.zst", 8_000, 31)
    expected = Oracle().take(read_capture(capture))
    markets = sorted({market_of(trade) for trade in expected.trades})
    lake = Lake(tmp_path)
    stages = [lake.start("sink"), lake.start("candles")]
    server = lake.serve()
    replay = lake.start("replay", "--speed", "20", capture)
    try:
        before, volume, rounds = Counter(), {}, 0
        while replay.poll() is None:
            for market in markets:
                ids = served_trades(server, *market)
                twice = [trade for trade, count in Counter(ids).items() if count > 1]
                assert not twice, f"{market} has {twice[:3]} twice"
                assert len(ids) >= before[market], f"{market} had {before[market]} trades, has {len(ids)}"
                before[market] = len(ids)
                # A quarter of an hour is made of rows of 5 minutes and of minutes, whichever table has what by now.
                for interval in ("1m", "15m"):
                    answer = server.get("/v1/candles", category=market[0], symbol=market[1], interval=interval, limit=1000)
                    for candle in answer["candles"]:
                        key = market, interval, candle["open_time"]
                        assert candle["trades"] >= volume.get(key, 0)
                        volume[key] = candle["trades"]
            rounds += 1
        assert replay.returncode == 0 and rounds > 3
        until_served(server)
        assert_served(server, expected)
        # Killed and started again, it finds its way back by itself.
        server.process.kill()
        server.process.wait()
        server = lake.serve()
        until_served(server)
        assert_served(server, expected)
    finally:
        server.stop()
        for stage in stages:
            stage.terminate()
            code, text = ended(stage)
            assert code == 0, text
    lake.finish("sink", "candles")
    assert_lake(lake.lake, expected)


def test_a_tail_that_nobody_commits_is_bounded(tmp_path, broker):
    """It stops reading at serve.max_rows, says how far it is, and goes on when the sink is back."""
    capture = make_capture(tmp_path / "c.tsv.zst", 4_000, 32)
    expected = Oracle().take(read_capture(capture))
    lake = Lake(tmp_path)
    lake.environment["TRADELAKE_SERVE_MAX_ROWS"] = "400"
    server = lake.serve()
    try:
        tradelake("replay", "--data-dir", tmp_path / "replay", "--listen", "127.0.0.1:0", capture)
        status = server.until(lambda s: s["bronze"]["uncommitted_rows"] >= 400)
        time.sleep(1)
        status = server.get("/v1/status")
        assert status["bronze"]["uncommitted_rows"] < 2_500 and status["bronze"]["lag_records"] > 0
        assert server.ask("/readyz")[0] == 200 or status["bronze"]["lag_records"] >= 10_000
        lake.finish("sink", "candles")
        until_served(server)
        assert_served(server, expected)
    finally:
        assert server.stop() == 0


def test_a_live_trade_is_served_within_a_second(tmp_path, broker):
    lake = Lake(tmp_path)
    lake.environment = lake.environment | {"TRADELAKE_COMMIT_INTERVAL": "5s", "TRADELAKE_COMMIT_MAX_ROWS": "100000"}
    # At a low rate the simulator is silent for seconds around a sweep of hundreds of trades.
    exchange = Process("simulate", "--symbols", "linear:2", "--rate", 2000, log=tmp_path / "exchange.log")
    stages = [lake.start("collect", "--source", exchange.url, "--symbols", "linear:*"), lake.start("sink"), lake.start("candles")]
    server = lake.serve()
    try:
        server.until(lambda s: s["bronze"]["in"] > 20 and s["silver"]["in"] > 20)
        ages = []
        for _ in range(20):
            newest = max(market["last_trade_time"] for market in server.get("/v1/markets")["markets"])
            ages.append(time.time() - newest / 1000)
            time.sleep(0.25)
        assert sorted(ages)[len(ages) // 2] < 1, ages
    finally:
        server.stop()
        for stage in stages:
            stage.terminate()
        for stage in stages:
            code, text = ended(stage)
            assert code == 0, text
        exchange.stop()
