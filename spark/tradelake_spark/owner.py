"""Whose a pipeline's tables are: of one job of Spark at a time, or of the program's processes, by a lock in PostgreSQL that ends with
the session. A job holds it alone, the program's processes share it.

Beside it the catalog's record must say that the tables' own heads are the last word (hand_over.py), in a lake that the program knows.
"""

import contextlib
import json
import time

from .catalog import CATALOG
from .configuration import WrongConfiguration
from .refusal import Fenced

PATIENCE_S, EVERY_S = 20, 0.5
# In place of a commit's id in the catalog's record of a table.
SPARK = "spark"


class Owner:
    def __init__(self, session, pipeline, tables):
        uri = session.conf.get(f"{CATALOG}.uri", "")
        if not uri.startswith("jdbc:postgresql:"):
            raise WrongConfiguration(f"{CATALOG}.uri is '{uri}'; allowed: a catalog in PostgreSQL")
        self.pipeline, self.tables = pipeline, tables
        properties = session._jvm.java.util.Properties()
        for name in ("user", "password"):
            properties.put(name, session.conf.get(f"{CATALOG}.jdbc.{name}"))
        properties.put("ApplicationName", f"tradelake spark {pipeline}")
        self.connection = session._jvm.org.postgresql.Driver().connect(uri, properties)
        self.lock()

    def lock(self):
        deadline = time.monotonic() + PATIENCE_S
        while self.ask("SELECT pg_try_advisory_lock(hashtext('tradelake spark'), hashtext(?))::text", self.pipeline) != "true":
            if time.monotonic() >= deadline:
                raise Fenced(f"pipeline {self.pipeline}: another writer, the program or another job of Spark, writes "
                             f"{' and '.join(self.tables)}; waited {PATIENCE_S} s for its end")
            time.sleep(EVERY_S)

    def ask(self, statement, *values):
        """The first value of its first row; None where there is none."""
        prepared = self.connection.prepareStatement(statement)
        try:
            for at, value in enumerate(values, 1):
                prepared.setString(at, value)
            if not prepared.execute():
                return None
            rows = prepared.getResultSet()
            return rows.getString(1) if rows.next() else None
        finally:
            prepared.close()

    @contextlib.contextmanager
    def transaction(self):
        self.connection.setAutoCommit(False)
        try:
            yield
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise
        finally:
            self.connection.setAutoCommit(True)

    def recorded(self):
        """{table: the last commit to it, as the catalog says}; None where the program has not opened the catalog yet."""
        if self.ask("SELECT to_regclass('tradelake_table_commits')::text") is None:
            return None
        return json.loads(self.ask("SELECT coalesce(json_object_agg(table_namespace || '.' || table_name, commit_id), '{}')::text FROM "
                                   "tradelake_table_commits WHERE catalog_name = 'tradelake' AND pipeline = ?", self.pipeline))

    def progress(self):
        """The program's progress rows, each as a dict. `lost_until_us` is missing in a lake of old."""
        return json.loads(self.ask("SELECT coalesce(json_agg(p), '[]')::text FROM tradelake_progress p "
                                   "WHERE catalog_name = 'tradelake' AND pipeline = ?", self.pipeline))

    def check(self):
        """That the tables are ours still. Without the session there is no lock."""
        try:
            recorded = self.recorded()
            others = {} if recorded is None else {table: recorded.get(table) for table in self.tables if recorded.get(table) != SPARK}
            # Whoever has opened the catalog made these tables, but has written nothing.
            theirs = others and (any(others.values()) or self.progress())
        except Exception as error:
            raise Fenced(f"pipeline {self.pipeline}: the session that holds the lock in the catalog's database is gone") from error
        if theirs:
            table, commit_id = next(iter(others.items()))
            raise Fenced(f"pipeline {self.pipeline}: the program has taken {' and '.join(self.tables)} back; the catalog's record of "
                         f"{table} says {commit_id or 'nothing'}")
