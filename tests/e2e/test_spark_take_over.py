"""When a job of Spark's takes a pipeline over, what it refuses, and when it has lost the tables: without Spark and without servers."""

import contextlib
import json
import sys

import pytest

from lake import ROOT

sys.path.insert(0, str(ROOT / "spark"))
from tradelake_spark import hand_over, lineage, owner as owners  # noqa: E402
from tradelake_spark.lineage import Head  # noqa: E402
from tradelake_spark.owner import Owner  # noqa: E402
from tradelake_spark.refusal import Fenced, Refused  # noqa: E402

HERE, THERE, KLINE = ("t", 0), ("t", 1), ("k", 0)
RANGES = {"t": ("id", {0: (0, 100), 1: (0, 100)})}
TABLES = ("n.first", "n.second")
PRIMARY = "n.first"


def row(place, offset, greatest=None, **more):
    return {"topic": place[0], "topic_partition": place[1], "next_offset": offset, "replay_from": offset // 2, "topic_id": "id",
            "epoch": 0, "max_trade_time_us": greatest} | more


def by_program(commit_id, **offsets):
    """Of the head's `offsets` those in partition 0 and 1 of t."""
    return Head(commit_id, {place: offsets[name] for name, place in (("here", HERE), ("there", THERE)) if name in offsets})


def by_spark(commit_id, **offsets):
    head = by_program(commit_id, **offsets)
    head.greatest = dict.fromkeys(head.offsets, 1)
    return head


class Catalog(Owner):
    """The record and the rows of a catalog; None: the program has not opened it."""

    def __init__(self, record, rows=()):
        self.pipeline, self.tables = "p", TABLES
        self.record, self.rows, self.fenced = record, {(r["topic"], r["topic_partition"]): r for r in rows}, 0

    recorded = lambda self: self.record and dict(self.record)
    progress = lambda self: list(self.rows.values())

    @contextlib.contextmanager
    def transaction(self):
        before = self.record, self.rows, self.fenced
        try:
            yield
        except BaseException:
            self.record, self.rows, self.fenced = before
            raise

    def ask(self, statement, *values):
        if statement == hand_over.FENCE:
            assert values[0] == "p"
            self.fenced += 1
            asked = [row((p["topic"], p["topic_partition"]), 0) for p in json.loads(values[1])]
            self.rows = {(r["topic"], r["topic_partition"]): r for r in asked} | self.rows
        if statement == hand_over.RECORD:
            self.record = self.record | {f"{values[1]}.{values[2]}": values[3]}


class Commits:
    def __init__(self, catalog, first, second):
        self.owner, self.pipeline = catalog, "p"
        self.heads = dict(zip(TABLES, (first, second)))
        self.made = []

    look = lambda self: None

    def append(self, table, rows, note):
        assert rows is None
        self.owner.check()
        self.made.append((table, note))
        offsets = lineage.flat(lineage.by_partition(note[lineage.OFFSETS]))
        greatest = lineage.flat(lineage.by_partition(note[lineage.GREATEST_EACH]))
        self.heads[table] = Head(note[lineage.COMMIT_ID], offsets, greatest)


def taken(commits):
    commits.made = []
    hand_over.take_over(commits, RANGES, PRIMARY, lambda rows: {"more": sorted(rows)})
    return [table for table, _ in commits.made]


def test_a_lake_that_the_program_never_opened_is_left_as_it_is():
    commits = Commits(Catalog(None), by_spark("c", here=7), Head())
    assert taken(commits) == [] and commits.owner.record is None


def test_the_rows_are_the_truth_and_the_primary_table_has_it_last():
    rows = row(HERE, 10, 1_000), row(THERE, 0), row(KLINE, 5, replay_from=5)
    catalog = Catalog({"n.first": "c1", "n.second": "c0", "n.other": "c2"}, rows)
    # Commits without rows for a table leave its head behind.
    commits = Commits(catalog, by_program("c1", here=4), by_program("c0", here=2))
    assert taken(commits) == ["n.second", "n.first"]
    assert catalog.record == {"n.first": "spark", "n.second": "spark", "n.other": "c2"} and catalog.fenced == 1
    (_, note), (_, other) = commits.made
    assert note == other
    assert note[lineage.OFFSETS] == '{"t":{"0":10}}' and note[lineage.GREATEST_EACH] == '{"t":{"0":1000}}'
    assert note[lineage.TOPIC_IDS] == '{"t":"id"}' and note["more"] == [HERE] and note["tradelake.in"] == "0"
    assert note[lineage.TABLES] == '["n.second","n.first"]'
    # The next start changes nothing.
    assert taken(commits) == [] and catalog.fenced == 1


@pytest.mark.parametrize("done", (0, 1))
def test_killed_within_it_the_next_start_does_it(done):
    catalog = Catalog(dict.fromkeys(TABLES, "spark"), [row(HERE, 10, 1_000)])
    commits = Commits(catalog, by_program("c1", here=4), by_spark("t", here=10) if done else by_program("c0", here=2))
    assert taken(commits) == ["n.second", "n.first"] and catalog.fenced == 0


def test_where_the_program_has_read_on_and_not_written_it_says_so():
    commits = Commits(Catalog({"n.first": "s1", "n.second": "s1"}, [row(HERE, 10)]), by_spark("s1", here=8), by_spark("s1", here=8))
    assert taken(commits) == ["n.second", "n.first"]


