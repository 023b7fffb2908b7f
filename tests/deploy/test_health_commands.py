"""The health checks of docker-compose.yml against the real servers, started without containers: good while they work, bad
when they do not. Only addresses and the paths of an image are replaced. Kafka UI and Grafana are had as images alone."""

import os
import re
import signal
import subprocess
import sys

import pytest

from compose import ROOT, filled, stand_ins
from served import simulated

SERVICES = filled(stand_ins())["services"]
STACK = {"TRADELAKE_STACK": "deploy"}


def stack(*arguments):
    done = subprocess.run([sys.executable, ROOT / "scripts/stack.py", *arguments], capture_output=True, text=True,
                          env=os.environ | STACK)
    assert done.returncode == 0, done.stdout + done.stderr


def page(service):
    """The port of a Spark process's page, which is nobody else's to know."""
    found = subprocess.run([sys.executable, "-c", "import stack, sys; print(next(service for service in stack.SERVICES "
                            "if service.name == sys.argv[1]).kept()['page'])", service], cwd=ROOT / "scripts",
                           env=os.environ | STACK, capture_output=True, text=True, check=True)
    return found.stdout.strip()


def check(service, *replacements, patience=4, **environment):
    """Exit status of the service's health check, after replacements that all have to be needed. A busy machine gets
    `patience` times the time that the check has there."""
    how, *command = SERVICES[service]["healthcheck"]["test"]
    for old, new in replacements:
        assert any(old in part for part in command), old
        command = [part.replace(old, str(new)) for part in command]
    if how == "CMD-SHELL":
        command = ["/bin/sh", "-c", *command]
    within = int(SERVICES[service]["healthcheck"]["timeout"].removesuffix("s"))
    try:
        return subprocess.run(command, env=os.environ | environment, capture_output=True, timeout=patience * within).returncode
    except subprocess.TimeoutExpired:
        return -1


def good_then_bad(name, ask):
    assert ask() == 0
    stack("kill", name)
    assert ask() != 0


@pytest.fixture
def started():
    names = []

    def start(*services):
        names.extend(services)
        stack("up", *services)
        lines = (ROOT / "build/stack-deploy.env").read_text().splitlines()
        values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        return {key: value.strip("'") for key, value in values.items()}

    yield start
    stack("down")


def test_postgres(started):
    values = started("postgres")
    asked = SERVICES["postgres"]["environment"] | {"POSTGRES_PASSWORD": values["PGPASSWORD"],
                                                   "PGPORT": re.search(r":(\d+)/", values["TRADELAKE_CATALOG"])[1]}
    assert check("postgres", **asked | {"POSTGRES_DB": "nowhere"}) != 0
    good_then_bad("postgres", lambda: check("postgres", **asked))


def test_kafka(started):
    from stack_kafka import Kafka

    address = started("kafka")["TRADELAKE_LOG"].removeprefix("kafka://")
    # What the image's script of that name calls.
    tool = " ".join(str(part) for part in Kafka().java("org.apache.kafka.tools.BrokerApiVersionsCommand"))
    tool = tool.replace("-Xms512m -Xmx512m", "$KAFKA_HEAP_OPTS").replace("*", "'*'")
    good_then_bad("kafka", lambda: check("kafka", ("KAFKA_HEAP_OPTS=-Xmx96m", "KAFKA_HEAP_OPTS=-Xmx96m;"),
                                         ("/opt/kafka/bin/kafka-broker-api-versions.sh", tool), ("localhost:9092", address)))


def test_prometheus(started):
    started("kafka")  # beside something, so that nothing else is started
    address = started("prometheus")["TRADELAKE_PROMETHEUS"].removeprefix("http://")
    good_then_bad("prometheus", lambda: check("prometheus", ("127.0.0.1:9090", address)))


def test_stages(tmp_path):
    """All ask the same way (test_compose.py), so one of them has to find out about a process that hangs."""
    with simulated(tmp_path / "data") as (server, _):
        server.until(lambda status: status["bronze"]["lag_records"] == 0)
        address = server.url.removeprefix("http://")
        for stage in ("collect", "sink", "candles", "maintain", "serve"):
            at = re.search(r"127\.0\.0\.1:\d+", SERVICES[stage]["healthcheck"]["test"][-1])[0]
            assert check(stage, (at, address)) == 0, stage
        server.process.send_signal(signal.SIGSTOP)
        assert check(stage, (at, address), patience=1) != 0
        server.process.send_signal(signal.SIGCONT)


@pytest.mark.slow
def test_minio(started):
    values = started("minio")
    address = values["AWS_ENDPOINT_URL_S3"].removeprefix("http://")
    good_then_bad("minio", lambda: check("minio", ("127.0.0.1:9000", address)))


@pytest.mark.slow
def test_spark(started):
    """A worker is bad when its master is gone, although its page is there."""
    started("postgres", "versitygw", "spark-master", "spark-worker")
    pages = {"spark-master": page("spark-master"), "spark-worker": page("spark-worker")}

    def ask(name):
        inside = SERVICES[name]["healthcheck"]["test"][-1].removeprefix("http://")
        return check(name, ("/opt/spark/health.py", ROOT / "deploy/spark/health.py"), (inside, f"127.0.0.1:{pages[name]}"))

    assert ask("spark-worker") == 0
    good_then_bad("spark-master", lambda: ask("spark-master"))
    assert ask("spark-worker") != 0
