"""A lake of tables made by iceberg_tool (tests/iceberg/tool): our metadata layer without our pipelines.

TRADELAKE_BUILD names the build folder, build/release unless set.
"""
import datetime as dt
import json
import os
import pathlib
import subprocess
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.conversions import to_bytes
from pyiceberg.types import DecimalType, IntegerType, TimestampType

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TRADELAKE_BUILD", "build/release")
TOOL = BUILD / "tests/iceberg/tool/iceberg_tool"

SCHEMA = {
    "type": "struct",
    "schema-id": 0,
    "fields": [
        {"id": 1, "name": "symbol", "required": True, "type": "string", "doc": "market"},
        {"id": 2, "name": "price", "required": True, "type": "decimal(38, 18)"},
        {"id": 3, "name": "trade_time", "required": True, "type": "timestamp"},
        {"id": 4, "name": "seq", "required": False, "type": "long"},
        {
            "id": 5,
            "name": "extra",
            "required": False,
            "type": {
                "type": "map",
                "key-id": 6,
                "key": "string",
                "value-id": 7,
                "value-required": False,
                "value": "string",
            },
        },
    ],
}
SPEC = {
    "spec-id": 0,
    "fields": [{"name": "trade_time_hour", "transform": "hour", "source-id": 3, "field-id": 1000}],
}
EPOCH = dt.datetime(1970, 1, 1)


def tool(*args, stdin=None):
    done = subprocess.run(
        [TOOL, *map(str, args)],
        input=None if stdin is None else json.dumps(stdin),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Lake:
    def __init__(self, folder):
        self.folder = folder
        self.database = folder / "catalog.db"
        self.warehouse = f"file://{folder}/warehouse"
        self.files = 0

    def catalog(self):
        return SqlCatalog("tradelake", uri=f"sqlite:///{self.database}", warehouse=self.warehouse)

    def create(self, name, schema=SCHEMA, spec=SPEC, properties=None):
        tool("create", self.database, self.warehouse, name,
             stdin={"schema": schema, "spec": spec, "properties": properties or {}})

    def commit(self, name, *steps):
        tool("commit", self.database, name, stdin=steps)

    def dump(self, name):
        return json.loads(tool("dump", self.database, name))

    def parquet(self, rows, table="trades"):
        """A Parquet file with field ids and its description for the tool."""
        def field(name, type_, id_, nullable=True):
            return pa.field(name, type_, nullable, {"PARQUET:field_id": str(id_)})

        schema = pa.schema([
            field("symbol", pa.string(), 1, False),
            field("price", pa.decimal128(38, 18), 2, False),
            field("trade_time", pa.timestamp("us"), 3, False),
            field("seq", pa.int64(), 4),
            field("extra", pa.map_(field("key", pa.string(), 6, False), field("value", pa.string(), 7)), 5),
        ])
        self.files += 1
        path = self.folder / f"warehouse/bronze/{table}/data/{self.files}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
        hour = (rows[0]["trade_time"] - EPOCH) // dt.timedelta(hours=1)
        prices = [row["price"] for row in rows]
        times = [(row["trade_time"] - EPOCH) // dt.timedelta(microseconds=1) for row in rows]
        return {
            "path": f"file://{path}",
            "record_count": len(rows),
            "size_bytes": path.stat().st_size,
            "partition": [to_bytes(IntegerType(), hour).hex()],
            "value_counts": {"1": len(rows), "2": len(rows), "3": len(rows)},
            "null_value_counts": {"1": 0, "2": 0, "3": 0},
            "lower_bounds": {
                "2": to_bytes(DecimalType(38, 18), min(prices)).hex(),
                "3": to_bytes(TimestampType(), min(times)).hex(),
            },
            "upper_bounds": {
                "2": to_bytes(DecimalType(38, 18), max(prices)).hex(),
                "3": to_bytes(TimestampType(), max(times)).hex(),
            },
            "split_offsets": [4],
        }


def trades(first, count, hour=0):
    start = dt.datetime(2024, 8, 8, hour)
    return [
        {
            "symbol": "BTCUSDT",
            "price": Decimal(i) + Decimal("0.000000000000000001"),
            "trade_time": start + dt.timedelta(seconds=i % 3600),
            "seq": i,
            "extra": [("k", str(i))] if i % 2 else None,
        }
        for i in range(first, first + count)
    ]


def rows_of(table, **scan):
    rows = table.scan(**scan).to_arrow().to_pylist()
    return sorted(rows, key=lambda row: row["seq"])
