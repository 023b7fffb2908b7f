"""spark_deletes.py FOLDER: tables that Spark, and Iceberg's Java library, delete from; prints what they read afterwards.

Runs where PySpark is (see test_ours_reads_deletes.py). The answer is JSON: a table's name -> its metadata file and the rows, as
text, of each of its snapshots that has the table's current columns.
"""
import datetime
import json
import os
import sys
from decimal import Decimal

from pyspark.sql import SparkSession

MERGE_ON_READ = {f"write.{what}.mode": "merge-on-read" for what in ("delete", "update", "merge")}
# Row groups of a few hundred rows: positions count from the file's start.
SMALL_GROUPS = {"write.parquet.row-group-size-bytes": "4096", "write.parquet.row-group-check-min-record-count": "100",
                "write.parquet.row-group-check-max-record-count": "100"}
COLUMNS = "id INT, market STRING, at TIMESTAMP_NTZ, price DECIMAL(38, 18), note STRING"


def text(value):
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        return f"{value:.18f}"
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime.datetime) else str(value)


class Spark:
    def __init__(self, folder):
        self.session = (
            SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.driver.memory", "1g")
            .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
            .config("spark.driver.extraClassPath", f"{os.environ['TRADELAKE_SPARK_JARS']}/*")
            .config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
            .config("spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog")
            .config("spark.sql.catalog.lake.type", "hadoop").config("spark.sql.catalog.lake.warehouse", f"{folder}/warehouse")
            .config("spark.sql.catalog.lake.cache-enabled", "false")
            .config("spark.sql.defaultCatalog", "lake").getOrCreate())
        self.gateway = self.session.sparkContext._gateway
        self.iceberg = self.session._jvm.org.apache.iceberg
        self.files = 0

    def sql(self, statement):
        return self.session.sql(statement).collect()

    def create(self, name, columns=COLUMNS, partitions="", version=2, **properties):
        given = {"format-version": str(version)} | (MERGE_ON_READ if version > 1 else {}) | SMALL_GROUPS | properties
        listed = ", ".join(f"'{key}' = '{value}'" for key, value in given.items())
        self.sql(f"CREATE TABLE db.{name} ({columns}) USING iceberg {partitions} TBLPROPERTIES ({listed})")

    def insert(self, name, first, count):
        """Rows of two hours and three markets, in one file a partition."""
        self.sql(f"""
            INSERT INTO db.{name} SELECT /*+ REPARTITION(1) */ CAST(id AS INT), element_at(array('a', 'b', NULL), CAST(id % 3 + 1 AS INT)),
              TIMESTAMP_NTZ '2024-08-08 00:00:00' + make_interval(0, 0, 0, 0, CAST(id % 2 AS INT), 0, id % 3600),
              CAST(id + 1 AS DECIMAL(38, 18)) / 1000, IF(id % 5 = 0, NULL, concat('note ', id % 7))
            FROM range({first}, {first + count})""")

    def java_table(self, name):
        return self.iceberg.spark.Spark3Util.loadIcebergTable(self.session._jsparkSession, f"lake.db.{name}")

    def delete_equal(self, name, columns, rows, spec_id=None, partition=()):
        """An equality delete file, as Flink writes them, by Iceberg's own writer."""
        table = self.java_table(name)
        schema = self.selected(table, columns)
        ids = self.gateway.new_array(self.gateway.jvm.int, len(columns))
        for at, column in enumerate(columns):
            ids[at] = table.schema().findField(column).fieldId()
        spec = table.spec() if spec_id is None else table.specs()[spec_id]
        key = None
        if partition:
            key = self.iceberg.PartitionData(spec.partitionType())
            for at, value in enumerate(partition):
                key.set(at, value)
        writers = self.iceberg.data.GenericFileWriterFactory.Builder(table).equalityFieldIds(ids) \
            .equalityDeleteRowSchema(schema).deleteFileFormat(self.iceberg.FileFormat.PARQUET).build()
        self.files += 1
        target = table.io().newOutputFile(f"{table.location()}/data/equality-{self.files}.parquet")
        writer = writers.newEqualityDeleteWriter(self.iceberg.encryption.EncryptedFiles.plainAsEncryptedOutput(target), spec, key)
        for row in rows:
            record = self.iceberg.data.GenericRecord.create(schema)
            for column, value in zip(columns, row, strict=True):
                record.setField(column, value)
            writer.write(record)
        writer.close()
        table.newRowDelta().addDeletes(writer.toDeleteFile()).commit()

    def selected(self, table, columns):
        names = self.gateway.jvm.java.util.ArrayList()
        for column in columns:
            names.add(column)
        return table.schema().select(names)

    def answer(self, name):
        table = self.java_table(name)
        snapshots = [s for s in table.snapshots() if s.schemaId() == table.schema().schemaId()]
        rows = {}
        for snapshot in snapshots:
            found = self.sql(f"SELECT * FROM db.{name} VERSION AS OF {snapshot.snapshotId()}")
            rows[str(snapshot.snapshotId())] = sorted([text(value) for value in row] for row in found)
        return {"metadata": table.operations().current().metadataFileLocation(), "rows": rows,
                "summary": dict(table.currentSnapshot().summary())}


