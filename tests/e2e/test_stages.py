"""The stages as processes of their own, one after the other over one data directory's log."""

import time
import urllib.request

from lake import assert_lake, pointers, tradelake
from oracle import Oracle, read_capture
from served import Process

EMBEDDED = ("--listen", "127.0.0.1:0")


def stage(name, data_dir, *arguments, **options):
    return tradelake(name, "--data-dir", data_dir, *EMBEDDED, *arguments, **options)


def test_replay_sink_and_candles_give_what_a_run_gives(data_dir, capture):
    stage("replay", data_dir, capture)
    for name in ("sink", "candles"):
        stage(name, data_dir, "--exit-when-done")
    assert_lake(data_dir, Oracle().take(read_capture(capture)))
    before = pointers(data_dir)
    stage("replay", data_dir, capture)
    for name in ("candles", "sink"):
        done = stage(name, data_dir, "--exit-when-done")
        assert "done: 0 trades in" in done.stdout
    assert pointers(data_dir) == before


def test_a_log_without_end_markers_is_not_the_end(data_dir, tmp_path, capture):
    """A capture that breaks off may go on: the sink commits what there is and waits."""
    lines = list(read_capture(capture))[:2_000]
    broken = tmp_path / "broken.tsv"
    broken.write_bytes(b"".join(b"%d\t%s\t%s\n" % (ns, category.encode(), text) for ns, category, text in lines)[:-40])
    assert stage("replay", data_dir, broken, check=False).returncode == 1
    sink = Process("sink", "--data-dir", data_dir, *EMBEDDED, "--exit-when-done", log=tmp_path / "sink.log")
    try:
        assert ask(sink, "/healthz") == "ok\n"
        metrics = wait_for_metric(sink, "tradelake_lag_records", 0)
        assert metrics['tradelake_conservation_error{pipeline="bronze"}'] == 0
        assert metrics['tradelake_trades_in_total{pipeline="bronze"}'] > 0
        assert not any("silver" in name for name in metrics)
        assert sink.process.poll() is None
    finally:
        assert sink.stop() == 0


def test_one_process_at_a_time_has_an_embedded_log(data_dir, tmp_path, capture):
    stage("replay", data_dir, capture)
    sink = Process("sink", "--data-dir", data_dir, *EMBEDDED, log=tmp_path / "sink.log")
    try:
        second = stage("candles", data_dir, check=False)
        assert second.returncode == 3
        assert "another process" in second.stderr
    finally:
        sink.stop()


def ask(process, path):
    with urllib.request.urlopen(process.url + path, timeout=10) as answer:
        return answer.read().decode()


def metrics_of(process):
    lines = (line.rsplit(" ", 1) for line in ask(process, "/metrics").splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def wait_for_metric(process, name, wanted, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        found = metrics_of(process)
        values = [value for key, value in found.items() if key.split("{")[0] == name]
        if values and all(value == wanted for value in values) and found.get(
                'tradelake_commits_total{pipeline="bronze"}', 0) > 0:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
