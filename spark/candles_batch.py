#!/usr/bin/env python3
"""For spark-submit; see tradelake_spark/candles_batch.py."""

import sys

from tradelake_spark.candles_batch import main

if __name__ == "__main__":
    sys.exit(main())
