"""The silver tables: what one commit writes of the candles, in which order, and what a start finds."""

import json

from pyspark.sql import functions as f

from . import candles, lineage
from .book import LARGER, STEPS_US, Change
from .candle_records import US_PER_MINUTE, closed_until
from .candles import INTERVALS, KEYS, VALUES, timestamp
from .frames import CATEGORIES
from .log_records import at
from .trade_window import Kept, keys_frame
from .watermark import NEVER

LATE_TRADES, GAPS, REVISIONS = "silver.late_trades", "silver.coverage_gaps", "silver.candle_revisions"
OF_INTERVAL = {interval: f"silver.candles_{interval}" for interval in INTERVALS}
MINUTES = OF_INTERVAL["1m"]
# In the order of commits. How far the job is, the minutes say.
TABLES = (LATE_TRADES, GAPS, REVISIONS, *OF_INTERVAL.values())
GAP = "category STRING, symbol STRING, from_us BIGINT, to_us BIGINT, cause STRING, detected_us BIGINT"


def time_of(column):
    return f"CAST(timestamp_micros({column}) AS TIMESTAMP_NTZ)"


def span(keys, step_us=US_PER_MINUTE, alias=""):
    """A condition that rows of these candles, or of their minutes, meet."""
    times = [key[2] for key in keys]
    return (f"{alias}open_time >= {timestamp(at(min(times)))} AND {alias}open_time < {timestamp(at(max(times) + step_us))}")


