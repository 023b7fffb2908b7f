"""A column of each type with the values that writers get wrong, the transforms that each type allows, and filters over them.

A table here has two columns, `id`, a long that counts from 0, and `v`; a null comes first in every list of values.
"""
import datetime as dt
import math
import operator
import uuid
from decimal import Context, Decimal

import pyarrow as pa
from pyiceberg.conversions import to_bytes
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType, ListType, LongType, MapType,
    NestedField, StringType, StructType, TimestampType, TimestamptzType, TimeType, UUIDType,
)

UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1)
MICROSECOND = dt.timedelta(microseconds=1)
TIMES = [EPOCH - MICROSECOND, EPOCH, dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
         EPOCH - dt.timedelta(hours=1), EPOCH - dt.timedelta(hours=1, microseconds=1), dt.datetime(1968, 2, 29, 12),
         dt.datetime(2024, 8, 8, 23, 54, 15, 342000)]


def decimals(precision, scale):
    top = 10**precision - 1
    return [None, *(Decimal(f"{unscaled}E-{scale}") for unscaled in (-top, top, -1, 1, 0, -50, -51, 128, -128))]


TYPES = {
    "boolean": (BooleanType(), [None, True, False]),
    "int": (IntegerType(), [None, -2**31, 2**31 - 1, -1, 0, 1, -10, -11, 99]),
    "long": (LongType(), [None, -2**63, 2**63 - 1, -1, 0, 1, -10, -11, 2**32]),
    "float": (FloatType(), [None, -math.inf, math.inf, math.nan, -0.0, 0.0, -1.5, 2.0**-149, 3.4028234663852886e38]),
    "double": (DoubleType(), [None, -math.inf, math.inf, math.nan, -0.0, 0.0, -1.1, 5e-324, 1.7976931348623157e308]),
    "decimal_9_2": (DecimalType(9, 2), decimals(9, 2)),
    "decimal_18_4": (DecimalType(18, 4), decimals(18, 4)),
    "decimal_38_18": (DecimalType(38, 18), decimals(38, 18)),
    "date": (DateType(), [None, *sorted({time.date() for time in TIMES})]),
    "time": (TimeType(), [None, dt.time(0), dt.time(23, 59, 59, 999999), dt.time(0, 0, 0, 1), dt.time(12, 30)]),
    "timestamp": (TimestampType(), [None, *TIMES]),
    "timestamptz": (TimestamptzType(), [None, *(time.replace(tzinfo=UTC) for time in TIMES)]),
    "string": (StringType(), [None, "", "a", "abcd", "abcdefghijklmnopqrstuvwxyz", "漢字かなカナ", "\U0010ffff" * 20,
                              "\ud7ff" * 17, "é" * 17, "a/b c=%&+?#'\"\\", "\x00"]),
    "uuid": (UUIDType(), [None, *(uuid.UUID(int=number) for number in (0, 2**128 - 1, 2**127, 2**127 - 1, 2**63, 2**63 - 1))]),
    "fixed": (FixedType(3), [None, b"\x00\x00\x00", b"\xff\xff\xff", b"\x7f\xff\xff", b"\x80\x00\x00"]),
    "binary": (BinaryType(), [None, b"", b"\x00", b"\xff" * 20, b"\x7f\xff\xff", b"\x80abc", b"ab" * 20]),
}
HASHED = [name for name in TYPES if name not in ("boolean", "float", "double")]
TIMED = ("date", "timestamp", "timestamptz")
TRANSFORMS = [
    *((name, "identity") for name in TYPES),
    *((name, "bucket[5]") for name in HASHED),
    *((name, "truncate[10]") for name in ("int", "long")),
    *((name, "truncate[50]") for name in TYPES if name.startswith("decimal")),
    ("string", "truncate[3]"), ("binary", "truncate[2]"),
    *((name, transform) for name in TIMED for transform in ("year", "month", "day")),
    ("timestamp", "hour"), ("timestamptz", "hour"), ("string", "void"),
]

# Lists, maps and structs in each other; `m` is required, and so are some of what is inside.
NESTED = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "prices", ListType(10, DecimalType(38, 18), element_required=True)),
    NestedField(3, "deep", MapType(11, StringType(), 12, ListType(13, StructType(
        NestedField(14, "at", TimestampType(), required=True), NestedField(15, "note", StringType()),
        NestedField(16, "inner", StructType(NestedField(17, "day", DateType()), NestedField(18, "raw", BinaryType()))),
    ), element_required=False), value_required=False)),
    NestedField(4, "m", MapType(19, IntegerType(), 20, StructType(
        NestedField(21, "x", DoubleType(), required=True), NestedField(22, "amount", DecimalType(9, 2)),
    ), value_required=True), required=True),
    NestedField(5, "place", StructType(
        NestedField(23, "city", StringType()), NestedField(24, "zone", IntegerType(), required=True),
        NestedField(25, "tags", ListType(26, ListType(27, LongType(), element_required=False), element_required=False)),
    )),
)
_INNER = {"day": dt.date(1969, 12, 31), "raw": b"\xff\x00"}
NESTED_ROWS = [
    {"id": 0, "prices": None, "deep": None, "m": [], "place": None},
    {"id": 1, "prices": [], "deep": [], "m": [(-2**31, {"x": -0.5, "amount": None})],
     "place": {"city": None, "zone": -1, "tags": None}},
    {"id": 2, "prices": [Decimal("-0.000000000000000001"), Decimal(10**20 - 1)], "deep": [("", None), ("空", [])],
     "m": [(0, {"x": 1e300, "amount": Decimal("-9999999.99")}), (7, {"x": 0.0, "amount": Decimal("0.01")})],
     "place": {"city": "", "zone": 2**31 - 1, "tags": [None, [], [None, -2**63]]}},
    {"id": 3, "prices": [Decimal(0)], "m": [(1, {"x": 2.0, "amount": None})],
     "deep": [("k", [None, {"at": TIMES[0], "note": None, "inner": None}, {"at": TIMES[3], "note": "é", "inner": _INNER},
                     {"at": TIMES[2], "note": "", "inner": {"day": None, "raw": None}}])],
     "place": {"city": "東京", "zone": 0, "tags": [[1, 2], [3]]}},
]


