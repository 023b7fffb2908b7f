"""Records of the log on Spark's workers, partition by partition: what every job does with them."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

# Of a record, for rows_by_partition().
INPUT = ["topic", "partition", "offset", "key", "value", "headers", "unix_millis(timestamp) AS appended_ms"]
ROWS = 8192


@dataclass
class Headers:
    recv_ns: int = 0
    category: str = ""
    origin: str = "ws"
    kind: str = "frame"
    part: int = 0
    parts: int = 0


def headers_of(pairs, topic, appended_ms):
    """As src/log/kafka_headers.cpp takes them."""
    headers = Headers()
    for pair in pairs or ():
        key, value = pair["key"], pair["value"]
        if value is None:
            continue
        text = value.decode(errors="surrogateescape")
        if key in ("recv_ns", "part", "parts"):
            number = int(text) if len(text) <= 80 and text.isascii() and text.removeprefix("-").isdigit() else None
            if number is not None and (-(2**63) <= number < 2**63 if key == "recv_ns" else 0 <= number < 2**32):
                setattr(headers, key, number)
        elif key == "category":
            headers.category = text
        elif key == "origin" and text in ("rest", "replay"):
            headers.origin = text
        elif key == "kind" and text in ("part", "end_marker", "gap"):
            headers.kind = text
    if headers.recv_ns <= 0:
        headers.recv_ns = appended_ms * 1_000_000
    if not headers.category and topic.count("."):
        headers.category = (topic.split(".")[-2:-1] if topic.count(".") > 1 else [""])[0]
    if headers.kind == "part" and headers.part >= headers.parts:
        headers.kind = "frame"
    return headers


def gap_of(value):
    """(from, to, cause) in us; None if it is no gap, or none of the program's: then it is a frame like any other."""
    try:
        gap = json.loads(value.decode())
        span = gap["from_us"], gap["to_us"]
        if all(type(at) is int and -(2**63) <= at < 2**63 for at in span) and isinstance(gap["cause"], str) and span[0] <= span[1]:
            gap["cause"].encode()
            return *span, gap["cause"]
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    return None


def arrow(rows, columns):
    return pa.RecordBatch.from_arrays([pa.array([row.get(name) for row in rows], kind) for name, kind in columns.items()],
                                      schema=pa.schema(columns.items()))


def rows_by_partition(make, take, columns):
    """For mapInArrow; records of a partition must come in order, and in one task. `make((topic, partition))` gives what has ready()
    and last(topic, partition), `take(it, (topic, partition), record, headers)` is called with each record."""

    def rows_of(batches):
        partitions, ready = {}, []
        for batch in batches:
            for record in batch.to_pylist():
                place = record["topic"], record["partition"]
                partition = partitions.get(place)
                if partition is None:
                    partition = partitions[place] = make(place)
                take(partition, place, record, headers_of(record["headers"], record["topic"], record["appended_ms"]))
            for partition in partitions.values():
                ready += partition.ready()
            while len(ready) >= ROWS:
                yield arrow(ready[:ROWS], columns)
                ready = ready[ROWS:]
        ready += [partition.last(*place) for place, partition in partitions.items()]
        if ready:
            yield arrow(ready, columns)

    return rows_of


def marks(rows):
    """{(topic, partition): what last() told}."""
    return {(row["_topic"], row["_topic_partition"]): json.loads(row["detail"]) for row in rows}


def at(us):
    return datetime(1970, 1, 1) + timedelta(microseconds=us)
