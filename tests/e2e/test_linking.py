"""The Parquet library brings its own OpenSSL and simdjson: whose functions are called is decided by the order in which
the program names its libraries."""

import re
import subprocess

from lake import BINARY


def test_our_libraries_come_before_the_one_that_brings_its_own():
    dynamic = subprocess.run(["readelf", "-d", BINARY], capture_output=True, text=True, check=True).stdout
    needed = [name.split(".")[0] for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)]
    for library in ("libssl", "libcrypto", "libsimdjson"):
        assert needed.index(library) < min(needed.index("libarrow"), needed.index("libparquet"))
