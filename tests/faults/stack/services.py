"""The real services under the harness: one broker, one database server and one S3 server for all runs, and an empty lake in
them for each."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))

import lake
from kafka_log import Broker
from own_stack import OwnStack, with_password
from proxies import PostgresProxy, S3Proxy
from s3 import reader_properties

stack = OwnStack("faults")
S3 = os.environ.get("TRADELAKE_FAULTS_S3", "versitygw")


class Services:
    def __init__(self):
        stack("up", "kafka", "postgres", S3)
        self.values = stack.values()
        self.broker = Broker(self.values["TRADELAKE_LOG"])
        self.base, _ = self.values["TRADELAKE_CATALOG"].rsplit("/", 1)
        self.postgres = PostgresProxy(int(self.base.rsplit(":", 1)[1]))
        self.s3 = S3Proxy(int(self.values["AWS_ENDPOINT_URL_S3"].rsplit(":", 1)[1]))
        self.down = set()  # services that a fault has killed

    def close(self):
        self.postgres.close()
        self.s3.close()
        stack("down", "kafka", "postgres", S3)

    def kill(self, service):
        if service not in self.down:
            self.down.add(service)
            stack("kill", service)

    def restart(self, service):
        if service in self.down:
            stack("restart", service)
            self.down.discard(service)

    def heal(self):
        self.postgres.heal()
        self.s3.heal()
        for service in list(self.down):
            self.restart(service)

    def pid(self, service):
        """Of the process that does the work, for signals."""
        return int(stack("status", service).rsplit("pid ", 1)[1].split()[0])

    def new_lake(self):
        """An empty log, database and folder of the bucket: (what the processes get, how they are read)."""
        self.heal()
        self.broker.empty()
        name = f"t{time.monotonic_ns()}"
        subprocess.run(["psql", "-q", self.base + "/tradelake", "-c", f"CREATE DATABASE {name}"], check=True,
                       env=os.environ | {"PGPASSWORD": self.values["PGPASSWORD"]})
        through = self.base.rsplit(":", 1)[0]
        environment = {
            "TRADELAKE_LOG": self.values["TRADELAKE_LOG"],
            "TRADELAKE_CATALOG": f"{through}:{self.postgres.port}/{name}",
            "TRADELAKE_WAREHOUSE": f"s3://tradelake/lake/{name}",
            "PGPASSWORD": self.values["PGPASSWORD"],
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.s3.port}",
        } | {key: self.values[key] for key in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        return environment, Reader(self, name)


class Reader:
    """Looks at a lake past the proxies, with PyIceberg."""

    def __init__(self, services, name):
        self.services = services
        self.name = name
        self.uri = with_password(f"{services.base}/{name}", services.values["PGPASSWORD"])

    def table(self, name):
        from pyiceberg.catalog.sql import SqlCatalog

        return SqlCatalog("tradelake", uri=self.uri, **reader_properties(self.services.values)).load_table(name)

    def sql(self, statement):
        done = subprocess.run(["psql", "-qtA", f"{self.services.base}/{self.name}", "-c", statement], check=True, text=True,
                              capture_output=True, env=os.environ | {"PGPASSWORD": self.services.values["PGPASSWORD"]})
        return [line.split("|") for line in done.stdout.splitlines()]

    def assert_lake(self, expected):
        """Every table against the oracle, and what the catalog and the snapshots say of the log."""
        before, lake.table = lake.table, lambda _, name: self.table(name)
        try:
            lake.assert_lake(None, expected)
        finally:
            lake.table = before
        self.assert_offsets()

    def assert_offsets(self):
        for pipeline, name in (("bronze", "bronze.trades"), ("silver", "silver.candles_1m")):
            rows = self.sql(f"SELECT topic, topic_partition, next_offset FROM tradelake_progress WHERE pipeline = '{pipeline}'")
            committed = {(topic, int(partition)): int(at) for topic, partition, at in rows}
            ends = self.services.broker.ends()
            assert all(at <= ends[where] for where, at in committed.items())
            metadata = self.table(name).metadata
            before, sequence = {}, 0
            for snapshot in sorted(metadata.snapshots, key=lambda one: one.sequence_number):
                assert snapshot.sequence_number > sequence
                sequence = snapshot.sequence_number
                offsets = json.loads(snapshot.summary["tradelake.offsets"])
                now = {(topic, int(partition)): at for topic, of in offsets.items() for partition, at in of.items()}
                assert all(now.get(where, -1) >= at for where, at in before.items()), f"{name}: {before} then {now}"
                counts = {key: int(snapshot.summary[f"tradelake.{key}"]) for key in ("in", "ok", "dead", "filtered")}
                assert counts["in"] == counts["ok"] + counts["dead"] + counts["filtered"], counts
                before = now
            assert all(committed[where] >= at for where, at in before.items())
