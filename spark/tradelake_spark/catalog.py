"""What Spark has to be told to find the lake: its catalog is called tradelake, and is the default one.

Catalogs in SQLite and warehouses in a folder are for one process at a time or one machine; Spark gets PostgreSQL and S3.
"""

from urllib.parse import urlsplit

from .configuration import WrongConfiguration, secret

CATALOG = "spark.sql.catalog.tradelake"


def settings(configuration, environment):
    """Keys and values of spark-defaults.conf, password and keys among them."""
    catalog = urlsplit(configuration["catalog"])
    if catalog.scheme not in ("postgresql", "postgres"):
        raise WrongConfiguration(f"Spark needs a catalog in PostgreSQL; TRADELAKE_CATALOG is {configuration['catalog']}")
    if not configuration["warehouse"].startswith("s3://"):
        raise WrongConfiguration(f"Spark needs a warehouse in S3; TRADELAKE_WAREHOUSE is {configuration['warehouse']}")
    of_catalog = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".type": "jdbc",
        ".uri": f"jdbc:postgresql://{catalog.hostname}:{catalog.port or 5432}{catalog.path}",
        ".jdbc.user": catalog.username,
        ".jdbc.password": secret(environment, "PGPASSWORD"),
        ".jdbc.schema-version": "V1",
        ".warehouse": configuration["warehouse"],
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".s3.path-style-access": "true",
        ".s3.access-key-id": secret(environment, "AWS_ACCESS_KEY_ID"),
        ".s3.secret-access-key": secret(environment, "AWS_SECRET_ACCESS_KEY"),
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
    } | {f"{CATALOG}{key}": value for key, value in of_catalog.items()}
