"""How far a table's head says it reaches, as Spark's jobs read it; and whether the log is the one it was written from. Without Spark."""

import sys
from dataclasses import dataclass

import pytest

from lake import ROOT

sys.path.insert(0, str(ROOT / "spark"))
from tradelake_spark import lineage  # noqa: E402
from tradelake_spark.kafka_log import fitting  # noqa: E402
from tradelake_spark.refusal import Refused  # noqa: E402

HERE, THERE = ("t", 0), ("t", 2)
NOTE = lineage.summary("bronze", "c1", {HERE: 7, THERE: 9}, {HERE: 1_000, THERE: 3_000}, {"t": "id"},
                       dict(zip(lineage.COUNTS, (6, 3, 2, 1, 0))))
# What the program's maintenance carries over.
KEPT = {key: NOTE[key] for key in ("tradelake.pipeline", lineage.COMMIT_ID, lineage.OFFSETS, lineage.GREATEST)}


@dataclass
class Snapshot:
    """As Java's."""

    number: int
    lines: dict
    parent: int | None

    snapshotId = sequenceNumber = lambda self: self.number
    parentId = lambda self: self.parent
    summary = lambda self: self.lines


@dataclass
class Reference:
    number: int

    snapshotId = lambda self: self.number
    isTag = lambda self: True


class Table:
    """Of snapshots one upon the other; those that are None have expired."""

    def __init__(self, *summaries, tag=None):
        self.snapshots = {n: Snapshot(n, lines, n - 1 if n > 1 else None) for n, lines in enumerate(summaries, 1) if lines is not None}
        self.newest = len(summaries)
        self.tags = {"tradelake-bronze": Reference(tag)} if tag else {}

    refresh = lambda self: None
    currentSnapshot = lambda self: self.snapshots.get(self.newest)
    snapshot = lambda self, number: self.snapshots.get(number)

    def refs(self):
        tags = self.tags

        class Java:
            keySet = lambda self: set(tags)
            get = lambda self, name: tags.get(name)

        return Java()


@pytest.fixture
def head(monkeypatch):
    def of(table):
        monkeypatch.setattr(lineage, "loaded", lambda session, name: table)
        return lineage.head(None, "bronze.trades")

    return of


def test_a_table_that_no_pipeline_has_written_reaches_nowhere(head):
    assert head(Table()) == head(Table({"by": "hand"})) == lineage.Head()


def test_the_last_commit_counts_whoever_came_after(head):
    expected = lineage.Head("c1", {HERE: 7, THERE: 9}, {HERE: 1_000, THERE: 3_000}, {"t": "id"})
    older = NOTE | {lineage.COMMIT_ID: "c0", lineage.OFFSETS: '{"t":{"0":1}}'}
    assert head(Table(older, NOTE)) == head(Table(older, NOTE, {}, {"by": "hand"})) == expected
    assert head(Table(older, NOTE, {}, KEPT)) == expected
    # Between it and the head snapshots have expired: its tag has kept it.
    assert head(Table(older, NOTE, None, {}, tag=2)) == expected
    # What maintenance does not carry over is not known, and never an older commit's.
    assert head(Table(older, None, KEPT)) == head(Table(older, KEPT)) == lineage.Head("c1", {HERE: 7, THERE: 9}, None, {})


def test_a_summary_is_the_program_s():
    assert NOTE[lineage.OFFSETS] == '{"t":{"0":7,"2":9}}' and NOTE[lineage.GREATEST] == "3000"
    assert [NOTE[f"tradelake.{name}"] for name in ("in", "ok", "dead", "filtered", "expired")] == ["6", "3", "2", "1", "0"]


RANGES = {"t": ("id", {0: (0, 10), 1: (4, 10), 2: (5, 9)}), "u": ("other", {0: (3, 3)})}


def test_it_goes_on_where_the_table_is_and_elsewhere_at_the_log_s_beginning():
    assert fitting(RANGES, {"t": {0: 7, 2: 9}}, {"t": "id"}, "x") == {"t": {"0": 7, "1": 4, "2": 9}, "u": {"0": 3}}


@pytest.mark.parametrize("carried, ids, reason", [
    ({"t": {0: 7}}, {"t": "gone"}, "topic t was recreated"),
    ({"t": {3: 7}}, {}, "t partition 3 is no longer in the log"),
    ({"t": {0: 11}}, {}, "t partition 0 ends at 10, before the committed offset 11"),
    ({"t": {2: 4}}, {}, "t partition 2 starts at 5, after the committed offset 4"),
])
def test_another_log_is_refused(carried, ids, reason):
    with pytest.raises(Refused, match=reason):
        fitting(RANGES, carried, ids, "x")
