"""Spark's jobs judge frames as the program does, value by value and word by word. Without Spark: the same code, run here."""

import json
import sys

import pytest

from lake import CAPTURES, ROOT, replay, rows
from oracle import read_capture, to_us
from test_hostile import EVERYTHING
from test_kill import make_capture

sys.path.insert(0, str(ROOT / "spark"))
from tradelake_spark import frames  # noqa: E402
from tradelake_spark.bronze_records import DEAD, TRADE, Partition  # noqa: E402
from tradelake_spark.log_records import Headers  # noqa: E402

NOW_NS = 1_723_161_600_000_000_000
GOOD = '{"i":"%s","s":"BTCUSDT","S":"Buy","p":"1.5","v":"2","T":1723161600000%s}'


def frame(*trades, before="", after=""):
    return ('{%s"topic":"publicTrade.BTCUSDT","ts":1723161600001,"data":[%s]%s}' % (before, ",".join(trades), after)).encode()


def with_field(field):
    """A frame with a trade that has it, and one before and after that is good."""
    with_field.count += 1
    n = with_field.count
    return frame(GOOD % (f"{n}a", ""), GOOD % (f"{n}b", "," + field), GOOD % (f"{n}c", ""))


with_field.count = 0
# Each is one frame, as text or bytes; lines of a capture cannot hold a line feed.
FRAMES = [
    *map(with_field, [
        '"x":{"a":[1, 2 ],"b":"\\ud800"}', '"x":"\\ud83d\\ude00"', '"x":"\\ud800"', '"x":"\\udc00"', '"\\ud800":1',
        '"x":"\\u00e9é"',
        '"x":1.50', '"x":-0', '"x":1E+5', '"x":true', '"x":null', '"x":[]', '"x":{}', '"x":""', '"":1', '"x":1,"x":"2"',
        '"x":[1,"x":2]',
        '"x":[1,]', '"x":{"a":1,}', '"x":01', '"x":1.', '"x":.5', '"x":+1', '"x":NaN', '"x":-Infinity', '"x":tru', '"x":nulll',
        '"x":"\t"',
        '"x":"\\x"', '"x":"\\u12g4"', '"x" 1', '"x":', 'x:1', '"x":[1 2]', '"x":"a"b', '"x":{"a":NaN}', '"x":[[[[[[[[1]]]]]]]]',
        '"x":' + "[" * 3000 + "]" * 3000, '"x":' + "[" * 3000 + "]" * 2999,
        '"\\u0070":"2.5"', '"p":"0"', '"p":"-1"', '"p":"1e400"', '"p":"1e-400"', '"p":"0.0000000000000000001"',
        '"p":"1.500000000000000000000"',
        '"p":"1e15"', '"p":"1e16"', '"p":"9999999999999999.999999999999999999"', '"p":"00000000000000000000001.50"', '"p":" 1"',
        '"p":"1 "',
        '"p":"1."', '"p":".1"', '"p":"1e"', '"p":"1e+"', '"p":"1_0"', '"p":"٣"', '"p":""', '"p":1.5', '"p":1.5e0', '"p":-1',
        '"p":true',
        '"p":null', '"p":{}', '"p":["1"]', '"p":"' + "1" * 80 + '"', '"p":"' + "0" * 80 + '1"', '"p":"1e' + "0" * 70 + '1"',
        '"v":"0"', '"v":"x"', '"v":[]', '"p":"1e10","v":"1e9"', '"p":"1e10","v":"999999999.999999999999999999"',
        '"p":"1e-10","v":"1e-9"', '"T":"1723161600000"', '"T":1723161600000.0', '"T":1.7231616e12', '"T":1723161600000.5',
        '"T":1723161660000',
        '"T":1723161660001', '"T":1230768000000', '"T":1230767999999', '"T":"x"', '"T":1e30', '"T":null', '"T":true', '"T":"-1"',
        '"T":{}',
        '"S":"buy"', '"S":1', '"S":null', '"S":[]', '"i":1', '"i":null', '"i":""', '"i":"' + "é" * 65 + '"',
        '"i":"' + "a" * 129 + '"',
        '"i":"x%d"' % 1, '"s":""', '"s":7', '"s":null', '"s":{}', '"s":"' + "x" * 128 + '"', '"s":"' + "x" * 129 + '"',
        '"BT":"true"', '"BT":null', '"BT":1', '"BT":true', '"RPI":false', '"RPI":0', '"RPI":[]', '"L":null', '"L":1', '"L":""',
        '"L":"Plus"', '"L":{}',
        '"seq":0', '"seq":-0', '"seq":-1', '"seq":1.0', '"seq":1e3', '"seq":"1"', '"seq":null', '"seq":9223372036854775807',
        '"seq":9223372036854775808', '"seq":{}', '"BT":1,"p":"x"', '"seq":-1,"L":1',
    ]),
    frame(), frame("1"), frame("null", '"x"', "[]", GOOD % ("y", "")), frame("{}"), frame(GOOD % ("z", "") + " "),
    frame(GOOD % ("w", ""), after=" "),
    frame(GOOD % ("bom", "")).join([b"\xef\xbb\xbf", b""]), b"\xef\xbb\xbf5", b"", b" ", b"5", b'"x"', b"null", b"[]", b"[1]",
    b"[1", b"{}", b"{", b'{"a"', b'{"a":',
    b'{"topic":"publicTrade.BTCUSDT"', b'"\\ud800"', b"[" * 4000 + b"]" * 4000, b"{}x", b"{} {}", b"\x00", b"{}\x00", b"nan",
    b"Infinity", b"\xff", b"\xed\xa0\x80",
    frame(GOOD % ("u1", "")).replace(b"1.5", b"\xff"), frame(GOOD % ("u2", "")).replace(b"1.5", b"\xc0\xaf"),
    b'{"topic":5}', b'{"topic":null,"data":[]}', b'{"topic":"publicTrade"}', b'{"topic":"publicTrade."}',
    b'{"topic":"publicTrade.X"}',
    b'{"topic":"publicTrade.X","data":{}}', b'{"topic":"publicTrade.X","data":null}', b'{"topic":"publicTrade.X","data":"[]"}',
    frame(GOOD % ("d1", ""), after=',"data":[]'), frame(GOOD % ("d2", ""), after=',"data":5'),
    frame(GOOD % ("d3", ""), before='"data":[{"i":1}],'),
    frame(GOOD % ("d4", ""), before='"topic":7,'), frame(GOOD % ("d5", ""), after=',"ts":"x"'),
    frame(GOOD % ("d6", ""), after=',"ts":"1723161600002"'),
    frame(GOOD % ("d7", ""), after=',"ts":{}'), frame(GOOD % ("d8", ""), after=',"ts":1723161600000.5'),
    frame(GOOD % ("d9", ""), after=',"y":"\\ud800"'),
    frame(GOOD % ("e1", ""), after=',"y":{"z":"\\ud800"}'), frame(GOOD % ("e2", ""), before='"\\ud800":1,'),
    frame(GOOD % ("e3", ""), after=","),
    frame(GOOD % ("e4", ""), after=',"y":01'), frame(GOOD % ("e5", "")) + b"x", frame(GOOD % ("e6", "") + ","),
    frame(GOOD % ("e7", "")).replace(b"topic", b"t\\u006fpic"),
    frame(GOOD % ("e8", ""), before='"op":"x",'), frame(GOOD % ("e9", '') + " " * 40),
]


