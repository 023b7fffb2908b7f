"""The log in Kafka as a source of Spark's, and what the broker says of it. Topics are those of src/log/topic.cpp."""

import json
from urllib.parse import urlsplit

from .configuration import WrongConfiguration
from .frames import CATEGORIES
from .refusal import Refused

TRADES = tuple(f"bybit.v5.{category}.publicTrade" for category in CATEGORIES)
UNROUTABLE = tuple(f"bybit.v5.{category}.unroutable" for category in (*CATEGORIES, "unknown"))


class Log:
    def __init__(self, session, address):
        if urlsplit(address).scheme != "kafka":
            raise WrongConfiguration(f"log is {address}; allowed here: kafka://host:port")
        self.session = session
        self.servers = address.removeprefix("kafka://")

    def options(self, topics):
        return {"kafka.bootstrap.servers": self.servers, "subscribe": ",".join(topics), "includeHeaders": "true",
                "kafka.isolation.level": "read_committed", "failOnDataLoss": "true"}

    def stream(self, topics, starting, max_offsets):
        reader = self.session.readStream.format("kafka").options(**self.options(topics))
        return reader.option("startingOffsets", json.dumps(starting)).option("maxOffsetsPerTrigger", max_offsets).load()

    def between(self, starting, ending):
        """Records of the partitions that are named, which both name."""
        options = self.options(())
        del options["subscribe"]
        options["assign"] = json.dumps({topic: list(map(int, partitions)) for topic, partitions in starting.items()})
        return self.session.read.format("kafka").options(**options).option("startingOffsets", json.dumps(starting)).option(
            "endingOffsets", json.dumps(ending)).load()

    def ranges(self, topics):
        """{topic: (id, {partition: (first offset, the one after the last)})}; topics that are missing are refused."""
        jvm = self.session._jvm
        kafka = jvm.org.apache.kafka.clients.admin
        properties = jvm.java.util.Properties()
        properties.put("bootstrap.servers", self.servers)
        admin = kafka.AdminClient.create(properties)
        try:
            there = set(admin.listTopics().names().get())
            missing = [topic for topic in topics if topic not in there]
            if missing:
                raise Refused(f"the log has no topic {', '.join(missing)}; make them with: tradelake topics --apply")
            names = jvm.java.util.ArrayList()
            for topic in topics:
                names.add(topic)
            described = admin.describeTopics(names).allTopicNames().get()
            first, last = kafka.OffsetSpec.earliest(), kafka.OffsetSpec.latest()
            wanted = {which: jvm.java.util.HashMap() for which in (first, last)}
            for topic in topics:
                for info in described.get(topic).partitions():
                    for which, places in wanted.items():
                        places.put(jvm.org.apache.kafka.common.TopicPartition(topic, info.partition()), which)
            found = {}
            for topic in topics:
                found[topic] = described.get(topic).topicId().toString(), {}
            for at, which in enumerate((first, last)):
                answered = admin.listOffsets(wanted[which]).all().get()
                for place in answered.keySet():
                    partitions = found[place.topic()][1]
                    partitions.setdefault(place.partition(), [0, 0])[at] = answered.get(place).offset()
            return found
        finally:
            admin.close()


    def home_of(self, category, symbol, ranges):
        """The partition that a market's key belongs to: as Kafka's default partitioner says. Of options the key is the base coin."""
        topic = f"bybit.v5.{category}.publicTrade"
        utils = self.session._jvm.org.apache.kafka.common.utils.Utils
        key = symbol.split("-")[0] if category == "option" else symbol
        return topic, utils.toPositive(utils.murmur2(key.encode())) % len(ranges[topic][1])


def fitting(ranges, carried, ids, what):
    """Where to read from, {topic: {partition: offset}}: what `carried` says, the log's beginning elsewhere. Refuses a log that is not
    the one that the offsets are of."""
    starting = {}

    def refuse(why):
        raise Refused(f"{what}: {why}; the log is not the one the tables were written from")

    for topic, partitions in carried.items():
        if topic not in ranges:
            continue
        if topic in ids and ids[topic] != ranges[topic][0]:
            refuse(f"topic {topic} was recreated")
        for partition in partitions:
            if partition not in ranges[topic][1]:
                refuse(f"{topic} partition {partition} is no longer in the log")
    for topic, (_, partitions) in ranges.items():
        starting[topic] = {}
        for partition, (first, end) in partitions.items():
            offset = carried.get(topic, {}).get(partition)
            if offset is not None and offset > end:
                refuse(f"{topic} partition {partition} ends at {end}, before the committed offset {offset}")
            if offset is not None and offset < first:
                refuse(f"{topic} partition {partition} starts at {first}, after the committed offset {offset}")
            starting[topic][str(partition)] = first if offset is None else offset
    return starting
