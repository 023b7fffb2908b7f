"""Records of the log to rows of bronze.trades and bronze.dead_letters, partition by partition, as Arrow batches on Spark's workers.

Of each partition also one row of kind `mark` per task, which says how far it came and what it saw. Where a frame that was logged in
parts is not whole yet, rows and mark stay before its first part: the offsets must not pass it.
"""

import json
from dataclasses import dataclass, field

import pyarrow as pa

from . import frames, log_records
from .log_records import gap_of

TIME = pa.timestamp("us")
AMOUNT = pa.decimal128(38, 18)
COLUMNS = {
    "kind": pa.string(), "category": pa.string(), "symbol": pa.string(), "trade_id": pa.string(), "side": pa.string(),
    "price": AMOUNT, "size": AMOUNT, "trade_time": TIME, "seq": pa.int64(), "tick_direction": pa.string(), "block_trade": pa.bool_(),
    "rpi": pa.bool_(), "frame_time": TIME, "received_at": TIME, "extra": pa.map_(pa.string(), pa.string()), "_topic": pa.string(),
    "_topic_partition": pa.int32(), "_offset": pa.int64(), "_index": pa.int32(), "reason": pa.string(), "detail": pa.string(),
    "payload": pa.binary()}
SQL = ("kind STRING, category STRING, symbol STRING, trade_id STRING, side STRING, price DECIMAL(38,18), size DECIMAL(38,18), "
       "trade_time TIMESTAMP_NTZ, seq BIGINT, tick_direction STRING, block_trade BOOLEAN, rpi BOOLEAN, frame_time TIMESTAMP_NTZ, "
       "received_at TIMESTAMP_NTZ, extra MAP<STRING, STRING>, _topic STRING, _topic_partition INT, _offset BIGINT, _index INT, "
       "reason STRING, detail STRING, payload BINARY")
TRADE = list(COLUMNS)[1:19]
DEAD = ["_topic", "_topic_partition", "_offset", "_index", "received_at", "category", "symbol", "reason", "detail", "payload"]
MAX_FRAME_BYTES = 1 << 20
US_PER_HOUR = 3_600_000_000


@dataclass
class Mark:
    """What there was in a partition up to `next`."""

    next: int = 0
    greatest: int | None = None
    trades: int = 0
    dead: int = 0
    letters: int = 0  # of the dead, those that are not in their table yet
    expired: int = 0
    hours: set = field(default_factory=set)

    def copy(self):
        return Mark(self.next, self.greatest, self.trades, self.dead, self.letters, self.expired, set(self.hours))


@dataclass
class Assembled:
    """A frame of which some parts have come."""

    offset: int
    parts: int
    seen: int = 0
    texts: list = field(default_factory=list)


class Partition:
    def __init__(self, greatest, done=0, dead_done=0, expired_before=None):
        self.mark = Mark(greatest=greatest)
        self.done, self.dead_done = done, dead_done  # offsets below are in the table of trades, and of dead letters
        self.expired_before = expired_before  # (now, retention) in us; None: nothing expires
        self.open = None  # Assembled
        self.kept = None  # (mark, rows) from before its first part
        self.rows = []

    def take(self, topic, partition, offset, value, headers):
        where = topic, partition, offset
        if headers.kind == "part":
            self.part(where, value, headers)
        elif headers.kind != "end_marker" and not (headers.kind == "gap" and gap_of(value)):
            self.frame(where, value, headers)
        self.mark.next = offset + 1

    def part(self, where, value, headers):
        finished = None
        if self.open and headers.part == 0:
            finished, self.open = self.open, None
        if finished:
            self.too_large(finished, where, headers)
        if not self.open:
            self.open = Assembled(where[2], headers.parts)
            # Before what this record makes; what came of one that was shown to be incomplete is sure now.
            self.kept = self.mark.copy(), len(self.rows)
        self.open.texts.append(value)
        self.open.seen += 1
        if self.open.seen == self.open.parts:
            finished, self.open, self.kept = self.open, None, None
            self.too_large(finished, where, headers)

    def too_large(self, frame, where, headers):
        payload = b"".join(frame.texts)
        detail = f"the frame is {len(payload)} bytes; allowed: {MAX_FRAME_BYTES}"
        if frame.parts > frame.seen:
            detail += f"; {frame.parts - frame.seen} parts are missing"
        self.dead((*where[:2], frame.offset), headers, frames.Letter("too_large", detail, None, None, payload))

    def dead(self, where, headers, letter):
        if where[2] >= self.done:
            self.mark.dead += 1
        if where[2] >= self.dead_done:
            self.mark.letters += 1
            self.rows.append({"kind": "dead", "category": headers.category, "symbol": letter.symbol,
                              "received_at": headers.recv_ns // 1000, "_topic": where[0], "_topic_partition": where[1],
                              "_offset": where[2], "_index": letter.index, "reason": letter.reason, "detail": letter.detail,
                              "payload": letter.payload})

    def frame(self, where, value, headers):
        frame = frames.parsed(value, headers.category, headers.recv_ns)
        for letter in frame.letters:
            self.dead(where, headers, letter)
        expired_until = self.expired_until(headers)
        for index, values, extra in frame.trades:
            symbol, trade_id, side, price, size, at, seq, direction, block_trade, rpi = values
            if where[2] < self.done:
                continue
            if expired_until is not None and at < expired_until:
                self.mark.expired += 1
                continue
            self.mark.trades += 1
            self.mark.hours.add(at // US_PER_HOUR)
            self.rows.append({"kind": "trade", "category": headers.category, "symbol": symbol, "trade_id": trade_id, "side": side,
                              "price": price, "size": size, "trade_time": at, "seq": seq, "tick_direction": direction,
                              "block_trade": block_trade, "rpi": rpi, "frame_time": frame.frame_time,
                              "received_at": headers.recv_ns // 1000, "extra": list(extra.items()) if extra else None,
                              "_topic": where[0], "_topic_partition": where[1], "_offset": where[2], "_index": index})
        for _, values, _ in frame.trades:
            self.mark.greatest = max(self.mark.greatest or 0, values[5])

    def expired_until(self, headers):
        """Trades before this are past the table's retention; a replay brings what its file has, however old."""
        if not self.expired_before or headers.origin == "replay" or self.mark.greatest is None:
            return None
        now, retention = self.expired_before
        until = min(now, self.mark.greatest) - retention
        return until - until % US_PER_HOUR

    def ready(self):
        """Rows that are sure."""
        count = self.kept[1] if self.open else len(self.rows)
        rows, self.rows = self.rows[:count], self.rows[count:]
        if self.open:
            self.kept = self.kept[0], 0
        return rows

    def last(self, topic, partition):
        mark = self.mark
        if self.open:
            mark = self.kept[0]
            mark.next = self.open.offset
        told = {"next": mark.next, "reached": self.mark.next, "greatest": mark.greatest, "trades": mark.trades,
                "dead": mark.dead, "letters": mark.letters, "expired": mark.expired, "hours": sorted(mark.hours)}
        return {"kind": "mark", "_topic": topic, "_topic_partition": partition, "detail": json.dumps(told)}


def records_to_rows(greatest, done, dead_done, expired_before):
    """For mapInArrow. The dicts are by (topic, partition)."""

    def make(place):
        return Partition(greatest.get(place), done.get(place, 0), dead_done.get(place, 0), expired_before)

    def take(partition, place, record, headers):
        partition.take(*place, record["offset"], record["value"] or b"", headers)

    return log_records.rows_by_partition(make, take, COLUMNS)