def schema_of(name):
    return Schema(NestedField(1, "id", LongType(), required=True), NestedField(2, "v", TYPES[name][0]))


def values_of(name, transform):
    """The lowest integers have a truncation that wraps around to the greatest: readers but us do not find them by it."""
    values = TYPES[name][1]
    return values[:1] + values[2:] if name in ("int", "long") and transform.startswith("truncate") else values


def fits_truncated(name, value):
    """Whether what is left of a decimal after truncate[50] is one of its type: below the lowest there is none."""
    kind = TYPES[name][0]
    return int(value.scaleb(kind.scale, Context(prec=40))) // 50 * 50 > -10**kind.precision


def rows_of(name, transform, first=0):
    return [{"id": first + at, "v": value} for at, value in enumerate(values_of(name, transform))]


def arrow_type(kind):
    """Arrow's type, as our rows have it."""
    if isinstance(kind, StructType):
        return pa.struct([arrow_field(field) for field in kind.fields])
    if isinstance(kind, ListType):
        return pa.list_(pa.field("element", arrow_type(kind.element_type), not kind.element_required))
    if isinstance(kind, MapType):
        return pa.map_(arrow_type(kind.key_type), pa.field("value", arrow_type(kind.value_type), not kind.value_required))
    if isinstance(kind, DecimalType):
        return pa.decimal128(kind.precision, kind.scale)
    if isinstance(kind, FixedType):
        return pa.binary(len(kind))
    return {BooleanType: pa.bool_(), IntegerType: pa.int32(), LongType: pa.int64(), FloatType: pa.float32(),
            DoubleType: pa.float64(), DateType: pa.date32(), TimeType: pa.time64("us"), TimestampType: pa.timestamp("us"),
            TimestamptzType: pa.timestamp("us", "UTC"), StringType: pa.string(), UUIDType: pa.uuid(),
            BinaryType: pa.binary()}[type(kind)]


def arrow_field(field):
    return pa.field(field.name, arrow_type(field.field_type), not field.required)


def arrow_rows(schema, rows):
    return pa.Table.from_pylist([storable(row) for row in rows], pa.schema([arrow_field(field) for field in schema.fields]))


def storable(row):
    return {key: value.bytes if isinstance(value, uuid.UUID) else value for key, value in row.items()}


def plain(value):
    """Values that compare, whoever has read them."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def by_id(rows):
    return sorted(map(plain, rows), key=lambda row: row["id"])


def encoded(kind, value):
    """Appendix D bytes in hexadecimal."""
    if isinstance(value, dt.datetime):
        value = (value.replace(tzinfo=None) - EPOCH) // MICROSECOND
    elif isinstance(value, dt.date):
        value = (value - EPOCH.date()).days
    elif isinstance(value, dt.time):
        value = (dt.datetime.combine(EPOCH, value) - EPOCH) // MICROSECOND
    return to_bytes(kind, value).hex()


COMPARISONS = {"equal": operator.eq, "less": operator.lt, "less_equal": operator.le, "greater": operator.gt,
               "greater_equal": operator.ge}


def filters_of(name, transform):
    """(comparison, value) that find each value alone, and the ends of ranges at it."""
    values = [value for value in values_of(name, transform) if value is not None and plain(value) != "NaN"]
    found = [("is_null", None), ("not_null", None)]
    return found + [(comparison, value) for value in values for comparison in COMPARISONS
                    if name not in ("boolean", "uuid") or comparison == "equal"]


def some(filters):
    """Enough for a reader that is slow at each: where a value is, and the ends of what is below and above it."""
    return [(comparison, value) for comparison, value in filters if comparison not in ("less_equal", "greater")]


def matching(name, comparison, value, rows):
    """The ids of rows that a filter finds; NaN, like null, compares with nothing."""
    if comparison in ("is_null", "not_null"):
        return sorted(row["id"] for row in rows if (row["v"] is None) == (comparison == "is_null"))
    return sorted(row["id"] for row in rows if row["v"] is not None and COMPARISONS[comparison](row["v"], value))
