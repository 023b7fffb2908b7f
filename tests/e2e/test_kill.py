"""Killed at any moment, and at every effect on the disk: after a restart the tables are the same."""

import os
import random
import shutil
import subprocess
import time

import pytest

from lake import BINARY, assert_lake, replay, replay_arguments, rows, tradelake
from oracle import Oracle, read_capture

# Small and frequent commits, so that a short run has many of them.
BUSY = {"TRADELAKE_COMMIT_MAX_ROWS": "400", "TRADELAKE_COMMIT_INTERVAL": "20ms"}


def make_capture(path, frames, seed, faults="repeat=0.05,reorder=0.03,malformed=0.03,unknown=0.02,late=0.01", rate=30):
    tradelake("simulate", "--write-capture", path, "--frames", frames, "--seed", seed, "--rate", rate,
              "--symbols", "linear:4,spot:2,inverse:2,option:1", "--faults", faults)
    return path


@pytest.fixture(scope="session")
def kill_shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "kill_shim.so"
    source = os.path.join(os.path.dirname(__file__), "kill_shim.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def run_killed_at(shim, point, data_dir, capture, count_file=None):
    environment = os.environ | BUSY | {"LD_PRELOAD": str(shim), "TRADELAKE_KILL_AT": str(point)}
    if count_file:
        environment["TRADELAKE_KILL_COUNT"] = str(count_file)
    return subprocess.run([BINARY, *map(str, replay_arguments(data_dir, capture))], env=environment,
                          capture_output=True, timeout=120)


def test_a_kill_at_every_effect_on_the_disk_changes_nothing(tmp_path, kill_shim):
    capture = make_capture(tmp_path / "small.tsv", 150, 11)
    expected = Oracle().take(read_capture(capture))
    count_file = tmp_path / "count"
    assert run_killed_at(kill_shim, -1, tmp_path / "clean", capture, count_file).returncode == 0
    assert_lake(tmp_path / "clean", expected)
    points = int(count_file.read_text())
    assert points > 100
    step = 1 if os.environ.get("TRADELAKE_ALL_POINTS") else max(1, points // 120)
    for point in range(1, points + 1, step):
        data_dir = tmp_path / f"at-{point}"
        killed = run_killed_at(kill_shim, point, data_dir, capture)
        assert killed.returncode in (-9, 0), killed.stderr
        replay(data_dir, capture)
        assert_lake(data_dir, expected)


@pytest.mark.parametrize("seed", range(8))
def test_kills_at_random_moments_change_nothing(tmp_path, seed):
    rng = random.Random(seed)
    capture = make_capture(tmp_path / "c.tsv.zst", 6_000, 100 + seed)
    expected = Oracle().take(read_capture(capture))
    data_dir = tmp_path / "data"
    kills, longest = 0, 0.25
    while True:
        process = subprocess.Popen([BINARY, *map(str, replay_arguments(data_dir, capture))], env=os.environ | BUSY,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert process.wait(timeout=rng.uniform(0.02, longest) if kills < 25 else 120) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            continue
        if kills:
            break
        # Done before the first kill: once more from nothing, and killed sooner.
        shutil.rmtree(data_dir)
        longest = longest / 2
        assert longest > 0.02
    assert_lake(data_dir, expected)


@pytest.mark.slow
def test_one_run_killed_two_hundred_times_changes_nothing(tmp_path):
    rng = random.Random(200)
    capture = make_capture(tmp_path / "c.tsv.zst", 12_000, 200)
    expected = Oracle().take(read_capture(capture))
    data_dir = tmp_path / "data"
    arguments = replay_arguments(data_dir, capture)
    arguments[arguments.index("max")] = "30"  # so slow that the run lasts
    for kill in range(200):
        process = subprocess.Popen([BINARY, *map(str, arguments)], env=os.environ | BUSY,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.02, 0.25))
        assert process.poll() is None, f"the run was over after {kill} kills"
        process.kill()
        process.wait()
    reached = len(rows(data_dir, "bronze.trades"))
    assert reached > len(expected.trades) / 5, "the kills were all at the beginning"
    replay(data_dir, capture)
    assert_lake(data_dir, expected)


def test_sigterm_commits_what_was_received_and_exits_in_time(tmp_path):
    capture = make_capture(tmp_path / "c.tsv", 5_000, 7)
    process = subprocess.Popen([BINARY, "run", "--data-dir", tmp_path / "data", "--source", f"replay:{capture}",
                                "--speed", "50", "--listen", "127.0.0.1:0"], stdout=subprocess.DEVNULL)
    time.sleep(1.0)
    process.terminate()
    begin = time.monotonic()
    assert process.wait(timeout=10) == 0
    assert time.monotonic() - begin < 5
    replay(tmp_path / "data", capture)
    assert_lake(tmp_path / "data", Oracle().take(read_capture(capture)))
