"""bronze_stream: log -> bronze.trades and bronze.dead_letters, the same rows as `tradelake sink` makes.

Dead letters are committed first, then the trades, each with the offsets it reaches. What is killed between is done again by the next
start, to where the dead letters are; these skip what they have. Exit status: 0 done; 1 tables and log do not fit together; 2 wrong usage
or configuration; 3 another writer, the program or another job, has these tables.
"""

import time

from pyspark import StorageLevel
from pyspark.sql import Window, functions as f

from . import bronze_records, hand_over, kafka_log, lineage, log_records, stream
from .candles import timestamp
from .commits import Commits
from .configuration import micros
from .owner import Owner

TRADES, DEAD_LETTERS = "bronze.trades", "bronze.dead_letters"
ID = ["category", "symbol", "trade_id"]
US_PER_MINUTE, US_PER_HOUR = 60_000_000, bronze_records.US_PER_HOUR
LATENESS_US = 2_000_000
MOST_RANGES = 50


class Bronze:
    pipeline = "bronze"
    topics = kafka_log.TRADES + kafka_log.UNROUTABLE

    def __init__(self, session, configuration):
        self.session = session
        self.log = kafka_log.Log(session, configuration["log"])
        self.grace_us = micros("candles.grace", configuration)
        self.retention_us = micros("retention.bronze", configuration)
        self.commits = Commits(session, Owner(session, self.pipeline, (TRADES, DEAD_LETTERS)))
        ranges = self.log.ranges(self.topics)
        hand_over.take_over(self.commits, ranges, TRADES)
        self.topic_ids = {topic: ranges[topic][0] for topic in self.topics}
        head = self.commits.heads[TRADES]
        self.starting = kafka_log.fitting(ranges, lineage.nested(head.offsets), head.topic_ids, "pipeline bronze")
        self.next = {(topic, int(partition)): offset for topic, partitions in self.starting.items()
                     for partition, offset in partitions.items()}
        self.reached = dict(self.next)  # of the stream; more than `next` where a frame is not whole yet
        self.greatest = self.greatest_in_table() if head.greatest is None else head.greatest
        self.redo()
        self.starting = lineage.as_offsets(self.next)

    def redo(self):
        """A commit that was cut off before it came to the trades, to the same end: each commit is whole before there is another."""
        head = self.commits.heads[DEAD_LETTERS]
        ending = {place: offset for place, offset in head.offsets.items() if offset > self.next.get(place, offset)}
        if not ending:
            return
        begin = {place: self.next[place] for place in ending}
        records = self.log.between(lineage.as_offsets(begin), lineage.as_offsets(ending))
        stream.log("commit_redone", pipeline=self.pipeline, **self.take(records.selectExpr(*log_records.INPUT), head.commit_id, ending))

    def greatest_in_table(self):
        rows = self.session.sql(f"SELECT _topic, _topic_partition, unix_micros(CAST(max(trade_time) AS TIMESTAMP)) FROM {TRADES} "
                                "GROUP BY _topic, _topic_partition").collect()
        return {(topic, partition): greatest for topic, partition, greatest in rows}

    def commit(self, records):
        """One batch into the tables. What is told of it."""
        columns = records.selectExpr(*log_records.INPUT)
        behind = {place: offset for place, offset in self.next.items() if offset < self.reached[place]}
        if behind:
            again = self.log.between(lineage.as_offsets(behind), lineage.as_offsets({place: self.reached[place] for place in behind}))
            columns = columns.unionAll(again.selectExpr(*log_records.INPUT)).repartition("topic", "partition")
            columns = columns.sortWithinPartitions("topic", "partition", "offset")
        return self.take(columns, lineage.new_commit_id())

    def take(self, columns, commit_id, ending=None):
        heads = self.commits.heads
        work = bronze_records.records_to_rows(self.greatest, heads[TRADES].offsets, heads[DEAD_LETTERS].offsets,
                                              self.retention_us and (time.time_ns() // 1000, self.retention_us))
        rows = columns.mapInArrow(work, bronze_records.SQL).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            return self.write(rows, log_records.marks(rows.where("kind = 'mark'").collect()), commit_id, ending or {})
        finally:
            rows.unpersist()

    def write(self, rows, marks, commit_id, ending):
        counts = {name: sum(mark[name] for mark in marks.values()) for name in ("trades", "dead", "letters", "expired")}
        following = self.next | {place: mark["next"] for place, mark in marks.items()} | ending
        greatest = self.greatest | {place: mark["greatest"] for place, mark in marks.items() if mark["greatest"] is not None}
        fresh, ok = None, 0
        if counts["trades"]:
            hours = {hour for mark in marks.values() for hour in mark["hours"]}
            fresh = self.without_repeats(rows.where("kind = 'trade'").select(*bronze_records.TRADE), hours, marks).persist()
            ok = fresh.count()
        told = {"in": counts["trades"] + counts["dead"] + counts["expired"], "ok": ok, "dead": counts["dead"],
                "filtered": counts["trades"] - ok + counts["expired"], "expired": counts["expired"]}
        offsets = {place: offset for place, offset in following.items() if offset > 0}
        note = lineage.summary(self.pipeline, commit_id, offsets, greatest, self.topic_ids, told)
        # Trades also without a row: what the log is read from at the next start is in their head.
        has = {DEAD_LETTERS: counts["letters"] or ending, TRADES: following != self.next}
        note |= lineage.written(table for table in (DEAD_LETTERS, TRADES) if has[table])
        try:
            dead = rows.where("kind = 'dead'").select(*bronze_records.DEAD)
            if counts["letters"]:
                self.commits.append(DEAD_LETTERS, dead, note)
            if has[TRADES]:
                self.commits.append(TRADES, fresh if ok else None, note)
        finally:
            if fresh is not None:
                fresh.unpersist()
        self.next, self.greatest = following, greatest
        self.reached |= {place: max(self.reached[place], mark["reached"]) for place, mark in marks.items()}
        return told

    def without_repeats(self, trades, hours, marks):
        """One row per id, the first in the order of the log, unless the table has it: in the hour of the trade, or in one that was
        within grace when the batch began."""
        for place in marks:
            if place in self.greatest:
                newest = self.greatest[place]
                hours |= set(range((newest - LATENESS_US - self.grace_us - US_PER_MINUTE) // US_PER_HOUR, newest // US_PER_HOUR + 1))
        of_an_id = Window.partitionBy(*ID).orderBy("_topic", "_topic_partition", "_offset", "_index")
        firsts = trades.withColumn("n", f.row_number().over(of_an_id)).where("n = 1").drop("n")
        return firsts.join(self.session.table(TRADES).where(in_hours(hours)).select(*ID), ID, "left_anti")


def in_hours(hours):
    """A condition on trade_time: that it is in one of these, counted from 1970; or between them if there are many."""
    spans = []
    for hour in sorted(hours):
        if spans and spans[-1][1] == hour:
            spans[-1][1] = hour + 1
        else:
            spans.append([hour, hour + 1])
    if len(spans) > MOST_RANGES:
        spans = [[spans[0][0], spans[-1][1]]]
    return " OR ".join(f"trade_time >= {timestamp(log_records.at(begin * US_PER_HOUR))} AND "
                       f"trade_time < {timestamp(log_records.at(end * US_PER_HOUR))}" for begin, end in spans)


def make(session, configuration, max_records):
    job = Bronze(session, configuration)
    return job, job.log.stream(job.topics, job.starting, max_records)


def main(arguments=None):
    return stream.main("bronze_stream", "the log into bronze.trades and bronze.dead_letters", make, arguments)
