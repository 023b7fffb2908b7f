"""A session on the lake, in UTC or not at all."""

import os

from . import catalog
from .configuration import WrongConfiguration, load

UTC = ("UTC", "Etc/UTC", "Z", "+00:00")


def opened(name, file=None):
    """The session that spark-submit has prepared, on the lake of the configuration unless Spark's own names one."""
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    # Under spark-submit the JVM runs already. Otherwise it is started here, before there is anything to tell it: what a builder
    # knows by then goes to its command line, passwords too, where everybody reads it.
    SparkContext._ensure_initialized()
    builder = SparkSession.builder.appName(name)
    given = SparkConf()
    if not given.contains(catalog.CATALOG):
        for key, value in catalog.settings(load(os.environ, file), os.environ).items():
            if not given.contains(key):
                builder = builder.config(key, value)
    return builder.getOrCreate()


def require_utc(session):
    """Elsewhere in the session times would be shown, and written as text, in another zone than the tables'."""
    zone = session.conf.get("spark.sql.session.timeZone")
    if zone not in UTC:
        raise WrongConfiguration(f"spark.sql.session.timeZone is {zone}; allowed: UTC, as the tables are")
