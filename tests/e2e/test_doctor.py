"""`tradelake doctor`: finds each trouble that is really made, and nothing else; is silent where all is well."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

import lake
from doctor import HASTY, PLAIN, assert_silent, examine, only_trouble, trouble
from lake import BINARY, replay, rows, tradelake
from served import Process, simulated
from test_kill import make_capture


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def rested(data_dir, tmp_path):
    """An embedded lake that nobody has open."""
    replay(data_dir, make_capture(tmp_path / "c.tsv", 600, 21, PLAIN))
    return data_dir


def test_a_data_directory_that_does_not_exist_yet_is_no_trouble_and_is_not_made(data_dir):
    checks = examine("--data-dir", data_dir)
    assert_silent(checks)
    assert any("does not exist yet" in check["detail"] for check in checks if check["status"] == "info")
    assert not data_dir.exists()
    assert "disk" in trouble(examine("--data-dir", "/proc/tradelake"))


def test_wrong_configuration_is_wrong_usage(data_dir):
    for arguments in (["--catalog", "oracle"], ["--log", "redis"], ["--source", "foo"], ["--symbols", "moon:X"],
                      ["--warehouse", "s3://"]):
        done = tradelake("doctor", "--data-dir", data_dir, *arguments, check=False)
        assert done.returncode == 2 and arguments[1] in done.stderr, done.stderr


def test_silent_on_a_lake_at_rest_and_leaves_every_byte_as_it_is(rested):
    before = contents(rested)
    assert_silent(examine("--data-dir", rested))
    shown = tradelake("doctor", "--data-dir", rested).stdout
    assert shown.splitlines()[-1].endswith("checks: all is well")
    assert "->" not in shown
    assert contents(rested) == before


def test_silent_on_a_lake_that_runs_and_does_not_disturb_it(data_dir):
    with simulated(data_dir) as (server, exchange):
        server.until(lambda s: s["bronze"]["commits"] > 0 and s["silver"]["lag_records"] is not None)
        for _ in range(3):
            checks = examine("--data-dir", data_dir, "--source", exchange.url)
            assert_silent(checks)
        named = {check["name"]: check for check in checks}
        assert "the exchange's within" in named["clock"]["detail"]
        assert named["pipeline bronze"]["status"] == named["exchange"]["status"] == "ok"
        before = server.get("/v1/status")["bronze"]["commits"]
        server.until(lambda s: s["bronze"]["commits"] > before)


def test_silent_on_a_lake_whose_process_was_killed_and_leaves_its_log_as_it_is(data_dir, tmp_path):
    capture = make_capture(tmp_path / "c.tsv", 600, 21, PLAIN)
    process = subprocess.Popen([BINARY, "run", "--data-dir", data_dir, "--source", f"replay:{capture}", "--listen",
                                "127.0.0.1:0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (data_dir / "warehouse/silver/candles_1m/data").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert (data_dir / "log.db-wal").stat().st_size > 0
    before = contents(data_dir)
    assert_silent(examine("--data-dir", data_dir))
    del before[Path("log.db-shm")], before[Path("catalog.db-shm")]  # an index of the other, made anew by any reader
    after = contents(data_dir)
    assert {path: after[path] for path in before} == before
    assert not trouble(examine("--data-dir", data_dir))


@pytest.mark.parametrize("shift", ["+1h", "-1h", "+3s", "-3s"])
def test_finds_a_skewed_clock(rested, shift):
    if not shutil.which("faketime"):
        pytest.skip("faketime is not installed")
    told = only_trouble(examine("--data-dir", rested, faketime=shift), "clock")
    assert ("ahead of" if shift[0] == "+" else "behind") in told


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small file system")
def test_finds_a_full_disk(tmp_path):
    disk = tmp_path / "small"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        replay(disk / "data", make_capture(tmp_path / "c.tsv", 600, 22, PLAIN))
        with open(disk / "filler", "wb") as filler:
            try:
                while filler.write(bytes(1 << 16)):
                    filler.flush()
            except OSError:
                pass
        told = only_trouble(examine("--data-dir", disk / "data"), "disk")
        assert "0 B of 40.0 MiB free" in told or "No space left on device" in told
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_finds_a_damaged_log_and_a_damaged_catalog(rested):
    catalog = (rested / "catalog.db").read_bytes()
    (rested / "catalog.db").write_bytes(b"x" * len(catalog))
    assert "restore" in only_trouble(examine("--data-dir", rested), "catalog")
    (rested / "catalog.db").write_bytes(catalog)
    log = (rested / "log.db").read_bytes()
    (rested / "log.db").write_bytes(log[:8192] + os.urandom(len(log) - 8192))
    assert "restore" in only_trouble(examine("--data-dir", rested), "log")


def test_finds_a_log_that_is_gone(rested):
    (rested / "log.db").unlink()
    assert set(trouble(examine("--data-dir", rested))) == {"pipeline bronze", "pipeline silver"}


def test_finds_a_data_file_that_is_missing_or_cut(rested):
    file = next((rested / "warehouse/bronze/trades/data").rglob("*.parquet"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert f"has {len(whole) - 1} bytes, not {len(whole)}" in only_trouble(
        examine("--data-dir", rested), "table bronze.trades")
    file.unlink()
    assert "is missing" in only_trouble(examine("--data-dir", rested), "table bronze.trades")
    head = next((rested / "warehouse/silver/candles_1m/metadata").glob("00001-*.json"))
    head.unlink()
    assert set(trouble(examine("--data-dir", rested))) == {"table bronze.trades", "table silver.candles_1m"}


def test_finds_a_table_that_was_moved_without_its_progress(rested):
    table = lake.table(rested, "bronze.trades")
    with table.transaction() as transaction:
        transaction.append(table.scan(limit=1).to_arrow())  # of another engine: nothing wrong with that
    assert_silent(examine("--data-dir", rested))
    import sqlite3

    with sqlite3.connect(rested / "catalog.db") as catalog:
        catalog.execute("UPDATE tradelake_table_commits SET commit_id = 'another' WHERE table_name = 'trades'")
    catalog.close()
    assert "Head and progress disagree" in only_trouble(examine("--data-dir", rested), "table bronze.trades")


def test_finds_dead_letters_above_a_percent_and_their_reasons(data_dir, tmp_path):
    replay(data_dir, make_capture(tmp_path / "c.tsv", 600, 23, "malformed=0.2"))
    told = only_trouble(examine("--data-dir", data_dir), "dead letters", "warning")
    commonest = Counter(row["reason"] for row in rows(data_dir, "bronze.dead_letters")).most_common(1)[0]
    assert f"commonest: {commonest[1]} {commonest[0]}" in told


def test_finds_a_stale_sink_of_an_embedded_log(rested, tmp_path):
    more = make_capture(tmp_path / "more.tsv", 300, 24, PLAIN)
    tradelake("replay", "--data-dir", rested, more, "--listen", "127.0.0.1:0")
    assert_silent(examine("--data-dir", rested))  # they have just come
    time.sleep(1.2)
    found = trouble(examine("--data-dir", rested, **HASTY))
    assert set(found) == {"pipeline bronze", "pipeline silver"}
    assert "stale: records wait for more than 1.0 s" in found["pipeline bronze"]["detail"]
    assert "tradelake sink" in found["pipeline bronze"]["action"]
    tradelake("sink", "--data-dir", rested, "--exit-when-done", "--listen", "127.0.0.1:0")
    only_trouble(examine("--data-dir", rested, **HASTY), "pipeline silver")


def test_looks_at_the_source(rested, tmp_path):
    assert "nowhere.invalid" in only_trouble(examine("--data-dir", rested, "--source", "ws://nowhere.invalid:1"), "exchange")
    assert "refused" in only_trouble(examine("--data-dir", rested, "--source", "ws://127.0.0.1:1"), "exchange")
    assert "/nowhere.tsv" in only_trouble(examine("--data-dir", rested, "--source", "replay:/nowhere.tsv"), "source")
    assert_silent(examine("--data-dir", rested, "--source", f"replay:{tmp_path / 'c.tsv'}"))


def test_looks_at_the_exchanges_certificate(rested, tmp_path):
    for days in (40, 3):
        cert, key = tmp_path / f"cert{days}.pem", tmp_path / f"key{days}.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        str(days), "-subj", "/CN=tradelake test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                        "-out", cert], check=True, capture_output=True)
        exchange = Process("simulate", "--tls-cert", cert, "--tls-key", key, log=tmp_path / f"{days}.log")
        try:
            here = ["--data-dir", rested, "--source", exchange.url]
            if days == 40:
                assert_silent(examine(*here, SSL_CERT_FILE=str(cert)))
                assert "SSL_CERT_FILE" in only_trouble(examine(*here), "exchange")
            else:
                told = only_trouble(examine(*here, SSL_CERT_FILE=str(cert)), "certificate", "warning")
                assert "2 days from now" in told
        finally:
            exchange.stop()


@contextmanager
def listener(answer=None):
    """A port where everybody is let in and told nothing, or one byte a second."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken, over = [], threading.Event()

        def serve():
            server.settimeout(0.2)
            while not over.is_set():
                try:
                    taken.append(server.accept()[0])
                except TimeoutError:
                    pass

        def trickle():
            while not over.wait(1):
                for one in list(taken):
                    try:
                        one.send(answer)
                    except OSError:
                        pass

        threads = [threading.Thread(target=serve)] + ([threading.Thread(target=trickle)] if answer else [])
        for thread in threads:
            thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            for thread in threads:
                thread.join()
            for one in taken:
                one.close()