class CandleTables:
    def __init__(self, session, commits):
        self.session, self.commits = session, commits

    def write(self, changes, window, late, gaps, attempt, note, moved):
        """One commit, table by table. A table whose head is of this commit has it already. How many candles have a sum that left its
        type."""
        made, null_sums = {}, 0
        try:
            if changes.of["1m"]:
                rows = candles.minutes_of(self.session, window.of(changes.of["1m"]))
                made["1m"] = self.kept(rows, changes.of["1m"], attempt.updated_at)
            for interval in LARGER:
                if changes.of[interval]:
                    rows = self.merged(interval, changes.of[interval], made.get("1m"))
                    made[interval] = self.kept(rows, changes.of[interval], attempt.updated_at)
            for interval, kept in made.items():
                count, nulls = kept.rows.selectExpr("count(*)", "count_if(volume IS NULL OR turnover IS NULL)").first()
                null_sums += nulls
                assert interval != "1m" or count == len(changes.of["1m"]), "a minute in the book has no trades in the window"
            beside = {LATE_TRADES: late, GAPS: self.gaps_frame(gaps), REVISIONS: self.revisions(changes, made)}
            beside = {table: rows for table, rows in beside.items() if rows is not None}
            # The minutes also without a row: their head says of every commit that it was made.
            written = [interval for interval in OF_INTERVAL if interval in made or interval == "1m" and (made or moved)]
            note = note | lineage.written([*beside, *(OF_INTERVAL[interval] for interval in written)])
            for table, rows in beside.items():
                if self.commits.heads[table].commit_id != note[lineage.COMMIT_ID]:
                    self.commits.append(table, rows, note)
            for interval in written:
                if interval in made:
                    self.put(OF_INTERVAL[interval], made[interval].rows.drop("reason"), changes.of[interval], note)
                else:
                    self.commits.append(MINUTES, None, note)
            return null_sums
        finally:
            for kept in made.values():
                kept.free()

    def put(self, table, rows, changes, note):
        if any(change.revision for change in changes.values()):
            self.commits.merge(table, rows, KEYS, span(changes, alias="t."), note)
        else:
            self.commits.append(table, rows, note)

    def kept(self, rows, changes, updated_at):
        """Candles of these keys, as their tables are to have them; with `reason`."""
        keys = keys_frame(self.session, list(changes), "revision INT, reason STRING",
                          [(change.revision, change.reason) for change in changes.values()])
        rows = rows.select(*KEYS, *VALUES).join(keys, list(KEYS))
        return Kept(self.session, rows.withColumn("updated_at", f.expr(time_of(updated_at))))

    def merged(self, interval, keys, written):
        """Of the minutes in the table, with those that this commit writes in place of theirs."""
        minutes = self.session.table(MINUTES).where(span(keys, STEPS_US[interval])).select(*KEYS, *VALUES)
        if written is not None:
            rows = written.rows.select(*KEYS, *VALUES)
            minutes = minutes.join(f.broadcast(rows.select(*KEYS)), list(KEYS), "left_anti").unionByName(rows)
        wanted = keys_frame(self.session, list(keys)).withColumnRenamed("open_time", "opens")
        minutes = minutes.withColumn("opens", f.expr(candles.opens(INTERVALS[interval])))
        minutes = minutes.join(wanted, ["category", "symbol", "opens"], "left_semi").select(*KEYS, *VALUES)
        return candles.merged(self.session, minutes, INTERVALS[interval])

    def revisions(self, changes, made):
        rows = None
        for interval, kept in made.items():
            if any(change.reason for change in changes.of[interval].values()):
                revised = kept.rows.where("reason IS NOT NULL").withColumn("interval", f.lit(interval))
                rows = revised if rows is None else rows.unionByName(revised)
        return rows

    def gaps_frame(self, gaps):
        if not gaps:
            return None
        rows = self.session.createDataFrame([tuple(gap) for gap in gaps], GAP)
        return rows.selectExpr("category", "symbol", f"{time_of('from_us')} AS from_time", f"{time_of('to_us')} AS to_time", "cause",
                               "'open' AS status", f"{time_of('detected_us')} AS detected_at")

    def stored_minutes(self, keys):
        """(key, revision) of those that the table has."""
        if not keys:
            return []
        rows = self.session.table(MINUTES).where(span(keys)).join(keys_frame(self.session, list(keys)), list(KEYS), "left_semi")
        found = rows.selectExpr("category", "symbol", "unix_micros(CAST(open_time AS TIMESTAMP))", "revision").collect()
        return [(tuple(row[:3]), row[3]) for row in found]

    def mend(self, book, attempt, greatest, note):
        """At a start: what larger candles may change yet, from the tables; and those are written that the last commit of the minutes,
        which was cut off then, was to write. Their revisions are on record."""
        if attempt is None:
            return
        for interval in LARGER:
            table, step = OF_INTERVAL[interval], STEPS_US[interval]
            # Before this nothing has changed since the table was written last.
            before = {place: closed_until(us, book.grace_us) for place, us in (self.commits.heads[table].greatest or {}).items()}
            until = {place: closed_until(us, book.grace_us) for place, us in greatest.items() if us is not None}
            where = of_interest(before, until, step)
            if not where:
                continue
            rows = candles.merged(self.session, self.session.table(MINUTES).where(where), INTERVALS[interval])
            missing = {}
            for key, revision, same in self.compared(rows, table, where):
                home = book.home(key)
                end = key[2] + step
                if end <= before.get(home, NEVER):
                    continue
                if revision is None:
                    if ended_early(book, key, step, attempt) or end <= attempt.until.get(home, NEVER):
                        missing[key] = Change(0, None)
                elif not same:
                    missing[key] = Change(revision + 1, None)
                if key in missing or end > until.get(home, NEVER):
                    book.larger[interval][key] = missing[key].revision if key in missing else revision
            if missing:
                kept = self.kept(rows, missing, attempt.updated_at)
                try:
                    told = dict.fromkeys(lineage.COUNTS, 0)
                    self.put(table, kept.rows.drop("reason"), missing, note(attempt, told) | self.of_minutes(table))
                finally:
                    kept.free()

    def of_minutes(self, table):
        """The line of the commit that the minutes have, which this table is of, too."""
        tables = {table, *json.loads(self.commits.heads[MINUTES].noted.get(lineage.TABLES, "[]"))}
        return lineage.written(name for name in TABLES if name in tables)

    def compared(self, rows, table, where):
        """(key, revision of the stored candle or None, whether that is the same) of candles made from the minutes."""
        same = " AND ".join(f"r.{name} <=> s.{name}" for name in VALUES)
        on = " AND ".join(f"r.{name} = s.{name}" for name in KEYS)
        found = self.session.sql(f"""
            SELECT r.category, r.symbol, unix_micros(CAST(r.open_time AS TIMESTAMP)), s.revision, {same}
            FROM {{rows}} r LEFT JOIN (SELECT * FROM {table} WHERE {where}) s ON {on}""", rows=rows)
        return [(tuple(row[:3]), row[3], row[4]) for row in found.collect()]


def ended_early(book, key, step, attempt):
    """An end marker came after its trades in the commit of that attempt."""
    if book.home(key) not in attempt.end_markers:
        return False
    minutes = [minute for other, minute in book.minutes.items() if other[:2] == key[:2] and other[2] - other[2] % step == key[2]]
    return not minutes or any(minute.finalized for minute in minutes)


def of_interest(before, until, step):
    """A condition: minutes of candles that end after what `before` says of their category's partitions; of those alone that have had
    trades by now."""
    conditions = []
    for category in CATEGORIES:
        places = [place for place in until if place[0] == f"bybit.v5.{category}.publicTrade"]
        if not places:
            continue
        since = min(before.get(place, NEVER) for place in places)
        condition = f"category = '{category}'"
        conditions.append(condition if since == NEVER else f"({condition} AND open_time >= {timestamp(at(since - since % step))})")
    return " OR ".join(conditions)
