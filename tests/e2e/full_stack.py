"""The stages over servers of their own, for tests that stop servers in the middle."""

import os
import signal
import time
import urllib.request
from contextlib import contextmanager

from lake import tradelake
from own_stack import OwnStack
from served import Process

SERVICES = ("kafka", "postgres", "versitygw")


class FullStack:
    """All stages as processes of their own, over Kafka, PostgreSQL and S3 that are ours to stop."""

    stage_names = ("collect", "sink", "candles", "serve")

    def __init__(self, name, folder, **environment):
        self.stack = OwnStack(name)
        self.stack("up", *SERVICES)
        self.servers = self.stack.values()
        self.folder = folder
        self.environment = self.servers | {"TRADELAKE_DATA_DIR": str(folder / "data")} | environment
        tradelake("topics", "--apply", env=os.environ | self.environment)
        self.exchange = Process("simulate", "--symbols", "linear:4,spot:2", "--rate", "200", log=folder / "exchange.log")
        self.environment |= {"TRADELAKE_SOURCE": self.exchange.url, "TRADELAKE_SYMBOLS": "linear:*,spot:*"}
        self.stages = {}
        for name in self.stage_names:
            self.start(name)

    def start(self, name):
        self.stages[name] = Process(name, "--listen", "127.0.0.1:0", log=self.folder / f"{name}.log",
                                    environment=os.environ | self.environment | {"TRADELAKE_COMMIT_INTERVAL": "1s"})

    def wait_for_commits(self):
        for name in ("sink", "candles"):
            deadline = time.monotonic() + 60
            while not any(line.startswith("tradelake_commits_total") and not line.endswith(" 0")
                          for line in self.metrics(name)):
                assert time.monotonic() < deadline, (self.folder / f"{name}.log").read_text()
                time.sleep(0.1)

    def metrics(self, name):
        with urllib.request.urlopen(self.stages[name].url + "/metrics", timeout=10) as answer:
            return answer.read().decode().splitlines()

    def pid(self, server):
        line, = (line for line in self.stack("status", server).splitlines() if line.startswith(server))
        return int(line.rsplit(" ", 1)[1])

    @contextmanager
    def stopped(self, *servers):
        pids = [self.pid(server) for server in servers]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def down(self):
        for process in (*self.stages.values(), self.exchange):
            process.process.kill()
            process.process.wait()
        self.stack("down", *SERVICES)
