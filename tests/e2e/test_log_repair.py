"""A log that is not the one of the tables: the run stops, `tradelake repair log` goes on, nothing is doubled, and what is
lost is told. And a writer that somebody else overtakes stops with 3."""

import os
import sqlite3
import subprocess
import time

import pytest
from confluent_kafka import Producer, TopicPartition

from lake import BINARY, assert_all_candles, assert_trades, pointers, replay, replay_arguments, rows, tradelake
from oracle import Oracle, read_capture, to_us
from test_group import Stages, ended
from test_kill import BUSY, make_capture

TRADES = "bybit.v5.linear.publicTrade"
MINUTE_MS = 60_000


def stopped_run(data_dir, capture, *why):
    stopped = tradelake(*replay_arguments(data_dir, capture), check=False)
    assert stopped.returncode == 1
    for text in (*why, "tradelake repair log"):
        assert text in stopped.stderr


def repaired(data_dir, *what):
    """Told first, and nothing changed; then done; then there is nothing more to do."""
    before = pointers(data_dir)
    told = tradelake("repair", "log", "--data-dir", data_dir, check=False)
    assert told.returncode == 1 and "nothing was changed" in told.stdout
    for text in what:
        assert text in told.stdout
    assert pointers(data_dir) == before
    assert tradelake("repair", "log", "--data-dir", data_dir, "--yes").stdout.endswith("repaired\n")
    assert tradelake("repair", "log", "--data-dir", data_dir).stdout == "log and tables fit together\n"


def assert_gap(data_dir, category, at_us):
    assert any((gap["category"], gap["symbol"], gap["cause"]) == (category, "*", "log_lost")
               and to_us(gap["from_time"]) <= at_us < to_us(gap["to_time"])
               for gap in rows(data_dir, "silver.coverage_gaps"))


def assert_same_again(data_dir, capture):
    """The whole capture once more, into a log that knows nothing of it."""
    expected = Oracle().take(read_capture(capture))
    replay(data_dir, capture)
    assert_trades(rows(data_dir, "bronze.trades"), expected.trades)
    assert_all_candles(data_dir, expected)
    for category in {trade.category for trade in expected.trades}:
        assert_gap(data_dir, category, max(t.trade_time for t in expected.trades if t.category == category))


def test_a_local_log_that_was_lost(data_dir, tmp_path):
    capture = make_capture(tmp_path / "c.tsv.zst", 2_000, 401)
    replay(data_dir, capture)
    for file in data_dir.glob("log.db*"):
        file.unlink()
    stopped_run(data_dir, capture, "was recreated")
    repaired(data_dir, "was recreated")
    assert_same_again(data_dir, capture)


def test_topics_that_were_recreated(data_dir, tmp_path, broker):
    capture = make_capture(tmp_path / "c.tsv.zst", 2_000, 402)
    replay(data_dir, capture)
    broker.empty()
    stopped_run(data_dir, capture, "was recreated")
    repaired(data_dir, "was recreated")
    assert_same_again(data_dir, capture)


def frame(trade_id, at_ms, price="100.1"):
    return ('{"topic":"publicTrade.BTCUSDT","ts":%d,"data":[{"T":%d,"s":"BTCUSDT","S":"Buy","v":"0.5","p":"%s","i":"%s"}]}'
            % (at_ms, at_ms, price, trade_id)).encode()


def produce(broker, *frames):
    producer = Producer(broker.config)
    for value in frames:
        producer.produce(TRADES, value, key=b"BTCUSDT", partition=2)
    assert producer.flush(30) == 0


def retention_up_to_the_end(broker):
    end = broker.ends()[TRADES, 2]
    for future in broker.admin.delete_records([TopicPartition(TRADES, 2, end)]).values():
        assert future.result().low_watermark == end


def trade_ids(data_dir, name):
    return sorted(row["trade_id"] for row in rows(data_dir, name))


@pytest.fixture
def nothing(data_dir, tmp_path, broker):
    """A capture without frames: a run over it takes what others have put into the topics."""
    path = tmp_path / "nothing.tsv"
    path.write_bytes(b"")
    replay(data_dir, path)
    return path


