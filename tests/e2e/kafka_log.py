"""A Kafka broker of the end-to-end tests' own, and a look into its log that shares no code with the program."""

import time

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from own_stack import OwnStack

stack = OwnStack("e2e-kafka")
END_MARKER = str(2**63 - 1)


def started():
    stack("up", "kafka")
    return stack.values()["TRADELAKE_LOG"]


class Broker:
    def __init__(self, address):
        self.address = address
        self.config = {"bootstrap.servers": address.removeprefix("kafka://")}
        self.admin = AdminClient(self.config)

    def topics(self):
        return {name: len(topic.partitions) for name, topic in self.admin.list_topics(timeout=30).topics.items()
                if not name.startswith("__")}

    def delete(self, *names):
        for future in (self.admin.delete_topics(list(names), operation_timeout=30) if names else {}).values():
            future.result()
        deadline = time.monotonic() + 30
        while set(names) & self.topics().keys():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def empty(self):
        self.delete(*self.topics())

    def ends(self):
        """High watermarks; a topic that was just made may not be led yet."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.ends_now()
            except KafkaException:
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def ends_now(self):
        consumer = Consumer(self.config | {"group.id": "look", "isolation.level": "read_uncommitted"})
        try:
            return {(name, partition): consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=30)[1]
                    for name, count in self.topics().items() for partition in range(count)}
        finally:
            consumer.close()

    def records(self):
        """Every committed record of the market topics: (topic, partition, offset, headers, key, value)."""
        ends = {where: end for where, end in self.ends().items() if where[0].startswith("bybit.") and end > 0}
        consumer = Consumer(self.config | {"group.id": "look", "isolation.level": "read_committed",
                                           "enable.auto.commit": False, "enable.partition.eof": True})
        found = []
        try:
            consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in ends])
            left = set(ends)
            deadline = time.monotonic() + 60
            while left:
                assert time.monotonic() < deadline, f"cannot read to the end of {left}"
                for message in consumer.consume(10_000, timeout=1):
                    where = message.topic(), message.partition()
                    if message.error():
                        if message.error().name() != "_PARTITION_EOF":
                            raise KafkaException(message.error())
                        if message.offset() >= ends[where]:
                            left.discard(where)
                        continue
                    assert message.timestamp()[0] == TIMESTAMP_LOG_APPEND_TIME
                    headers = {name: value.decode() for name, value in message.headers() or []}
                    found.append((*where, message.offset(), headers, message.key(), message.value()))
        finally:
            consumer.close()
        return found


def frames(records):
    """(topic, partition, source, n, part) -> value; fails on a record that is there twice, or out of order."""
    found = {}
    last = {}
    for topic, partition, _, headers, _, value in records:
        key = topic, partition, headers["src"], int(headers["n"]), int(headers.get("part", 0))
        assert key not in found, f"twice: {key}"
        assert last.get(key[:3], (0, 0)) < key[3:], f"{key} after {last[key[:3]]}"
        last[key[:3]] = key[3:]
        found[key] = value
    return found
