"""What candles_stream decides, without Spark: which trades are late, how far candles are written, which are written and why."""

import json
import random
import sys

import pytest

from lake import ROOT
from oracle import Oracle, partition_of, read_capture
from test_kill import make_capture

sys.path.insert(0, str(ROOT / "spark"))
from tradelake_spark import lineage  # noqa: E402
from tradelake_spark.attempt import Attempt, attempt_of  # noqa: E402
from tradelake_spark.book import EXTENDED, LARGER, LATE_TRADE, Book  # noqa: E402
from tradelake_spark.candle_records import Partition, Since, is_closed  # noqa: E402
from tradelake_spark.log_records import Headers, gap_of, headers_of  # noqa: E402
from tradelake_spark.watermark import NEVER, watermarks  # noqa: E402

GRACE_US, MINUTE, S = 600_000_000, 60_000_000, 1_000_000
T0 = 1_723_161_600_000_000  # where a day begins
HERE, THERE = ("bybit.v5.linear.publicTrade", 0), ("bybit.v5.linear.publicTrade", 1)


# Lateness.


def taken(records, cuts, since=Since()):
    """Rows and the last mark of one partition, which is read in pieces."""
    rows, begin, told = [], 0, None
    for end in (*cuts, len(records)):
        piece = Partition(since, GRACE_US)
        for offset in range(begin, end):
            ns, category, text = records[offset]
            piece.take("t", 0, offset, b"", text, Headers(ns, category), 0)
        rows += piece.ready()
        told = json.loads(piece.last("t", 0)["detail"])
        since, begin = Since(told["next"], told["greatest"]), end
    return rows, told


@pytest.fixture(scope="module")
def partitions(tmp_path_factory):
    """Records of each partition of a capture with trades that are late by anything, and what the oracle says of them."""
    capture = make_capture(tmp_path_factory.mktemp("book") / "c.tsv", 4_000, 3, "late=0.05,reorder=0.1,malformed=0.02", rate=4)
    lines = list(read_capture(capture))
    found = {}
    for ns, category, text in lines:
        try:
            topic = json.loads(text)["topic"]
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(topic, str) and topic.startswith("publicTrade."):
            place = partition_of(f"bybit.v5.{category}.publicTrade", topic.removeprefix("publicTrade."))
            found.setdefault(place, []).append((ns, category, text))
    return found, Oracle().take(lines)


def test_lateness_is_the_oracle_s_wherever_the_log_is_cut(partitions):
    found, expected = partitions
    dice, late = random.Random(1), []
    for place, records in found.items():
        whole, told = taken(records, ())
        cuts = sorted(dice.sample(range(1, len(records)), min(40, len(records) - 1)))
        assert taken(records, cuts)[0] == whole
        assert told["greatest"] == max(row["trade_time"] for row in whole)
        late += [(row["symbol"], row["trade_id"], row["late_by_ms"]) for row in whole if row["kind"] == "late"]
    assert len(late) > 20
    assert sorted(late) == sorted((trade.symbol, trade.trade_id, trade.late_by_ms) for trade in expected.late)


def test_what_is_rebuilt_is_what_may_change_yet(partitions):
    for records in partitions[0].values():
        whole, told = taken(records, ())
        again = taken(records, (), Since(0, told["greatest"], None, rebuilding=True))[0]
        assert again == [row for row in whole if not is_closed(row["open_time"], told["greatest"], None, GRACE_US)]
        first = dict(told["first"])
        assert {row["open_time"] for row in again} == first.keys()
        assert all(offset <= row["_offset"] for row in again for minute, offset in told["first"] if minute == row["open_time"])


