#!/usr/bin/env python3
"""For python3 or spark-submit; see tradelake_spark/candles_stream.py."""

import sys

from tradelake_spark.candles_stream import main

if __name__ == "__main__":
    sys.exit(main())
