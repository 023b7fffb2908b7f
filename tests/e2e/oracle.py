"""What the tables must hold after a capture: the rules of docs/tables.md, written down a second time.

Nothing here shares code with the program. Decimals are Python's, with unlimited precision.
"""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, localcontext

CATEGORIES = ("spot", "linear", "inverse", "option")
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
UNIT = Decimal(1).scaleb(-18)
LIMIT_38_18 = Decimal(10) ** 20
MINUTE_US = 60_000_000
INTERVALS = {"1m": MINUTE_US, "5m": 5 * MINUTE_US, "1h": 60 * MINUTE_US, "4h": 240 * MINUTE_US, "1d": 1440 * MINUTE_US}
LATENESS_US = 2_000_000
GRACE_US = 600_000_000
MAX_FRAME_BYTES = 1 << 20


@dataclass
class Trade:
    category: str
    symbol: str
    trade_id: str
    side: str
    price: Decimal
    size: Decimal
    trade_time: int  # us
    seq: int | None
    tick_direction: str | None
    block_trade: bool | None
    rpi: bool | None
    frame_time: int | None
    received_at: int
    extra: dict
    index: int
    partition: tuple
    late_by_ms: int | None = None


@dataclass
class Expected:
    trades: list = field(default_factory=list)
    dead: list = field(default_factory=list)  # (reason, index, payload, category, received_at)
    filtered: int = 0
    late: list = field(default_factory=list)
    candles: dict = field(default_factory=dict)  # of one minute
    larger: dict = field(default_factory=dict)  # by interval, from the trades like those of one minute


class Pairs(list):
    """A JSON object as its pairs, so that duplicate keys and raw texts stay visible."""


class Raw(str):
    """A JSON number by its text."""


def load_json(text):
    return json.loads(
        text,
        object_pairs_hook=Pairs,
        parse_float=Raw,
        parse_int=Raw,
        parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)),
    )


def as_dict(pairs):
    return dict(pairs)  # of duplicate keys the last counts


def number(value):
    """The exact value of a JSON string or number, 'type' or 'number' for what is wrong."""
    if not isinstance(value, str):
        return "wrong_type"
    if len(value) > 80 or not NUMBER.fullmatch(value):
        return "bad_number"
    with localcontext() as context:
        context.prec = 200
        context.Emax, context.Emin = 10**9, -(10**9)
        return Decimal(value)


def in_range(value):
    with localcontext() as context:
        context.prec = 200
        context.Emax, context.Emin = 10**9, -(10**9)
        if not 0 < value < Decimal(10) ** 16:
            return False
        sign, digits, exponent = value.as_tuple()
        while digits and digits[-1] == 0:
            digits, exponent = digits[:-1], exponent + 1
        return -exponent <= 18


def whole_ms(value, recv_ns):
    parsed = number(value)
    if parsed == "wrong_type":
        return "wrong_type"
    if parsed == "bad_number":
        return "bad_time"
    if parsed >= Decimal(10) ** 16:
        return "time_in_future"
    if parsed != parsed.to_integral_value():
        return "bad_time"
    ms = int(parsed)
    if ms < 1_230_768_000_000:
        return "bad_time"
    if ms * 1_000_000 > recv_ns + 60_000_000_000:
        return "time_in_future"
    return ms


def is_string(value):
    return isinstance(value, str) and not isinstance(value, Raw)


def judge(t, recv_ns):
    """The first check that fails, or None."""
    for key in ("i", "s", "S", "p", "v", "T"):
        if key not in t:
            return "missing_field"
    for key in ("i", "s"):
        if not is_string(t[key]):
            return "wrong_type"
        if not 1 <= len(t[key].encode()) <= 128:
            return "out_of_range"
    if not is_string(t["S"]) or t["S"] not in ("Buy", "Sell"):
        return "bad_side"
    p, v = number(t["p"]), number(t["v"])
    for value in (p, v):
        if isinstance(value, str):
            return value
    if not in_range(p) or not in_range(v):
        return "out_of_range"
    with localcontext() as context:
        context.prec = 200
        if p * v >= Decimal(10) ** 19:
            return "out_of_range"
    time = whole_ms(t["T"], recv_ns)
    if isinstance(time, str):
        return time
    for key in ("BT", "RPI"):
        if key in t and not isinstance(t[key], bool):
            return "wrong_type"
    if "L" in t and not is_string(t["L"]):
        return "wrong_type"
    if "seq" in t:
        seq = t["seq"]
        if not (isinstance(seq, Raw) and re.fullmatch(r"[0-9]+|-0", seq) and int(seq) < 2**63):
            return "wrong_type"
    return None


