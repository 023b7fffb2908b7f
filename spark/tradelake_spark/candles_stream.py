"""candles_stream: log -> the silver tables, the same candles as `tradelake candles` makes.

Late trades, gaps and revisions are committed first, then the minutes, which say how far the job is, then the larger candles. What is
killed between does that commit again (attempt.py), and each table leaves out what it has. Exit status: 0 done; 1 tables and log do not
fit together; 2 wrong usage or configuration; 3 another writer, the program or another job, has these tables.
"""

import time

from pyspark.sql import functions as f

from . import candle_records, hand_over, kafka_log, lineage, log_records, stream
from .attempt import LOST_UNTIL, REPLAY_FROM, Attempt, attempt_of, places_of
from .book import Book
from .candle_records import COUNTED, LATE, LATENESS_US, US_PER_MINUTE, Since, closed_until, is_closed
from .candle_tables import GAPS, LATE_TRADES, MINUTES, REVISIONS, TABLES, CandleTables
from .commits import Commits
from .configuration import micros
from .owner import Owner
from .refusal import Refused
from .trade_window import MINUTE, PLACE, Kept, TradeWindow, keys_frame, quiet
from .watermark import IDLE_AFTER_US, NEVER, watermarks


class Candles:
    pipeline = "silver"
    topics = kafka_log.TRADES

    def __init__(self, session, configuration):
        self.session = session
        quiet(session)
        self.log = kafka_log.Log(session, configuration["log"])
        self.grace_us = micros("candles.grace", configuration)
        self.commits = Commits(session, Owner(session, self.pipeline, TABLES))
        self.tables = CandleTables(session, self.commits)
        ranges = self.log.ranges(self.topics)
        hand_over.take_over(self.commits, ranges, MINUTES, self.taken_over)
        primary = self.commits.heads[MINUTES]
        if primary.commit_id and attempt_of(primary) is None:
            raise Refused(f"pipeline silver: the head of {MINUTES} does not say what it goes on from; no job of Spark has written it")
        self.topic_ids = {topic: ranges[topic][0] for topic in self.topics}
        kafka_log.fitting(ranges, lineage.nested(primary.offsets), primary.topic_ids, "pipeline silver")
        first = {(topic, partition): begin for topic, (_, partitions) in ranges.items() for partition, (begin, _) in partitions.items()}
        self.next = first | primary.offsets
        self.greatest = dict.fromkeys(self.next) | (primary.greatest or {})
        self.first = {place: {} for place in self.next}  # of each minute that may change: the offset of its first trade
        self.seen_us = dict.fromkeys(self.next, now_us())  # when a partition last had a record
        self.live, self.ticked_us = False, 0
        self.passed = attempt_of(primary).until if primary.commit_id else {}
        self.lost_until = places_of(primary, LOST_UNTIL)
        self.window = TradeWindow(session)
        self.book = Book(self.grace_us, lambda category, symbol: self.log.home_of(category, symbol, ranges))
        self.rebuild(primary, first)
        self.tables.mend(self.book, attempt_of(primary), self.greatest, self.summary)
        self.redo(primary)
        self.starting = lineage.as_offsets(self.next)

    # Of the start.

    def taken_over(self, rows):
        """What the program's progress rows say, as lines of a summary; it has written candles up to each partition's own watermark."""
        until = {place: at - LATENESS_US for place, at in hand_over.places(rows, "max_trade_time_us").items()}
        attempt = Attempt(self.commits.heads[MINUTES].commit_id or "", now_us(), self.grace_us, until, until)
        lines = {REPLAY_FROM: hand_over.places(rows, "replay_from"), LOST_UNTIL: hand_over.places(rows, "lost_until_us")}
        return {name: lineage.as_json(lineage.nested(of)) for name, of in lines.items() if of} | attempt.noted()

    def rebuild(self, primary, first):
        """The trades and ids of minutes that may change yet, from the log; and what the tables have of their candles."""
        begin = places_of(primary, REPLAY_FROM)
        for place, offset in begin.items():
            if first[place] > offset and self.greatest[place] is not None:
                stream.log("window_lost", pipeline=self.pipeline, topic=place[0], partition=place[1], replay_from=offset,
                           start=first[place])
                self.lose(place, self.greatest[place])
            begin[place] = max(offset, first[place])
        if primary.commit_id and (grace_us := attempt_of(primary).grace_us) < self.grace_us:
            # What was out of grace by then is not read again.
            for place, greatest in primary.greatest.items():
                self.lose(place, closed_until(greatest, grace_us) - US_PER_MINUTE)
        begin = {place: offset for place, offset in begin.items() if offset < self.next[place]}
        if begin:
            records = self.log.between(lineage.as_offsets(begin), lineage.as_offsets({place: self.next[place] for place in begin}))
            rows, marks = self.rows_of(records, {place: self.since(place, begin[place], rebuilding=True) for place in begin})
            fresh = Kept(self.session, self.window.fresh(rows.rows.where("kind = 'trade'").select(*COUNTED)))
            self.window.add(fresh)
            self.book.take(touched(fresh.rows)[0], end_markers_of(marks))
            self.note(marks)
            rows.free()
        for minute in self.book.minutes.values():
            minute.dirty = False
        for key, revision in self.tables.stored_minutes(self.book.minutes):
            self.book.minutes[key].stored = revision
        self.book.drop_closed(self.greatest)

    def lose(self, place, until):
        self.lost_until[place] = max(until, self.lost_until.get(place, NEVER))

    def redo(self, primary):
        """A commit that was cut off before it came to the minutes, to the same end."""
        begun = {}
        for name in TABLES:
            head = self.commits.heads[name]
            attempt = attempt_of(head)
            if head.commit_id and head.commit_id != primary.commit_id and attempt and attempt.base == (primary.commit_id or ""):
                begun[name] = head, attempt
            elif any(offset > primary.offsets.get(place, 0) for place, offset in head.offsets.items()):
                raise Refused(f"pipeline silver: {name} reaches further in the log than {MINUTES}, by a commit that did not go on from "
                              "it; the tables do not fit together")
        if not begun:
            return
        if len({head.commit_id for head, _ in begun.values()}) > 1 or not begun.keys() <= {LATE_TRADES, GAPS, REVISIONS}:
            raise Refused(f"pipeline silver: {' and '.join(begun)} have begun different commits; the tables do not fit together")
        head, attempt = next(iter(begun.values()))
        if attempt.grace_us != self.grace_us:
            raise Refused(f"pipeline silver: a commit was cut off while candles.grace was {attempt.grace_us // 1_000_000}s; start it "
                          "once with that")
        ending = {place: offset for place, offset in head.offsets.items() if offset > self.next[place]}
        begin = {place: self.next[place] for place in ending}
        records = self.log.between(lineage.as_offsets(begin), lineage.as_offsets(ending)) if ending else None
        told = self.take(records, attempt, ending)
        stream.log("commit_redone", pipeline=self.pipeline, **told)

    # Of each batch.

    def commit(self, records):
        """One batch into the tables. What is told of it."""
        return self.take(records)

    def idle(self):
        """Between two batches, when there is nothing new: candles may become due by the clock. None if none is."""
        now = now_us()
        if now - self.ticked_us < 1_000_000:
            return None
        self.ticked_us = now
        if self.book.changes(until := self.until(now), self.passed):
            return self.take(None)
        self.passed = until
        return None

    def take(self, records, attempt=None, ending=None):
        began_us = now_us()
        rows, marks = None, {}
        if records is not None:
            rows, marks = self.rows_of(records, {place: self.since(place, self.next[place]) for place in self.next})
        try:
            counts = {name: sum(mark[name] for mark in marks.values()) for name in ("trades", "late")}
            came, fresh, strayed = {}, 0, None
            if counts["trades"] > counts["late"]:
                came, fresh, strayed = self.count_in(rows.rows.where("kind = 'trade'"))
            self.book.take(came, end_markers_of(marks))
            self.next |= {place: mark["next"] for place, mark in marks.items()} | (ending or {})
            self.greatest |= {place: mark["greatest"] for place, mark in marks.items() if mark["greatest"] is not None}
            self.note(marks)
            self.seen_us |= dict.fromkeys(marks, began_us)
            if attempt is None:
                attempt = Attempt(self.commits.heads[MINUTES].commit_id or "", began_us, self.grace_us, self.until(began_us),
                                  self.passed, list(end_markers_of(marks)))
            changes = self.book.changes(attempt.until, attempt.passed, set(attempt.end_markers))
            ok = fresh + counts["late"]
            told = {"in": counts["trades"], "ok": ok, "dead": 0, "filtered": counts["trades"] - ok, "expired": 0}
            late = rows.rows.where("kind = 'late'").select(*LATE) if counts["late"] else None
            if strayed is not None:
                late = strayed if late is None else late.unionAll(strayed)
            gaps = [gap for mark in marks.values() for gap in mark["gaps"]]
            moved = any(offset != self.commits.heads[MINUTES].offsets.get(place, 0) for place, offset in self.next.items())
            null_sums = self.tables.write(changes, self.window, late, gaps, attempt, self.summary(attempt, told), moved)
        finally:
            if rows is not None:
                rows.free()
        self.book.stored(changes, self.greatest)
        self.window.keep(self.book.minutes.keys())
        self.passed = attempt.until
        # A partition is idle from here on, if nothing comes: what came meanwhile is not known yet.
        self.seen_us |= dict.fromkeys(marks, now_us())
        return told | {"late": counts["late"], "written": sum(map(len, changes.of.values())), "revised": changes.revised(),
                       "null_sums": null_sums, "gaps": len(gaps), "open": len(self.book.minutes)}

    def rows_of(self, records, since):
        work = candle_records.records_to_rows(since, self.grace_us)
        rows = Kept(self.session, records.selectExpr(*log_records.INPUT).mapInArrow(work, candle_records.SQL))
        marks = log_records.marks(rows.rows.where("kind = 'mark'").collect())
        if strange := marks.keys() - self.next.keys():
            raise Refused(f"pipeline silver: {min(strange)[0]} has got another partition, {min(strange)[1]}; its markets are elsewhere")
        return rows, marks

    def since(self, place, offset, rebuilding=False):
        return Since(offset, self.greatest[place], self.lost_until.get(place), rebuilding)

    def count_in(self, trades):
        """Trades that are not late into the window, each once. What came of each minute, how many trades were no repeats, and rows of
        late_trades of those that have to go there."""
        fresh = Kept(self.session, self.window.fresh(trades.select(*COUNTED)))
        came, count = touched(fresh.rows)
        strays = self.book.strays(came, self.greatest)
        if not strays:
            self.window.add(fresh)
            return came, count, None
        of_home = keys_frame(self.session, strays, "home_us BIGINT", [(self.greatest[self.book.home(key)],) for key in strays])
        late_by = f.expr("greatest(0, home_us - unix_micros(CAST(trade_time AS TIMESTAMP))) div 1000")
        strayed = trades.join(fresh.rows.select(*PLACE), PLACE, "left_semi").join(of_home, MINUTE)
        self.window.add(Kept(self.session, fresh.rows.join(keys_frame(self.session, strays), MINUTE, "left_anti")))
        return ({key: firsts for key, firsts in came.items() if key not in strays}, count,
                strayed.withColumn("late_by_ms", late_by).select(*LATE))

    def note(self, marks):
        """Of records that are taken, what the next commit's summary says or depends on."""
        self.live = max(((mark["live_ms"], mark["live"]) for mark in marks.values() if mark["live"] is not None),
                        default=(0, self.live))[1]
        for place, mark in marks.items():
            for minute, offset in mark["first"]:
                self.first[place].setdefault(minute, offset)
        for place, first in self.first.items():
            greatest, lost = self.greatest[place], self.lost_until.get(place)
            self.first[place] = {minute: offset for minute, offset in first.items()
                                 if not is_closed(minute, greatest, lost, self.grace_us)}
            if lost is not None and is_closed(lost - lost % US_PER_MINUTE, greatest, None, self.grace_us):
                del self.lost_until[place]

    def until(self, now):
        idle = {place for place, seen in self.seen_us.items() if now - seen >= IDLE_AFTER_US}
        return {place: at for place, at in watermarks(self.greatest, idle, self.live, now).items() if at != NEVER}

    def summary(self, attempt, told):
        """What the snapshots of a commit are to say."""
        offsets = {place: offset for place, offset in self.next.items() if offset > 0}
        greatest = {place: at for place, at in self.greatest.items() if at is not None}
        note = lineage.summary(self.pipeline, attempt.commit_id, offsets, greatest, self.topic_ids, told)
        replay_from = {place: min([offset, *self.first[place].values()]) for place, offset in offsets.items()}
        note[REPLAY_FROM] = lineage.as_json(lineage.nested(replay_from))
        if self.lost_until:
            note[LOST_UNTIL] = lineage.as_json(lineage.nested(self.lost_until))
        return note | attempt.noted()


def touched(trades):
    """{(category, symbol, open time in us): {partition: offset of its first trade}}, and how many trades there are."""
    found, count = {}, 0
    minute = f.expr("unix_micros(CAST(open_time AS TIMESTAMP))")
    for row in trades.groupBy("category", "symbol", minute, "_topic", "_topic_partition").agg(f.min("_offset"), f.count("*")).collect():
        found.setdefault(tuple(row[:3]), {})[row[3], row[4]] = row[5]
        count += row[6]
    return found, count


def end_markers_of(marks):
    return {place: mark["end_marker"] for place, mark in marks.items() if mark["end_marker"] is not None}


def now_us():
    return time.time_ns() // 1000


def make(session, configuration, max_records):
    job = Candles(session, configuration)
    return job, job.log.stream(job.topics, job.starting, max_records)


def main(arguments=None):
    return stream.main("candles_stream", "the log into the silver tables", make, arguments)
