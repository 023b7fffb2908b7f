"""What goes wrong around the program: a clear message, the right exit status, nothing damaged."""

import os
import socket
import subprocess

import pytest

from lake import BINARY, assert_lake, replay, replay_arguments, tradelake
from oracle import Oracle, read_capture
from test_kill import make_capture


@pytest.fixture
def small(tmp_path):
    return make_capture(tmp_path / "c.tsv", 300, 2)


def fails(status, message, *arguments):
    done = tradelake(*arguments, check=False)
    assert done.returncode == status, done.stderr
    assert message in done.stderr


def scribble(path):
    with open(path, "r+b") as file:
        file.write(os.urandom(3000))


def test_wrong_usage_names_the_thing_the_value_and_what_is_allowed(data_dir, small):
    base = ["run", "--data-dir", data_dir, "--listen", "127.0.0.1:0"]
    fails(2, "allowed are bybit, replay:FILE", *base, "--source", "foo")
    fails(2, "speed is 'fast'; allowed: max", *base, "--source", f"replay:{small}", "--speed", "fast")
    fails(2, "listen is 'foo'; allowed: ADDRESS:PORT", "run", "--data-dir", data_dir, "--source", f"replay:{small}", "--listen", "foo")
    fails(2, "--exit-when-done needs a source that ends", *base, "--exit-when-done", "--source", "bybit")
    fails(1, "cannot open", *base, "--source", "replay:/nowhere.tsv", "--exit-when-done")
    assert tradelake("run", "--bogus", check=False).returncode == 2


def test_a_variable_with_a_slip_in_its_name_is_an_error_and_others_are_only_told(data_dir):
    def config(**environment):
        return tradelake("config", "--data-dir", data_dir, check=False, env=os.environ | environment)

    slip = config(TRADELAKE_COMIT_INTERVAL="Planted-value")
    assert slip.returncode == 2 and "unknown key TRADELAKE_COMIT_INTERVAL" in slip.stderr
    assert "the nearest known one is TRADELAKE_COMMIT_INTERVAL" in slip.stderr and "Planted" not in slip.stderr
    other = config(TRADELAKE_SERVICE_HOST="Planted-value")
    assert other.returncode == 0 and "TRADELAKE_SERVICE_HOST is not a setting" in other.stderr
    assert "Planted" not in other.stdout + other.stderr
    ours = config(TRADELAKE_STACK="x", TRADELAKE_TEST_KAFKA="kafka://h:1", TRADELAKE_ALL_POINTS="1")
    assert ours.returncode == 0 and not ours.stderr


def test_config_tells_where_each_value_comes_from(data_dir, tmp_path):
    file = tmp_path / "t.toml"
    file.write_text("[commit]\ninterval = '7s'\nmax_rows = 5\n")
    environment = {key: value for key, value in os.environ.items() if key != "AWS_SECRET_ACCESS_KEY"}
    told = tradelake("config", "--config", file, "--data-dir", data_dir,
                     env=environment | {"TRADELAKE_COMMIT_MAX_ROWS": "6", "PGPASSWORD": "Planted-value",
                                       "AWS_SECRET_ACCESS_KEY_FILE": "/run/key"}).stdout
    lines = {line.split(" = ")[0].strip(): line.split(" = ")[1] for line in told.splitlines()}
    assert lines["data_dir"].split() == [str(data_dir), "#", "flag"]
    assert lines["commit.max_rows"].split() == ["6", "#", "environment"]
    assert lines["commit.interval"].split() == ["7s", "#", "file"]
    assert lines["commit.max_bytes"].split() == ["64MiB", "#", "default"]
    assert lines["PGPASSWORD"].split() == ["********", "#", "environment"]
    assert lines["AWS_SECRET_ACCESS_KEY"].endswith("# the file that AWS_SECRET_ACCESS_KEY_FILE names")
    assert "Planted" not in told


def test_a_second_process_on_a_data_directory_exits_3(data_dir, small):
    first = subprocess.Popen([BINARY, "run", "--data-dir", data_dir, "--source", f"replay:{small}", "--listen", "127.0.0.1:0"],
                             stdout=subprocess.PIPE, text=True)
    assert "listening" in first.stdout.readline()
    fails(3, "is held by another process, pid", *replay_arguments(data_dir, small))
    first.terminate()
    assert first.wait(timeout=10) == 0
    # The first may have been stopped before it had read the whole file; what matters is that nothing was damaged.
    replay(data_dir, small)
    assert_lake(data_dir, Oracle().take(read_capture(small)))


def test_a_port_in_use(data_dir, small):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        fails(1, f"port {port} of 127.0.0.1 is in use", "run", "--data-dir", data_dir, "--source", f"replay:{small}",
              "--listen", f"127.0.0.1:{port}", "--exit-when-done")


def test_an_unusable_directory(small):
    fails(1, "cannot be used", *replay_arguments("/proc/tradelake", small))


@pytest.mark.parametrize("file,message", [("catalog.db", "catalog.db"), ("log.db", "the log is damaged")])
def test_a_damaged_file_is_told_and_left_alone(data_dir, small, file, message):
    replay(data_dir, small)
    scribble(data_dir / file)
    before = (data_dir / file).read_bytes()
    fails(1, message, *replay_arguments(data_dir, small))
    assert (data_dir / file).read_bytes() == before


def test_a_log_that_is_not_the_tables_own_stops_the_pipelines(data_dir, small):
    replay(data_dir, small)
    for path in data_dir.glob("log.db*"):
        path.unlink()
    fails(1, "was recreated", *replay_arguments(data_dir, small))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small file system")
def test_a_full_disk_damages_nothing(tmp_path):
    capture = make_capture(tmp_path / "c.tsv", 6_000, 5)
    small_disk = tmp_path / "small"
    small_disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", small_disk], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        fails(1, "full", *replay_arguments(small_disk / "data", capture))
        subprocess.run(["mount", "-o", "remount,size=60m", small_disk], check=True)
        replay(small_disk / "data", capture)
        assert_lake(small_disk / "data", Oracle().take(read_capture(capture)))
    finally:
        subprocess.run(["umount", "--lazy", small_disk], check=True)  # PyIceberg keeps the catalog open
