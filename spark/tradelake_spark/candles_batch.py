"""candles_batch: rebuilds the candles of a range from bronze.trades, and compares them with a table or writes them to one.

Exit status: 0 done; 1 there are differences; 2 wrong usage or configuration, or a range that bronze no longer holds whole.
"""

import argparse
import os
import sys
from datetime import datetime, timezone

from . import comparison, held, target
from .candles import INTERVALS, rebuilt
from .configuration import WrongConfiguration, duration, load
from .session import opened, require_utc


def time(text):
    at = datetime.fromisoformat(text)
    return at.astimezone(timezone.utc).replace(tzinfo=None) if at.tzinfo else at


def parsed(arguments):
    parser = argparse.ArgumentParser("candles_batch", description="candles of a range, rebuilt from bronze.trades")
    parser.add_argument("--from", dest="begin", type=time, required=True, help="UTC, such as 2024-08-08T23:00")
    parser.add_argument("--to", dest="end", type=time, required=True, help="the first moment after the range")
    parser.add_argument("--interval", choices=INTERVALS, default="1m")
    parser.add_argument("--config", help="the program's configuration file")
    does = parser.add_mutually_exclusive_group(required=True)
    does.add_argument("--check", action="store_true", help="compare with the stored candles of the interval")
    does.add_argument("--write", metavar="TABLE", help="make the range of TABLE equal to the rebuilt candles")
    chosen = parser.parse_args(arguments)
    epoch = datetime(1970, 1, 1)
    for option, at in (("--from", chosen.begin), ("--to", chosen.end)):
        if (at - epoch).total_seconds() % INTERVALS[chosen.interval]:
            parser.error(f"{option} is {at}; allowed: where a candle of {chosen.interval} begins")
    if chosen.end <= chosen.begin:
        parser.error("--to is not after --from")
    return chosen


def stored(chosen):
    return f"silver.candles_{chosen.interval}"


def check(chosen, session, rows, count):
    table = stored(chosen)
    differ = 0
    for line in comparison.differences(session, rows, table, chosen.begin, chosen.end):
        print(line)
        differ += 1
    print(f"{count} candles rebuilt, {differ} differ from {table}")
    return 1 if differ else 0


def run(chosen, session):
    require_utc(session)
    if chosen.write:
        target.require_own(session, chosen.write, chosen.interval)
    elif not session.catalog.tableExists(stored(chosen)):
        raise WrongConfiguration(f"--check --interval {chosen.interval}: the catalog has no {stored(chosen)}")
    retention = duration("retention.bronze", load(os.environ, chosen.config)["retention.bronze"])
    held.require_held(session, chosen.begin, retention)
    # Computed once; and each query sees the tables of its own time: retention must not have come in between.
    rows = rebuilt(session, chosen.interval, chosen.begin, chosen.end).persist()
    try:
        count = rows.count()
        held.require_held(session, chosen.begin, retention)
        if chosen.write:
            changed = target.write(session, rows, chosen.write, chosen.interval, chosen.begin, chosen.end)
            print(f"{count} candles rebuilt, {'written to' if changed else 'as they are in'} {chosen.write}")
            return 0
        return check(chosen, session, rows, count)
    finally:
        rows.unpersist()


def main(arguments=None, session=None):
    chosen = parsed(arguments)
    try:
        return run(chosen, session or opened("candles_batch", chosen.config))
    except (WrongConfiguration, held.NotHeld) as refused:
        print(refused, file=sys.stderr)
        return 2
