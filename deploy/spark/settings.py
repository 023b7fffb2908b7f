#!/usr/bin/env python3
"""settings.py JARS: spark-defaults.conf for the lake that the environment names, in tradelake's own variables.

The catalog is called tradelake, and is the default one. Keys and password are in what is printed: write it where only
its owner may read. Catalogs in SQLite and warehouses in a folder are for one process at a time or one machine; Spark
gets PostgreSQL and S3. JARS is the folder with Iceberg and the driver.
"""
import os
import sys
from urllib.parse import urlsplit


def settings(environment, jars):
    catalog = urlsplit(environment["TRADELAKE_CATALOG"])
    if catalog.scheme not in ("postgresql", "postgres"):
        raise SystemExit(f"Spark needs a catalog in PostgreSQL; TRADELAKE_CATALOG is {environment['TRADELAKE_CATALOG']}")
    if not environment["TRADELAKE_WAREHOUSE"].startswith("s3://"):
        raise SystemExit(f"Spark needs a warehouse in S3; TRADELAKE_WAREHOUSE is {environment['TRADELAKE_WAREHOUSE']}")
    of_catalog = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".type": "jdbc",
        ".uri": f"jdbc:postgresql://{catalog.hostname}:{catalog.port or 5432}{catalog.path}",
        ".jdbc.user": catalog.username,
        ".jdbc.password": environment["PGPASSWORD"],
        ".jdbc.schema-version": "V1",
        ".warehouse": environment["TRADELAKE_WAREHOUSE"],
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".s3.path-style-access": "true",
        ".s3.access-key-id": environment["AWS_ACCESS_KEY_ID"],
        ".s3.secret-access-key": environment["AWS_SECRET_ACCESS_KEY"],
        ".client.region": environment.get("AWS_REGION", "us-east-1"),
        # Others commit every few seconds: each query looks anew.
        ".cache-enabled": "false",
    }
    if environment.get("AWS_ENDPOINT_URL_S3"):
        of_catalog[".s3.endpoint"] = environment["AWS_ENDPOINT_URL_S3"]
    return {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.defaultCatalog": "tradelake",
        # The tables' timestamps have no zone and are UTC.
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.extraClassPath": f"{jars}/*",
        "spark.executor.extraClassPath": f"{jars}/*",
    } | {f"spark.sql.catalog.tradelake{key}": value for key, value in of_catalog.items()}


if __name__ == "__main__":
    try:
        lines = [f"{key} {value}" for key, value in settings(os.environ, sys.argv[1]).items()]
    except KeyError as missing:
        sys.exit(f"{missing.args[0]} is not set")
    print("\n".join(lines))