@contextmanager
def full_backlog():
    """A port that does not even accept: to whoever comes it is as if packets were dropped."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(server.getsockname())
            waiting.append(one)
        try:
            yield "127.0.0.1:%d" % server.getsockname()[1]
        finally:
            for one in waiting:
                one.close()


@pytest.mark.parametrize("place", [listener, lambda: listener(b"N"), full_backlog], ids=["silent", "trickling", "black hole"])
def test_servers_that_never_answer_do_not_hang_the_doctor(data_dir, place):
    """examine() allows 15 s, whatever hangs."""
    keys = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "PGPASSWORD": "x"}
    with place() as hole:
        found = trouble(examine("--data-dir", data_dir, "--log", f"kafka://{hole}", "--catalog", f"postgresql://u@{hole}/d",
                                "--warehouse", "s3://bucket/lake", "--source", f"ws://{hole}",
                                AWS_ENDPOINT_URL_S3=f"http://{hole}", **keys))
    assert set(found) == {"log", "catalog", "warehouse", "exchange"}


def test_a_broker_that_never_answers_leaves_time_for_the_others(data_dir):
    """The second of the address refuses at once; both have been asked."""
    with listener() as silent:
        told = only_trouble(examine("--data-dir", data_dir, "--log", f"kafka://{silent},127.0.0.1:1"), "log")
    assert f"{silent},127.0.0.1:1 does not answer" in told
