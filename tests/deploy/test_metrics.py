"""Alert rules, dashboard and pages speak of metrics that a running process has; Prometheus takes every query."""

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml

from compose import ROOT
from served import simulated

import stack_prometheus
from stack_base import answers, free_port

RULES = ROOT / "deploy/prometheus/rules.yml"
DASHBOARD = ROOT / "deploy/grafana/dashboards/tradelake.json"
NAME = re.compile(r"\btradelake_[a-z_]+")
PANELS = json.loads(DASHBOARD.read_text())["panels"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
ALERTS = [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """The address of one that scrapes `tradelake run`, and the names of all the metrics of that."""
    folder = tmp_path_factory.mktemp("prometheus")
    configuration = stack_prometheus.configure(folder / "configuration")
    with simulated(folder / "data", symbols="linear:2") as (server, _):
        target = server.url.removeprefix("http://")
        text = re.sub(r'targets: \["127.0.0.1:8462"\]', f'targets: ["{target}"]', configuration.read_text())
        assert target in text
        configuration.write_text(text.replace("scrape_interval: 5s", "scrape_interval: 500ms"))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with open(folder / "log", "w") as log:
            process = subprocess.Popen([stack_prometheus.program(), f"--config.file={configuration}",
                                        f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"],
                                       stdout=log, stderr=log)
        try:
            until(lambda: answers(f"{url}/-/ready"))
            until(lambda: len(ask(url, "tradelake_last_commit_age_seconds")) == 2)
            until(lambda: ask(url, "rate(tradelake_commit_duration_seconds_count[1m])"))
            yield url, {line.split()[2] for line in server.ask("/metrics")[2].splitlines() if line.startswith("# TYPE")}
        finally:
            process.terminate()
            process.wait(30)


def until(ready, seconds=60):
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ask(url, query):
    with urllib.request.urlopen(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}", timeout=10) as answer:
        return json.load(answer)["data"]["result"]


def without_kind(name):
    return re.sub(r"_(bucket|sum|count)$", "", name)


@pytest.mark.parametrize("file", ["deploy/prometheus/rules.yml", "deploy/grafana/dashboards/tradelake.json",
                                  "docs/operations.md", "docs/architecture.md", "README.md", "CHANGELOG.md"])
def test_every_metric_that_is_spoken_of_exists(prometheus, file):
    _, known = prometheus
    spoken_of = set(NAME.findall((ROOT / file).read_text()))
    assert {name for name in spoken_of if name not in known and without_kind(name) not in known} == set()


def test_the_dashboard_shows_all_that_there_is(prometheus):
    _, known = prometheus
    shown = {without_kind(name) for query in QUERIES for name in NAME.findall(query)}
    # What comes in is what becomes of it, which is shown.
    assert known - shown == {"tradelake_trades_in_total"}


@pytest.mark.parametrize("query", QUERIES)
def test_prometheus_answers_every_query_of_the_dashboard(prometheus, query):
    url, _ = prometheus
    if "dead_letters" in query and "> 0" in query:
        ask(url, query)  # there need not be any
    else:
        until(lambda: ask(url, query), 20)


@pytest.mark.parametrize("query", ALERTS)
def test_every_alert_compares_something_that_exists(prometheus, query):
    """Silent on a lake that is well, with something to look at on its left side."""
    url, _ = prometheus
    assert re.search(r" (==|!=|>) ", query)
    if "up{" not in query:  # only one of the stages is there
        assert ask(url, query) == []
    until(lambda: ask(url, re.split(r" (?:==|!=|>) ", query)[0]), 20)


def test_panels_lie_beside_each_other():
    places = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & places and all(x < 24 for x, _ in cells), panel["title"]
        places |= cells
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert all(panel["datasource"]["uid"] == "prometheus" for panel in PANELS)


def test_rules_are_what_promtool_calls_valid():
    done = subprocess.run([stack_prometheus.program("promtool"), "check", "config",
                           ROOT / "deploy/prometheus/prometheus.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
