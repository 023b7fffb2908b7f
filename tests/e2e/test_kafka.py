"""The log in Kafka: the same tables, each frame once, whatever is killed when."""

import json
import os
import random
import signal
import subprocess
import time
import urllib.request

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions

import kafka_log
from kafka_log import END_MARKER, frames
from lake import BINARY, assert_lake, pointers, replay, replay_arguments, rows, table, tradelake
from oracle import Oracle, read_capture, read_record, to_us
from served import Process, Server
from test_kill import BUSY, make_capture
from test_live import check, run_against_the_simulator
from test_table import busy_replay, roll_back

TRADES = "bybit.v5.linear.publicTrade"


def start(data_dir, capture, speed="max", **environment):
    arguments = replay_arguments(data_dir, capture)
    arguments[arguments.index("max")] = speed
    return subprocess.Popen([BINARY, *map(str, arguments)], env=os.environ | BUSY | environment,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def test_a_capture_ends_up_in_the_tables_exactly(data_dir, capture, broker):
    replay(data_dir, capture)
    assert not (data_dir / "log.db").exists()
    assert_lake(data_dir, Oracle().take(read_capture(capture)))
    lines = list(read_capture(capture))
    found = frames(broker.records())
    for (_, _, _, n, _), value in found.items():
        assert str(n) == END_MARKER or value == lines[n - 1][2]


def test_a_second_run_over_the_same_file_adds_nothing(data_dir, capture, broker):
    replay(data_dir, capture)
    before = pointers(data_dir), broker.records()
    replay(data_dir, capture)
    assert (pointers(data_dir), broker.records()) == before


def test_another_lake_reads_the_same_log(tmp_path, capture, broker):
    replay(tmp_path / "first", capture)
    before = broker.records()
    replay(tmp_path / "second", capture)
    assert broker.records() == before
    assert_lake(tmp_path / "second", Oracle().take(read_capture(capture)))


def test_hostile_frames_and_frames_in_parts(data_dir, tmp_path, broker):
    faults = "repeat=0.05,reorder=0.03,malformed=0.05,utf8=0.02,large=0.01,unknown=0.02,late=0.01,missing=0.02"
    capture = make_capture(tmp_path / "c.tsv.zst", 2_000, 51, faults)
    replay(data_dir, capture)
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_replay_killed_at_ten_moments_adds_each_frame_once(tmp_path, broker, seed):
    rng = random.Random(seed)
    capture = make_capture(tmp_path / "c.tsv.zst", 12_000, 60 + seed)
    replay(tmp_path / "clean", capture)
    wanted = frames(broker.records())
    broker.empty()
    data_dir = tmp_path / "data"
    for _ in range(10):
        process = start(data_dir, capture, "40")
        time.sleep(rng.uniform(0.1, 1.5))
        assert process.poll() is None, process.communicate()[1]
        process.kill()
        process.wait()
    reached = len(frames(broker.records()))
    assert 0 < reached < len(wanted), "the kills were all at the beginning, or too late"
    replay(data_dir, capture)
    assert frames(broker.records()) == wanted
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def test_a_replay_that_was_taken_over_is_fenced(tmp_path, broker):
    capture = make_capture(tmp_path / "c.tsv.zst", 6_000, 71)
    zombie = start(tmp_path / "zombie", capture, "20")
    while not any(broker.ends().values()):
        time.sleep(0.1)
    time.sleep(0.5)
    zombie.send_signal(signal.SIGSTOP)
    try:
        replay(tmp_path / "data", capture)
    finally:
        zombie.send_signal(signal.SIGCONT)
    events = zombie.communicate(timeout=60)[1]
    assert zombie.returncode == 3, events
    assert "another replay of the same file has taken over" in events
    frames(broker.records())
    assert_lake(tmp_path / "data", Oracle().take(read_capture(capture)))


def test_a_broker_that_is_killed_again_and_again_loses_and_doubles_nothing(tmp_path, data_dir, broker):
    capture = make_capture(tmp_path / "c.tsv.zst", 10_000, 81)
    replay(tmp_path / "clean", capture)
    wanted = frames(broker.records())
    broker.empty()
    process = start(data_dir, capture, "15")
    for away in (0.1, 1.0, 3.0, 0.1):
        time.sleep(1.5)
        kafka_log.stack("kill", "kafka")
        time.sleep(away)
        assert process.poll() is None, process.communicate()[1]
        kafka_log.stack("restart", "kafka")
    events = process.communicate(timeout=180)[1]
    assert process.returncode == 0, events[-3000:]
    assert "event=kafka_away" in events
    assert frames(broker.records()) == wanted
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def reads_to_the_end(server, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        with urllib.request.urlopen(f"{server}/v1/status", timeout=20) as answer:
            status = json.loads(answer.read())
        # Frames come all the time, so there is always some lag; none that is known while the log is away.
        if all((10_000 if (lag := status[name]["lag_records"]) is None else lag) < 1_000 for name in ("bronze", "silver")):
            return
        assert time.monotonic() < deadline, status
        time.sleep(0.5)


def test_live_frames_outlast_a_broker_that_is_away(tmp_path, broker):
    def outages(seconds, server):
        for _ in range(2):
            time.sleep(seconds / 4)
            kafka_log.stack("kill", "kafka")
            time.sleep(seconds / 8)
            kafka_log.stack("restart", "kafka")
        # By itself: a member that the group has lost is back after a session's time.
        reads_to_the_end(server)

    record, events = run_against_the_simulator(tmp_path, 16, "repeat=0.05,reorder=0.05,malformed=0.02", 500, wait=outages)
    assert "event=kafka_away" in events
    check(tmp_path, record, events)
    # What the readers would drop as a repeat is not there in the first place.
    sent = [text for _, _, text, _ in read_record(record)]
    logged = [value for *_, value in broker.records()]
    assert len(logged) <= len(sent)


def test_without_the_broker_a_live_run_says_what_is_not_in_the_log(tmp_path, data_dir, broker):
    record = tmp_path / "record.tsv"
    exchange = Process("simulate", "--rate", "500", "--record", record, log=tmp_path / "exchange.log")
    lake = Server(data_dir, source=exchange.url)

    def wait_for_frames(count):
        """That the exchange has sent from now on; a machine that is busy takes its time."""
        sent = lambda: record.read_bytes().count(b"\n") if record.exists() else 0
        wanted, deadline = sent() + count, time.monotonic() + 60
        while sent() < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    try:
        wait_for_frames(200)
        kafka_log.stack("kill", "kafka")
        wait_for_frames(200)
        begin = time.monotonic()
        lake.process.terminate()
        assert lake.process.wait(30) == 1
        assert time.monotonic() - begin < 6
        assert "bytes of frames are not known to be in the log" in open(lake.log.name).read()
    finally:
        lake.process.kill()
        exchange.stop()
        kafka_log.stack("restart", "kafka")


def test_records_of_other_producers_are_frames_too(data_dir, capture, tmp_path, broker):
    empty = tmp_path / "empty.tsv"
    empty.write_bytes(b"")
    replay(data_dir, empty)
    now_ms = int(time.time() * 1000)
    frame = ('{"topic":"publicTrade.BTCUSDT","ts":%d,"data":[{"T":%d,"s":"BTCUSDT","S":"Buy","v":"0.5","p":"100.1","i":"x1"}]}'
             % (now_ms, now_ms))
    producer = Producer(broker.config)
    producer.produce(TRADES, frame.encode(), key=b"BTCUSDT", partition=2)
    assert producer.flush(30) == 0
    replay(data_dir, empty)
    found, = rows(data_dir, "bronze.trades")
    assert (found["category"], found["symbol"], found["trade_id"]) == ("linear", "BTCUSDT", "x1")
    assert abs(to_us(found["received_at"]) // 1000 - now_ms) < 60_000


def test_a_log_that_is_not_the_one_of_the_tables_stops_the_run(data_dir, capture, broker):
    replay(data_dir, capture)
    recreated = next(where[0] for where, end in broker.ends().items() if end > 0 and where[0].startswith("bybit."))
    broker.delete(recreated)
    stopped = tradelake(*replay_arguments(data_dir, capture), check=False)
    assert stopped.returncode == 1
    assert "was recreated" in stopped.stderr and recreated in stopped.stderr
    assert "tradelake repair log" in stopped.stderr


@pytest.mark.parametrize("name", ["bronze.trades", "silver.candles_1m"])
def test_tables_that_were_rolled_back_are_filled_again(data_dir, tmp_path, broker, name):
    capture = make_capture(tmp_path / "c.tsv", 1_500, 502, "repeat=0.05,reorder=0.03,malformed=0.03,late=0.1", rate=1)
    busy_replay(data_dir, capture)
    log = broker.records()
    snapshots = table(data_dir, name).metadata.snapshots
    assert len(snapshots) > 4
    roll_back(data_dir, name, "--to-snapshot", snapshots[len(snapshots) // 2].snapshot_id)
    busy_replay(data_dir, capture)
    assert_lake(data_dir, Oracle().take(read_capture(capture)))
    assert broker.records() == log


def test_another_number_of_partitions_stops_the_run(data_dir, capture, broker):
    replay(data_dir, capture)
    for future in broker.admin.create_partitions([NewPartitions(TRADES, 4)]).values():
        future.result()
    stopped = tradelake(*replay_arguments(data_dir, capture), check=False)
    assert stopped.returncode == 1
    assert f"topic {TRADES} has 4 partitions, not 3" in stopped.stderr
    shown = tradelake("topics", check=False)
    assert shown.returncode == 1
    assert f"{TRADES}\tpartitions: 4, declared 3" in shown.stdout
    assert tradelake("topics", "--apply", check=False).returncode == 1
    assert broker.topics()[TRADES] == 4


def test_topics_are_compared_and_made_and_set(broker):
    shown = tradelake("topics", check=False)
    assert shown.returncode == 1
    assert all(line.endswith("\tmissing") for line in shown.stdout.splitlines())
    assert not broker.topics()
    tradelake("topics", "--apply")
    assert broker.topics()[TRADES] == 3
    assert tradelake("topics").stdout.count("\tas declared\n") == len(broker.topics())

    def alter(name, value):
        resource = ConfigResource(ConfigResource.Type.TOPIC, TRADES, incremental_configs=[
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)])
        for future in broker.admin.incremental_alter_configs([resource]).values():
            future.result()
        # The controller has it; the broker tells of it a moment later.
        deadline = time.monotonic() + 30
        while setting(name) != value:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def setting(name):
        resource = ConfigResource(ConfigResource.Type.TOPIC, TRADES)
        return broker.admin.describe_configs([resource])[resource].result()[name].value

    alter("retention.ms", "1000")
    alter("segment.ms", "7777777")  # not ours to judge
    alter("max.message.bytes", "9999999")  # more than declared is as good
    drifted = tradelake("topics", check=False)
    assert drifted.returncode == 1
    assert f"{TRADES}\tretention.ms: 1000, declared 172800000\n" in drifted.stdout
    assert "segment.ms" not in drifted.stdout and "max.message.bytes" not in drifted.stdout
    tradelake("topics", "--apply")
    assert setting("retention.ms") == "172800000"
    assert setting("segment.ms") == "7777777"
    assert setting("max.message.bytes") == "9999999"
    assert setting("message.timestamp.type") == "LogAppendTime"


def test_addresses_that_are_none_and_brokers_that_are_not_there(data_dir, capture):
    for bad in ("kafka://", "kafka://host", "kafka://host:0", "kafka://a:1,", "kafka://a:1/x", "kafkas://a:1", "redis"):
        refused = tradelake(*replay_arguments(data_dir, capture), "--log", bad, check=False)
        assert refused.returncode == 2 and bad in refused.stderr, refused.stderr
    assert tradelake("topics", "--log", "local", check=False).returncode == 2
    away = tradelake(*replay_arguments(data_dir, capture), "--log", "kafka://127.0.0.1:1", check=False, timeout=30)
    assert away.returncode == 1
    assert "kafka://127.0.0.1:1 does not answer" in away.stderr
