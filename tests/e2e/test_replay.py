"""Replays against the oracle: every table, column by column, read by PyIceberg and chDB."""

import subprocess
import sys
from decimal import Decimal

from lake import assert_lake, pointers, replay, table
from oracle import Oracle, read_capture


def chdb_query(folder, sql):
    """In a process of its own: chDB reads only below its working directory."""
    program = "import chdb, sys; print(chdb.query(sys.argv[1], 'TSV').data())"
    done = subprocess.run([sys.executable, "-c", program, sql], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_capture_ends_up_in_the_tables_exactly(data_dir, capture):
    replay(data_dir, capture)
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def test_the_last_commit_is_tagged_so_that_nobody_expires_it(data_dir, capture):
    replay(data_dir, capture)
    for name, tag in (("bronze.trades", "tradelake-bronze"), ("silver.candles_1m", "tradelake-silver")):
        found = table(data_dir, name)
        assert found.refs()[tag].snapshot_id == found.current_snapshot().snapshot_id
        assert found.snapshot_by_name(tag).summary["tradelake.commit-id"]


def test_a_second_run_over_the_same_file_adds_nothing(data_dir, capture):
    replay(data_dir, capture)
    before = pointers(data_dir)
    replay(data_dir, capture)
    assert pointers(data_dir) == before


def test_a_later_file_continues_where_the_first_ended(data_dir, capture, tmp_path):
    lines = list(read_capture(capture))
    oracle = Oracle()
    for number, part in enumerate((lines[: len(lines) // 2], lines[len(lines) // 2 :])):
        file = tmp_path / f"part-{number}.tsv"
        file.write_bytes(b"".join(b"%d\t%s\t%s\n" % (ns, category.encode(), text) for ns, category, text in part))
        replay(data_dir, file)
        assert_lake(data_dir, oracle.take(part))


def test_chdb_reads_the_same_rows_at_the_pointer(data_dir, capture):
    replay(data_dir, capture)
    expected = Oracle().take(read_capture(capture))
    for name, count in (("bronze.trades", len(expected.trades)), ("silver.candles_1m", len(expected.candles))):
        pointer = pointers(data_dir)[name].removeprefix("file://")
        folder, relative = pointer.split("/metadata/")
        # Not found by listing: chDB would take a file that was never committed.
        source = f"icebergLocal('{folder}', SETTINGS iceberg_metadata_file_path = 'metadata/{relative}')"
        amount = "size" if name == "bronze.trades" else "volume"
        found = chdb_query(data_dir, f"SELECT count(), toString(sum({amount})) FROM {source}").split()
        assert int(found[0]) == count
        assert Decimal(found[1]) == sum(t.size for t in expected.trades)