def position_deletes(spark, name, **how):
    spark.create(name, **how)
    for first in (0, 2_000, 4_000):
        spark.insert(name, first, 2_000)
    spark.sql(f"DELETE FROM db.{name} WHERE id % 100 = 7")
    spark.sql(f"DELETE FROM db.{name} WHERE id BETWEEN 1500 AND 2500 AND market = 'a'")
    spark.sql(f"UPDATE db.{name} SET note = 'changed', price = price + 1 WHERE id % 50 = 3")
    spark.insert(name, 6_000, 500)
    spark.sql(f"""
        MERGE INTO db.{name} t USING (SELECT CAST(id AS INT) AS id FROM range(5900, 6600, 25)) s ON t.id = s.id
        WHEN MATCHED AND s.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET note = 'merged'
        WHEN NOT MATCHED THEN INSERT (id, market, at) VALUES (s.id, 'm', TIMESTAMP_NTZ '2024-08-08 01:00:00')""")
    spark.sql(f"DELETE FROM db.{name} WHERE market IS NULL AND id < 300")


def equality_deletes(spark):
    spark.create("equal")
    spark.insert("equal", 0, 900)
    spark.delete_equal("equal", ["id"], [[i] for i in range(0, 900, 11)])
    spark.insert("equal", 0, 100)  # again: what is deleted comes back
    spark.delete_equal("equal", ["market", "note"], [["a", None], [None, "note 3"], [None, None]])
    spark.sql("DELETE FROM db.equal WHERE id % 10 = 9")
    spark.sql("ALTER TABLE db.equal RENAME COLUMN note TO remark")
    spark.sql("ALTER TABLE db.equal ALTER COLUMN id TYPE BIGINT")
    spark.sql("ALTER TABLE db.equal ADD COLUMN late STRING")
    spark.sql("INSERT INTO db.equal VALUES (7, 'b', NULL, 1, 'x', 'y'), (8, 'b', NULL, 1, 'x', NULL)")
    spark.delete_equal("equal", ["remark", "late"], [["note 1", None], ["x", "y"]])
    spark.sql("UPDATE db.equal SET remark = 'last' WHERE id = 8")


def dropped_column(spark):
    spark.create("dropped")
    spark.insert("dropped", 0, 400)
    spark.delete_equal("dropped", ["note"], [["note 2"], [None]])
    spark.sql("ALTER TABLE db.dropped DROP COLUMN note")
    # Not of the same name: Iceberg's Java reader takes the two for one and fails.
    spark.sql("ALTER TABLE db.dropped ADD COLUMN other INT")
    spark.sql("INSERT INTO db.dropped VALUES (1000, 'a', NULL, 1, 5)")


def partitions(spark):
    spark.create("evolved")
    spark.insert("evolved", 0, 300)
    spark.sql("ALTER TABLE db.evolved ADD PARTITION FIELD market")
    spark.insert("evolved", 300, 300)
    spark.delete_equal("evolved", ["note"], [["note 4"]], partition=["a"])  # of this partition alone
    spark.delete_equal("evolved", ["id"], [[i] for i in range(0, 600, 13)], spec_id=0)  # of all
    spark.sql("DELETE FROM db.evolved WHERE id % 17 = 5")  # in files of both specs
    spark.insert("evolved", 0, 30)


def main(folder):
    spark = Spark(folder)
    spark.sql("CREATE NAMESPACE db")
    position_deletes(spark, "hours", partitions="PARTITIONED BY (hours(at))", **{"write.delete.granularity": "partition"})
    position_deletes(spark, "plain", **{"write.delete.granularity": "file"})
    equality_deletes(spark)
    dropped_column(spark)
    partitions(spark)
    for version in (1, 3):
        spark.create(f"v{version}", version=version)
        spark.insert(f"v{version}", 0, 10)
        spark.sql(f"DELETE FROM db.v{version} WHERE id = 3")
    names = ("hours", "plain", "equal", "dropped", "evolved", "v1", "v3")
    with open(f"{folder}/answers.json", "w") as file:
        json.dump({name: spark.answer(name) for name in names}, file)
    spark.session.stop()


if __name__ == "__main__":
    main(sys.argv[1])
