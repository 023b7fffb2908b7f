import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "iceberg"), str(TESTS / "e2e")]


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: only in make test-all")


@pytest.fixture(scope="session")
def services(tmp_path_factory):
    """A catalog in PostgreSQL and a warehouse in S3, and the environment to reach them."""
    from own_stack import OwnStack

    stack = OwnStack("interop")
    stack("up", "postgres", "versitygw")
    try:
        yield stack.values()
    finally:
        stack("down", "postgres", "versitygw")


@pytest.fixture(scope="session")
def theirs(services):
    """PyIceberg's catalog, with a namespace `t`."""
    from own_stack import with_password
    from pyiceberg.catalog.sql import SqlCatalog
    from s3 import reader_properties

    catalog = SqlCatalog("tradelake", uri=with_password(services["TRADELAKE_CATALOG"], services["PGPASSWORD"]),
                         warehouse=services["TRADELAKE_WAREHOUSE"], **reader_properties(services))
    catalog.create_namespace("t")
    return catalog


@pytest.fixture(scope="session")
def ours(services, theirs, tmp_path_factory):
    from ours import Ours

    environment = {key: value for key, value in services.items() if key != "TRADELAKE_LOG"}
    return Ours(tmp_path_factory.mktemp("ours"), services["TRADELAKE_CATALOG"], services["TRADELAKE_WAREHOUSE"], environment)


@pytest.fixture(scope="session")
def spark(services, theirs, tmp_path_factory):
    from spark_sql import Spark

    session = Spark(tmp_path_factory.mktemp("spark"), services)
    yield session
    session.stop()
