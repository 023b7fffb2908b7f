"""The REST answers against the oracle, on whole captures."""

import json
import re
import subprocess
from collections import defaultdict
from decimal import Decimal, localcontext

import pytest

from lake import BINARY, CAPTURES
from oracle import MINUTE_US, Oracle, order_key, read_capture
from served import replayed, simulated

DAY_US = 86_400_000_000
STEPS = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "12h": 720,
         "1d": 1440, "1w": 10080}
BYBIT = {"1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120", "4h": "240", "6h": "360",
         "12h": "720", "1d": "D", "1w": "W"}


@pytest.fixture(scope="module", params=["market_2024-08-08.tsv.zst", "bybit_v5_2026-08-09.tsv.zst"])
def lake(request, tmp_path_factory):
    capture = CAPTURES / request.param
    expected = Oracle().take(read_capture(capture))
    with replayed(tmp_path_factory.mktemp("api") / "data", capture) as server:
        yield server, expected


def merged(candles, step):
    """1m candles of one market as candles of `step` minutes: {open_ms: candle}."""
    step_us = step * MINUTE_US
    origin = 4 * DAY_US if step == 10080 else 0
    out = {}
    for open_us in sorted(candles):
        candle = candles[open_us]
        start = ((open_us - origin) // step_us * step_us + origin) // 1000
        if start not in out:
            out[start] = dict(candle)
            continue
        into = out[start]
        into["high"], into["low"] = max(into["high"], candle["high"]), min(into["low"], candle["low"])
        into["close"] = candle["close"]
        into["trades"] += candle["trades"]
        for name in ("volume", "turnover", "buy_volume", "buy_turnover"):
            with localcontext() as context:
                context.prec = 120
                both = None not in (into[name], candle[name])
                into[name] = into[name] + candle[name] if both else None
    return out


def markets_of(expected):
    markets = defaultdict(dict)
    for (category, symbol, open_us), candle in expected.candles.items():
        markets[category, symbol][open_us] = candle
    return markets


def busiest(expected):
    markets = markets_of(expected)
    return max(markets, key=lambda m: sum(c["trades"] for c in markets[m].values()))


def exact(candle):
    fields = ("open", "high", "low", "close", "volume", "turnover", "buy_volume", "buy_turnover")
    return {n: None if candle[n] is None else Decimal(candle[n]) for n in fields} | {"trades": candle["trades"]}


def wanted(candle):
    names = ("open", "high", "low", "close", "volume", "turnover", "buy_volume", "buy_turnover", "trades")
    return {n: candle[n] for n in names}


@pytest.mark.parametrize("interval", STEPS)
def test_candles_are_the_oracles(lake, interval):
    server, expected = lake
    for (category, symbol), minutes in list(markets_of(expected).items())[:12]:
        candles = merged(minutes, STEPS[interval])
        answer = server.get("/v1/candles", category=category, symbol=symbol, interval=interval, limit=1000)
        assert [c["open_time"] for c in answer["candles"]] == sorted(candles)[-1000:]
        for found in answer["candles"]:
            assert exact(found) == wanted(candles[found["open_time"]])


def test_every_market_is_listed_with_its_last_price(lake):
    server, expected = lake
    listed = {(m["category"], m["symbol"]): m for m in server.get("/v1/markets")["markets"]}
    assert listed.keys() == {(t.category, t.symbol) for t in expected.trades}
    for market, line in listed.items():
        last = max(t.trade_time for t in expected.trades if (t.category, t.symbol) == market)
        assert line["last_trade_time"] == last // 1000


@pytest.mark.parametrize("interval", ["1m", "1h", "1d", "1w"])
def test_kline_has_bybits_form(lake, interval):
    server, expected = lake
    category, symbol = busiest(expected)
    ours = server.get("/v1/candles", category=category, symbol=symbol, interval=interval, limit=1000)["candles"]
    answer = server.get("/v5/market/kline", category=category, symbol=symbol, interval=BYBIT[interval], limit=1000)
    assert (answer["retCode"], answer["retMsg"], answer["retExtInfo"]) == (0, "OK", {})
    assert answer["time"] > 1_700_000_000_000
    assert (answer["result"]["category"], answer["result"]["symbol"]) == (category, symbol)
    assert answer["result"]["list"] == [
        [str(c["open_time"]), *(c[n] for n in ("open", "high", "low", "close", "volume", "turnover"))]
        for c in reversed(ours)
    ]
    ends = answer["result"]["list"]
    inclusive = server.get("/v5/market/kline", category=category, symbol=symbol, interval=BYBIT[interval],
                           start=ends[-1][0], end=ends[0][0], limit=1000)
    assert inclusive["result"]["list"] == ends


def test_ranges_are_half_open_and_give_their_newest_part(lake):
    server, expected = lake
    category, symbol = busiest(expected)
    market = {"category": category, "symbol": symbol}
    times = [c["open_time"] for c in server.get("/v1/candles", **market, limit=1000)["candles"]]
    if len(times) < 3:
        pytest.skip("the capture has too few minutes")
    ask = lambda **more: [c["open_time"] for c in server.get("/v1/candles", **market, **more)["candles"]]
    assert ask(limit=2) == times[-2:]
    assert ask(start=times[1]) == times[1:]
    assert ask(start=times[1] + 1) == times[2:]
    assert ask(end=times[-1]) == times[:-1]
    assert ask(end=times[-1] + 1) == times
    assert ask(start=times[0], end=times[-1], limit=1) == times[-2:-1]
    assert ask(start=times[-1] + 60_000) == []
    assert ask(start=times[0], end=times[0]) == []
    assert ask(end=0) == []


def test_fill_puts_flat_candles_where_there_are_none(lake):
    server, expected = lake
    for category, symbol in markets_of(expected):
        filled = server.get("/v1/candles", category=category, symbol=symbol, fill="prev", limit=1000)["candles"]
        times = [c["open_time"] for c in filled]
        assert times == list(range(times[0], times[-1] + 1, 60_000))
        for before, candle in zip(filled, filled[1:]):
            if candle.get("filled"):
                assert {candle[n] for n in ("open", "high", "low", "close")} == {before["close"]}
                assert (candle["trades"], candle["volume"]) == (0, "0")


def test_trades_page_by_page_are_all_trades_once(lake):
    server, expected = lake
    by_market = defaultdict(list)
    for trade in expected.trades:
        by_market[trade.category, trade.symbol].append(trade)
    for (category, symbol), trades in list(by_market.items())[:8]:
        trades.sort(key=order_key, reverse=True)
        found, cursor = [], {}
        while True:
            page = server.get("/v1/trades", category=category, symbol=symbol, limit=997, **cursor)
            found += page["trades"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert [t["trade_id"] for t in found] == [t.trade_id for t in trades]
        for a, b in zip(found, trades):
            assert (a["side"], Decimal(a["price"]), Decimal(a["size"]), a["trade_time"], a.get("seq")) == (
                b.side, b.price, b.size, b.trade_time // 1000, b.seq)
            assert (a.get("block_trade"), a.get("rpi"), a.get("tick_direction")) == (b.block_trade, b.rpi, b.tick_direction)


@pytest.mark.slow
def test_trades_over_hundreds_of_files(tmp_path, monkeypatch):
    """Short pages and their cursors: more files than one answer reads."""
    monkeypatch.setenv("TRADELAKE_COMMIT_MAX_ROWS", "120")
    monkeypatch.setenv("TRADELAKE_COMPACTION_MIN_FILES", "10000")  # nor may any be merged
    monkeypatch.setenv("TRADELAKE_COMPACTION_MAX_AGE", "1d")
    capture = CAPTURES / "market_2024-08-08.tsv.zst"
    expected = Oracle().take(read_capture(capture))
    by_market = {}
    for trade in expected.trades:
        by_market.setdefault((trade.category, trade.symbol), []).append(trade)
    with replayed(tmp_path / "data", capture, speed=12, seconds=120) as server:
        assert server.get("/v1/tables/bronze/trades")["total_files"] > 250
        # The last one is in no file, which only the files themselves can tell.
        for category, symbol in [*by_market, ("linear", "BTCUSDX")]:
            found, pages, cursor = [], 0, {}
            while cursor is not None:
                page = server.get("/v1/trades", category=category, symbol=symbol, limit=1000, **cursor)
                found += [t["trade_id"] for t in page["trades"]]
                cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
                pages += 1
            trades = sorted(by_market.get((category, symbol), []), key=order_key, reverse=True)
            assert found == [t.trade_id for t in trades]
        assert pages > 1


def test_trades_of_a_range(lake):
    server, expected = lake
    category, symbol = busiest(expected)
    trades = sorted((t for t in expected.trades if (t.category, t.symbol) == (category, symbol)), key=order_key)
    start, end = trades[len(trades) // 3].trade_time // 1000, trades[len(trades) // 2].trade_time // 1000
    inside = [t.trade_id for t in reversed(trades) if start <= t.trade_time // 1000 < end]
    answer = server.get("/v1/trades", category=category, symbol=symbol, start=start, end=end, limit=1000)
    assert [t["trade_id"] for t in answer["trades"]] == inside[:1000]


def test_status_and_metrics_count_what_the_oracle_counts(lake):
    server, expected = lake
    status = server.until(lambda s: s["bronze"]["uncommitted_rows"] == 0)
    bronze = status["bronze"]
    assert (bronze["rows"], bronze["dead_letters"], bronze["filtered"]) == (
        len(expected.trades), len(expected.dead), expected.filtered)
    assert bronze["total_rows"] == len(expected.trades)
    code, headers, text = server.ask("/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = dict(re.findall(r"^(tradelake_\S+) (\S+)$", text, re.M))
    assert samples['tradelake_trades_ok_total{pipeline="bronze"}'] == str(len(expected.trades))
    assert samples['tradelake_conservation_error{pipeline="bronze"}'] == "0"
    assert samples['tradelake_conservation_error{pipeline="silver"}'] == "0"
    dead = {r: int(n) for r, n in re.findall(r'^tradelake_dead_letters_total{reason="(\w+)"} (\d+)$', text, re.M)}
    assert sum(dead.values()) == len(expected.dead)
    families = re.findall(r"^# TYPE (\S+) (\w+)$", text, re.M)
    assert len(families) == len(set(families)) == len(re.findall(r"^# HELP ", text, re.M))
    assert all(name.endswith("_total") == (kind == "counter") for name, kind in families)


def test_tables_have_heads_and_schemas(lake):
    server, expected = lake
    tables = {f"{t['namespace']}.{t['name']}": t for t in server.get("/v1/tables")["tables"]}
    assert {"bronze.trades", "bronze.dead_letters", "silver.candles_1m", "silver.late_trades"} <= tables.keys()
    assert tables["silver.late_trades"]["total_records"] == len(expected.late)
    table = server.get("/v1/tables/bronze/trades")
    assert [f["name"] for f in table["schema"]["fields"]][:3] == ["category", "symbol", "trade_id"]
    assert server.ask("/v1/tables/bronze/nothing")[0] == 404


@pytest.mark.parametrize("path, status, says", [
    ("/nothing", 404, "/nothing"),
    ("/v1/candles", 400, "category is missing"),
    ("/v1/candles?category=linear", 400, "symbol is missing"),
    ("/v1/candles?category=futures&symbol=X", 400, "allowed: spot, linear, inverse, option"),
    ("/v1/candles?category=linear&symbol=X&interval=7m", 400, "allowed: 1m, 3m"),
    ("/v1/candles?category=linear&symbol=X&limit=1001", 400, "from 1 to 1000"),
    ("/v1/candles?category=linear&symbol=X&start=5&end=4", 400, "start is 5, end is 4"),
    ("/v1/candles?category=linear&symbol=X&stat=5", 400, "stat is no parameter here"),
    ("/v1/trades?category=linear&symbol=X&cursor=zz", 400, "cursor is 'zz'"),
    ("/v1/candles?category=%zz", 400, "two hexadecimal digits"),
])
def test_problems_say_what_is_allowed(lake, path, status, says):
    code, headers, body = lake[0].ask(path)
    problem = json.loads(body)
    assert (code, problem["status"], headers["Content-Type"]) == (status, status, "application/problem+json")
    assert says in problem["detail"] and problem["title"] and problem["type"]


def test_bybits_errors_are_in_its_envelope(lake):
    for query in ({"symbol": "BTCUSDT", "interval": "7"}, {"interval": "1"}, {"symbol": "X", "interval": "1", "limit": 0},
                  {"symbol": "X", "interval": "1", "category": "x"}):
        answer = lake[0].get("/v5/market/kline", **query)
        assert answer["retCode"] == 10001 and answer["retMsg"] and answer["result"] == {}
    time = lake[0].get("/v5/market/time")["result"]
    assert int(time["timeNano"]) // 10**9 == int(time["timeSecond"])


def test_methods_and_health(lake):
    import urllib.request

    server = lake[0]
    assert server.ask("/healthz")[2] == "ok\n"
    for path in ("/v1/status", "/", "/healthz"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(f"{server.url}{path}", method="POST", data=b"x"), timeout=10)
        assert (refused.value.code, refused.value.headers["Allow"]) == (405, "GET, HEAD")


def test_a_restart_serves_the_same_lake(tmp_path):
    capture = CAPTURES / "bybit_v5_2026-08-09.tsv.zst"
    asked = []
    for _ in range(2):
        with replayed(tmp_path / "data", capture) as server:
            server.until(lambda s: s["bronze"]["uncommitted_rows"] == 0)
            markets = [(m["category"], m["symbol"], m["last_price"], m["last_trade_time"]) for m in server.get("/v1/markets")["markets"]]
            candles = [server.get("/v1/candles", category=m[0], symbol=m[1])["candles"] for m in markets[:10]]
            asked.append((markets, [[(c["open_time"], exact(c)) for c in of_market] for of_market in candles]))
    assert asked[0] == asked[1]


def test_a_live_trade_is_in_its_candle_within_a_second(tmp_path):
    import time

    with simulated(tmp_path / "data", "--config", _slow_commits(tmp_path)) as (server, _):
        server.until(lambda s: s["bronze"]["uncommitted_rows"] > 200)
        market = max(server.get("/v1/markets")["markets"], key=lambda m: m["trades"])
        query = {"category": market["category"], "symbol": market["symbol"]}
        for _ in range(5):
            newest = server.get("/v1/trades", **query, limit=1)["trades"][0]
            assert time.time() * 1000 - newest["trade_time"] < 3000
            candle = server.get("/v1/candles", **query, limit=1)["candles"][-1]
            assert candle["open_time"] >= newest["trade_time"] // 60_000 * 60_000
            assert not candle["closed"]
            time.sleep(0.5)
        assert server.get("/v1/candles", **query, consistency="lake")["candles"] == []


def _slow_commits(tmp_path):
    file = tmp_path / "slow.toml"
    file.write_text('[commit]\ninterval = "60s"\n')
    return file


def test_a_port_in_use_is_a_clear_message(tmp_path):
    with simulated(tmp_path / "data") as (server, exchange):
        port = server.url.rsplit(":", 1)[1]
        second = subprocess.run(
            [BINARY, "run", "--data-dir", tmp_path / "other", "--source", exchange.url, "--listen", f"127.0.0.1:{port}"],
            capture_output=True, text=True, timeout=60)
        assert second.returncode == 1
        assert f"port {port} of 127.0.0.1 is in use" in second.stderr


def test_a_listen_that_is_no_address_is_wrong_usage(tmp_path):
    for listen in ("8460", "127.0.0.1:99999", "nowhere.example:80"):
        done = subprocess.run([BINARY, "run", "--data-dir", tmp_path / "d", "--source", "replay:/dev/null", "--listen", listen],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 2, done.stderr
        assert "allowed" in done.stderr
