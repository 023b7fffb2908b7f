"""Which tables a commit of the candles writes, and what it says of that: without a JVM."""

import json
import sys
from types import SimpleNamespace

import pytest

from lake import ROOT


@pytest.fixture(scope="module")
def module():
    sys.path.insert(0, str(ROOT / "scripts"))
    from stack_spark import spark

    sys.path[:0] = [str(ROOT / "spark"), str(spark() / "python")]
    from tradelake_spark import candle_tables

    return candle_tables


class Rows:
    """A candle or two of some kind."""

    where = selectExpr = withColumn = drop = unionByName = lambda self, *_: self
    first = lambda self: (1, 0)


class Commits:
    def __init__(self, module):
        self.heads = {table: SimpleNamespace(commit_id=None, noted={}) for table in module.TABLES}
        self.made = {}

    def append(self, table, rows, note):
        assert table not in self.made
        self.made[table] = rows, json.loads(note["tradelake.tables"])

    def merge(self, table, rows, keys, within, note):
        self.append(table, rows, note)


@pytest.fixture
def written(module, monkeypatch):
    """{table: (rows, `tradelake.tables`)} of a commit, in the order it was made in."""
    from tradelake_spark.book import Change, Changes

    monkeypatch.setattr(module.CandleTables, "merged", lambda *_: Rows())
    monkeypatch.setattr(module.CandleTables, "kept", lambda *_: SimpleNamespace(rows=Rows(), free=lambda: None))
    monkeypatch.setattr(module.CandleTables, "gaps_frame", lambda self, gaps: Rows() if gaps else None)
    monkeypatch.setattr(module.candles, "minutes_of", lambda *_: Rows())
    monkeypatch.setattr(module, "f", SimpleNamespace(lit=lambda value: value))
    window = SimpleNamespace(of=lambda keys: keys)

    def write(*intervals, revised=False, late=None, gaps=(), moved=False, has=()):
        commits, changes = Commits(module), Changes()
        for table in has:
            commits.heads[table].commit_id = "c"
        for interval in intervals:
            changes.of[interval] = {("linear", "X", 0): Change(int(revised), "late_trade" if revised else None)}
        note = {"tradelake.commit-id": "c"}
        module.CandleTables(None, commits).write(changes, window, late, gaps, SimpleNamespace(updated_at=0), note, moved)
        return commits.made

    return write


MINUTES, LATE, GAPS, REVISIONS, FIVE = ("silver.candles_1m", "silver.late_trades", "silver.coverage_gaps", "silver.candle_revisions",
                                        "silver.candles_5m")


def test_every_table_of_a_commit_says_which_they_all_are(written):
    made = written("1m", "5m", revised=True, late=Rows(), gaps=[1], moved=True)
    assert list(made) == [LATE, GAPS, REVISIONS, MINUTES, FIVE]
    assert all(tables == list(made) for _, tables in made.values())


def test_the_minutes_say_of_a_commit_without_minutes_that_it_was_made(written):
    made = written("5m")
    assert list(made) == [MINUTES, FIVE] and made[MINUTES] == (None, [MINUTES, FIVE])
    assert list(written(moved=True)) == [MINUTES]
    assert written() == {}


def test_one_that_is_done_again_says_the_same_and_leaves_out_who_has_it(written):
    made = written("1m", revised=True, late=Rows(), moved=True, has=[LATE])
    assert list(made) == [REVISIONS, MINUTES]
    assert all(tables == [LATE, REVISIONS, MINUTES] for _, tables in made.values())
