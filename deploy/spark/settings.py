#!/usr/bin/env python3
"""settings.py JARS: spark-defaults.conf for the lake that the environment names, in tradelake's own variables.

Keys and password are in what is printed: write it where only its owner may read. JARS is the folder with Iceberg and the
driver.
"""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "spark"))
from tradelake_spark.catalog import settings  # noqa: E402
from tradelake_spark.configuration import WrongConfiguration, load  # noqa: E402


def main(jars):
    lines = settings(load(os.environ), os.environ) | {
        "spark.driver.extraClassPath": f"{jars}/*", "spark.executor.extraClassPath": f"{jars}/*"}
    print("\n".join(f"{key} {value}" for key, value in lines.items()))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except WrongConfiguration as wrong:
        sys.exit(str(wrong))
