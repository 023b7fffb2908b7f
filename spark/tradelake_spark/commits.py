"""Commits to a pipeline's tables, each with the offsets it reaches, onto the head that this job has made or found, or not at all."""

from pyspark.sql import functions as f

from . import lineage
from .refusal import Fenced
from .table_definitions import make_missing

# What Iceberg takes from the session into the summary of a statement's snapshot.
PROPERTY = "spark.sql.iceberg.snapshot-property."


class Commits:
    def __init__(self, session, owner):
        self.session, self.owner, self.pipeline = session, owner, owner.pipeline
        make_missing(session, owner.tables)
        self.look()

    def look(self):
        self.heads = {name: lineage.head(self.session, name) for name in self.owner.tables}

    def append(self, table, rows, note):
        """Without rows (None) the head moves all the same."""
        self.commit(table, self.mover(table, note) if rows is None else self.appender(table, rows, note), note)

    def merge(self, table, rows, keys, within, note):
        """Rows whose key the table has replace those, by copy-on-write; columns of others stay as they are. `within` is a condition on
        `t` that all of them meet."""
        self.commit(table, lambda: self.merge_now(table, rows, keys, within, note), note)

    def commit(self, table, write, note):
        self.owner.check()
        if lineage.head(self.session, table).commit_id != self.heads[table].commit_id:
            raise self.fenced(table)
        write()
        self.heads[table] = lineage.head(self.session, table)
        if self.heads[table].commit_id != note[lineage.COMMIT_ID]:
            raise self.fenced(table)
        lineage.tag(self.session, table, self.pipeline)

    def mover(self, table, note):
        def write():
            append = lineage.loaded(self.session, table).newAppend()
            for key, value in note.items():
                append.set(key, value)
            append.commit()

        return write

    def appender(self, table, rows, note):
        def write():
            writer = self.fitted(table, rows).writeTo(table).option("distribution-mode", "hash").option("check-nullability", "false")
            for key, value in note.items():
                writer = writer.option(f"snapshot-property.{key}", value)
            writer.append()

        return write

    def merge_now(self, table, rows, keys, within, note):
        on = " AND ".join(f"t.{name} = r.{name}" for name in keys)
        updated = ", ".join(f"t.{name} = r.{name}" for name in rows.columns if name not in keys)
        fresh = {field.name: f"r.{field.name}" if field.name in rows.columns else "NULL" for field in self.session.table(table).schema}
        for key, value in note.items():
            self.session.conf.set(PROPERTY + key, value)
        try:
            self.session.sql(f"MERGE INTO {table} t USING {{rows}} r ON {on} AND {within} WHEN MATCHED THEN UPDATE SET {updated} "
                             f"WHEN NOT MATCHED THEN INSERT ({', '.join(fresh)}) VALUES ({', '.join(fresh.values())})", rows=rows)
        finally:
            for key in note:
                self.session.conf.unset(PROPERTY + key)

    def fitted(self, table, rows):
        """With nulls for columns that others have added."""
        for field in self.session.table(table).schema:
            if field.name not in rows.columns:
                rows = rows.withColumn(field.name, f.lit(None).cast(field.dataType))
        return rows

    def fenced(self, table):
        return Fenced(f"pipeline {self.pipeline}: another writer has moved {table}")
