"""Which candles are open or may still change, and what a commit writes of them: as src/silver/book.cpp, emission.cpp and rollup.cpp.

Only what is known of candles, not their values: those are in the tables and in the window of trades. A minute is here until it is
written and out of grace; a larger candle from its first minute in the table on, until it is written and its end is out of grace.
"""

from dataclasses import dataclass, field

from .candle_records import US_PER_MINUTE, closed_until, is_closed
from .candles import INTERVALS
from .watermark import NEVER

STEPS_US = {interval: seconds * 1_000_000 for interval, seconds in INTERVALS.items()}
LARGER = [interval for interval in INTERVALS if interval != "1m"]
# Why a candle is revised, as candle_revisions.reason says it.
LATE_TRADE, EXTENDED = "late_trade", "extended"


@dataclass
class Minute:
    place: tuple  # the partition that its market is at home in
    stored: int | None = None  # revision in the table
    dirty: bool = False  # has trades that the stored row lacks
    finalized: bool = False  # an end marker came after its trades


@dataclass
class Change:
    """Of one candle. `reason` is None where it is written for the first time."""

    revision: int
    reason: str | None
    finalized: bool = False


@dataclass
class Changes:
    """{interval: {(category, symbol, open time in us): Change}}"""

    of: dict = field(default_factory=lambda: {interval: {} for interval in INTERVALS})

    def __bool__(self):
        return any(self.of.values())

    def revised(self):
        return sum(change.reason is not None for changes in self.of.values() for change in changes.values())


class Book:
    def __init__(self, grace_us, home_of):
        """`home_of(category, symbol)` is the partition that a market's key belongs to."""
        self.grace_us, self.home_of = grace_us, home_of
        self.minutes = {}  # (category, symbol, open time in us): Minute
        self.homes = {}  # (category, symbol): partition it was first seen in
        self.larger = {interval: {} for interval in LARGER}  # like minutes, but: revision in the table or None

    def home(self, key):
        market = key[:2]
        if market not in self.homes:
            self.homes[market] = self.home_of(*market)
        return self.homes[market]

    def strays(self, touched, greatest):
        """Those that came under another symbol's topic, too late for the partition their market is at home in: what that one has
        closed does not change any more."""
        found = []
        for key in touched.keys() - self.minutes.keys():
            home = self.homes.get(key[:2])
            if home is not None and is_closed(key[2], greatest.get(home), None, self.grace_us):
                found.append(key)
        return found

    def take(self, touched, end_markers):
        """Trades came: {(category, symbol, open time): {partition: offset of the first}}; and each partition's last end marker."""
        for key, minute in self.minutes.items():
            minute.finalized |= minute.place in end_markers and key not in touched
        for key, firsts in touched.items():
            self.homes.setdefault(key[:2], min(firsts))
            minute = self.minutes.get(key)
            known = minute is not None
            if not known:
                minute = self.minutes[key] = Minute(self.homes[key[:2]])
            marker = end_markers.get(minute.place)
            if marker is not None:
                minute.finalized |= known or firsts.get(minute.place, min(firsts.values())) < marker
            minute.dirty = True

    def changes(self, until, passed, end_markers=()):
        """What is to be written, by how far emission may go in each partition now, and how far it went before."""
        found = Changes()
        of_minutes = found.of["1m"]
        for key, minute in self.minutes.items():
            end = key[2] + US_PER_MINUTE
            if minute.stored is None:
                if minute.finalized or end <= until.get(minute.place, NEVER):
                    of_minutes[key] = Change(0, None, minute.finalized)
            elif minute.dirty:
                # Written early because of an end marker, and not over then: more of the same minute came.
                was_open = minute.finalized and end > passed.get(minute.place, NEVER)
                of_minutes[key] = Change(minute.stored + 1, EXTENDED if was_open else LATE_TRADE, minute.finalized)
        for interval in LARGER:
            self.larger_changes(interval, found, until, passed, end_markers)
        return found

    def larger_changes(self, interval, found, until, passed, end_markers):
        step, known = STEPS_US[interval], self.larger[interval]
        wanted = {}
        for key, change in found.of["1m"].items():
            start = (*key[:2], key[2] - key[2] % step)
            wanted[start] = wanted.get(start, False) or change.finalized
        for key, stored in known.items():
            if stored is None:
                finalized = self.home(key) in end_markers
                if finalized or key[2] + step <= until.get(self.home(key), NEVER):
                    wanted[key] = wanted.get(key, False) or finalized
        for key, finalized in wanted.items():
            stored, home, end = known.get(key), self.home(key), key[2] + step
            if stored is not None:
                # Written before its time was over: because of an end marker.
                was_open = end > passed.get(home, NEVER)
                found.of[interval][key] = Change(stored + 1, EXTENDED if was_open else LATE_TRADE)
            elif finalized or end <= until.get(home, NEVER):
                found.of[interval][key] = Change(0, None)

    def stored(self, changes, greatest):
        """They are in the tables; `greatest` is each partition's trade_time by now."""
        for key, change in changes.of["1m"].items():
            self.minutes[key].stored, self.minutes[key].dirty = change.revision, False
            for interval in LARGER:
                self.larger[interval].setdefault((*key[:2], key[2] - key[2] % STEPS_US[interval]), None)
        for interval in LARGER:
            self.larger[interval] |= {key: change.revision for key, change in changes.of[interval].items()}
        self.drop_closed(greatest)

    def drop_closed(self, greatest):
        until = {place: closed_until(at, self.grace_us) for place, at in greatest.items() if at is not None}
        for key in [key for key, minute in self.minutes.items()
                    if minute.stored is not None and key[2] + US_PER_MINUTE <= until.get(minute.place, NEVER)]:
            del self.minutes[key]
        for interval, candles in self.larger.items():
            for key in [key for key, stored in candles.items()
                        if stored is not None and key[2] + STEPS_US[interval] <= until.get(self.home(key), NEVER)]:
                del candles[key]
