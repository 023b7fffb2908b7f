"""A frame to trades and bad trades, or to one bad frame: as src/bronze/frame_parser.cpp, but for the words about what is not JSON."""

from dataclasses import dataclass, field

from . import json_frame
from .json_frame import NotJson, Raw
from .trade_rules import KNOWN, Bad, is_string, is_text, judged, time_us

CATEGORIES = ("spot", "linear", "inverse", "option")
PREFIX = "publicTrade."


@dataclass
class Letter:
    """A dead letter. `index` is None where the whole frame is bad."""

    reason: str
    detail: str
    symbol: str | None
    index: int | None
    payload: bytes


@dataclass
class Frame:
    frame_time: int | None = None
    trades: list = field(default_factory=list)  # (index, what judged() gives, extra or None)
    letters: list = field(default_factory=list)


def parsed(payload, category, recv_ns):
    """Of a frame of another stream: no trades, no letters."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return rejected(payload, "not_utf8", "the frame is not UTF-8")
    frame = json_frame.quickly(text)
    slow = frame is None
    if slow:
        try:
            frame = json_frame.slowly(text)
        except NotJson as error:
            return rejected(payload, "not_json", f"the frame is not JSON: {error}")
    refusal = envelope(frame, category)
    if refusal is not None:
        return rejected(payload, *refusal) if refusal else Frame()
    if not slow:
        result = trades_of(frame, recv_ns)
        if result:
            return result
        # There is a bad trade, or a nested value: their texts are needed.
        frame = json_frame.slowly(text)
    return judged_one_by_one(frame, recv_ns, text)


def rejected(payload, reason, detail, symbol=None):
    return Frame(letters=[Letter(reason, detail, symbol or None, None, payload)])


def envelope(frame, category):
    """Why the frame as a whole is bad: reason, detail, symbol. Empty: it is of another stream. None: it is good."""
    topic = frame.get("topic") if isinstance(frame, dict) else None
    if not is_string(topic):
        return "no_topic", "the frame has no topic string"
    if not topic.startswith(PREFIX) or topic == PREFIX:
        if topic.split(".", 1)[0] == "publicTrade":
            return "unroutable", f"topic {topic} names no market"
        return ()
    market = topic[len(PREFIX):]
    if category not in CATEGORIES:
        return "category_mismatch", f"category {category} is not one of spot, linear, inverse, option", market
    option = category == "option"
    if option and "-" in market:
        return "category_mismatch", f"option topic {topic} names a contract, not a base coin", market
    if not isinstance(frame.get("data"), list):
        return "no_data", "the frame has no data array", None if option else market
    return None


def frame_time(frame, recv_ns):
    at = time_us(frame.get("ts"), recv_ns)
    return at if isinstance(at, int) else None


def trades_of(frame, recv_ns):
    """None if it takes more than quickly() knows."""
    result = Frame(frame_time(frame, recv_ns))
    for index, trade in enumerate(frame["data"]):
        if not isinstance(trade, dict):
            return None
        try:
            values = judged(trade, recv_ns)
            extra = extra_of(trade)
        except (Bad, AttributeError):
            return None
        result.trades.append((index, values, extra))
    return result


def extra_of(trade):
    """What this version does not know; None if there is nothing."""
    if trade.keys() <= KNOWN:
        return None
    return {key: extra_text(value) for key, value in trade.items() if key not in KNOWN}


def extra_text(value):
    """A string's own text, anything else as its raw JSON text."""
    if is_text(value) or isinstance(value, Raw):
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    raise AttributeError("the text of a nested value is not known")


def judged_one_by_one(frame, recv_ns, text):
    result = Frame(frame_time(frame, recv_ns))
    for index, (trade, start, end) in enumerate(frame["data"]):
        try:
            if not isinstance(trade, dict):
                raise Bad("wrong_type", "the element of data is not an object")
            result.trades.append((index, judged(trade, recv_ns), extra_of(trade)))
        except Bad as why:
            symbol = trade.get("s") if isinstance(trade, dict) else None
            result.letters.append(Letter(*why.args, symbol if symbol and is_string(symbol) else None, index,
                                         text[start:end].encode()))
    return result