@pytest.mark.parametrize("first, second", [(by_program("c1", here=10), by_program("c1", here=10)),
                                           (by_spark("s1", here=10), by_program("c1", here=10))])
def test_heads_that_say_no_more_than_the_offsets_are_not_enough(first, second):
    assert taken(Commits(Catalog({"n.first": first.commit_id, "n.second": "c1"}, [row(HERE, 10)]), first, second)) == [
        "n.second", "n.first"]


def test_tables_that_spark_began_need_no_record():
    assert taken(Commits(Catalog({"n.second": "c1"}, [row(HERE, 10)]), by_spark("s1", here=8), by_program("c1", here=10)))


@pytest.mark.parametrize("first, second", [
    (by_spark("s2", here=12), by_spark("s1", here=10)),  # a job has gone on
    (by_spark("s1", here=10), by_spark("s2", here=12)),  # a commit that was cut off
    (by_program("s2", here=12), by_spark("s1", here=10)),  # maintenance does not carry all lines over
])
def test_what_spark_has_written_since_is_the_last_word(first, second):
    assert taken(Commits(Catalog(dict.fromkeys(TABLES, "spark"), [row(HERE, 10)]), first, second)) == []


@pytest.mark.parametrize("head", (Head(), by_spark("s", here=7), by_program("s", here=7)))
def test_a_catalog_that_the_program_has_only_opened_holds_nothing_up(head):
    commits = Commits(Catalog({}), head, Head())
    assert taken(commits) == [] and commits.owner.record == dict.fromkeys(TABLES, "spark")


@pytest.mark.parametrize("first, second, why", [
    (by_program("c9", here=4), by_program("c0", here=2), "n.first carries commit c9, the catalog's record says c1"),
    (Head(), by_program("c0"), "n.first carries commit none, the catalog's record says c1"),
    (by_spark("s1", here=4), by_program("c0"), "n.first carries commit s1, the catalog's record says c1"),
    (by_program("c1"), by_program("c0", here=11), "n.second reaches offset 11 of t partition 0, the catalog's record says 10"),
    (by_program("c1"), by_program("c0", there=1), "n.second reaches offset 1 of t partition 1, the catalog's record says 0"),
])
def test_tables_that_were_moved_without_their_progress_are_refused(first, second, why):
    catalog = Catalog({"n.first": "c1", "n.second": "c0"}, [row(HERE, 10)])
    with pytest.raises(Refused, match=f"the head of {why}"):
        taken(Commits(catalog, first, second))
    assert catalog.record == {"n.first": "c1", "n.second": "c0"} and catalog.fenced == 0 and len(catalog.rows) == 1


@pytest.mark.parametrize("one, why", [(row(HERE, 101), "ends at 100"), (row(HERE, 9) | {"topic_id": "gone"}, "topic t was recreated"),
                                      (row(("t", 2), 3), "t partition 2 is no longer in the log")])
def test_another_log_is_refused_before_anything_is_changed(one, why):
    catalog = Catalog({"n.first": "c1"}, [one])
    with pytest.raises(Refused, match=why):
        taken(Commits(catalog, by_program("c1"), Head()))
    assert catalog.record == {"n.first": "c1"} and catalog.fenced == 0


def test_a_table_that_was_rolled_back_to_nothing_is_as_one_without_a_record():
    assert taken(Commits(Catalog({"n.first": "none"}, [row(HERE, 0)]), Head(), Head())) == []


@pytest.mark.parametrize("record, rows, ours", [
    (None, [], True), ({}, [], True), (dict.fromkeys(TABLES, "spark"), [row(HERE, 10)], True),
    ({"n.first": "spark", "n.second": "spark", "n.other": "c"}, [row(KLINE, 10)], True),
    ({"n.first": "spark", "n.second": "c"}, [], False), ({"n.first": "c"}, [row(HERE, 10)], False), ({}, [row(HERE, 0)], False),
])
def test_what_the_catalog_says_of_another_writer(record, rows, ours):
    catalog = Catalog(record, rows)
    if ours:
        return catalog.check()
    with pytest.raises(Fenced, match="pipeline p: the program has taken n.first and n.second back"):
        catalog.check()


def test_without_the_session_there_is_no_lock():
    catalog = Catalog({})

    def gone():
        raise OSError("closed")

    catalog.recorded = gone
    with pytest.raises(Fenced, match="the session that holds the lock"):
        catalog.check()


@pytest.mark.parametrize("free_at, expected", ((0, 0), (19.9, 20), (20.1, None)))
def test_it_waits_for_the_other_s_end_for_a_while(monkeypatch, free_at, expected):
    now = 0.0

    def sleep(seconds):
        nonlocal now
        now += seconds

    monkeypatch.setattr(owners.time, "monotonic", lambda: now)
    monkeypatch.setattr(owners.time, "sleep", sleep)
    catalog = Catalog(None)
    catalog.ask = lambda *_: "true" if now >= free_at else "false"
    if expected is None:
        with pytest.raises(Fenced, match="another writer, the program or another job of Spark, writes n.first and n.second"):
            catalog.lock()
        expected = 20
    else:
        catalog.lock()
    assert now == expected
