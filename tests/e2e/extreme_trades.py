"""A capture of good trades at the edges of what a trade may be: digits, roundings, sums and orders that a plain * or / gets wrong."""

import json
import random
from decimal import Decimal, localcontext

BEGIN_MS = 1_723_158_000_000  # 2024-08-08T23:00Z: half of the trades are on the next day
ONE = Decimal(1)
UNIT = ONE.scaleb(-18)
TOP = Decimal("9999999999999999.999999999999999999")
MINUTE_MS = 60_000


class Capture:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.frames = []
        self.ids = 0

    def frame(self, category, symbol, trades):
        """Trades (price, size, and whatever else is not as usual), in one frame; ids count up."""
        data = []
        for price, size, *other in trades:
            self.ids += 1
            trade = {"T": BEGIN_MS, "S": "Buy", "i": f"{self.ids:05x}"} | dict(*other)
            data.append(trade | {"s": symbol, "p": f"{Decimal(price):f}", "v": f"{Decimal(size):f}"})
        topic = f"publicTrade.{'BTC' if category == 'option' else symbol}"
        self.frames.append((category, {"topic": topic, "type": "snapshot", "ts": BEGIN_MS, "data": data}))

    def amount(self, low, high):
        """Between 10^low and 10^high, with 18 fractional digits or fewer."""
        value = (Decimal(self.rng.randrange(1, 10**18)).scaleb(-18) * Decimal(10) ** self.rng.randint(low, high))
        value = value.quantize(ONE.scaleb(-self.rng.choice([18, 18, 6, 2, 0])))
        return min(max(value, UNIT), TOP)

    def random_trade(self):
        price, size = self.amount(-17, 16), self.amount(-17, 16)
        while price * size >= 10**19:
            price = max(price.scaleb(-3).quantize(UNIT), UNIT)
        return price, size, {
            "T": BEGIN_MS + self.rng.randrange(0, 120 * MINUTE_MS, self.rng.choice([1, 1000, MINUTE_MS])),
            "S": self.rng.choice(["Buy", "Sell"]), "seq": self.rng.choice([0, 1, self.rng.randrange(2**63)])}


def fill(capture, category, symbol):
    frame = capture.frame
    # Products and quotients that end exactly at a half of the last digit, or just beside it.
    frame(category, f"{symbol}HALF", [(f"{n}e-18", size) for n in (1, 3, 5, 12_345_678_901_234_567) for size in ("0.5", "1.5")])
    frame(category, f"{symbol}NEAR", [("1.0000000005", f"0.00000000{n}") for n in ("1", "100000001", "099999999")])
    frame(category, f"{symbol}TWO", [("2", f"{n}e-18") for n in (1, 2, 3)] + [("3", 1), ("3", 2), ("7", "1e-18"), ("7", 22)])
    frame(category, f"{symbol}TINY", [("1e-12", "900000000000000")] * 50 + [(UNIT, UNIT), (UNIT, TOP), (TOP, UNIT)])
    frame(category, f"{symbol}ZERO", [(UNIT, "0.4")] if category != "inverse" else [("3", UNIT)])
    # Quotients below, at and above 10^20, and one that is so only when it is rounded.
    for n, (price, size) in enumerate((("1e-18", "99.999999999999999999"), ("1e-18", "100"), ("9e-18", "899.999999999999999999"),
                                       ("7e-18", TOP), ("0.0001", TOP), ("9e-18", "899.999999999999999995"))):
        frame(category, f"{symbol}EDGE{n}", [(price, size), ("3", "1", {"S": "Sell"})])
    # Sums just below decimal(38,18)'s end, and beyond: of turnover with 11 trades, of volume with 10,001.
    for n in (10, 11):
        frame(category, f"{symbol}SUM{n}", [("999", "9999999999999999", {"S": "Sell"})] * n)
    for n in range(10):
        frame(category, f"{symbol}VOLUME", [("1e-12", TOP)] * 1_000)
    frame(category, f"{symbol}VOLUME", [("1e-12", TOP), ("1e-12", "1", {"T": BEGIN_MS + MINUTE_MS})])
    # Equal times: seq decides, then side, price, id.
    tied = [(price, "1", {"S": side, "seq": seq, "i": f"tie-{seq}-{side}-{price}-{name}"})
            for seq in (0, 5, 9) for side in ("Sell", "Buy") for price in ("10", "9", "100") for name in ("b", "a", "é")]
    capture.rng.shuffle(tied)
    frame(category, f"{symbol}TIES", tied)
    frame(category, f"{symbol}NOSEQ", [("5", "1", {"S": side, "seq": seq} if seq else {"S": side})
                                       for seq in (None, 3, None) for side in ("Sell", "Buy")])
    by_time = sorted((capture.random_trade() for _ in range(1_500)), key=lambda trade: trade[2]["T"])
    for at in range(0, len(by_time), 100):
        frame(category, symbol, by_time[at : at + 100])
    # Beyond grace, in the partition of the market: new trades are late, known ones are repeats with a row of their own.
    frame(category, symbol, [("1", "1", {"T": BEGIN_MS + 200 * MINUTE_MS})])
    frame(category, symbol, [capture.random_trade() for _ in range(40)])
    known = [trade for of, told in capture.frames if of == category for trade in told["data"] if trade["s"] == symbol]
    capture.frames.append((category, {**capture.frames[-1][1], "data": known[:60]}))


def write(path, seed=1):
    capture = Capture(seed)
    with localcontext() as context:
        context.prec = 100
        for category in ("linear", "inverse", "option"):
            fill(capture, category, "X" if category != "option" else "BTC-1")
    received_ns = (BEGIN_MS + 201 * MINUTE_MS) * 1_000_000
    with path.open("w") as out:
        for category, frame in capture.frames:
            out.write(f"{received_ns}\t{category}\t{json.dumps(frame)}\n")
    return path
