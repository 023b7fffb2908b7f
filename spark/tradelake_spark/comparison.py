"""Rebuilt candles against stored ones, value by value."""

from decimal import Decimal

from .candles import KEYS, VALUES, timestamp


def shown(value):
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".")  # normalize() would round to the context's digits
    return "null" if value is None else str(value)


def differences(session, rows, table, begin, end):
    """A line for each difference in [begin, end), in the order of the markets and times."""
    same = " AND ".join(f"r.{name} <=> s.{name}" for name in (*KEYS, *VALUES))
    keys = ", ".join(f"coalesce(r.{name}, s.{name}) AS {name}" for name in KEYS)
    on = " AND ".join(f"r.{name} = s.{name}" for name in KEYS)
    columns = ", ".join(f"r.{name} AS r_{name}, s.{name} AS s_{name}" for name in VALUES)
    found = session.sql(f"""
        SELECT {keys}, r.category IS NOT NULL AS is_rebuilt, s.category IS NOT NULL AS is_stored, {columns}
        FROM {{rows}} r FULL JOIN
          (SELECT * FROM {table} WHERE open_time >= {timestamp(begin)} AND open_time < {timestamp(end)}) s ON {on}
        WHERE NOT ({same}) ORDER BY category, symbol, open_time""", rows=rows)
    for row in found.toLocalIterator():
        place = f"{row.category} {row.symbol} {row.open_time.isoformat()}Z"
        if not row.is_stored:
            yield f"{place}: missing in {table}"
        elif not row.is_rebuilt:
            yield f"{place}: in {table}, without a trade in bronze.trades"
        else:
            values = ((name, row[f"s_{name}"], row[f"r_{name}"]) for name in VALUES)
            yield f"{place}: " + ", ".join(f"{name} {shown(stored)}, from trades {shown(rebuilt)}"
                                           for name, stored, rebuilt in values if stored != rebuilt)
