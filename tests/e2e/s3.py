"""A warehouse in S3 for the end-to-end tests: servers of their own, and readers that know where they are."""

import os
import subprocess
import sys

from lake import ROOT

STACK = {"TRADELAKE_STACK": "e2e-s3"}


def stack(*arguments):
    done = subprocess.run([sys.executable, ROOT / "scripts/stack.py", *arguments], capture_output=True, text=True,
                          env=os.environ | STACK)
    assert done.returncode == 0, done.stdout + done.stderr


def environment():
    """What `stack.py up` left to source."""
    lines = (ROOT / "build/stack-e2e-s3.env").read_text().splitlines()
    values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    return {key: value.strip("'") for key, value in values.items()}


def reader_properties(server):
    """For PyIceberg's catalogs."""
    return {"s3.endpoint": server["AWS_ENDPOINT_URL_S3"], "s3.access-key-id": server["AWS_ACCESS_KEY_ID"],
            "s3.secret-access-key": server["AWS_SECRET_ACCESS_KEY"], "s3.region": server["AWS_REGION"],
            "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO"}


def stored_keys(server, uri):
    from pyarrow import fs

    files = fs.S3FileSystem(access_key=server["AWS_ACCESS_KEY_ID"], secret_key=server["AWS_SECRET_ACCESS_KEY"],
                            region=server["AWS_REGION"], scheme="http",
                            endpoint_override=server["AWS_ENDPOINT_URL_S3"].removeprefix("http://"))
    found = files.get_file_info(fs.FileSelector(uri.removeprefix("s3://"), recursive=True))
    return {f"s3://{info.path}" for info in found if info.is_file}
