"""A warehouse in S3 for the end-to-end tests: servers of their own, and readers that know where they are."""

from own_stack import OwnStack

stack = OwnStack("e2e-s3")


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
