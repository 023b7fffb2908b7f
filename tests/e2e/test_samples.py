"""Real samples of every category as a capture: each trade in them becomes the right row; and the exchange's own
candles of a minute that lies inside a capture."""

import json
from decimal import Decimal

import pytest
from lake import CAPTURES, assert_lake, replay, rows
from oracle import Oracle, read_capture, to_us

CATEGORY_OF = {
    "bybit_v5_option.reserialised.jsonl": "option",
    "bybit_v5_spot.reserialised.jsonl": "spot",
    "scratcher_spot_BTCUSDC.jsonl": "spot",
}


def category_of(file, frame):
    """Only the URL tells; of files with several categories, the symbol: inverse ends in USD."""
    symbol = frame.get("topic", "").split(".")[-1]
    return CATEGORY_OF.get(file.name) or ("inverse" if symbol.endswith("USD") else "linear")


@pytest.fixture
def samples():
    files = sorted((CAPTURES / "samples").glob("*.jsonl"))
    if not files:
        pytest.skip(f"no samples in {CAPTURES}")
    lines = []
    for file in files:
        for text in file.read_bytes().splitlines():
            frame = json.loads(text)
            received_ms = frame["ts"] + 20 if "ts" in frame else 1_700_000_000_000
            lines.append((received_ms * 1_000_000, category_of(file, frame), text))
    return lines


def test_every_sample_becomes_its_rows(data_dir, tmp_path, samples):
    file = tmp_path / "samples.tsv"
    file.write_bytes(b"".join(b"%d\t%s\t%s\n" % (ns, c.encode(), text) for ns, c, text in samples))
    replay(data_dir, file)
    expected = Oracle().take(samples)
    assert_lake(data_dir, expected)
    # Written down here a third time, straight from the frames, so that the oracle cannot share our mistakes.
    wanted = set()
    for _, category, text in samples:
        frame = json.loads(text)
        if frame.get("topic", "").startswith("publicTrade."):
            for t in frame["data"]:
                wanted.add((category, t["s"], t["i"], t["S"], Decimal(t["p"]), Decimal(t["v"]), t["T"] * 1000))
    trades = rows(data_dir, "bronze.trades")
    found = {(r["category"], r["symbol"], r["trade_id"], r["side"], r["price"], r["size"], to_us(r["trade_time"]))
             for r in trades}
    assert found == wanted and len(trades) == len(wanted)
    assert rows(data_dir, "bronze.dead_letters") == []
    assert {row["category"] for row in trades} == {"spot", "linear", "inverse", "option"}
    # Option trades come under the topic of their base coin, and belong to their contract.
    assert all(row["symbol"].startswith("BTC-") for row in trades if row["category"] == "option")
    # Inverse sizes are USD, so the turnover is in the base coin.
    for row in rows(data_dir, "silver.candles_1m"):
        if row["category"] == "inverse":
            assert row["turnover"] < row["volume"] / 1000 if row["low"] > 1000 else row["turnover"] > 0


def test_a_minute_equals_the_exchange_s_own_candles(data_dir, tmp_path):
    """Up to the exchange's last push of each candle: what was traded after it is not in it."""
    capture = CAPTURES / "bybit_v5_2026-08-09.tsv.zst"
    if not capture.exists():
        pytest.skip(f"no captures in {CAPTURES}")
    pushed = {}
    for _, category, text in read_capture(capture):
        frame = json.loads(text)
        if frame.get("topic", "").startswith("kline.1."):
            for kline in frame["data"]:
                if kline["start"] // 60_000 % 60 == 27:
                    pushed[category, frame["topic"].split(".")[-1]] = kline
    assert len(pushed) == 6
    file = tmp_path / "until-the-push.tsv"
    with file.open("wb") as out:
        for ns, category, text in read_capture(capture):
            frame = json.loads(text)
            kline = pushed.get((category, frame.get("topic", "").split(".")[-1]))
            if frame.get("topic", "").startswith("publicTrade.") and kline:
                if all(trade["T"] <= kline["timestamp"] for trade in frame["data"]):
                    out.write(b"%d\t%s\t%s\n" % (ns, category.encode(), text))
    replay(data_dir, file)
    candles = {(r["category"], r["symbol"], to_us(r["open_time"])): r for r in rows(data_dir, "silver.candles_1m")}
    for (category, symbol), kline in pushed.items():
        ours = candles[category, symbol, kline["start"] * 1000]
        for name in ("volume", "turnover", "close"):
            assert ours[name] == Decimal(kline[name]), (category, symbol, name)
