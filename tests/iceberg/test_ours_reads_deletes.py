"""Tables that Spark and Iceberg's Java library delete from, read by us as Spark reads them, and continued by us."""
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from metadata_lake import BUILD, ROOT, TOOL, tool

sys.path.insert(0, str(ROOT / "scripts"))
from stack_spark import spark as spark_home  # noqa: E402


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What Spark says of the tables that spark_deletes.py makes."""
    folder = tmp_path_factory.mktemp("deletes")
    home = spark_home()
    environment = {"SPARK_HOME": f"{home / 'python/pyspark'}", "PYTHONPATH": f"{home / 'python'}", "SPARK_LOCAL_IP": "127.0.0.1",
                   "TRADELAKE_SPARK_JARS": f"{home / 'jars'}", "TZ": "Asia/Tokyo"}
    with open(folder / "log", "w+") as log:
        done = subprocess.run([sys.executable, pathlib.Path(__file__).with_name("spark_deletes.py"), folder], stdout=log,
                              stderr=log, env=os.environ | environment, cwd=folder)
    assert done.returncode == 0, (folder / "log").read_text()[-3000:]
    return json.loads((folder / "answers.json").read_text())


def scanned(*arguments):
    return sorted(line.split("\t") for line in tool("scan", *arguments).splitlines())


def as_spark(value):
    if value is None:
        return "null"
    time = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?Z", str(value))
    return f"{time[1]} {time[2]}.{time[3] or '':0<6}" if time else str(value)


@pytest.mark.parametrize("name", ["hours", "plain", "equal", "dropped", "evolved"])
def test_every_snapshot_has_the_rows_that_spark_reads(answers, name):
    answer = answers[name]
    assert answer["rows"]
    for snapshot, rows in answer["rows"].items():
        assert scanned(answer["metadata"], snapshot) == rows, snapshot
    # A test of nothing if Spark had written new files instead of deletes.
    summary = answer["summary"]
    assert int(summary["total-position-deletes"]) > 0 or name == "dropped"
    assert int(summary["total-equality-deletes"]) > 0 or name in ("hours", "plain")


@pytest.mark.parametrize("version", [1, 3])
def test_other_format_versions_are_refused(answers, version):
    done = subprocess.run([TOOL, "scan", answers[f"v{version}"]["metadata"]], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("unsupported")
    assert f"format version {version}; this version reads and writes 2" in done.stderr


def test_the_command_reads_it_and_an_append_of_ours_keeps_the_deletes(answers, tmp_path):
    """`tradelake table scan`, and PyIceberg, on what Spark has left and we have added to."""
    answer = answers["plain"]
    database = tmp_path / "data/catalog.db"
    (database.parent / "tmp").mkdir(parents=True)
    catalog = SqlCatalog("tradelake", uri=f"sqlite:///{database}", warehouse=f"file://{tmp_path}/warehouse")
    catalog.create_namespace("bronze")
    table = catalog.register_table("bronze.plain", answer["metadata"])
    last = answer["rows"][str(table.current_snapshot().snapshot_id)]

    def by_command():
        shown = subprocess.run([BUILD / "tradelake", "table", "scan", "bronze.plain", "--limit", "100000", "--json", "--data-dir",
                                database.parent], capture_output=True, text=True)
        assert shown.returncode == 0, shown.stderr
        return sorted([as_spark(value) for value in row.values()] for row in json.loads(shown.stdout))

    assert by_command() == last

    added = next(iter(table.inspect.data_files().to_pylist()))
    copied = pathlib.Path(added["file_path"]).with_name("copied.parquet")
    copied.write_bytes(pathlib.Path(added["file_path"]).read_bytes())
    tool("commit", database, "bronze.plain", stdin=[{"operation": "append", "added": [
        {"path": str(copied), "record_count": added["record_count"], "size_bytes": copied.stat().st_size}]}])
    table = table.refresh()
    counters = ("total-delete-files", "total-position-deletes", "total-equality-deletes")
    now = table.current_snapshot().summary
    assert {key: now[key] for key in counters} == {key: answer["summary"][key] for key in counters}
    rows = by_command()
    assert len(rows) == len(last) + added["record_count"]
    assert sorted(row[0] for row in rows) == sorted(str(row) for row in table.scan().to_arrow()["id"].to_pylist())
