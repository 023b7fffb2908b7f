"""What a table's head says of itself: how far in the log it reaches. As src/bronze/commit_summary.cpp writes and reads it.

Each table is judged by its own head alone. Beside the program's own keys there are the greatest trade_time of each partition, and the
topics' ids, which the program keeps in its progress rows; maintenance does not carry those over, so they are looked for further back.
"""

import json
import secrets
from dataclasses import dataclass, field

COMMIT_ID, OFFSETS, GREATEST = "tradelake.commit-id", "tradelake.offsets", "tradelake.max-trade-time-us"
GREATEST_EACH, TOPIC_IDS = "tradelake.max-trade-times", "tradelake.topic-ids"
TABLES = "tradelake.tables"
COUNTS = ("in", "ok", "dead", "filtered", "expired")


def by_partition(text):
    """{topic: {partition: number}} of the JSON."""
    return {topic: {int(partition): number for partition, number in partitions.items()}
            for topic, partitions in json.loads(text or "{}").items()}


def as_json(numbers):
    """The other way round."""
    return json.dumps({topic: {str(partition): partitions[partition] for partition in sorted(partitions)}
                       for topic, partitions in sorted(numbers.items()) if partitions}, separators=(",", ":"))


def flat(numbers):
    return {(topic, partition): number for topic, partitions in numbers.items() for partition, number in partitions.items()}


def nested(numbers):
    found = {}
    for (topic, partition), number in numbers.items():
        found.setdefault(topic, {})[partition] = number
    return found


def as_offsets(places):
    """As Spark's source takes them."""
    return {topic: {str(partition): offset for partition, offset in partitions.items()}
            for topic, partitions in nested(places).items()}


@dataclass
class Head:
    """Of the last commit of a pipeline that is in the table; empty where there is none."""

    commit_id: str | None = None
    offsets: dict = field(default_factory=dict)  # (topic, partition): next offset
    greatest: dict | None = None  # (topic, partition): trade_time in us. None: not known
    topic_ids: dict = field(default_factory=dict)
    noted: dict = field(default_factory=dict, compare=False)  # all lines of its own snapshot, where that is known


def loaded(session, table):
    return session._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(session._jsparkSession, f"tradelake.{table}")


def tagged(table):
    """The newest snapshot that a pipeline's tag keeps."""
    refs = table.refs()
    found = [table.snapshot(refs.get(name).snapshotId()) for name in refs.keySet()
             if name.startswith("tradelake-") and refs.get(name).isTag()]
    found = [snapshot for snapshot in found if snapshot is not None and COMMIT_ID in snapshot.summary()]
    return max(found, key=lambda snapshot: snapshot.sequenceNumber(), default=None)


def head(session, name):
    table = loaded(session, name)
    table.refresh()
    snapshot = table.currentSnapshot()
    while snapshot is not None and COMMIT_ID not in snapshot.summary():
        parent = snapshot.parentId()
        if parent is None:
            return Head()
        snapshot = table.snapshot(parent)
        if snapshot is None:
            snapshot = tagged(table)
    if snapshot is None:
        return Head()
    found = Head(snapshot.summary()[COMMIT_ID], flat(by_partition(snapshot.summary().get(OFFSETS))))
    own = snapshot
    while own is not None and own.summary().get(COMMIT_ID, found.commit_id) == found.commit_id and GREATEST_EACH not in own.summary():
        parent = own.parentId()
        own = None if parent is None else table.snapshot(parent)
    for noted in (own, tagged(table)):
        if noted is not None and noted.summary().get(COMMIT_ID) == found.commit_id and GREATEST_EACH in noted.summary():
            found.noted = dict(noted.summary())
            found.greatest = flat(by_partition(found.noted[GREATEST_EACH]))
            found.topic_ids = json.loads(found.noted.get(TOPIC_IDS) or "{}")
            break
    return found


def tag(session, name, pipeline):
    """Keeps the head from expiry by anybody, as the next start goes on from it."""
    table = loaded(session, name)
    tagged_as, snapshot = f"tradelake-{pipeline}", table.currentSnapshot().snapshotId()
    change = table.manageSnapshots()
    change = change.replaceTag(tagged_as, snapshot) if table.refs().get(tagged_as) else change.createTag(tagged_as, snapshot)
    change.commit()


def written(tables):
    """A line of the summary: all tables that the commit writes, in this order. One that lacks the commit: it was cut off."""
    return {TABLES: json.dumps(list(tables), separators=(",", ":"))}


def new_commit_id():
    return secrets.token_hex(16)


def summary(pipeline, commit_id, offsets, greatest, topic_ids, counts):
    """What the snapshot of a commit is to say."""
    lines = {"tradelake.pipeline": pipeline, COMMIT_ID: commit_id, OFFSETS: as_json(nested(offsets)), "tradelake.engine": "spark",
             GREATEST_EACH: as_json(nested(greatest)), TOPIC_IDS: json.dumps(topic_ids, separators=(",", ":"), sort_keys=True)}
    if greatest:
        lines[GREATEST] = str(max(greatest.values()))
    return lines | {f"tradelake.{name}": str(counts[name]) for name in COUNTS}