def murmur2(data):
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    rest = data[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition_of(topic, key):
    return topic, (murmur2(key.encode()) & 0x7FFFFFFF) % 3


def turnover(category, price, size):
    with localcontext() as context:
        context.prec = 120
        value = size / price if category == "inverse" else price * size
        return value.quantize(UNIT, rounding=ROUND_HALF_UP)


def order_key(trade):
    price = trade.price if trade.side == "Buy" else -trade.price
    return trade.trade_time, trade.seq or 0, trade.side, price, trade.trade_id.encode()


def typed_sum(values):
    with localcontext() as context:
        context.prec = 120
        total = sum(values, Decimal(0))
    return total if total < LIMIT_38_18 else None


def read_record(path):
    """What `simulate --record` says was sent: (ns, category, text, whether the connection lived on) each."""
    for line in path.read_bytes().split(b"\n"):
        if line:
            sent_ns, category, _, whole, _, text = line.split(b"\t", 5)
            yield int(sent_ns), category.decode(), text, whole == b"1"


def candles_of(trades, step_us=MINUTE_US):
    groups = defaultdict(list)
    for trade in trades:
        groups[trade.category, trade.symbol, trade.trade_time // step_us * step_us].append(trade)
    candles = {}
    for key, members in groups.items():
        members.sort(key=order_key)
        amounts = [turnover(t.category, t.price, t.size) for t in members]
        buys = [i for i, t in enumerate(members) if t.side == "Buy"]
        candles[key] = {
            "open": members[0].price,
            "high": max(t.price for t in members),
            "low": min(t.price for t in members),
            "close": members[-1].price,
            "volume": typed_sum(t.size for t in members),
            "turnover": typed_sum(amounts),
            "trades": len(members),
            "buy_volume": typed_sum(members[i].size for i in buys),
            "buy_turnover": typed_sum(amounts[i] for i in buys),
            "first_trade_time": members[0].trade_time,
            "last_trade_time": members[-1].trade_time,
        }
    return candles


class Oracle:
    """Takes captures in order, as the log would."""

    def __init__(self):
        self.expected = Expected()
        self.seen = set()
        self.greatest = {}
        self.on_time = []

    def take(self, lines):
        for recv_ns, category, text in lines:
            self.frame(int(recv_ns), category, text)
        self.expected.candles = candles_of(self.on_time)
        self.expected.larger = {name: candles_of(self.on_time, step) for name, step in INTERVALS.items() if name != "1m"}
        return self.expected

    def bad_frame(self, reason, category, recv_ns, text):
        self.expected.dead.append((reason, None, text, category, recv_ns // 1000))

    def frame(self, recv_ns, category, text):
        reject = lambda reason: self.bad_frame(reason, category, recv_ns, text)
        try:
            decoded = text.decode("utf-8")
        except UnicodeDecodeError:
            return reject("too_large" if len(text) > MAX_FRAME_BYTES else "not_utf8")
        try:
            value = load_json(decoded)
        except (ValueError, RecursionError):
            return reject("too_large" if len(text) > MAX_FRAME_BYTES else "not_json")
        frame = as_dict(value) if isinstance(value, Pairs) else {}
        topic = frame.get("topic")
        if "topic" not in frame and frame.keys() & {"op", "success", "ret_msg"}:
            return None
        if is_string(topic) and topic.split(".")[0] != "publicTrade":
            return None
        if len(text) > MAX_FRAME_BYTES:
            return reject("too_large")
        if not is_string(topic):
            return reject("no_topic")
        market = topic[len("publicTrade.") :]
        if not market:
            return reject("unroutable")
        if category not in CATEGORIES or (category == "option" and "-" in market):
            return reject("category_mismatch")
        data = frame.get("data")
        if not isinstance(data, list) or isinstance(data, Pairs):
            return reject("no_data")
        self.trades(recv_ns, category, frame, data, partition_of(f"bybit.v5.{category}.publicTrade", market))

    def trades(self, recv_ns, category, frame, data, partition):
        ts = whole_ms(frame["ts"], recv_ns) if "ts" in frame else None
        frame_time = ts * 1000 if isinstance(ts, int) else None
        before = self.greatest.get(partition)
        for index, element in enumerate(data):
            if not isinstance(element, Pairs):
                self.expected.dead.append(("wrong_type", index, None, category, recv_ns // 1000))
                continue
            t = as_dict(element)
            reason = judge(t, recv_ns)
            if reason:
                self.expected.dead.append((reason, index, None, category, recv_ns // 1000))
                continue
            trade_time = whole_ms(t["T"], recv_ns) * 1000
            self.greatest[partition] = max(self.greatest.get(partition, trade_time), trade_time)
            key = category, t["s"], t["i"]
            if key in self.seen:
                self.expected.filtered += 1
                continue
            self.seen.add(key)
            known = ("i", "s", "S", "p", "v", "T", "L", "BT", "RPI", "seq")
            extra = {k: v for k, v in t.items() if k not in known}
            trade = Trade(
                category, t["s"], t["i"], t["S"], number(t["p"]), number(t["v"]), trade_time,
                int(t["seq"]) if "seq" in t else None, t.get("L"), t.get("BT"), t.get("RPI"), frame_time,
                recv_ns // 1000, extra, index, partition,
            )
            self.expected.trades.append(trade)
            end = trade_time // MINUTE_US * MINUTE_US + MINUTE_US
            if before is not None and before - LATENESS_US >= end + GRACE_US:
                trade.late_by_ms = (before - trade_time) // 1000
                self.expected.late.append(trade)
            else:
                self.on_time.append(trade)


def read_capture(path):
    """Lines of a capture: (receive time, category, frame bytes)."""
    raw = open(path, "rb").read()
    if raw[:4] == b"\x28\xb5\x2f\xfd":
        import zstandard

        raw = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read()
    for line in raw.split(b"\n"):
        if line:
            recv_ns, category, text = line.split(b"\t", 2)
            yield int(recv_ns), category.decode(), text


EPOCH = datetime(1970, 1, 1)


def to_us(time):
    if time is None:
        return None
    assert time.tzinfo is None or time.tzinfo == timezone.utc
    return (time.replace(tzinfo=None) - EPOCH) // timedelta(microseconds=1)
