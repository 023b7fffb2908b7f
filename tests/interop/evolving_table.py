"""A table that is changed step by step: what is done to it, and what every reader then has to find."""
import os
import subprocess

from pyiceberg.expressions import EqualTo, IsNull

from every_type import by_id, encoded
from evolution import asked_columns, new_row
from metadata_lake import BUILD


class Evolving:
    """`rows` is what the table holds, under the names that its columns have now."""

    def __init__(self, ours, theirs, name):
        self.ours, self.name = ours, name
        self.table = theirs.load_table(name)
        self.rows = []

    def schema(self):
        return self.table.refresh().schema()

    def next_row(self):
        row = new_row(self.schema(), len(self.rows))
        self.rows.append(row)
        return row

    def append(self, by_them):
        """A row of theirs, and one of ours."""
        by_them(self.schema(), [self.next_row()])
        self.ours.append(self.name, self.schema(), [self.next_row()])
        self.table.refresh()

    def change_by_command(self, step):
        done = subprocess.run([BUILD / "tradelake", "table", "alter", self.name, *step.words, *self.ours.address],
                              capture_output=True, text=True, env=os.environ | self.ours.environment)
        assert done.returncode == 0, f"{step}: {done.stderr}"

    def go_through(self, steps, by_them, change):
        """Each step, done by `change`, with rows of both before and after it. Yields once all has been found again."""
        self.append(by_them)
        self.append(by_them)
        for step in steps:
            change(step)
            self.changed(step)
            self.append(by_them)
            self.check()
            yield step

    def changed(self, step):
        self.rows[:] = map(step.rows, self.rows)

    def filters(self):
        """(column, value, ids) for the newest value of each column, and for null."""
        for field in asked_columns(self.schema()):
            value = next(row[field.name] for row in self.rows[::-1] if row[field.name] is not None)
            for wanted in (value, None):
                yield field, wanted, [row["id"] for row in self.rows if row[field.name] == wanted]

    def check(self):
        """All rows by us and by PyIceberg, and by us those of before and after a change that filters find."""
        assert by_id(self.table.scan().to_arrow().to_pylist()) == by_id(self.rows)
        assert self.ours.rows(self.name) == by_id(self.rows)
        filters = list(self.filters())
        asked = [[[field.name, "is_null"] if value is None else [field.name, "equal", encoded(field.field_type, value)]]
                 for field, value, _ in filters]
        for (field, value, ids), (_, found) in zip(filters, self.ours.select_asked(self.name, asked), strict=True):
            assert found == ids, (field.name, value)

    def check_filters_of_pyiceberg(self):
        for field, value, ids in self.filters():
            expression = IsNull(field.name) if value is None else EqualTo(field.name, value)
            scanned = self.table.scan(row_filter=expression, selected_fields=("id",)).to_arrow()["id"].to_pylist()
            assert sorted(scanned) == ids, (field.name, value)
