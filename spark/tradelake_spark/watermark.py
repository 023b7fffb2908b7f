"""How far candles may be written in each partition: as src/silver/watermark.cpp. Lateness never depends on it."""

from .candle_records import LATENESS_US

IDLE_AFTER_US = 5_000_000  # at the log's end for this long
IDLE_CLOCK_LAG_US = 7_000_000  # all idle: the clock less this
NEVER = -(2**63)


def watermarks(greatest, idle, live, now_us):
    """{partition: us}, NEVER where nothing is known. `greatest` has every partition, with None where no trade was seen. An idle
    partition follows the slowest of those that are not; if all are idle, the clock (of live sources only). Never back."""
    own = {place: NEVER if at is None else at - LATENESS_US for place, at in greatest.items()}
    busy = [own[place] for place, at in greatest.items() if place not in idle and at is not None]
    if busy:
        slowest = min(busy)
        own |= {place: max(own[place], slowest) for place in idle}
    if live and idle >= greatest.keys():
        own = {place: max(at, now_us - IDLE_CLOCK_LAG_US) for place, at in own.items()}
    return own