def judged(lines):
    """What Spark makes of each frame: rows of both tables, repeats among them."""
    partitions = {}
    for offset, (recv_ns, category, text) in enumerate(lines):
        where = category, 0
        partition = partitions.setdefault(where, Partition(None))
        if len(text) <= 1 << 20:
            partition.take(*where, offset, text, Headers(recv_ns, category, "replay"))
    made = [row for partition in partitions.values() for row in partition.rows]
    return [row for row in made if row["kind"] == "trade"], [row for row in made if row["kind"] == "dead"]


def comparable(row, names):
    row = {name: row.get(name) for name in names if name not in ("_topic", "_topic_partition", "_offset")}
    for name in ("trade_time", "frame_time", "received_at"):
        if not isinstance(row.get(name), (int, type(None))):
            row[name] = to_us(row[name])
    if row.get("extra") is not None:
        row["extra"] = sorted(row["extra"])
    if row.get("reason") == "not_json":
        row["detail"] = row["detail"].split(":")[0]  # the parsers' own words follow
    return row


def assert_same(data_dir, lines):
    trades, dead = judged(lines)
    first = {}
    for row in trades:
        first.setdefault((row["category"], row["symbol"], row["trade_id"]), comparable(row, TRADE))
    found = {(row["category"], row["symbol"], row["trade_id"]): comparable(row, TRADE) for row in rows(data_dir, "bronze.trades")}
    assert found.keys() == first.keys()
    for key, row in found.items():
        assert first[key] == row
    order = lambda row: (row["payload"], row["received_at"], -1 if row["_index"] is None else row["_index"])
    letters = [row for row in rows(data_dir, "bronze.dead_letters") if row["reason"] != "too_large"]
    theirs = sorted((comparable(row, DEAD) for row in letters), key=order)
    ours = sorted((comparable(row, DEAD) for row in dead), key=order)
    for a, b in zip(ours, theirs):
        assert a == b
    assert len(ours) == len(theirs)


