"""Spark's streaming jobs as processes, each over a lake of its own beside the others' over the one log."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter

from lake import ROOT, tradelake
from own_stack import OwnStack, with_password
from s3 import reader_properties

SERVICES = ("kafka", "postgres", "minio")
# Of one job at a time, which nothing is gained by compiling well.
SPARK = """spark.master local[2]
spark.ui.enabled false
spark.driver.memory 1g
spark.sql.shuffle.partitions 2
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
"""
BUSY = {"TRADELAKE_COMMIT_INTERVAL": "200ms"}


class Lake:
    """A catalog and a warehouse beside the others, over the one log."""

    def __init__(self, environment, name):
        self.name = name
        server = environment["TRADELAKE_CATALOG"].rsplit("/", 1)[0]
        self.environment = environment | {"TRADELAKE_CATALOG": f"{server}/{name}", "TRADELAKE_WAREHOUSE": f"s3://tradelake/{name}"}
        subprocess.run(["psql", "-q", environment["TRADELAKE_CATALOG"], "-c", f"CREATE DATABASE {name}"],
                       env=os.environ | environment, check=True)

    def database(self):
        return with_password(self.environment["TRADELAKE_CATALOG"], self.environment["PGPASSWORD"])

    def table(self, name):
        from pyiceberg.catalog.sql import SqlCatalog

        return SqlCatalog("tradelake", uri=self.database(), **reader_properties(self.environment)).load_table(name)

    def rows(self, name):
        """All columns of every row, counted; but for what the parsers say of what is not JSON."""
        counted = Counter()
        for row in self.table(name).scan().to_arrow().to_pylist():
            if row.get("extra") is not None:
                row["extra"] = tuple(sorted(row["extra"]))
            if row.get("reason") == "not_json":
                row["detail"] = None
            counted[tuple(row.items())] += 1
        return counted


@contextlib.contextmanager
def held(lake, pipeline, lock="pg_advisory_lock"):
    """By another session: `lock` as a job of Spark does, or pg_advisory_lock_shared as a process of the program."""
    holds = subprocess.Popen(["psql", "-q", lake.environment["TRADELAKE_CATALOG"]], stdin=subprocess.PIPE, text=True,
                             stdout=subprocess.DEVNULL, env=os.environ | lake.environment)
    try:
        holds.stdin.write(f"SELECT {lock}(hashtext('tradelake spark'), hashtext('{pipeline}'));\n")
        holds.stdin.flush()
        yield
    finally:
        holds.kill()
        holds.wait()


class Job:
    """spark/NAME.py, alone in its process group: JVM and Python workers die with it."""

    def __init__(self, services, lake, name, *arguments, script=None):
        folder, conf = services.folder, services.folder / f"conf-{lake.name}"
        sys.path.insert(0, str(ROOT / "scripts"))
        from stack_spark import configure

        variables = configure(conf, lake.environment)
        with (conf / "spark-defaults.conf").open("a") as defaults:
            defaults.write(SPARK)
        self.log = folder / f"{name}-{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            # Local time is far from UTC: what depends on that shows.
            self.process = subprocess.Popen([sys.executable, script or ROOT / f"spark/{name}.py", *map(str, arguments)],
                                            env=os.environ | lake.environment | variables | BUSY | {"TZ": "Asia/Tokyo"},
                                            stdout=log, stderr=log, cwd=folder, start_new_session=True)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self, seconds=900):
        try:
            return self.process.wait(seconds)
        finally:
            if self.process.poll() is None:
                self.kill()

    def text(self):
        return self.log.read_text()

    def until(self, event, seconds=600):
        deadline = time.monotonic() + seconds
        while event not in self.text():
            assert self.process.poll() is None and time.monotonic() < deadline, self.text()[-3000:]
            time.sleep(0.2)


def assert_ends_when_asked_to(services, lake, name, tables):
    """A job that has nothing to do; it adds nothing."""
    before = [lake.table(table).metadata_location for table in tables]
    job = Job(services, lake, name)
    try:
        job.until("event=query_started")
        job.process.terminate()
        assert job.end() == 0, job.text()[-3000:]
    finally:
        if job.process.poll() is None:
            job.kill()
    assert "event=stopped" in job.text()
    assert [lake.table(table).metadata_location for table in tables] == before


def assert_leaves_alone(services, lake, name, pipeline, primary, lock):
    """A job that comes while another session has the pipeline's lock (see held())."""
    before = lake.table(primary).metadata_location
    with held(lake, pipeline, lock):
        job = Job(services, lake, name, "--once")
        assert job.end() == 3, job.text()[-3000:]
    assert f"pipeline {pipeline}: another writer, the program or another job of Spark, writes" in job.text()
    assert lake.table(primary).metadata_location == before


class Services:
    """Servers of the tests' own, and a log with its topics."""

    def __init__(self, name, folder):
        self.folder, self.stack = folder, OwnStack(name)

    def up(self):
        self.stack("up", *SERVICES)
        self.environment = self.stack.values()
        tradelake("topics", "--apply", env=os.environ | self.environment)

    def replay(self, *captures):
        for capture in captures:
            tradelake("replay", capture, "--speed", "max", "--data-dir", self.folder / "replay", env=os.environ | self.environment)

    def program(self, lake, stage, **environment):
        return tradelake(stage, "--exit-when-done", "--data-dir", self.folder / lake.name, "--listen", "127.0.0.1:0", check=False,
                         env=os.environ | lake.environment | environment)

    def down(self):
        self.stack("down", *SERVICES)
