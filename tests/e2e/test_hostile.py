"""Generated captures with every fault, under many small commits: the tables equal the oracle."""

import os
import signal

import pytest

from lake import assert_lake, assert_revisions, replay, rows, tradelake
from oracle import Oracle, read_capture
from test_kill import BUSY, kill_shim, make_capture, run_killed_at  # noqa: F401 (a fixture)

EVERYTHING = ("repeat=0.03,reorder=0.03,late=0.02,future=0.002,malformed=0.03,utf8=0.005,large=0.0005,unknown=0.03,"
              "missing=0.05,keys=0.3,duplicate_key=0.01,numbers=0.05,extreme=0.05")


@pytest.mark.parametrize("seed", range(4))
def test_every_fault_under_small_commits(data_dir, tmp_path, seed):
    capture = make_capture(tmp_path / "c.tsv.zst", 8_000, seed, EVERYTHING, rate=25)
    expected = Oracle().take(read_capture(capture))
    replay(data_dir, capture, env=os.environ | {"TRADELAKE_COMMIT_MAX_ROWS": "500", "TRADELAKE_COMMIT_INTERVAL": "30ms"})
    assert_lake(data_dir, expected)
    assert_revisions(data_dir)


def test_ids_beyond_memory_are_still_known(data_dir, tmp_path):
    capture = make_capture(tmp_path / "c.tsv.zst", 20_000, 9, "repeat=0.1,reorder=0.05", rate=500)
    replay(data_dir, capture, env=os.environ | {"TRADELAKE_DEDUP_MEMORY": "16KiB"})
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def test_a_repeat_older_than_the_window_is_found_in_the_table(data_dir, tmp_path):
    capture = make_capture(tmp_path / "c.tsv", 3_000, 3, "", rate=2)
    lines = list(read_capture(capture))
    again = tmp_path / "again.tsv"
    # The same frames, received later: another file, the same trades.
    again.write_bytes(b"".join(b"%d\t%s\t%s\n" % (ns + 1, category.encode(), text) for ns, category, text in lines))
    oracle = Oracle()
    expected = oracle.take(lines)
    replay(data_dir, capture)
    replay(data_dir, again)
    assert_lake(data_dir, expected)


def test_a_market_whose_trades_come_under_another_symbols_topic_has_one_candle_a_minute(data_dir, tmp_path, kill_shim):
    capture = make_capture(tmp_path / "c.tsv", 4_000, 5, "reorder=0.02", rate=25)
    frames = list(read_capture(capture))
    topics = sorted({topic_of(text) for _, category, text in frames if category == "linear"})
    mixed = tmp_path / "mixed.tsv"
    with mixed.open("wb") as out:
        for n, (ns, category, text) in enumerate(frames):
            if category == "linear" and n % 3 == 0:
                text = text.replace(topic_of(text), topics[n % len(topics)])
            out.write(b"%d\t%s\t%s\n" % (ns, category.encode(), text))
    # How far a run has come at its n-th effect depends on the machine: only the first is sure to be reached.
    killed = [run_killed_at(kill_shim, point, data_dir, mixed).returncode for point in (100, 150, 200)]
    assert killed[0] == -signal.SIGKILL
    replay(data_dir, mixed, env=os.environ | BUSY)
    assert_lake(data_dir, Oracle().take(read_capture(mixed)))


def topic_of(text):
    return text[text.index(b'"publicTrade.'):].split(b'"')[1]


def test_a_capture_that_breaks_off_is_told_and_what_was_whole_is_kept(data_dir, tmp_path):
    capture = make_capture(tmp_path / "c.tsv", 500, 4, "")
    whole = capture.read_bytes()
    cut = whole.rindex(b"\n", 0, len(whole) // 2) + 60
    broken = tmp_path / "broken.tsv"
    broken.write_bytes(whole[:cut])
    done = tradelake("run", "--data-dir", data_dir, "--source", f"replay:{broken}", "--exit-when-done",
                     "--listen", "127.0.0.1:0", check=False)
    assert done.returncode == 1
    assert "breaks off in the middle of line" in done.stderr
    kept = list(read_capture(broken))[:-1]
    assert len(rows(data_dir, "bronze.trades")) == len(Oracle().take(kept).trades)
    replay(data_dir, capture)
    assert_lake(data_dir, Oracle().take(read_capture(capture)))
