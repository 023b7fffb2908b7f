"""A table of the user's own that rebuilt candles are written to, in one commit; none where nothing differs."""

import re

from . import comparison
from .candles import INTERVALS, KEYS, VALUES, timestamp
from .configuration import WrongConfiguration

# Those have progress rows, which fence their writers; nobody else writes them.
PIPELINES = {"bronze.trades", "bronze.dead_letters", "bronze.klines", "silver.late_trades", "silver.candle_revisions",
             "silver.coverage_gaps", *(f"silver.candles_{interval}" for interval in INTERVALS)}
PARTITIONS = {"1m": "days", "5m": "days", "1h": "months", "4h": "months", "1d": "years"}
INTERVAL = "tradelake.interval"


def require_own(session, table, interval):
    """A table that is not there yet, or one that has candles of this interval."""
    if not re.fullmatch(r"[\w.`]+", table):
        raise WrongConfiguration(f"--write {table}: allowed: NAMESPACE.TABLE")
    name = table.replace("`", "").lower().removeprefix("tradelake.")
    # A third part would be a branch of such a table.
    if ".".join(name.split(".")[:2]) in PIPELINES:
        raise WrongConfiguration(f"--write {table}: this table is the pipelines' own; allowed: any other")
    if session.catalog.tableExists(table):
        found = {row.key: row.value for row in session.sql(f"SHOW TBLPROPERTIES {table}").collect()}.get(INTERVAL)
        if found != interval:
            raise WrongConfiguration(f"--write {table}: its property {INTERVAL} is {found}; the candles are of {interval}")


def write(session, rows, table, interval, begin, end):
    """The table's rows of [begin, end) are `rows` afterwards, and no other row has changed. Returns whether any had to."""
    if not session.catalog.tableExists(table):
        columns = ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in rows.schema)
        session.sql(f"CREATE TABLE {table} ({columns}) USING iceberg PARTITIONED BY ({PARTITIONS[interval]}(open_time)) "
                    f"TBLPROPERTIES ('format-version' = '2', '{INTERVAL}' = '{interval}')")
    if not any(comparison.differences(session, rows, table, begin, end)):
        return False
    on = " AND ".join(f"t.{name} = r.{name}" for name in KEYS)
    differs = " OR ".join(f"NOT t.{name} <=> r.{name}" for name in VALUES)
    session.sql(f"""
        MERGE INTO {table} t USING {{rows}} r ON {on}
        WHEN MATCHED AND ({differs}) THEN UPDATE SET *
        WHEN NOT MATCHED THEN INSERT *
        WHEN NOT MATCHED BY SOURCE AND t.open_time >= {timestamp(begin)} AND t.open_time < {timestamp(end)} THEN DELETE""",
                rows=rows)
    return True