def not_control(line):
    """Those never come into the log."""
    try:
        frame = frames.json_frame.slowly(line[2].decode())
    except ValueError:
        return True
    keys = frames.json_frame.DECODER.decode(line[2].decode()) if frame is not None else {}
    return "topic" in keys or not keys.keys() & {"op", "success", "ret_msg"}


def test_each_frame_by_hand(data_dir, tmp_path):
    capture = tmp_path / "c.tsv"
    lines = [(NOW_NS + n, "linear", text) for n, text in enumerate(FRAMES)]
    for category in ("spot", "option", "inverse", "futures"):
        lines.append((NOW_NS + len(lines), category, frame(GOOD % (f"c{len(lines)}", ""))))
    contract = frame(GOOD % ("o1", "")).replace(b"publicTrade.BTCUSDT", b"publicTrade.BTC-26DEC25-1-C")
    lines.append((NOW_NS + len(lines), "option", contract))
    lines.append((NOW_NS + len(lines), "option", b'{"topic":"publicTrade.BTC"}'))
    capture.write_bytes(b"".join(b"%d\t%s\t%s\n" % (ns, category.encode(), text) for ns, category, text in lines))
    replay(data_dir, capture)
    assert_same(data_dir, lines)


@pytest.mark.parametrize("seed", range(3))
def test_every_fault(data_dir, tmp_path, seed):
    capture = make_capture(tmp_path / "c.tsv", 6_000, 200 + seed, EVERYTHING, rate=25)
    replay(data_dir, capture)
    assert_same(data_dir, list(filter(not_control, read_capture(capture))))


def test_real_captures(data_dir, capture):
    replay(data_dir, capture)
    assert_same(data_dir, list(filter(not_control, read_capture(capture))))


def test_the_samples(data_dir, tmp_path):
    if not (CAPTURES / "samples").exists():
        pytest.skip(f"no samples in {CAPTURES}")
    capture = tmp_path / "c.tsv"
    files = sorted((CAPTURES / "samples").glob("*.jsonl"))
    texts = [(file.name, text) for file in files for text in file.read_bytes().split(b"\n") if text]
    lines = [(1_830_000_000_000_000_000 + n, next((c for c in frames.CATEGORIES if c in name), "linear"), text)
             for n, (name, text) in enumerate(texts)]
    capture.write_bytes(b"".join(b"%d\t%s\t%s\n" % (ns, category.encode(), text) for ns, category, text in lines))
    replay(data_dir, capture)
    assert_same(data_dir, list(filter(not_control, lines)))


def test_of_what_retention_has_called_for_only_live_trades_are_left_out():
    hour_us = 3_600_000_000
    now = NOW_NS // 1000
    for origin, expired in (("ws", 1), ("replay", 0)):
        partition = Partition(now, expired_before=(now + 9 * hour_us, 2 * hour_us))
        for offset, back in enumerate((2, 3)):
            text = frame(GOOD % (offset, "")).replace(b'"T":1723161600000', b'"T":%d' % (1_723_161_600_000 - back * 3_600_000))
            partition.take("t", 0, offset, text, Headers(NOW_NS, "linear", origin))
        assert (partition.mark.expired, partition.mark.trades, len(partition.rows)) == (expired, 2 - expired, 2 - expired)


def test_a_frame_in_parts_holds_back_what_follows_until_it_is_whole():
    partition = Partition(None)
    part = lambda n, of=3: Headers(NOW_NS, "linear", kind="part", part=n, parts=of)
    partition.take("t", 0, 0, frame(GOOD % (1, "")), Headers(NOW_NS, "linear"))
    partition.take("t", 0, 1, b"a", part(0))
    partition.take("t", 0, 2, frame(GOOD % (2, "")), Headers(NOW_NS, "linear"))
    assert [row["trade_id"] for row in partition.ready()] == ["1"]
    told = json.loads(partition.last("t", 0)["detail"])
    assert (told["next"], told["reached"], told["trades"]) == (1, 3, 1)
    partition.take("t", 0, 3, b"b", part(1))
    partition.take("t", 0, 4, b"c", part(0, 1))  # another begins, and is whole: of the first a part is missing
    made = partition.ready()
    assert [(row["kind"], row["_offset"], row.get("payload")) for row in made] == [
        ("trade", 2, None), ("dead", 1, b"ab"), ("dead", 4, b"c")]
    assert made[1]["detail"] == "the frame is 2 bytes; allowed: 1048576; 1 parts are missing"
    assert json.loads(partition.last("t", 0)["detail"])["next"] == 5
