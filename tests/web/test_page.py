"""The page in a real Chromium, over the program and its simulator."""

import json
import os
import signal
import time
from contextlib import contextmanager

import pytest

from browser import Browser
from lake import CAPTURES
from served import Process, Server, replayed, simulated
from test_intervals import BYBIT

BARS = "window.tradelake.bars()"
SHOWN = "document.getElementById('overlay').hidden && window.tradelake.bars().length > 0"


# How much of the chart's width the candles have, and how many of its pixels are in a candle's colour.
DRAWN = """(() => {
  const box = document.getElementById('chart').getBoundingClientRect();
  const canvas = [...document.querySelectorAll('#chart canvas')].reduce((a, b) => (b.width * b.height > a.width * a.height ? b : a));
  const style = getComputedStyle(document.documentElement);
  const colors = ['--up', '--down'].map((name) => parseInt(style.getPropertyValue(name).trim().slice(1), 16));
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let pixels = 0;
  for (let i = 0; i < data.length; i += 4) pixels += colors.includes((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  return { width: canvas.getBoundingClientRect().width / box.width, pixels };
})()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with simulated(tmp_path_factory.mktemp("live") / "data") as (server, _):
        server.until(lambda s: s["bronze"]["in"] > 300)
        yield server


@contextmanager
def page_of(browser, url, **options):
    page = browser.page(**options)
    try:
        page.goto(url)
        yield page
        assert page.errors == []
    finally:
        page.close()


def numbers(candle):
    return {"time": candle["open_time"] // 1000, **{n: float(candle[n]) for n in ("open", "high", "low", "close")}}


def assert_drawn(page, width=0.85):
    drawn = page.eval(DRAWN)
    assert drawn["width"] > width and drawn["pixels"] > 20, drawn


def choose(page, text):
    page.click("#search")
    page.type(text)
    page.key("Enter")


def test_the_chart_shows_what_the_api_gives(browser, tmp_path):
    with replayed(tmp_path / "data", CAPTURES / "market_2024-08-08.tsv.zst") as server:
        with page_of(browser, f"{server.url}/#linear:BTCUSDT/1m") as page:
            page.wait(SHOWN)
            assert page.eval("[...document.querySelectorAll('#intervals button')].map(b => b.innerText)") == list(BYBIT)
            for interval in ("1M", "1w", "1h", "30m", "5m", "1m"):
                page.eval(f"[...document.querySelectorAll('#intervals button')].find(b => b.innerText === '{interval}').click()")
                page.wait(f"{SHOWN} && window.tradelake.state.loaded")
                wanted = server.get("/v1/candles", category="linear", symbol="BTCUSDT", interval=interval)["candles"]
                shown = page.eval(BARS)
                assert [{k: bar[k] for k in ("time", "open", "high", "low", "close")} for bar in shown] == list(map(numbers, wanted))
                assert page.text("[data-of=C]") == wanted[-1]["close"]
            page.wait("document.querySelectorAll('#trades tr').length > 10")
            assert_drawn(page)
            page.screenshot("replay")
            assert "replay has ended" in page.text("#notice")


def test_the_current_minute_moves(browser, live):
    with page_of(browser, live.url) as page:
        page.wait(SHOWN)
        seen = set()
        deadline = time.monotonic() + 6
        while time.monotonic() < deadline:
            seen.add(json.dumps(page.eval(f"{BARS}.at(-1)")))
            time.sleep(0.2)
        assert len(seen) >= 4
        category, symbol = page.eval("[window.tradelake.state.category, window.tradelake.state.symbol]")
        # A trade is in the chart within a second of the server's having it, give or take a poll.
        newest = live.get("/v1/trades", category=category, symbol=symbol, limit=1)["trades"][0]
        page.wait(f"{BARS}.at(-1).time >= {newest['trade_time'] // 60_000 * 60}", seconds=2)
        page.wait("document.querySelectorAll('#trades tr').length >= 10")
        assert page.eval("document.querySelectorAll('#status div').length") >= 5
        page.eval("new Promise(done => setTimeout(done, 3000))")
        assert_drawn(page)
        page.screenshot("live-light")


def test_dark_is_followed_and_can_be_switched(browser, live):
    with page_of(browser, live.url, dark=True) as page:
        page.wait(SHOWN)
        assert page.eval("document.documentElement.dataset.theme") == "dark"
        page.eval("new Promise(done => setTimeout(done, 2500))")
        page.screenshot("live-dark")
        page.click("#theme")
        assert page.eval("document.documentElement.dataset.theme") == "light"
        page.eval("localStorage.clear()")


def test_another_market_is_chosen_with_the_keyboard(browser, live):
    with page_of(browser, live.url) as page:
        page.wait(SHOWN)
        for market in live.get("/v1/markets")["markets"]:
            choose(page, f"{market['category']}:{market['symbol']}")
            page.wait(f"{SHOWN} && window.tradelake.state.symbol === {json.dumps(market['symbol'])}"
                      f" && window.tradelake.state.category === {json.dumps(market['category'])}")
            assert market["symbol"] in page.text("#legend")
        page.click("#search")
        page.key("ArrowDown")
        assert page.eval("document.querySelector('#matches [aria-selected=true]') !== null")
        page.key("Escape")
        assert page.eval("document.getElementById('popup').hidden")


def test_a_thousand_markets_stay_usable(browser, tmp_path):
    with simulated(tmp_path / "data", symbols="linear:600,spot:400", rate=4000) as (server, _):
        # Some markets trade rarely: how long it takes until nearly all have is a matter of the machine.
        server.until(lambda _: len(server.get("/v1/markets")["markets"]) > 900, 120)
        with page_of(browser, server.url, dark=True) as page:
            page.wait(SHOWN)
            page.wait("document.getElementById('search').value !== ''")
            page.click("#search")
            page.wait("document.querySelectorAll('#matches li').length === 100")
            page.screenshot("thousand-picker")
            took = page.eval("""(() => {
              const input = document.getElementById('search');
              const begin = performance.now();
              for (const text of ['b', 'bt', 'btc', 'usdt', 'spot ', 'spot:s', 'zzz', '']) {
                input.value = text;
                input.dispatchEvent(new Event('input'));
                document.body.offsetHeight;
              }
              return (performance.now() - begin) / 8;
            })()""")
            assert took < 60, f"{took} ms for a letter"
            page.key("Escape")
            markets = sorted(server.get("/v1/markets")["markets"], key=lambda m: m["trades"])
            for market in (markets[0], markets[500], markets[-1]):
                begin = time.monotonic()
                choose(page, f"{market['category']}:{market['symbol']}")
                page.wait(f"{SHOWN} && window.tradelake.state.symbol === {json.dumps(market['symbol'])}")
                assert time.monotonic() - begin < 2
            page.eval("new Promise(done => setTimeout(done, 2000))")
            page.screenshot("thousand")


def test_an_empty_lake_says_so(browser, tmp_path):
    exchange = Process("simulate", "--symbols", "linear:1", "--rate", "0.001", log=tmp_path / "exchange.log")
    server = Server(tmp_path / "data", "--symbols", "linear:*", source=exchange.url)
    try:
        with page_of(browser, server.url) as page:
            page.wait("document.getElementById('overlay').innerText.includes('No trades yet')")
            page.screenshot("empty")
            assert page.eval(BARS) == []
        with page_of(browser, f"{server.url}/#spot:NOSUCH/1m") as page:
            page.wait("document.getElementById('overlay').innerText.includes('No candles yet')")
    finally:
        server.stop()
        exchange.stop()


def test_a_server_that_does_not_answer_is_told_of(browser, tmp_path):
    with simulated(tmp_path / "data") as (server, _):
        server.until(lambda s: s["bronze"]["in"] > 100)
        page = browser.page(dark=True)
        page.goto(server.url)
        page.wait(SHOWN)
        os.kill(server.process.pid, signal.SIGSTOP)
        page.wait("document.getElementById('notice').innerText.includes('does not answer')", 15)
        os.kill(server.process.pid, signal.SIGCONT)
        page.wait("document.getElementById('notice').hidden", 15)
        server.stop()
        page.wait("document.getElementById('notice').innerText.includes('does not answer')", 15)
        page.screenshot("stale")
        choose(page, "spot")
        page.wait("document.getElementById('overlay').innerText.includes('cannot be loaded')")
        page.screenshot("error")
        page.close()


def test_candles_that_could_not_be_loaded_once_come_by_themselves(browser, tmp_path):
    with simulated(tmp_path / "data") as (server, _):
        server.until(lambda s: s["bronze"]["in"] > 100)
        page = browser.page(dark=True)
        page.goto(server.url)
        page.wait(SHOWN)
        # Once, while everything else is answered.
        page.eval("""(() => {
          const real = window.fetch;
          let times = 1;
          window.fetch = (url, options) => String(url).includes('limit=500') && times-- > 0
            ? Promise.resolve(new Response('{"detail": "not now"}', { status: 503 })) : real(url, options);
        })()""")
        before = page.eval("window.tradelake.state.symbol")
        market = next(m for m in server.get("/v1/markets")["markets"] if m["symbol"] != before)
        choose(page, f"{market['category']}:{market['symbol']}")
        page.wait(f"{SHOWN} && window.tradelake.state.symbol === {json.dumps(market['symbol'])}")
        page.close()


def test_an_exchange_that_goes_away_is_told_of(browser, tmp_path):
    with simulated(tmp_path / "data") as (server, exchange):
        server.until(lambda s: s["bronze"]["in"] > 100)
        with page_of(browser, server.url) as page:
            page.wait(SHOWN)
            exchange.stop()
            page.wait("document.getElementById('notice').innerText.includes('exchange')", 30)
            page.screenshot("exchange-gone")


def test_no_request_leaves_the_origin_and_the_attribution_is_shown(browser, live):
    with page_of(browser, live.url) as page:
        page.wait(SHOWN)
        page.wait("document.querySelectorAll('#trades tr').length > 0")
        assert len(page.requests) > 8
        assert [url for url in page.requests if not url.startswith(live.url) and not url.startswith("data:")] == []
        assert page.eval("getComputedStyle(document.querySelector('a#tv-attr-logo')).position") == "absolute"
        assert page.eval("document.querySelector('.attribution a').href") == "https://www.tradingview.com/"
        assert "TradingView Lightweight Charts" in page.text(".attribution")
        assert "Apache License" in live.ask("/assets/NOTICE")[2]
    headers = live.ask("/")[1]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize("width", [400, 768])
def test_narrow_screens(browser, live, width):
    with page_of(browser, live.url, width=width, height=860) as page:
        page.wait(SHOWN)
        page.wait("document.querySelectorAll('#trades tr').length > 0")
        page.eval("new Promise(done => setTimeout(done, 1500))")
        assert page.eval("document.documentElement.scrollWidth") <= width
        assert_drawn(page, width=0.7)
        page.screenshot(f"narrow-{width}")
        page.click("#search")
        page.wait("document.querySelectorAll('#matches li').length > 0")
        assert page.eval("document.documentElement.scrollWidth") <= width
        page.screenshot(f"narrow-{width}-picker")


def test_what_comes_from_data_is_never_markup(browser, tmp_path):
    name = '<img src=x onerror=alert(1)>"&'
    frame = {"topic": f"publicTrade.{name}", "type": "snapshot", "ts": 1785542400000, "data": [
        {"T": 1785542400000 + i, "s": name, "S": "Buy", "v": "900000000000000", "p": f"0.00000000{i:03}1", "i": f"<b>{i}"}
        for i in range(1, 200)]}
    capture = tmp_path / "markup.tsv"
    capture.write_text(f"1785542401000000000\tspot\t{json.dumps(frame)}\n")
    with replayed(tmp_path / "data", capture) as server:
        with page_of(browser, server.url, dark=True) as page:
            page.wait(SHOWN)
            page.wait("document.querySelectorAll('#trades tr').length > 10")
            assert name in page.text("#legend")
            assert page.eval("document.querySelectorAll('img').length") == 1
            assert page.eval(f"{BARS}.at(-1).close") == pytest.approx(1.991e-9)
            page.screenshot("tiny-prices")
