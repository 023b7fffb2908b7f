"""docker-compose.yml holds what docs/operations.md promises of it. Nothing here runs a container."""

import os
import re
from pathlib import Path

import pytest

from compose import FILE, ROOT, example, filled, stand_ins, variables
from lake import tradelake

COMPOSE = filled(stand_ins())
SERVICES = COMPOSE["services"]
STAGES = ("collect", "sink", "candles", "maintain", "serve")
# They run once and end: others wait for that, not for their health.
ONCE = {"bucket", "topics"}
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("tradelake:")}


def test_everything_is_there():
    assert set(SERVICES) == {"kafka", "kafka-ui", "minio", "bucket", "postgres", "spark-master", "spark-worker", "prometheus",
                             "grafana", "topics", *STAGES}
    assert set(OURS) == {"topics", *STAGES}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_bounded_checked_and_comes_back(name):
    service = SERVICES[name]
    tag = service["image"].rsplit(":", 1)[1]
    assert re.search(r"\d+\.\d+|\d{4}-\d{2}-\d{2}", tag), service["image"]
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0 and re.fullmatch(r"\d+[MG]", limits["memory"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name in ONCE:
        assert service["restart"] == "on-failure" and service["healthcheck"] == {"disable": True}
        return
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL") and len(check["test"]) > 1
    assert {"interval", "timeout", "retries", "start_period"} <= check.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_who_needs_another_waits_until_it_works(name):
    needs = SERVICES[name].get("depends_on", {})
    assert isinstance(needs, dict), "a list of names waits for the start alone"
    for other, how in needs.items():
        assert how == {"condition": "service_completed_successfully" if other in ONCE else "service_healthy"}, other


def test_stages_wait_for_topics_bucket_and_servers():
    for name in STAGES:
        assert SERVICES[name]["depends_on"].keys() == {"topics", "bucket", "kafka", "postgres", "minio"}


def test_ports_are_on_loopback_and_used_once():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports), ports
    outside = [port.split(":")[1] for port in ports]
    assert len(set(outside)) == len(outside)
    assert {"8090", "9001", "8080", "9090", "3000", "8460"} <= set(outside)


def test_volumes_are_declared_and_mounted_files_exist():
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    sources = {mount.split(":")[0] for mount in mounts}
    assert {source for source in sources if not source.startswith("./")} == COMPOSE["volumes"].keys()
    for source in sources:
        assert not source.startswith("./") or (ROOT / source).is_dir(), source
    assert all(mount.endswith(":ro") for mount in mounts if mount.startswith("./"))


def test_every_variable_is_explained_in_the_example():
    assert variables(FILE.read_text()) == example().keys()


def test_no_secret_has_a_value_in_a_file():
    secret = re.compile(r"PASSWORD|SECRET|ACCESS_KEY|ROOT_USER")
    assert all(not value for name, value in example().items() if secret.search(name))
    for name, value in re.findall(r"^\s*(\w+):\s*(\S.*)$", FILE.read_text(), re.M):
        if secret.search(name):
            assert re.fullmatch(r"\$\{\w+:\?\}", value), name
    assert (ROOT / ".gitignore").read_text().splitlines().count("/.env") == 1


@pytest.mark.parametrize("name", OURS)
def test_the_program_knows_the_commands_and_settings(name):
    service = OURS[name]
    command = service["command"]
    known = tradelake(command[0], "--help").stdout
    for argument in command[1:]:
        assert not argument.startswith("--") or re.search(rf"{argument}\b", known), f"{argument} is no option of {command[0]}"
    environment = {key: str(value) for key, value in service["environment"].items()}
    told = tradelake("config", env={"PATH": os.environ["PATH"], **environment})
    assert not told.stderr
    for key, value in environment.items():
        if key.startswith("TRADELAKE_"):
            setting = key.removeprefix("TRADELAKE_").lower()
            assert re.search(rf"^{setting} += {re.escape(value)} +# environment$", told.stdout, re.M), told.stdout


def test_stages_are_asked_where_they_listen_and_scraped_there():
    scraped = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    for name in STAGES:
        service = SERVICES[name]
        port = service["command"][service["command"].index("--listen") + 1].rsplit(":", 1)[1]
        assert service["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port}/readyz"
        assert f'"{name}:{port}"' in scraped
        assert service["read_only"] and service["cap_drop"] == ["ALL"]


def test_files_are_read_where_they_are_mounted():
    grafana = {mount.split(":")[1]: mount.split(":")[0] for mount in SERVICES["grafana"]["volumes"]}
    provider = (ROOT / "deploy/grafana/provisioning/dashboards/tradelake.yml").read_text()
    assert re.search(r"path: (\S+)\}", provider)[1] in grafana
    prometheus = {mount.split(":")[1]: mount.split(":")[0] for mount in SERVICES["prometheus"]["volumes"]}
    used = next(part for part in SERVICES["prometheus"]["command"] if part.startswith("--config.file=")).split("=")[1]
    assert (ROOT / prometheus[str(Path(used).parent)] / Path(used).name).exists()
    source = (ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text()
    assert "http://prometheus:9090" in source
