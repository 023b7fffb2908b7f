"""Our side of a table that others share: rows in and out by iceberg_tool (tests/iceberg/tool)."""
import json
import os
import subprocess

import pyarrow.ipc as ipc
from pyiceberg.schema import Schema

from every_type import TYPES, arrow_rows, by_id, encoded
from metadata_lake import TOOL


class Ours:
    """Tables of the catalog at an address; `environment` has what is needed to reach them."""

    def __init__(self, folder, catalog, warehouse, environment=None):
        self.folder, self.catalog, self.warehouse = folder, str(catalog), warehouse
        self.environment = os.environ | (environment or {})
        # What our program is to be told, where the environment does not say it: a data directory.
        self.address = ["--data-dir", str(folder)]
        (folder / "tmp").mkdir(exist_ok=True)

    def tool(self, *arguments, stdin=None):
        done = subprocess.run([TOOL, *arguments], input=None if stdin is None else json.dumps(stdin), capture_output=True,
                              text=True, env=self.environment, timeout=120)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def create(self, name, schema: Schema, *fields):
        """Partition fields as (source id, transform)."""
        spec = [{"source-id": source, "field-id": 1000 + at, "name": f"part_{at}", "transform": transform}
                for at, (source, transform) in enumerate(fields)]
        self.tool("create", self.catalog, self.warehouse, name,
                  stdin={"schema": schema.model_dump(mode="json"), "spec": {"spec-id": 0, "fields": spec}})

    def append(self, name, schema, rows):
        path = self.folder / "in.arrow"
        table = arrow_rows(schema, rows)
        with ipc.new_file(path, table.schema) as sink:
            sink.write_table(table)
        self.tool("append", self.catalog, name, path)

    def rows(self, name):
        path = self.folder / "out.arrow"
        self.tool("read", self.catalog, name, path)
        return by_id(ipc.open_file(path).read_all().to_pylist())

    def select_asked(self, name, filters):
        """For each filter, [[column, comparison, value in hexadecimal], ...]: how many files are planned, and the ids found."""
        found = [json.loads(line) for line in self.tool("select", self.catalog, name, stdin=filters).splitlines()]
        return [(one["files"], sorted(one["ids"])) for one in found]

    def select(self, name, kind, filters):
        """The same of the column `v` and a (comparison, value) each."""
        return self.select_asked(name, [
            [["v", comparison] + ([] if value is None else [encoded(TYPES[kind][0], value)])] for comparison, value in filters])

    def files(self, name):
        return json.loads(self.tool("select", self.catalog, name, stdin=[[]]))["files"]
