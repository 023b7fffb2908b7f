"""Live from the simulator with every fault: what it sent on a live connection is in the tables once."""

import os
import re
import signal
import subprocess
import time
from collections import Counter

import pytest

from lake import BINARY, rows
from oracle import Oracle, read_record


def full_pipe():
    """The end to write to of a pipe that is full and stays so, while its other end is open."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    return writing


def for_a_while(seconds, server):
    time.sleep(seconds)


def address(output, process, seconds=30):
    """Where a run listens, once it says so."""
    deadline = time.monotonic() + seconds
    while not (found := re.search(r"listening on (\S+)", output.read_text())):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    return found[1]


def run_against_the_simulator(tmp_path, seconds, faults, rate, nobody_reads_events=False, wait=for_a_while):
    """`wait` is called with the seconds and the address of the run's server."""
    record = tmp_path / "record.tsv"
    simulator = subprocess.Popen(
        [BINARY, "simulate", "--symbols", "linear:20,spot:10,inverse:3,option:2", "--rate", str(rate), "--faults", faults,
         "--record", record], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = re.search(r"ws://\S+", simulator.stdout.readline())[0]
    events, output = tmp_path / "events", tmp_path / "output"
    lake = subprocess.Popen(
        [BINARY, "run", "--data-dir", tmp_path / "data", "--source", url, "--listen", "127.0.0.1:0",
         "--symbols", "linear:*,spot:*,inverse:*,option:*"], stdout=output.open("w"),
        stderr=full_pipe() if nobody_reads_events else events.open("w"),
        env=os.environ | {"TRADELAKE_COMMIT_INTERVAL": "500ms"})
    wait(seconds, address(output, lake))
    # The exchange ends first, so that all it completed is received.
    simulator.send_signal(signal.SIGTERM)
    assert simulator.wait(timeout=20) == 0
    time.sleep(1)
    lake.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    status = lake.wait(timeout=20)
    events = events.read_text() if events.exists() else ""
    assert status == 0, events[-2000:]
    assert time.monotonic() - begin < 5
    return record, events


def check(tmp_path, record, events):
    completed, cut = [], []
    for *frame, whole in read_record(record):
        (completed if whole else cut).append(tuple(frame))
    expected = Oracle().take(completed)
    may_be = Oracle().take(completed + cut)
    found = Counter((r["category"], r["symbol"], r["trade_id"]) for r in rows(tmp_path / "data", "bronze.trades"))
    assert not [key for key, count in found.items() if count > 1]
    wanted = {(t.category, t.symbol, t.trade_id) for t in expected.trades}
    possible = {(t.category, t.symbol, t.trade_id) for t in may_be.trades}
    assert len(wanted) > 100
    assert not wanted - found.keys()
    assert not found.keys() - possible
    dead = Counter(bytes(r["payload"]) for r in rows(tmp_path / "data", "bronze.dead_letters") if r["_index"] is None)
    for payload, count in Counter(text for _, index, text, _, _ in expected.dead if index is None).items():
        assert dead[payload] >= count
    assert "conservation_error" not in events


def test_every_fault_for_a_while(tmp_path):
    record, events = run_against_the_simulator(tmp_path, 20, "all", 500)
    check(tmp_path, record, events)


@pytest.mark.slow
def test_every_fault_for_ten_minutes(tmp_path):
    record, events = run_against_the_simulator(tmp_path, 600, "all", 2000)
    check(tmp_path, record, events)


def test_a_standard_error_that_nobody_reads_holds_nothing_up(tmp_path):
    record, events = run_against_the_simulator(tmp_path, 8, "close=1s,drop=1s", 500, nobody_reads_events=True)
    check(tmp_path, record, events)
