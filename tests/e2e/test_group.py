"""Stages over Kafka: several sinks share the partitions, come, go, are killed and stand still; the tables are exact."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from lake import BINARY, assert_lake, rows, table, tradelake
from oracle import Oracle, read_capture
from test_kill import BUSY, make_capture
from test_live import address


class Stages:
    """Processes over one log, catalog and warehouse, started the way the README does: nothing is said of ports, and
    the data directory, where they keep only unnamed files, is the same for all."""

    def __init__(self, folder):
        self.folder = folder
        self.lake = folder / "lake"
        self.lake.mkdir()
        self.environment = os.environ | BUSY | {
            "TRADELAKE_CATALOG": f"sqlite:{self.lake}/catalog.db", "TRADELAKE_WAREHOUSE": f"file://{self.lake}/warehouse"}
        self.count = 0

    def start(self, name, *arguments):
        self.count += 1
        log = open(self.folder / f"{name}-{self.count}.log", "w")
        process = subprocess.Popen([BINARY, name, "--data-dir", self.folder / "data", *map(str, arguments)],
                                   env=self.environment, stdout=log, stderr=log)
        process.log = log.name
        return process

    def finish(self, *names):
        """Everything that is in the log, by a process of each stage that goes until all is committed."""
        for process in [self.start(name, "--exit-when-done") for name in names]:
            assert process.wait(120) == 0, open(process.log).read()


def ended(process, seconds=30):
    code = process.wait(seconds)
    return code, open(process.log).read()


def assert_offsets(stages):
    """Every snapshot says how far all partitions are, whoever of the group wrote it: never less than the one before,
    and the last one what the catalog says."""
    with sqlite3.connect(stages.lake / "catalog.db") as catalog:
        progress = catalog.execute("SELECT topic, topic_partition, next_offset FROM tradelake_progress"
                                   " WHERE pipeline = 'bronze' AND next_offset > 0").fetchall()
    before = {}
    for snapshot in sorted(table(stages.lake, "bronze.trades").metadata.snapshots, key=lambda s: s.sequence_number):
        offsets = json.loads(snapshot.summary["tradelake.offsets"])
        now = {(topic, int(partition)): at for topic, of_topic in offsets.items() for partition, at in of_topic.items()}
        for where, at in before.items():
            assert now[where] >= at, f"{where} went back from {at} to {now.get(where)}"
        before = now
    committed = {(topic, partition): at for topic, partition, at in progress}
    # A commit without trades is only in the catalog: end markers, and what is unroutable.
    assert before.keys() <= committed.keys()
    assert all(at <= committed[where] for where, at in before.items())
    return before


def test_two_sinks_and_candles_give_what_the_capture_holds(tmp_path, capture, broker):
    stages = Stages(tmp_path)
    tradelake("replay", "--data-dir", tmp_path / "replay", "--listen", "127.0.0.1:0", capture)
    processes = [stages.start(name, "--exit-when-done") for name in ("sink", "sink", "candles")]
    for process in processes:
        code, text = ended(process, 60)
        assert code == 0, text
    assert_lake(stages.lake, Oracle().take(read_capture(capture)))
    assert len(assert_offsets(stages)) > 2


def test_a_sink_that_is_told_to_stop_before_it_has_partitions_takes_what_there_is(tmp_path, capture, broker):
    stages = Stages(tmp_path)
    tradelake("replay", "--data-dir", tmp_path / "replay", "--listen", "127.0.0.1:0", capture)
    expected = Oracle().take(read_capture(capture))
    sink = stages.start("sink")
    address(Path(sink.log), sink)
    sink.terminate()
    code, text = ended(sink, 5)
    assert code == 0, text
    # A group that takes longer than a stop may take leaves it in the log, and says so.
    assert len(rows(stages.lake, "bronze.trades")) == len(expected.trades) or "event=left_in_the_log" in text
    stages.finish("sink", "candles")
    assert_lake(stages.lake, expected)


def replaying(stages, capture, speed):
    return stages.start("replay", "--speed", speed, capture)


def test_sinks_that_come_and_go_lose_and_double_nothing(tmp_path, broker):
    """At most three at a time; each change moves partitions."""
    rng = random.Random(5)
    capture = make_capture(tmp_path / "c.tsv.zst", 20_000, 91)
    stages = Stages(tmp_path)
    replay = replaying(stages, capture, 20)
    sinks = [stages.start("sink")]
    candles = [stages.start("candles"), stages.start("candles")]
    killed = 0
    while replay.poll() is None:
        time.sleep(rng.uniform(0.5, 2.5))
        sinks = [one for one in sinks if one.poll() is None]
        if len(sinks) < 3 and rng.random() < 0.6:
            sinks.append(stages.start("sink"))
        elif sinks:
            leaving = sinks.pop(rng.randrange(len(sinks)))
            leaving.send_signal(rng.choice([signal.SIGTERM, signal.SIGKILL]))
            killed += 1
            code, text = ended(leaving)
            assert code in (0, -signal.SIGKILL), text
    assert replay.returncode == 0, open(replay.log).read()
    assert killed >= 3
    for process in [*sinks, *candles]:
        assert process.poll() is None, open(process.log).read()
        process.terminate()
        code, text = ended(process)
        assert code == 0, text
    stages.finish("sink", "candles")
    assert_lake(stages.lake, Oracle().take(read_capture(capture)))
    assert_offsets(stages)


def test_a_sink_that_stood_still_gives_up_what_others_have_taken(tmp_path, broker):
    capture = make_capture(tmp_path / "c.tsv.zst", 16_000, 92)
    stages = Stages(tmp_path)
    replay = replaying(stages, capture, 20)
    zombie, other = stages.start("sink"), stages.start("sink")
    time.sleep(7)
    zombie.send_signal(signal.SIGSTOP)
    time.sleep(10)  # longer than its session: the other one has everything now
    zombie.send_signal(signal.SIGCONT)
    assert replay.wait(120) == 0
    time.sleep(3)
    for process in (zombie, other):
        assert process.poll() is None, open(process.log).read()
    zombie.terminate()
    other.terminate()
    for process in (zombie, other):
        code, text = ended(process)
        assert code == 0, text
    stages.finish("sink", "candles")
    assert_lake(stages.lake, Oracle().take(read_capture(capture)))
    assert_offsets(stages)