def trade_at(*times_us):
    data = [{"i": f"{at}-{n}", "s": "A", "S": "Buy", "p": "1", "v": "1", "T": at // 1000} for n, at in enumerate(times_us)]
    return json.dumps({"topic": "publicTrade.A", "data": data}).encode()


def test_a_frame_s_own_trades_make_none_of_it_late_and_a_lost_minute_is_closed():
    partition = Partition(Since(0, None, T0 + 5 * MINUTE), GRACE_US)
    headers = Headers((T0 + 100 * MINUTE) * 1000, "linear")
    partition.take("t", 0, 0, b"", trade_at(T0 + 90 * MINUTE, T0 + 6 * MINUTE, T0 + 5 * MINUTE), headers, 0)
    partition.take("t", 0, 1, b"", trade_at(T0 + 90 * MINUTE - GRACE_US - MINUTE), headers, 0)
    # To the microsecond: 2 s less, it were on time.
    edge = T0 + 90 * MINUTE - GRACE_US - 2 * S
    partition.take("t", 0, 2, b"", trade_at(edge - edge % MINUTE - MINUTE, edge - edge % MINUTE), headers, 0)
    assert [row["kind"] for row in partition.ready()] == ["trade", "trade", "late", "trade", "late", "trade"]


def test_records_that_are_no_frames():
    partition = Partition(Since(1), GRACE_US)
    gap = b'{"from_us":1,"to_us":2,"cause":"queue_full"}'
    for offset, (value, headers) in enumerate((
            (gap, Headers(5_000, "spot", kind="gap")), (gap, Headers(5_000, "sp\udcff", kind="gap")),
            (b"\xff", Headers(5_000, "spot", kind="gap")), (b"", Headers(5_000, "spot", kind="end_marker")),
            (trade_at(T0), Headers(5_000, "spot", kind="part", parts=2)))):
        partition.take("t", 0, offset, b"\xffK", value, headers, 7)
    told = json.loads(partition.last("t", 0)["detail"])
    assert told["gaps"] == [["sp\ufffd", "\ufffdK", 1, 2, "queue_full", 5]]  # the first is done
    assert (told["end_marker"], told["next"], told["live"], partition.ready()) == (3, 5, True, [])


@pytest.mark.parametrize("value", [
    b"", b"[]", b"1", b'{"from_us":1}', b'{"from_us":2,"to_us":1,"cause":"x"}', b'{"from_us":true,"to_us":1,"cause":"x"}',
    b'{"from_us":1,"to_us":9223372036854775808,"cause":"x"}', b'{"from_us":1.5,"to_us":2,"cause":"x"}',
    b'{"from_us":1,"to_us":2,"cause":7}', b'{"from_us":1,"to_us":2,"cause":"\\ud800"}', b"\xff", b"[" * 100_000])
def test_what_is_no_gap(value):
    assert gap_of(value) is None


def test_a_header_of_any_digits_is_no_error():
    assert headers_of([{"key": "recv_ns", "value": b"9" * 5_000}, {"key": "part", "value": b"-1"}], "t", 3).recv_ns == 3_000_000


# Watermarks.


def test_watermarks():
    known = {HERE: T0, THERE: T0 + 60 * S, ("x", 0): None}
    own = {HERE: T0 - 2 * S, THERE: T0 + 58 * S, ("x", 0): NEVER}
    assert watermarks(known, set(), True, T0 + 999 * S) == own
    # An idle one follows the slowest that is not, never back; one that nothing is known of sets no pace.
    assert watermarks(known, {HERE}, True, T0 + 999 * S) == own | {HERE: T0 + 58 * S}
    assert watermarks(known, {THERE, ("x", 0)}, True, T0 + 999 * S) == own | {("x", 0): T0 - 2 * S}
    assert watermarks(known, {HERE, THERE}, True, T0 + 999 * S) == own
    # All: the clock, of live sources.
    assert set(watermarks(known, set(known), True, T0 + 999 * S).values()) == {T0 + 992 * S}
    assert watermarks(known, set(known), False, T0 + 999 * S) == own
    assert watermarks(known, set(known), True, T0) == own | {("x", 0): T0 - 7 * S, HERE: T0 - 2 * S}


# The book.


def a(minute, symbol="A"):
    return "linear", symbol, T0 + minute * MINUTE


def book():
    return Book(GRACE_US, lambda category, symbol: THERE)


def written(made, until, passed=None, markers=(), greatest=None):
    """What is written, as {interval: {minute: (revision, reason)}}; and it is."""
    changes = made.changes({HERE: T0 + until * MINUTE}, {HERE: T0 + (until if passed is None else passed) * MINUTE}, markers)
    made.stored(changes, {HERE: T0 + (until if greatest is None else greatest) * MINUTE})
    return {interval: {(key[2] - T0) // MINUTE: (change.revision, change.reason) for key, change in of.items()}
            for interval, of in changes.of.items() if of}


def test_a_candle_is_written_when_its_end_is_past_and_a_larger_one_with_its_last_minute():
    made = book()
    made.take({a(minute): {HERE: minute} for minute in range(5)}, {})
    assert written(made, 0.99) == {}
    assert written(made, 3) == {"1m": {0: (0, None), 1: (0, None), 2: (0, None)}}
    assert written(made, 3) == {}
    assert written(made, 5) == {"1m": {3: (0, None), 4: (0, None)}, "5m": {0: (0, None)}}
    assert written(made, 240) == {"1h": {0: (0, None)}, "4h": {0: (0, None)}}


def test_a_trade_within_grace_corrects_all_that_are_written():
    made = book()
    made.take({a(minute): {HERE: minute} for minute in range(6)}, {})
    written(made, 6)
    made.take({a(1): {HERE: 9}}, {})
    late = (1, LATE_TRADE)
    assert written(made, 6) == {"1m": {1: late}, "5m": {0: late}}
    made.take({a(2): {HERE: 10}, a(5): {HERE: 11}}, {})
    assert written(made, 6) == {"1m": {2: late, 5: late}, "5m": {0: (2, LATE_TRADE)}}


def test_an_end_marker_closes_what_was_before_it_and_what_goes_on_extends_it():
    made = book()
    made.take({a(0): {HERE: 3}, a(1): {HERE: 8}}, {HERE: 5, THERE: 9})
    assert written(made, 0, markers={HERE}) == {"1m": {0: (0, None)}} | {interval: {0: (0, None)} for interval in LARGER}
    made.take({a(0): {HERE: 9}}, {})
    extended = (1, EXTENDED)
    assert written(made, 0.5) == {"1m": {0: extended}} | {interval: {0: extended} for interval in LARGER}
    # The 5m candle that is written is revised by the first version of a minute, whatever that one's time is.
    assert written(made, 2)["5m"] == {0: (2, EXTENDED)}
    made.take({a(0): {HERE: 12}}, {})
    assert written(made, 6, passed=5)["1m"] == {0: (2, LATE_TRADE)}


def test_a_marker_closes_larger_candles_whose_minutes_are_written():
    made = book()
    made.take({a(0): {HERE: 1}}, {})
    assert list(written(made, 1)) == ["1m"]
    made.take({}, {HERE: 2})
    assert list(written(made, 1, markers={HERE})) == LARGER


def test_what_is_written_and_out_of_grace_is_forgotten():
    made = book()
    made.take({a(0): {HERE: 1}, a(30): {HERE: 2}}, {})
    written(made, 31)
    assert list(made.minutes) == [a(30)]
    assert made.larger["5m"] == {a(30): None}
    written(made, 60 * 24 * 2)
    assert made.minutes == {} and not any(made.larger.values())


def test_a_market_under_another_s_topic_is_at_home_where_it_was_seen_first():
    made = book()
    made.take({a(0): {HERE: 1}}, {})
    made.take({a(0): {THERE: 1}, a(1): {THERE: 2}}, {})
    assert {minute.place for minute in made.minutes.values()} == {HERE}
    written(made, 30)
    assert made.strays({a(2): {THERE: 7}, a(29): {THERE: 8}, a(2, "B"): {THERE: 9}}, {HERE: T0 + 30 * MINUTE}) == [a(2)]
    # One that the tables alone know is where its key belongs.
    assert made.home(("linear", "C", 0)) == THERE


# The summary.


def test_an_attempt_is_read_as_it_was_noted():
    attempt = Attempt("c0", 5, GRACE_US, {HERE: 1, THERE: 2}, {HERE: 0}, [THERE])
    noted = json.loads(json.dumps(attempt.noted()))
    assert attempt_of(lineage.Head(attempt.commit_id, noted=noted)) == attempt
    assert attempt_of(lineage.Head("c")) is None
