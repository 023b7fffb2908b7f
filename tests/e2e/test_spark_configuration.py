"""Spark's jobs read the program's own configuration: the same keys, variables, precedence and refusals."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from lake import ROOT, tradelake

sys.path.insert(0, str(ROOT / "spark"))
from tradelake_spark.catalog import CATALOG, settings  # noqa: E402
from tradelake_spark.configuration import DEFAULTS, WrongConfiguration, duration, load  # noqa: E402

LAKE = {"TRADELAKE_CATALOG": "postgresql://me@db:5433/lake", "TRADELAKE_WAREHOUSE": "s3://bucket/prefix", "PGPASSWORD": "p w",
        "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_ENDPOINT_URL_S3": "http://s3:9000"}


def test_defaults_files_and_environment_are_what_the_program_takes(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('catalog = "postgresql://a@b:1/c"\ncommit.max_rows = 5\n[retention]\nbronze = "36h"\n')
    environment = {"TRADELAKE_WAREHOUSE": "s3://x/y"}
    for arguments in ((), ("--config", file)):
        told = tradelake("config", *arguments, env={"PATH": os.environ["PATH"], **environment}).stdout
        theirs = {key.strip(): value.split("#")[0].strip().strip('"') for key, value in
                  (line.split("=", 1) for line in told.splitlines() if "=" in line)}
        ours = load(environment, *arguments[1:])
        assert ours.keys() == DEFAULTS.keys() and all(theirs[key] == value for key, value in ours.items()), told


def test_spark_is_told_where_the_lake_is(tmp_path):
    told = settings(load(LAKE), LAKE)
    assert told[f"{CATALOG}.uri"] == "jdbc:postgresql://db:5433/lake" and told[f"{CATALOG}.warehouse"] == "s3://bucket/prefix"
    assert told["spark.sql.session.timeZone"] == "UTC" and told[f"{CATALOG}.s3.endpoint"] == "http://s3:9000"
    file = tmp_path / "password"
    file.write_text("p w\n")
    elsewhere = {key: value for key, value in LAKE.items() if key != "PGPASSWORD"} | {"PGPASSWORD_FILE": str(file)}
    assert settings(load(elsewhere), elsewhere) == told
    printed = subprocess.run([sys.executable, ROOT / "deploy/spark/settings.py", "/jars"], env=LAKE, capture_output=True, text=True)
    lines = dict(line.split(" ", 1) for line in printed.stdout.splitlines())
    assert lines.items() >= told.items() and lines["spark.driver.extraClassPath"] == "/jars/*"


@pytest.mark.parametrize("changed, reason", [
    ({"TRADELAKE_CATALOG": ""}, "TRADELAKE_CATALOG is sqlite"), ({"TRADELAKE_WAREHOUSE": ""}, "TRADELAKE_WAREHOUSE is local"),
    ({"PGPASSWORD": ""}, "PGPASSWORD is not set"), ({"PGPASSWORD": "", "PGPASSWORD_FILE": "/not/there"}, "/not/there"),
])
def test_what_spark_cannot_use_is_refused(changed, reason):
    with pytest.raises(WrongConfiguration, match=reason):
        settings(load(LAKE | changed), LAKE | changed)


def test_durations_have_the_units_of_the_program():
    assert duration("k", "90m") == timedelta(hours=1.5) and duration("k", "0s") == timedelta(0) and duration("k", "7d").days == 7
    for wrong in ("", "5", "5 m", "-1h", "1w"):
        with pytest.raises(WrongConfiguration, match="k is"):
            duration("k", wrong)
