"""Whose a pipeline's tables are: Spark's only while the catalog has no progress rows of the program for them, one job's at a time.

One job: by a lock in PostgreSQL that ends with the session. The program keeps off by itself, as it finds commits in the tables that
its own records do not have. To begin with an empty lake on both sides at once is not ruled out by this.
"""

from .catalog import CATALOG
from .configuration import WrongConfiguration
from .refusal import Fenced, Refused


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
        if self.ask(f"SELECT pg_try_advisory_lock(hashtext('tradelake spark'), hashtext('{pipeline}'))") != "t":
            raise Fenced(f"pipeline {pipeline}: another job of Spark writes {' and '.join(tables)}")

    def ask(self, query):
        statement = self.connection.createStatement()
        try:
            rows = statement.executeQuery(query)
            return rows.getString(1) if rows.next() else None
        finally:
            statement.close()

    def check(self):
        """Also that the lock is still ours: without the session there is none."""
        try:
            there = self.ask("SELECT to_regclass('tradelake_progress') IS NOT NULL") == "t"
            row = there and self.ask("SELECT concat(topic, ' partition ', topic_partition, ' offset ', next_offset) FROM "
                                     f"tradelake_progress WHERE catalog_name = 'tradelake' AND pipeline = '{self.pipeline}' LIMIT 1")
        except Exception as error:
            raise Fenced(f"pipeline {self.pipeline}: the session that holds the lock in the catalog's database is gone") from error
        if row:
            raise Refused(f"pipeline {self.pipeline}: {' and '.join(self.tables)} are written by the program, whose progress "
                          f"rows are in the catalog ({row}); Spark does not take them over")
