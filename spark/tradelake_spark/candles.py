"""Candles from bronze.trades less the late ones: those of a minute by sql/candles_spark.sql, larger ones merged from them."""

import re
from pathlib import Path

RECIPE = Path(__file__).resolve().parents[2] / "sql/candles_spark.sql"
INTERVALS = {"1m": 60, "5m": 300, "1h": 3600, "4h": 14400, "1d": 86400}
KEYS = ("category", "symbol", "open_time")
VALUES = ("open", "high", "low", "close", "volume", "turnover", "trades", "buy_volume", "buy_turnover", "first_trade_time",
          "last_trade_time")
# Where the recipe says which trades count.
ON_TIME = re.compile(r"FROM bronze\.trades LEFT ANTI JOIN silver\.late_trades\s+USING \([^)]*\)")
SECOND = "CAST(CAST(open_time - TIMESTAMP_NTZ '1970-01-01 00:00:00' AS INTERVAL SECOND) AS DECIMAL(18, 6))"
SUMS = ("volume", "turnover", "buy_volume", "buy_turnover")


def timestamp(at):
    """A time without zone, in SQL."""
    return f"TIMESTAMP_NTZ '{at:%Y-%m-%d %H:%M:%S.%f}'"


def recipe(session):
    """Its settings made; its query."""
    *settings, query = (part for part in RECIPE.read_text().split(";\n") if part.strip())
    for statement in settings:
        session.sql(statement)
    return query


def minutes(session, begin, end):
    """The 1m candles of trades in [begin, end)."""
    query = recipe(session)
    for statement in (f"SET VAR from_time = {timestamp(begin)}", f"SET VAR to_time = {timestamp(end)}"):
        session.sql(statement)
    return session.sql(query)


def minutes_of(session, trades):
    """The same of any trades, by the same lines."""
    query, changed = ON_TIME.subn("FROM {trades}", recipe(session))
    assert changed == 1, f"{RECIPE} takes its trades from elsewhere"
    return session.sql(query, trades=trades)


def opens(seconds):
    """In SQL: when the larger candle begins that the one at open_time belongs to."""
    return f"open_time - make_dt_interval(0, 0, 0, {SECOND} % {seconds})"


def merged(session, rows, seconds):
    """Larger candles of 1m rows. A sum is null where one of its parts is, or where it leaves decimal(38,18) itself."""
    sums = ", ".join(f"CASE WHEN count({name}) = count(*) THEN try_sum({name}) END AS {name}" for name in SUMS)
    return session.sql(f"""
        SELECT category, symbol, opens AS open_time, min_by(open, open_time) AS open, max(high) AS high, min(low) AS low,
          max_by(close, open_time) AS close, sum(trades) AS trades, min(first_trade_time) AS first_trade_time,
          max(last_trade_time) AS last_trade_time, {sums}
        FROM (SELECT *, {opens(seconds)} AS opens FROM {{rows}})
        GROUP BY category, symbol, opens""", rows=rows).select(*KEYS, *VALUES)


def rebuilt(session, interval, begin, end):
    rows = minutes(session, begin, end).select(*KEYS, *VALUES)
    return rows if interval == "1m" else merged(session, rows, INTERVALS[interval])
