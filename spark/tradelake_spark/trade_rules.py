"""When a trade is good: the checks of docs/tables.md in their order, as src/bronze/trade_rules.cpp has them."""

import re
from decimal import Decimal

from .json_frame import Number, Raw

REQUIRED = ("i", "s", "S", "p", "v", "T")
KNOWN = frozenset((*REQUIRED, "BT", "RPI", "L", "seq"))
SIMPLE = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,18}))?")
ANY = re.compile(r"([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
INTEGER = re.compile(r"-?[0-9]+")
ONE = 10**18
FIRST_TIME_MS = 1_230_768_000_000  # 2009
FUTURE_TOLERANCE_NS = 60_000_000_000
TOO_LARGE, TOO_PRECISE = "too_large", "too_precise"


class Bad(Exception):
    """Reason and detail of the first check that failed."""


def units(text):
    """In units of 10^-18. None if the text is no decimal number, TOO_LARGE or TOO_PRECISE if it does not fit."""
    if simple := SIMPLE.fullmatch(text):
        whole, fraction = simple.groups()
        return int(whole) * ONE + (int(fraction.ljust(18, "0")) if fraction else 0)
    parts = ANY.fullmatch(text) if len(text) <= 80 else None
    if not parts:
        return None
    whole, fraction, shift = parts[1], parts[2] or "", int(parts[3] or 0)
    digits = (whole + fraction).lstrip("0")
    exponent = max(-1_000_000, min(shift, 1_000_000)) - len(fraction)
    exponent += len(digits) - len(digits := digits.rstrip("0"))
    if not digits:
        return 0
    if len(digits) + exponent > 16:
        return TOO_LARGE
    return TOO_PRECISE if exponent < -18 else int(digits) * 10 ** (exponent + 18)


def is_text(value):
    """A string or a number."""
    return isinstance(value, str) and not isinstance(value, Raw)


def is_string(value):
    return is_text(value) and not isinstance(value, Number)


def shown(value):
    """Enough to recognise it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.encode()[:100].decode(errors="ignore")


def bad(reason, field, value, allowed):
    return Bad(reason, f"{field} is {shown(value)}; allowed: {allowed}")


def name(field, value):
    allowed = "a string of 1 to 128 bytes"
    if not is_string(value):
        raise bad("wrong_type", field, value, allowed)
    if not value or len(value.encode()) > 128:
        raise bad("out_of_range", field, value, allowed)
    return value


def number(field, value):
    allowed = "a decimal number of at most 80 characters, as string or number"
    if not is_text(value):
        raise bad("wrong_type", field, value, allowed)
    amount = units(value)
    if amount is None:
        raise bad("bad_number", field, value, allowed)
    return amount


def in_range(field, value, amount):
    if not isinstance(amount, int) or amount <= 0:
        raise bad("out_of_range", field, value, "above zero, below 10^16, at most 18 fractional digits")


def time_us(value, recv_ns):
    """Microseconds, or the reason why not."""
    if not is_text(value):
        return "wrong_type"
    amount = units(value)
    if amount == TOO_LARGE:
        return "time_in_future"
    if not isinstance(amount, int) or amount % ONE or (ms := amount // ONE) < FIRST_TIME_MS:
        return "bad_time"
    return "time_in_future" if ms * 1_000_000 > recv_ns + FUTURE_TOLERANCE_NS else ms * 1000


def flag(field, trade):
    value = trade.get(field)
    if not isinstance(value, bool) and field in trade:
        raise bad("wrong_type", field, value, "true or false")
    return value


def sequence(trade):
    if "seq" not in trade:
        return None
    value = trade["seq"]
    if isinstance(value, Number) and INTEGER.fullmatch(value) and 0 <= int(value) < 2**63:
        return int(value)
    raise bad("wrong_type", "seq", value, "an integer from 0 that fits 64 bits")


def judged(trade, recv_ns):
    """(symbol, trade_id, side, price, size, trade_time in us, seq, tick_direction, block_trade, rpi) of a good trade. Raises Bad."""
    for field in REQUIRED:
        if field not in trade:
            raise Bad("missing_field", f"{field} is missing")
    trade_id, symbol = name("i", trade["i"]), name("s", trade["s"])
    side = trade["S"]
    if not is_string(side) or side not in ("Buy", "Sell"):
        raise bad("bad_side", "S", side, "Buy or Sell")
    price, size = number("p", trade["p"]), number("v", trade["v"])
    in_range("p", trade["p"], price)
    in_range("v", trade["v"], size)
    if price * size >= 10**55:
        raise Bad("out_of_range", f"p x v is {trade['p']} x {trade['v']}; allowed: below 10^19")
    at = time_us(trade["T"], recv_ns)
    if isinstance(at, str):
        raise bad(at, "T", trade["T"], "whole milliseconds from 2009 to 60 s after the frame was received")
    block_trade, rpi = flag("BT", trade), flag("RPI", trade)
    direction = trade.get("L")
    if not is_string(direction) and "L" in trade:
        raise bad("wrong_type", "L", direction, "a string")
    # The constructor is exact, whatever the context.
    return (symbol, trade_id, side, Decimal(f"{price}e-18"), Decimal(f"{size}e-18"), at, sequence(trade), direction, block_trade, rpi)