def test_retention_that_overtook_the_tables(data_dir, nothing, broker):
    now_ms = int(time.time() * 1000)
    produce(broker, frame("read", now_ms - 5 * MINUTE_MS), frame("newest", now_ms))
    replay(data_dir, nothing)
    produce(broker, frame("lost", now_ms))
    retention_up_to_the_end(broker)
    stopped_run(data_dir, nothing, "starts at 3, after the committed offset 2")
    repaired(data_dir, "starts after the committed offset")
    produce(broker, frame("read", now_ms - 5 * MINUTE_MS), frame("next", now_ms + 1))
    replay(data_dir, nothing)
    assert trade_ids(data_dir, "bronze.trades") == ["newest", "next", "read"]
    assert_gap(data_dir, "linear", now_ms * 1000)


def test_retention_that_took_the_window_alone(data_dir, nothing, broker):
    """Committed is everything, but ids and candles within grace cannot be rebuilt from the log."""
    minute_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS - 8 * MINUTE_MS
    produce(broker, frame("first", minute_ms), frame("second", minute_ms + 1000, "101"),
            frame("watermark", minute_ms + 4 * MINUTE_MS))
    replay(data_dir, nothing)
    candle, = rows(data_dir, "silver.candles_1m")
    assert candle["trades"] == 2
    retention_up_to_the_end(broker)
    # Two runs, as what the first one has learnt must be known after its end.
    for ids in (["late-1"], ["late-1", "late-2"]):
        produce(broker, frame("first", minute_ms), *(frame(one, minute_ms + 2000, "102") for one in ids))
        replay(data_dir, nothing)
        assert trade_ids(data_dir, "bronze.trades") == sorted(["first", "second", "watermark", *ids])
        assert rows(data_dir, "silver.candles_1m") == [candle]
        assert set(ids) <= set(trade_ids(data_dir, "silver.late_trades"))
    # Candles that begin later are as always.
    produce(broker, frame("new", minute_ms + 5 * MINUTE_MS), frame("end", minute_ms + 6 * MINUTE_MS + 4000))
    replay(data_dir, nothing)
    opened = sorted(to_us(row["open_time"]) // 1000 for row in rows(data_dir, "silver.candles_1m"))
    assert opened == [minute_ms, minute_ms + 5 * MINUTE_MS]


def overtake(catalog, pipeline):
    """As another writer would: every row of the pipeline at another epoch."""
    with sqlite3.connect(catalog, timeout=30) as database:
        changed = database.execute("UPDATE tradelake_progress SET epoch = epoch + 1 WHERE pipeline = ?", (pipeline,)).rowcount
    assert changed > 0


def wait_for_progress(catalog, pipeline):
    deadline = time.monotonic() + 60
    count = 0
    while count < 4:
        assert time.monotonic() < deadline
        time.sleep(0.1)
        if not catalog.exists():
            continue
        with sqlite3.connect(catalog, timeout=30) as database:
            try:
                count, = database.execute("SELECT count(*) FROM tradelake_progress WHERE pipeline = ? AND next_offset > 0",
                                          (pipeline,)).fetchone()
            except sqlite3.OperationalError:
                pass  # not made yet


@pytest.mark.parametrize("pipeline", ["bronze", "silver"])
def test_an_embedded_writer_that_was_overtaken_ends_with_3(data_dir, tmp_path, pipeline):
    capture = make_capture(tmp_path / "c.tsv.zst", 10_000, 403)
    arguments = replay_arguments(data_dir, capture)
    arguments[arguments.index("max")] = "20"
    process = subprocess.Popen([BINARY, *map(str, arguments)], env=os.environ | BUSY, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    wait_for_progress(data_dir / "catalog.db", pipeline)
    overtake(data_dir / "catalog.db", pipeline)
    events = process.communicate(timeout=30)[1]
    assert process.returncode == 3, events
    assert "another writer has left" in events
    replay(data_dir, capture)
    expected = Oracle().take(read_capture(capture))
    assert_trades(rows(data_dir, "bronze.trades"), expected.trades)
    assert_all_candles(data_dir, expected)


def test_a_sink_that_was_overtaken_from_outside_its_group_ends_with_3(tmp_path, broker):
    capture = make_capture(tmp_path / "c.tsv.zst", 10_000, 404)
    stages = Stages(tmp_path)
    replaying = stages.start("replay", "--speed", "20", capture)
    sink = stages.start("sink")
    catalog = stages.lake / "catalog.db"
    wait_for_progress(catalog, "bronze")
    overtake(catalog, "bronze")
    code, text = ended(sink, 60)
    assert code == 3, text
    assert "event=fenced" in text and "another writer has left" in text
    assert replaying.wait(120) == 0
    stages.finish("sink", "candles")
    assert_trades(rows(stages.lake, "bronze.trades"), Oracle().take(read_capture(capture)).trades)
