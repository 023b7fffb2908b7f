"""Runs `tradelake run` and `tradelake simulate` for as long as a test needs them, and asks the server."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

from lake import BINARY


class Process:
    """A program of ours that prints where it listens."""

    def __init__(self, *arguments, log, environment=None):
        self.log = open(log, "w+")
        self.process = subprocess.Popen([BINARY, *map(str, arguments)], stdout=self.log, stderr=subprocess.STDOUT,
                                        env=environment)
        self.url = self._url()

    def _url(self, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = open(self.log.name).read()
            found = re.search(r"listening on (\S+)", text)
            if found:
                return found[1]
            assert self.process.poll() is None, f"ended with {self.process.returncode}\n{text}"
            time.sleep(0.05)
        raise AssertionError(f"does not listen within {seconds} s\n{text}")

    def stop(self, seconds=30):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self.log.close()


class Server(Process):
    def __init__(self, data_dir, *arguments, source=None, log=None, command="run", environment=None):
        if source:
            arguments = ("--source", source, *arguments)
        super().__init__(command, "--data-dir", data_dir, "--listen", "127.0.0.1:0", *arguments,
                         log=log or f"{data_dir}.log", environment=environment)

    def ask(self, path, **parameters):
        """Status, headers, body as text."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}{path}{'?' + query if query else ''}", timeout=20) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode()

    def get(self, path, **parameters):
        status, _, body = self.ask(path, **parameters)
        assert status == 200, f"{path} {parameters}: {status} {body}"
        return json.loads(body)

    def until(self, ready, seconds=30):
        """The first status for which `ready` holds."""
        deadline = time.monotonic() + seconds
        while True:
            status = self.get("/v1/status")
            if ready(status):
                return status
            assert time.monotonic() < deadline, status
            time.sleep(0.1)


@contextmanager
def replayed(data_dir, capture, *arguments, speed="max", seconds=30):
    """A server over a capture that is read to its end."""
    server = Server(data_dir, "--speed", speed, *arguments, source=f"replay:{capture}")
    try:
        server.until(lambda s: s["source"]["state"] == "ended" and s["bronze"]["lag_records"] == 0
                     and s["silver"]["lag_records"] == 0, seconds)
        yield server
    finally:
        server.stop()


@contextmanager
def simulated(data_dir, *arguments, symbols="linear:4,spot:2", rate=200):
    """A server fed by a simulator of its own; yields both."""
    exchange = Process("simulate", "--symbols", symbols, "--rate", rate, log=f"{data_dir}.exchange.log")
    try:
        names = ",".join(f"{part.split(':')[0]}:*" for part in symbols.split(","))
        server = Server(data_dir, "--symbols", names, *arguments, source=exchange.url)
        try:
            yield server, exchange
        finally:
            server.stop()
    finally:
        exchange.stop()
