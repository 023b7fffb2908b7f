"""Commits to a pipeline's tables, each with the offsets it reaches, onto the head that this job has made or found, or not at all."""

from pyspark.sql import functions as f

from . import lineage
from .refusal import Fenced
from .table_definitions import make_missing


class Commits:
    def __init__(self, session, owner):
        self.session, self.owner, self.pipeline = session, owner, owner.pipeline
        owner.check()
        make_missing(session, owner.tables)
        self.heads = {name: lineage.head(session, name) for name in owner.tables}

    def append(self, table, rows, note):
        """Without rows (None) the head moves all the same."""
        self.owner.check()
        if lineage.head(self.session, table).commit_id != self.heads[table].commit_id:
            raise self.fenced(table)
        if rows is None:
            append = lineage.loaded(self.session, table).newAppend()
            for key, value in note.items():
                append.set(key, value)
            append.commit()
        else:
            writer = self.fitted(table, rows).writeTo(table).option("distribution-mode", "hash").option("check-nullability", "false")
            for key, value in note.items():
                writer = writer.option(f"snapshot-property.{key}", value)
            writer.append()
        self.heads[table] = lineage.head(self.session, table)
        if self.heads[table].commit_id != note[lineage.COMMIT_ID]:
            raise self.fenced(table)
        lineage.tag(self.session, table, self.pipeline)

    def fitted(self, table, rows):
        """With nulls for columns that others have added."""
        for field in self.session.table(table).schema:
            if field.name not in rows.columns:
                rows = rows.withColumn(field.name, f.lit(None).cast(field.dataType))
        return rows

    def fenced(self, table):
        return Fenced(f"pipeline {self.pipeline}: another writer has moved {table}")
