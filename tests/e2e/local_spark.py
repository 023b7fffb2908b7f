"""Spark on tables that their pointers name, without servers: the catalog is a folder."""

import shutil
import sys

from lake import ROOT
from spark_sql import Spark

CATALOG = "spark.sql.catalog.tradelake"


class LocalSpark(Spark):
    def __init__(self, folder):
        self.warehouse = folder.resolve() / "warehouse"
        super().__init__(folder, {})

    def configure(self, folder, environment):
        sys.path.insert(0, str(ROOT / "scripts"))
        from stack_spark import spark, variables

        home = spark()
        lines = {
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.defaultCatalog": "tradelake",
            CATALOG: "org.apache.iceberg.spark.SparkCatalog",
            f"{CATALOG}.type": "hadoop",
            f"{CATALOG}.warehouse": f"file://{self.warehouse}",
            f"{CATALOG}.cache-enabled": "false",
            "spark.driver.extraClassPath": f"{home / 'jars'}/*",
        }
        folder.mkdir(parents=True)
        (folder / "spark-defaults.conf").write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
        return variables(home, folder)

    def register(self, pointers):
        """These tables, in place of any of the same names; the files stay as they are."""
        for name, pointer in pointers.items():
            metadata = self.warehouse.joinpath(*name.split("."), "metadata")
            shutil.rmtree(metadata, ignore_errors=True)
            metadata.mkdir(parents=True)
            shutil.copy(pointer.removeprefix("file://"), metadata / "v1.metadata.json")
            (metadata / "version-hint.text").write_text("1")
