"""No secret in any output: good, wrong and misplaced ones are looked for in everything that any command prints, answers,
logs, leaves behind or shows to `ps`."""

import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from doctor import PLAIN
from full_stack import FullStack
from lake import BINARY
from test_kill import make_capture

NAMES = ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY")
WRONG = {"PGPASSWORD": "Planted-pg-4f1c", "AWS_SECRET_ACCESS_KEY": "Planted-aws-9b2e"}
ROUTES = ("/metrics", "/healthz", "/readyz", "/v1/status", "/v1/markets", "/v1/tables", "/v1/tables/bronze.trades",
          "/v1/tables/no.such", "/v1/trades?category=linear&symbol=BTCUSDT", "/v1/trades?symbol=X",
          "/v1/candles?category=linear&symbol=BTCUSDT&interval=1m", "/v5/market/time",
          "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1", "/nowhere")


class Watch:
    """Everything that was said, by whom; and what `ps` shows at any time, twenty times a second."""

    def __init__(self):
        self.said = {}
        self.shown = {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        while not self.over.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.shown[path.read_bytes()] = path
                except OSError:
                    pass  # it has ended

    def end(self):
        self.over.set()
        self.thread.join()

    def heard(self, who, what):
        self.said[f"{who} #{len(self.said)}"] = what

    def run(self, *command, seconds=20, **environment):
        """A command that ends by itself, or is told to: a stage may wait for a server that is away."""
        ours = {key: value for key, value in os.environ.items() if key != "PGPASSWORD" and not key.startswith("AWS_")}
        process = subprocess.Popen([BINARY, *map(str, command)], env=ours | environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        try:
            said = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            process.terminate()
            said = process.communicate(timeout=60)[0]
        self.heard(command, said)
        return process.returncode, said.decode(errors="replace")

    def ask(self, url):
        for route in ROUTES:
            try:
                with urllib.request.urlopen(url + route, timeout=20) as answer:
                    told = answer.read() + bytes(answer.headers)
            except urllib.error.HTTPError as answer:
                told = answer.read() + bytes(answer.headers)
            self.heard(url + route, told)

    def read(self, folder):
        for path in folder.rglob("*"):
            if path.is_file():
                self.heard(path, path.read_bytes())

    def assert_nowhere(self, secrets):
        assert any(os.fsencode(BINARY) in line for line in self.shown), "nobody looked"
        for secret in secrets:
            assert len(secret) > 8
            for who, what in self.said.items():
                assert secret.encode() not in what, f"{who} has {secret}"
            for line, path in self.shown.items():
                assert secret.encode() not in line, f"{path}: {line!r}"


@pytest.fixture
def watch():
    watch = Watch()
    yield watch
    watch.end()


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    built = FullStack("e2e-secrets", tmp_path_factory.mktemp("secrets"), TRADELAKE_LOG_LEVEL="debug")
    try:
        built.wait_for_commits()
        yield built
    finally:
        built.down()


def commands(capture):
    here = ("--listen", "127.0.0.1:0")
    return [("topics",), ("topics", "--apply"), ("config",), ("config", "--markdown"), ("doctor",), ("doctor", "--json"),
            ("table", "list"), ("table", "schema", "bronze.trades"), ("table", "snapshots", "bronze.trades"),
            ("table", "files", "bronze.trades"), ("table", "scan", "bronze.trades"), ("replay", capture, *here),
            ("sink", "--exit-when-done", *here), ("candles", "--exit-when-done", *here)]


def test_of_all_stages_with_the_right_ones_and_while_servers_go_and_come(full, tmp_path, watch):
    for stage in full.stages.values():
        watch.ask(stage.url)
    capture = make_capture(tmp_path / "c.tsv", 300, 25, PLAIN)
    ends = {}
    for command in commands(capture):
        ends[command], said = watch.run(*command, **full.environment)
        if command[0] == "config":
            assert "--markdown" in command or "PGPASSWORD           = ********" in said
    assert ends[("doctor",)] == ends[("table", "list")] == 0
    with full.stopped("kafka"):
        time.sleep(3)
    for server in ("versitygw", "postgres"):
        full.stack("kill", server)
        time.sleep(3)
        full.stack("restart", server)
    for stage in full.stages.values():
        watch.ask(stage.url)
    for name in full.stage_names:
        full.stages[name].stop(60)
    watch.read(full.folder)
    text = b"".join(what for who, what in watch.said.items() if "candles.log" in who)
    assert b"event=commit_delayed" in text
    watch.assert_nowhere(full.servers[name] for name in NAMES)


def test_of_stages_with_wrong_ones_and_of_servers_that_refuse(full, tmp_path, watch):
    capture = make_capture(tmp_path / "c.tsv", 300, 25, PLAIN)
    own = full.environment | {"TRADELAKE_DATA_DIR": str(tmp_path / "data")}
    embedded = {key: value for key, value in own.items() if key != "TRADELAKE_LOG"}
    here = ("--listen", "127.0.0.1:0")
    once = [("run", "--source", f"replay:{capture}", "--exit-when-done", *here), ("sink", "--exit-when-done", *here),
            ("candles", "--exit-when-done", *here), ("serve", *here), ("table", "list"), ("doctor",), ("doctor", "--json"),
            ("config",)]
    told = []
    for change in ({"PGPASSWORD": WRONG["PGPASSWORD"]}, {"AWS_SECRET_ACCESS_KEY": WRONG["AWS_SECRET_ACCESS_KEY"]},
                   {"AWS_ACCESS_KEY_ID": "nobody"}, {"TRADELAKE_CATALOG": "postgresql://u@127.0.0.1:1/d"},
                   {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}):
        for command in once:
            status, said = watch.run(*command, seconds=6, **(embedded | change))
            told.append(said)
            assert command[0] == "config" or status != 0, (command, change, said)
    for command in (("collect", *here), ("replay", capture, *here), ("sink", *here), ("topics",), ("doctor",)):
        status, said = watch.run(*command, seconds=6, **(own | {"TRADELAKE_LOG": "kafka://127.0.0.1:1"}))
        told.append(said)
    for reason in ("password authentication failed", "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                   "Connection refused", "does not answer"):
        assert any(reason in said for said in told), reason
    watch.read(tmp_path)
    watch.assert_nowhere([*WRONG.values(), *(full.servers[name] for name in NAMES)])


MISPLACED = {
    "TRADELAKE_CATALOG": ["postgresql://u:Planted-misplaced@127.0.0.1:1/d", "postgresql://u@127.0.0.1:1/d?password=Planted-misplaced",
                          "postgres host=127.0.0.1 password = Planted-misplaced", "oracle://u:Planted-misplaced@h/d"],
    "TRADELAKE_LOG": ["kafka://u:Planted-misplaced@127.0.0.1:1"],
    "TRADELAKE_WAREHOUSE": ["s3://key:Planted-misplaced@bucket/x"],
    "TRADELAKE_SOURCE": ["ws://u:Planted-misplaced@127.0.0.1:1"],
    "TRADELAKE_PGPASSWORD": ["Planted-misplaced"],
    "TRADELAKE_COMMIT_INTERVALL": ["Planted-misplaced"],
    "AWS_ENDPOINT_URL_S3": ["http://u:Planted-misplaced@127.0.0.1:1"],
}


def test_of_secrets_where_they_do_not_belong(tmp_path, watch):
    warehouse = {"TRADELAKE_WAREHOUSE": "s3://bucket/x", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "Planted-own-key",
                 "TRADELAKE_DATA_DIR": str(tmp_path / "data"), "TRADELAKE_SOURCE": "ws://127.0.0.1:1",
                 "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}
    for variable, values in MISPLACED.items():
        for value in values:
            for command in (("run", "--exit-when-done"), ("sink",), ("serve",), ("doctor",), ("doctor", "--json"), ("config",),
                            ("table", "list"), ("topics",)):
                status, said = watch.run(*command, **(warehouse | {variable: value}))
                assert status != 0 or command == ("config",), (command, variable, said)
                if variable.startswith("TRADELAKE_") and variable != "TRADELAKE_PGPASSWORD":
                    assert status == 2, (command, variable, said)
    for line in ('aws_secret_access_key = "Planted-misplaced"', 'catalog = "postgresql://u:Planted-misplaced@127.0.0.1:1/d"',
                 'catalog = Planted-misplaced'):
        file = tmp_path / "tradelake.toml"
        file.write_text(line)
        for command in (("doctor",), ("config",), ("run", "--exit-when-done")):
            status, said = watch.run(*command, "--config", file)
            assert status == 2 and "tradelake.toml" in said, said
        file.unlink()
    watch.read(tmp_path)
    watch.assert_nowhere(["Planted-misplaced", "Planted-own-key"])


def test_a_password_may_be_in_a_file(full, tmp_path, watch):
    file = tmp_path / "password"
    file.write_text(full.servers["PGPASSWORD"] + "\n")
    own = {key: value for key, value in full.environment.items() if key != "PGPASSWORD"} | {"PGPASSWORD_FILE": str(file)}
    status, said = watch.run("table", "list", **own)
    assert status == 0 and "bronze.trades" in said
    assert "PGPASSWORD_FILE" in watch.run("config", **own)[1]
    file.write_text(WRONG["PGPASSWORD"])
    status, said = watch.run("table", "list", **own)
    assert status == 1 and "password authentication failed" in said
    watch.assert_nowhere([full.servers["PGPASSWORD"], WRONG["PGPASSWORD"]])
