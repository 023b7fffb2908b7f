"""Runs the recipes of sql/ as docs/tables.md says: each on the pointers of a lake, where local time is far from UTC."""

import io
import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from lake import ROOT
from test_engines import FAR_AWAY

TABLES = ("bronze.trades", "silver.late_trades")
ALWAYS = ("2009-01-01 00:00:00", "2100-01-01 00:00:00")


def statements(engine):
    return [part for part in (ROOT / f"sql/candles_{engine}.sql").read_text().split(";\n") if part.strip()]


def answer(program, folder, request):
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, env=FAR_AWAY, input=pickle.dumps(request),
                          capture_output=True, timeout=900)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return done.stdout


def duckdb(pointers, folder, step_seconds=60, span=ALWAYS):
    """In a process of its own, as its extensions bring libraries of their own."""
    extensions = [str(next(Path(find_spec(f"duckdb_extension_{name}").origin).parent.rglob("*.duckdb_extension")))
                  for name in ("avro", "iceberg")]
    views = [f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}; CREATE VIEW {name} AS FROM iceberg_scan('{pointers[name]}')"
             for name in TABLES]
    *settings, query = statements("duckdb")
    program = """
import duckdb, pickle, sys
statements = pickle.load(sys.stdin.buffer)
connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
for statement in statements:
    cursor = connection.execute(statement)
names = [column[0] for column in cursor.description]
pickle.dump([dict(zip(names, row)) for row in cursor.fetchall()], sys.stdout.buffer)
"""
    return pickle.loads(answer(program, folder, [
        # It would be on the standard output, too.
        "SET enable_progress_bar = false", *(f"LOAD '{extension}'" for extension in extensions), *views, *settings,
        f"SET VARIABLE step_seconds = {step_seconds}", f"SET VARIABLE from_time = TIMESTAMP '{span[0]}'",
        f"SET VARIABLE to_time = TIMESTAMP '{span[1]}'", query]))


def clickhouse(pointers, folder, step_seconds=60, span=ALWAYS):
    import pyarrow

    views = []
    for name in TABLES:
        place, file = pointers[name].removeprefix("file://").split("/metadata/")
        views += [f"CREATE DATABASE IF NOT EXISTS {name.split('.')[0]}",
                  f"CREATE VIEW {name} AS SELECT * FROM icebergLocal('{place}', "
                  f"SETTINGS iceberg_metadata_file_path = 'metadata/{file}')"]
    *settings, query = statements("clickhouse")
    program = """
import pickle, sys
from chdb.session import Session
session = Session()
for statement in pickle.load(sys.stdin.buffer):
    found = session.query(statement, "ArrowStream")
sys.stdout.buffer.write(found.bytes())
"""
    found = answer(program, folder, [*views, *settings, f"SET param_step_seconds = {step_seconds}",
                                     f"SET param_from_time = '{span[0]}'", f"SET param_to_time = '{span[1]}'", query])
    rows = pyarrow.ipc.open_stream(io.BytesIO(found)).read_all().to_pylist()
    # Times are in UTC by their type.
    return [{key: value.replace(tzinfo=None) if key.endswith("_time") else value for key, value in row.items()} for row in rows]


def spark(session, pointers, step_seconds=60, span=ALWAYS):
    session.register({name: pointers[name] for name in TABLES})
    *settings, query = statements("spark")
    for statement in (*settings, f"SET VAR step_seconds = {step_seconds}", f"SET VAR from_time = TIMESTAMP_NTZ '{span[0]}'",
                      f"SET VAR to_time = TIMESTAMP_NTZ '{span[1]}'"):
        session.sql(statement)
    return session.sql(query)
