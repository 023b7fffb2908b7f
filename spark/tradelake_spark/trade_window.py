"""The trades of minutes that are open or within grace, each once: what candles are made of again when more of their trades come.

On the workers' memory and disks, as parts that are joined now and then; rebuilt from the log at each start. A trade is here for as
long as its minute is in the book, so a repeat is told from the first of its id by looking here.
"""

from pyspark.sql import DataFrame, Window, functions as f

from .candle_records import COUNTED

ID = ["category", "symbol", "trade_id"]
MINUTE = ["category", "symbol", "open_time"]
PLACE = ["_topic", "_topic_partition", "_offset", "_index"]
MOST_PARTS = 8


class Kept:
    """Rows as they are now, on the workers, without how they came about; of the session, whichever they were of."""

    def __init__(self, session, rows):
        plan = rows.localCheckpoint()._jdf.queryExecution().logical()
        self.rdd = plan.rdd()
        made = session._jsparkSession.internalCreateDataFrame(self.rdd, rows._jdf.schema(), False)
        self.rows = DataFrame(made, session)

    def free(self):
        self.rdd.unpersist(False)


def quiet(session):
    """Rows that are kept without how they came about are freed as a matter of course: Spark would warn of each."""
    logging = session._jvm.org.apache.logging.log4j
    logging.core.config.Configurator.setLevel("org.apache.spark.rdd.MapPartitionsRDD", logging.Level.ERROR)


def keys_frame(session, keys, columns="", values=()):
    """Candles' keys, by (category, symbol, open time in us), and more columns of each; small enough for every worker."""
    rows = [(*key, *more) for key, more in zip(keys, values or [()] * len(keys), strict=True)]
    made = session.createDataFrame(rows, f"category STRING, symbol STRING, open_us BIGINT{columns and ', '}{columns}")
    return f.broadcast(made.withColumn("open_time", f.expr("CAST(timestamp_micros(open_us) AS TIMESTAMP_NTZ)")).drop("open_us"))


class TradeWindow:
    def __init__(self, session):
        self.session, self.parts = session, []

    def rows(self):
        """None if there are none."""
        joined = None
        for part in self.parts:
            joined = part.rows if joined is None else joined.unionAll(part.rows)
        return joined

    def fresh(self, trades):
        """One of each id, the first in the order of the log, unless it is here."""
        of_an_id = Window.partitionBy(*ID).orderBy(*PLACE)
        firsts = trades.withColumn("n", f.row_number().over(of_an_id)).where("n = 1").drop("n")
        known = self.rows()
        return firsts if known is None else firsts.join(known.select(*ID), ID, "left_anti")

    def add(self, kept):
        self.parts.append(kept)

    def of(self, keys):
        """Trades of these minutes. There are some of each."""
        return self.rows().join(keys_frame(self.session, list(keys)), MINUTE, "left_semi")

    def keep(self, keys):
        """Forgets those of other minutes, when it is worth it."""
        if not keys or len(self.parts) > MOST_PARTS:
            before, self.parts = self.parts, [Kept(self.session, self.of(keys).select(*COUNTED))] if keys else []
            for part in before:
                part.free()
