"""The warehouse in S3: the same tables, read from there by PyIceberg and chDB; and a server that dies in the middle."""

import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

import lake
from lake import BINARY, assert_lake, pointers, replay_arguments, tradelake
from oracle import Oracle, read_capture
from own_stack import with_password
from s3 import reader_properties, stack, stored_keys
from served import Process
from test_kill import BUSY, make_capture


# versitygw is built in half the time that MinIO takes, on a machine that has neither.
@pytest.fixture(scope="module", params=["versitygw", pytest.param("minio", marks=pytest.mark.slow)])
def server(request):
    stack("up", request.param, "postgres")
    yield stack.values() | {"name": request.param}
    stack("down", request.param, "postgres")


@pytest.fixture
def warehouse(server, monkeypatch):
    """An empty folder of the bucket, the program and the lake's own reading of tables pointed at it."""
    from pyiceberg.catalog.sql import SqlCatalog

    uri = f"s3://tradelake/lake/w{time.monotonic_ns()}"
    monkeypatch.setenv("TRADELAKE_WAREHOUSE", uri)
    for name, value in server.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)

    def table(data_dir, name):
        catalog = f"sqlite:///{Path(data_dir).resolve()}/catalog.db"
        return SqlCatalog("tradelake", uri=catalog, **reader_properties(server)).load_table(name)

    monkeypatch.setattr(lake, "table", table)
    return uri


@pytest.fixture
def postgres(server, warehouse, monkeypatch):
    from pyiceberg.catalog.sql import SqlCatalog

    name, base = f"t{time.monotonic_ns()}", server["TRADELAKE_CATALOG"].rsplit("/", 1)[0]
    monkeypatch.setenv("PGPASSWORD", server["PGPASSWORD"])
    subprocess.run(["psql", "-q", base + "/tradelake", "-c", f"CREATE DATABASE {name}"], check=True)
    monkeypatch.setenv("TRADELAKE_CATALOG", f"{base}/{name}")
    uri = with_password(f"{base}/{name}", server["PGPASSWORD"])
    monkeypatch.setattr(lake, "table",
                        lambda _, table: SqlCatalog("tradelake", uri=uri, **reader_properties(server)).load_table(table))


def test_a_capture_ends_up_in_the_tables_exactly(data_dir, capture, warehouse):
    tradelake(*replay_arguments(data_dir, capture))
    assert not (data_dir / "warehouse").exists()
    assert lake.table(data_dir, "bronze.trades").metadata_location.startswith(warehouse + "/bronze/trades/metadata/")
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def test_the_same_with_the_catalog_in_postgres(data_dir, capture, postgres):
    tradelake(*replay_arguments(data_dir, capture))
    assert sorted(path.name for path in data_dir.iterdir() if not path.name.startswith("log.db")) == ["lock", "tmp"]
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def test_every_file_that_the_tables_name_is_in_the_bucket(data_dir, warehouse, server, tmp_path):
    capture = make_capture(tmp_path / "c.tsv.zst", 3_000, 45)
    tradelake(*replay_arguments(data_dir, capture), env=os.environ | BUSY)
    stored = stored_keys(server, warehouse)
    for name in ("bronze.trades", "silver.candles_1m"):
        found = lake.table(data_dir, name)
        assert {found.metadata_location} | {task.file.file_path for task in found.scan().plan_files()} <= stored


