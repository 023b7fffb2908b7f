"""Changes of a table's columns and partitioning, said to Spark, to our command and to PyIceberg; and what becomes of its rows.

A value of a new row follows from its id and the column's type, so that any reader's row can be told from any other's.
"""
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Callable

from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform, HourTransform
from pyiceberg.types import (
    DecimalType, DoubleType, FloatType, IntegerType, LongType, NestedField, StringType, StructType, TimestampType,
)

EVOLVING = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "n", IntegerType()),
    NestedField(3, "f", FloatType()),
    NestedField(4, "amount", DecimalType(9, 2)),
    NestedField(5, "at", TimestampType()),
    NestedField(6, "note", StringType()),
    NestedField(7, "place", StructType(NestedField(8, "city", StringType()), NestedField(9, "zone", IntegerType()))),
)


@dataclass
class Step:
    sql: str  # after ALTER TABLE NAME
    words: list  # after tradelake table alter NAME
    api: Callable  # of PyIceberg's table
    rows: Callable = lambda row: row

    def __str__(self):
        return self.sql


def schema_change(change):
    def apply(table):
        with table.update_schema() as update:
            change(update)
    return apply


def spec_change(change):
    def apply(table):
        with table.update_spec() as update:
            change(update)
    return apply


def renamed(old, new):
    return lambda row: {new if key == old else key: value for key, value in row.items()}


def without(name):
    return lambda row: {key: value for key, value in row.items() if key != name}


def in_place(change):
    return lambda row: row | {"place": None if row["place"] is None else change(row["place"])}


def replaced_by_hour(update):
    update.remove_field("at_day")
    update.add_field("at", HourTransform(), "at_hour")


STEPS = [
    Step("ADD COLUMN added STRING", ["add-column", "added", "string"],
         schema_change(lambda update: update.add_column("added", StringType())), lambda row: row | {"added": None}),
    Step("ADD PARTITION FIELD days(at)", ["partition-by", "day(at)"],
         spec_change(lambda update: update.add_field("at", DayTransform(), "at_day"))),
    Step("RENAME COLUMN note TO remark", ["rename-column", "note", "remark"],
         schema_change(lambda update: update.rename_column("note", "remark")), renamed("note", "remark")),
    Step("ALTER COLUMN remark FIRST", ["move-column", "remark", "--first"],
         schema_change(lambda update: update.move_first("remark"))),
    Step("REPLACE PARTITION FIELD at_day WITH hours(at)", ["partition-by", "hour(at)"], spec_change(replaced_by_hour)),
    Step("DROP COLUMN n", ["drop-column", "n"], schema_change(lambda update: update.delete_column("n")), without("n")),
    Step("ADD COLUMN n INT", ["add-column", "n", "int"],
         schema_change(lambda update: update.add_column("n", IntegerType())), lambda row: row | {"n": None}),
    Step("ADD PARTITION FIELD bucket(4, added)", ["partition-by", "hour(at), bucket(4, added)"],
         spec_change(lambda update: update.add_field("added", BucketTransform(4), "added_bucket"))),
    Step("ALTER COLUMN n TYPE BIGINT", ["widen-column", "n", "long"],
         schema_change(lambda update: update.update_column("n", LongType()))),
    Step("ALTER COLUMN f TYPE DOUBLE", ["widen-column", "f", "double"],
         schema_change(lambda update: update.update_column("f", DoubleType()))),
    Step("ALTER COLUMN amount TYPE DECIMAL(20, 2)", ["widen-column", "amount", "decimal(20, 2)"],
         schema_change(lambda update: update.update_column("amount", DecimalType(20, 2)))),
    Step("ADD COLUMN place.street STRING", ["add-column", "place.street", "string"],
         schema_change(lambda update: update.add_column(("place", "street"), StringType())),
         in_place(lambda place: place | {"street": None})),
    Step("RENAME COLUMN place.city TO town", ["rename-column", "place.city", "town"],
         schema_change(lambda update: update.rename_column(("place", "city"), "town")), in_place(renamed("city", "town"))),
    Step("DROP COLUMN place.zone", ["drop-column", "place.zone"],
         schema_change(lambda update: update.delete_column(("place", "zone"))), in_place(without("zone"))),
    Step("DROP PARTITION FIELD bucket(4, added)", ["partition-by", "hour(at)"],
         spec_change(lambda update: update.remove_field("added_bucket"))),
    # Files of the spec before are in partitions of a column that is gone.
    Step("DROP COLUMN added", ["drop-column", "added"], schema_change(lambda update: update.delete_column("added")),
         without("added")),
    Step("DROP PARTITION FIELD at_hour", ["partition-by", "none"],
         spec_change(lambda update: update.remove_field("at_hour"))),
]


def value_of(kind, number):
    """Negative ones, too; every seventh is null."""
    signed = number if number % 2 else -number
    if isinstance(kind, StructType):
        return None if number % 7 == 6 else {field.name: value_of(field.field_type, number) for field in kind.fields}
    if number % 7 == 5:
        return None
    if isinstance(kind, DecimalType):
        return Decimal(signed) * (Decimal("1000000000000000.01") if kind.precision > 9 else Decimal("1.01"))
    return {IntegerType: signed, LongType: signed * 2**40, FloatType: signed / 4, DoubleType: signed / 4 + 2.0**-40,
            TimestampType: dt.datetime(1970, 1, 1) + dt.timedelta(minutes=25 * signed, microseconds=-1),
            StringType: f"é{signed}"}[type(kind)]


def new_row(schema, number):
    return {field.name: number if field.name == "id" else value_of(field.field_type, number) for field in schema.fields}


def asked_columns(schema):
    """Those that filters can compare."""
    return [field for field in schema.fields if field.name != "id" and not isinstance(field.field_type, StructType)]
