"""A Kafka broker, from Maven's jars."""

import secrets
import socket
import subprocess

from stack_base import ROOT, Server, fetched, free_port, maven_jars, version_of


class Kafka(Server):
    """One broker that is its own controller (KRaft). Topics are declared, never made by the way."""

    name = "kafka"
    ready_within = 60

    def __init__(self):
        super().__init__()
        self.properties = self.folder / "server.properties"

    def java(self, *arguments):
        pom = ROOT / "deploy/stack/kafka-pom.xml"
        jars = fetched(f"kafka-{version_of(pom)}", lambda folder: maven_jars(pom, folder))
        return ["java", "-Xms512m", "-Xmx512m", "-cp", f"{jars}/*", *arguments]

    def start(self):
        port, controller = free_port(), free_port()
        self.keep(port=port)
        self.properties.write_text(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={self.folder}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=300
auto.create.topics.enable=false
""")
        # An id that begins with '-' would be taken for an option.
        cluster = "A" + secrets.token_urlsafe(16)[:21]
        subprocess.run(self.java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", self.properties), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.restart()
        return {"TRADELAKE_LOG": f"kafka://127.0.0.1:{port}"}

    def command(self):
        return self.java("kafka.Kafka", self.properties)

    def ready(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.kept()["port"])) == 0