def test_chdb_reads_the_same_rows_at_the_pointer(data_dir, capture, warehouse, server):
    tradelake(*replay_arguments(data_dir, capture))
    expected = Oracle().take(read_capture(capture))
    program = "import chdb, sys; print(chdb.query(sys.stdin.read(), 'TSV').data())"
    for name, count in (("bronze.trades", len(expected.trades)), ("silver.candles_1m", len(expected.candles))):
        folder, relative = pointers(data_dir)[name].split("/metadata/")
        url = server["AWS_ENDPOINT_URL_S3"] + "/" + folder.removeprefix("s3://") + "/"
        amount = "size" if name == "bronze.trades" else "volume"
        sql = (f"SELECT count(), toString(sum({amount})) FROM iceberg('{url}', '{server['AWS_ACCESS_KEY_ID']}', "
               f"'{server['AWS_SECRET_ACCESS_KEY']}', SETTINGS iceberg_metadata_file_path = 'metadata/{relative}')")
        done = subprocess.run([sys.executable, "-c", program], input=sql, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        found = done.stdout.split()
        assert int(found[0]) == count
        assert Decimal(found[1]) == sum(t.size for t in expected.trades)


def test_the_secret_is_nowhere(data_dir, capture, warehouse, server, monkeypatch, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(server["AWS_SECRET_ACCESS_KEY"] + "\n")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY_FILE", str(secret))
    done = tradelake(*replay_arguments(data_dir, capture), env=os.environ | {"TRADELAKE_LOG_LEVEL": "debug"})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    refused = tradelake(*replay_arguments(data_dir, capture), check=False)
    assert refused.returncode == 1
    assert "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in refused.stderr
    assert server["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr + refused.stdout + refused.stderr


def test_what_is_wrong_with_the_configuration_is_told(data_dir, capture, warehouse, monkeypatch):
    def refusal(status, **changed):
        done = tradelake(*replay_arguments(data_dir, capture), check=False, env=os.environ | changed)
        assert done.returncode == status, done.stderr
        return done.stderr

    assert "no-such-bucket" in refusal(1, TRADELAKE_WAREHOUSE="s3://no-such-bucket/x")
    assert "http://127.0.0.1:1" in refusal(1, AWS_ENDPOINT_URL_S3="http://127.0.0.1:1")
    assert "AWS_ACCESS_KEY_ID" in refusal(2, AWS_ACCESS_KEY_ID="")
    assert "AWS_ENDPOINT_URL_S3" in refusal(2, AWS_ENDPOINT_URL_S3="localhost:9000")
    assert "s3://bucket/prefix" in refusal(2, TRADELAKE_WAREHOUSE="s3://")


def start(data_dir, capture, speed):
    arguments = replay_arguments(data_dir, capture)
    arguments[arguments.index("max")] = speed
    return subprocess.Popen([BINARY, *map(str, arguments)], env=os.environ | BUSY, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(data_dir, warehouse, server, tmp_path):
    capture = make_capture(tmp_path / "c.tsv.zst", 8_000, 41)
    process = start(data_dir, capture, "20")
    for _ in range(6):
        time.sleep(1.0)
        stack("kill", server["name"])
        time.sleep(0.5)
        stack("restart", server["name"])
    events = process.communicate(timeout=120)[1]
    assert process.returncode == 0, events[-3000:]
    assert "event=commit_delayed" in events
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def test_a_run_that_is_ended_while_the_server_is_away_continues_later(data_dir, warehouse, server, tmp_path):
    capture = make_capture(tmp_path / "c.tsv.zst", 4_000, 43)
    process = start(data_dir, capture, "20")
    time.sleep(1.0)
    stack("kill", server["name"])
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    events = process.communicate(timeout=10)[1]
    assert process.returncode == 1, events[-3000:]
    assert "check that the server runs" in events
    stack("restart", server["name"])
    tradelake(*replay_arguments(data_dir, capture))
    assert_lake(data_dir, Oracle().take(read_capture(capture)))


def test_candles_that_start_while_the_server_goes_away_wait_for_it(data_dir, warehouse, server, tmp_path):
    """Before their first commit they are compared with the table, which is a reading of files."""
    whole = make_capture(tmp_path / "c.tsv", 2_000, 48)
    half = tmp_path / "half.tsv"
    half.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:1_000]))
    tradelake(*replay_arguments(data_dir, half))
    tradelake("replay", "--data-dir", data_dir, whole, "--listen", "127.0.0.1:0")
    log = tmp_path / "candles.log"
    candles = Process("candles", "--data-dir", data_dir, "--listen", "127.0.0.1:0", log=log,
                      environment=os.environ | {"TRADELAKE_COMMIT_INTERVAL": "4s"})
    stack("kill", server["name"])
    deadline = time.monotonic() + 20
    while candles.process.poll() is None and "event=commit_delayed" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    stack("restart", server["name"])
    assert "event=commit_delayed" in log.read_text(), log.read_text()
    assert candles.stop() == 0, log.read_text()
    tradelake("sink", "--data-dir", data_dir, "--exit-when-done", "--listen", "127.0.0.1:0")
    oracle = Oracle()
    oracle.take(read_capture(half))
    assert_lake(data_dir, oracle.take(read_capture(whole)))


def test_kills_of_the_program_change_nothing(data_dir, warehouse, tmp_path):
    capture = make_capture(tmp_path / "c.tsv.zst", 3_000, 42)
    for kill in range(12):
        process = subprocess.Popen([BINARY, *map(str, replay_arguments(data_dir, capture))], env=os.environ | BUSY,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.05 + 0.03 * kill)
        process.send_signal(signal.SIGKILL)
        process.wait()
    tradelake(*replay_arguments(data_dir, capture))
    assert_lake(data_dir, Oracle().take(read_capture(capture)))
