"""The catalog in PostgreSQL: the same tables, read by PyIceberg there; and a server that dies in the middle."""

import os
import signal
import subprocess
import time

import pytest

import lake
from lake import BINARY, assert_lake, replay_arguments, tradelake
from oracle import Oracle, read_capture
from own_stack import OwnStack, with_password
from served import Process, Server
from test_kill import BUSY, make_capture


# Our own, since these tests kill its server.
stack = OwnStack("e2e")


@pytest.fixture(scope="module")
def server():
    stack("up", "postgres")
    yield stack.values()
    stack("down", "postgres")


@pytest.fixture
def catalog(server, monkeypatch):
    """An empty database, and the lake's own reading of tables pointed at it."""
    from pyiceberg.catalog.sql import SqlCatalog

    name = f"t{time.monotonic_ns()}"
    base = server["TRADELAKE_CATALOG"].rsplit("/", 1)[0]
    monkeypatch.setenv("PGPASSWORD", server["PGPASSWORD"])
    subprocess.run(["psql", "-q", base + "/tradelake", "-c", f"CREATE DATABASE {name}"], check=True)
    monkeypatch.setenv("TRADELAKE_CATALOG", f"{base}/{name}")
    uri = with_password(f"{base}/{name}", server["PGPASSWORD"])
    monkeypatch.setattr(lake, "table", lambda _, table: SqlCatalog("tradelake", uri=uri).load_table(table))
    return f"{base}/{name}"


def test_a_capture_ends_up_in_the_tables_exactly(data_dir, capture, catalog):
    tradelake(*replay_arguments(data_dir, capture))
    assert not (data_dir / "catalog.db").exists()
    assert_lake(data_dir, Oracle().take(read_capture(capture)))
    listed = tradelake("table", "list", "--warehouse", f"file://{data_dir}/warehouse").stdout
    assert any(line.startswith("silver.candles_1m ") and " file://" in line for line in listed.splitlines())


def test_the_password_is_nowhere(data_dir, capture, catalog, server):
    done = tradelake(*replay_arguments(data_dir, capture))
    assert server["PGPASSWORD"] not in done.stdout + done.stderr
    secret = "postgresql://tradelake:Hidden9@127.0.0.1:1/x"
    for arguments in (["run", "--catalog", secret], ["table", "list", "--catalog", secret]):
        refused = tradelake(*arguments, check=False)
        assert refused.returncode == 2
        assert "Hidden9" not in refused.stdout + refused.stderr


def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(data_dir, catalog, server, tmp_path):
    capture = make_capture(tmp_path / "c.tsv.zst", 8_000, 41)
    arguments = replay_arguments(data_dir, capture)
    arguments[arguments.index("max")] = "20"
    process = subprocess.Popen([BINARY, *map(str, arguments)], env=os.environ | BUSY, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    for _ in range(6):
        time.sleep(1.0)
        stack("kill", "postgres")
        time.sleep(0.5)
        stack("restart", "postgres")
    events = process.communicate(timeout=120)[1]
    assert process.returncode == 0, events[-3000:]
    assert "event=commit_delayed" in events
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def test_kills_of_the_program_change_nothing(data_dir, catalog, tmp_path):
    capture = make_capture(tmp_path / "c.tsv.zst", 3_000, 42)
    for kill in range(12):
        process = subprocess.Popen([BINARY, *map(str, replay_arguments(data_dir, capture))], env=os.environ | BUSY,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.05 + 0.02 * kill)
        process.send_signal(signal.SIGKILL)
        process.wait()
    tradelake(*replay_arguments(data_dir, capture))
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def wait_for_readiness(process, wanted, seconds=60):
    deadline = time.monotonic() + seconds
    while (found := Server.ask(process, "/readyz")[0]) != wanted:
        assert time.monotonic() < deadline, f"/readyz says {found}\n{open(process.log.name).read()[-3000:]}"
        time.sleep(0.1)


@pytest.mark.parametrize("name", ["run", "sink", "candles", "serve"])
def test_a_stage_says_that_it_is_not_ready_while_the_catalog_is_away(name, data_dir, catalog, tmp_path):
    arguments = ["--data-dir", data_dir, "--listen", "127.0.0.1:0"]
    exchange = None
    if name == "run":
        exchange = Process("simulate", "--symbols", "linear:2", "--rate", "50", log=tmp_path / "exchange.log")
        arguments += ["--source", exchange.url, "--symbols", "linear:*"]
    else:
        tradelake("replay", *arguments, make_capture(tmp_path / "c.tsv.zst", 1_000, 43))
    stage = Process(name, *arguments, log=tmp_path / "stage.log", environment=os.environ | {"TRADELAKE_COMMIT_INTERVAL": "3s"})
    try:
        # Before its first commit, for which there are seconds: a stage with nothing to commit misses nothing.
        stage.process.send_signal(signal.SIGSTOP)
        stack("kill", "postgres")
        try:
            stage.process.send_signal(signal.SIGCONT)
            wait_for_readiness(stage, 503)
        finally:
            stack("restart", "postgres")
        wait_for_readiness(stage, 200)
    finally:
        assert stage.stop() == 0
        if exchange:
            exchange.stop()
