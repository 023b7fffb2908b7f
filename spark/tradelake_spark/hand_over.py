"""A pipeline is taken over from the program: when a job starts, under its lock, if the program was the last to write.

First, in one transaction, the epoch of every progress row is raised, so that the program's writers are fenced, and the catalog's record
says of each table `spark`: its head is the last word. Then each table gets an empty snapshot that says where the progress rows are and
what a job goes on from; the primary table, by which a start goes, gets it last. What is killed between is done again by the next start.
"""

import json

from . import lineage, stream
from .kafka_log import fitting
from .owner import SPARK
from .refusal import Refused

NO_COUNTS = dict.fromkeys(lineage.COUNTS, 0)
# By which the program takes the rows, too: who waits for the other's locks gets them in the end.
LOCK = """SELECT count(*) FROM (SELECT 1 FROM tradelake_progress WHERE catalog_name = 'tradelake' AND pipeline = ?
ORDER BY topic COLLATE "C", topic_partition FOR UPDATE) locked"""
# Of a partition that has none, too, as a writer that stood still may be about to make it.
FENCE = """INSERT INTO tradelake_progress (catalog_name, pipeline, topic, topic_partition, next_offset, replay_from, topic_id, epoch)
SELECT 'tradelake', ?, topic, topic_partition, 0, 0, topic_id, 1
FROM json_to_recordset(CAST(? AS json)) AS p(topic text, topic_partition int, topic_id text) ORDER BY topic COLLATE "C", topic_partition
ON CONFLICT (catalog_name, pipeline, topic, topic_partition) DO UPDATE SET epoch = tradelake_progress.epoch + 1"""
# Topics that Spark does not read.
FENCE_OTHERS = """UPDATE tradelake_progress SET epoch = epoch + 1 WHERE catalog_name = 'tradelake' AND pipeline = ?
AND (topic, topic_partition) NOT IN (SELECT topic, topic_partition
    FROM json_to_recordset(CAST(? AS json)) AS p(topic text, topic_partition int))"""
RECORD = """INSERT INTO tradelake_table_commits (catalog_name, pipeline, table_namespace, table_name, commit_id)
VALUES ('tradelake', ?, ?, ?, ?)
ON CONFLICT (catalog_name, pipeline, table_namespace, table_name) DO UPDATE SET commit_id = excluded.commit_id"""


def take_over(commits, ranges, primary, more=lambda rows: {}):
    """`ranges` is of the log, `more(rows)` makes further lines of the snapshots' summaries."""
    rows = claimed(commits, ranges)
    if not is_news(rows, commits.heads, ranges, primary):
        return
    read = read_of(rows, ranges)
    offsets = places(read, "next_offset")
    tables = [*(table for table in commits.owner.tables if table != primary), primary]
    note = lineage.summary(commits.pipeline, lineage.new_commit_id(), offsets, places(read, "max_trade_time_us"),
                           {topic: topic_id for topic, (topic_id, _) in ranges.items()}, NO_COUNTS)
    note |= lineage.written(tables) | more(read)
    for table in tables:
        commits.append(table, None, note)
    stream.log("taken_over", pipeline=commits.pipeline, partitions=len(read), records=sum(offsets.values()))


def read_of(rows, ranges):
    """Of the job's topics, what the program has read of."""
    return {place: row for place, row in rows.items() if place[0] in ranges and row["next_offset"] > 0}


def places(rows, column):
    """{partition: number}, where there is one."""
    return {place: row[column] for place, row in rows.items() if row.get(column) is not None}


def claimed(commits, ranges):
    """The program's progress rows, by (topic, partition), once it cannot write any more; none in a lake that it has not
    opened."""
    owner = commits.owner
    recorded = owner.recorded()
    if recorded is None:
        return {}
    if all(recorded.get(table) == SPARK for table in owner.tables):
        return by_place(owner.progress())
    with owner.transaction():
        owner.ask(LOCK, owner.pipeline)
        asked = json.dumps([{"topic": topic, "topic_partition": partition, "topic_id": topic_id}
                            for topic, (topic_id, partitions) in ranges.items() for partition in partitions])
        for fence in (FENCE, FENCE_OTHERS):
            owner.ask(fence, owner.pipeline, asked)
        # Whatever a member that died had sent off has happened by now, or never will.
        commits.look()
        rows = by_place(owner.progress())
        check(owner, owner.recorded(), commits.heads, rows)
        read = read_of(rows, ranges)
        fitting(ranges, lineage.nested(places(read, "next_offset")), {place[0]: row["topic_id"] for place, row in read.items()},
                f"pipeline {owner.pipeline}")
        for table in owner.tables:
            owner.ask(RECORD, owner.pipeline, *table.split("."), SPARK)
    return rows


def by_place(rows):
    return {(row["topic"], row["topic_partition"]): row for row in rows}


def check(owner, recorded, heads, rows):
    """As the program checks them at its start (src/bronze/commit_summary.cpp)."""
    begun = any(row["next_offset"] > 0 for row in rows.values())
    for table in owner.tables:
        head, record = heads[table], recorded.get(table)
        if record == SPARK or record is None and (head.greatest is not None or not begun):
            continue

        def refuse(why):
            raise Refused(f"pipeline {owner.pipeline}: the head of {table} {why}; the table was moved without its progress "
                          '(docs/operations.md, "Head and progress disagree")')

        if (head.commit_id or "none") != (record or "none"):
            refuse(f"carries commit {head.commit_id or 'none'}, the catalog's record says {record or 'none'}")
        for place, offset in head.offsets.items():
            if offset > reached(rows, place):
                refuse(f"reaches offset {offset} of {place[0]} partition {place[1]}, the catalog's record says {reached(rows, place)}")


def reached(rows, place):
    return rows[place]["next_offset"] if place in rows else 0


def is_news(rows, heads, ranges, primary):
    """Whether the progress rows say more than the heads, or the heads not all that a job goes on from. Nobody moves the rows while
    Spark writes: its heads are beyond them soon."""
    if any(offset > reached(rows, place) for head in heads.values() for place, offset in head.offsets.items()):
        return False
    offsets = places(read_of(rows, ranges), "next_offset")
    return bool(offsets) and (any(head.commit_id and head.greatest is None for head in heads.values())
                           or any(offset > heads[primary].offsets.get(place, 0) for place, offset in offsets.items()))
