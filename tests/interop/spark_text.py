"""Types and values as Spark's SQL has them, and values that Spark gives, as ours."""
import math

from pyiceberg.types import (
    BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType, ListType, LongType, MapType,
    StringType, StructType, TimestampType, TimestamptzType, UUIDType,
)

from every_type import EPOCH, MICROSECOND


def type_text(kind):
    if isinstance(kind, StructType):
        fields = ", ".join(f"{field.name}: {type_text(field.field_type)}" for field in kind.fields)
        return f"STRUCT<{fields}>"
    if isinstance(kind, ListType):
        return f"ARRAY<{type_text(kind.element_type)}>"
    if isinstance(kind, MapType):
        return f"MAP<{type_text(kind.key_type)}, {type_text(kind.value_type)}>"
    if isinstance(kind, DecimalType):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return {BooleanType: "BOOLEAN", IntegerType: "INT", LongType: "BIGINT", FloatType: "FLOAT", DoubleType: "DOUBLE",
            DateType: "DATE", TimestampType: "TIMESTAMP_NTZ", TimestamptzType: "TIMESTAMP", StringType: "STRING",
            BinaryType: "BINARY", UUIDType: "STRING", FixedType: "BINARY"}[type(kind)]


def micros(value):
    return (value.replace(tzinfo=None) - EPOCH) // MICROSECOND


def constructed(kind, value):
    if isinstance(kind, StructType):
        return "named_struct({})".format(", ".join(
            f"'{field.name}', {literal(field.field_type, value[field.name])}" for field in kind.fields))
    if isinstance(kind, ListType):
        return "array({})".format(", ".join(literal(kind.element_type, inner) for inner in value))
    if isinstance(kind, MapType):
        return "map({})".format(", ".join(
            f"{literal(kind.key_type, key)}, {literal(kind.value_type, inner)}" for key, inner in value))
    if isinstance(kind, TimestamptzType):
        return f"timestamp_micros({micros(value)})"
    if isinstance(kind, StringType):
        return f"X'{value.encode().hex()}'"
    if isinstance(kind, (BinaryType, FixedType)):
        return f"X'{value.hex()}'"
    if isinstance(kind, (FloatType, DoubleType)):
        return "'{}'".format("NaN" if math.isnan(value) else repr(value))
    if isinstance(kind, TimestampType):
        return f"'{value.isoformat(' ')}'"
    return f"'{value}'"


def literal(kind, value):
    return f"CAST({'NULL' if value is None else constructed(kind, value)} AS {type_text(kind)})"


def from_spark(value):
    if isinstance(value, (bytearray, bytes)):
        return bytes(value)
    if isinstance(value, dict):
        return {key: from_spark(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [from_spark(inner) for inner in value]
    return value


def column(kind, name):
    """What to select so that the value comes as it is: Python's times with a zone end where Java's do not."""
    return f"unix_micros({name}) AS {name}" if isinstance(kind, TimestamptzType) else name


def as_spark(kind, value):
    """A value of ours as from_spark() gives it."""
    if value is None:
        return None
    if isinstance(kind, TimestamptzType):
        return micros(value)
    if isinstance(kind, UUIDType):
        return str(value)
    if isinstance(kind, MapType):
        return {key: as_spark(kind.value_type, inner) for key, inner in value}
    if isinstance(kind, ListType):
        return [as_spark(kind.element_type, inner) for inner in value]
    if isinstance(kind, StructType):
        return {field.name: as_spark(field.field_type, value[field.name]) for field in kind.fields}
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return value
