"""Records of the log to trades that count, late trades and gaps, partition by partition, on Spark's workers.

Lateness is decided here: a trade is late if the greatest trade_time of earlier records of its partition, less 2 s, is at or past the end
of its minute and the grace period. So it depends on the log alone, wherever the log is cut into batches. Of each partition one row of
kind `mark` per task, too, with what there was.
"""

import json
from dataclasses import dataclass, field

import pyarrow as pa

from . import frames, log_records
from .bronze_records import COLUMNS as BRONZE, SQL as BRONZE_SQL, TRADE
from .log_records import gap_of

US_PER_MINUTE = 60_000_000
LATENESS_US = 2_000_000
COLUMNS = {name: BRONZE[name] for name in ("kind", *TRADE)} | {"open_time": BRONZE["trade_time"], "late_by_ms": pa.int64(),
                                                              "detail": pa.string()}
SQL = BRONZE_SQL.split(", reason STRING")[0] + ", open_time TIMESTAMP_NTZ, late_by_ms BIGINT, detail STRING"
LATE = [*TRADE, "open_time", "late_by_ms"]
# What candles need of a trade, and what tells it from others.
COUNTED = ["category", "symbol", "trade_id", "side", "price", "size", "trade_time", "seq", "open_time", "_topic", "_topic_partition",
           "_offset", "_index"]


@dataclass(frozen=True)
class Since:
    """What is known of a partition before the first record that is to be taken."""

    next: int = 0  # records before this are done
    greatest: int | None = None  # trade_time in us, of the good trades before
    lost_until: int | None = None  # minutes up to this may have had trades that the log no longer has
    rebuilding: bool = False  # `greatest` is that of the end of what is read: only minutes that may change yet are of interest


def closed_until(greatest, grace_us):
    """Minutes that end by then are out of grace; None if none is."""
    return None if greatest is None else greatest - LATENESS_US - grace_us


def is_closed(minute, greatest, lost_until, grace_us):
    until = closed_until(greatest, grace_us)
    return until is not None and minute + US_PER_MINUTE <= until or lost_until is not None and minute <= lost_until


@dataclass
class Partition:
    since: Since
    grace_us: int
    greatest: int | None = None
    next: int = 0
    trades: int = 0
    late: int = 0
    first: dict = field(default_factory=dict)  # minute in us: offset of its first trade
    end_marker: int | None = None  # offset of the last one
    live: bool | None = None  # whether the last frame came from an exchange; None: there was none
    live_ms: int = 0  # when that was appended
    gaps: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    def __post_init__(self):
        self.greatest, self.next = self.since.greatest, self.since.next

    def take(self, topic, partition, offset, key, value, headers, appended_ms):
        if offset < self.since.next:
            return
        self.next = offset + 1
        gap = gap_of(value) if headers.kind == "gap" else None
        if headers.kind == "end_marker":
            self.end_marker = offset
        elif gap:
            self.gaps.append([text(headers.category), (key or b"").decode(errors="replace"), *gap, headers.recv_ns // 1000])
        elif headers.kind != "part":
            self.live, self.live_ms = headers.origin != "replay", appended_ms
            self.frame((topic, partition, offset), value, headers)

    def frame(self, where, value, headers):
        frame = frames.parsed(value, headers.category, headers.recv_ns)
        before = self.greatest
        for index, values, extra in frame.trades:
            symbol, trade_id, side, price, size, at, seq, direction, block_trade, rpi = values
            minute = at - at % US_PER_MINUTE
            late = is_closed(minute, before, self.since.lost_until, self.grace_us)
            self.trades += 1
            self.late += late
            self.first.setdefault(minute, where[2])
            if not self.since.rebuilding:
                self.greatest = max(self.greatest or 0, at)
            elif late:
                continue
            self.rows.append({"kind": "late" if late else "trade", "category": headers.category, "symbol": symbol,
                              "trade_id": trade_id, "side": side, "price": price, "size": size, "trade_time": at, "seq": seq,
                              "tick_direction": direction, "block_trade": block_trade, "rpi": rpi, "frame_time": frame.frame_time,
                              "received_at": headers.recv_ns // 1000, "extra": list(extra.items()) if extra else None,
                              "_topic": where[0], "_topic_partition": where[1], "_offset": where[2], "_index": index,
                              "open_time": minute, "late_by_ms": max(0, (before or at) - at) // 1000 if late else None})

    def ready(self):
        rows, self.rows = self.rows, []
        return rows

    def last(self, topic, partition):
        lost = self.since.lost_until
        first = {minute: offset for minute, offset in self.first.items() if not is_closed(minute, self.greatest, lost, self.grace_us)}
        told = {"next": self.next, "greatest": self.greatest, "trades": self.trades, "late": self.late, "first": sorted(first.items()),
                "end_marker": self.end_marker, "live": self.live, "live_ms": self.live_ms, "gaps": self.gaps}
        return {"kind": "mark", "_topic": topic, "_topic_partition": partition, "detail": json.dumps(told)}


def text(of_header):
    """Of bytes that are not UTF-8, too."""
    return of_header.encode(errors="surrogateescape").decode(errors="replace")


def records_to_rows(since, grace_us):
    """For mapInArrow. `since` is by (topic, partition)."""

    def make(place):
        return Partition(since.get(place, Since()), grace_us)

    def take(partition, place, record, headers):
        partition.take(*place, record["offset"], record["key"], record["value"] or b"", headers, record["appended_ms"])

    return log_records.rows_by_partition(make, take, COLUMNS)
