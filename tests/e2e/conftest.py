import pytest

from lake import CAPTURES


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: only in make test-all")


@pytest.fixture(scope="module")
def running_broker():
    import kafka_log

    yield kafka_log.Broker(kafka_log.started())
    kafka_log.stack("down", "kafka")


@pytest.fixture
def broker(running_broker, monkeypatch):
    """An empty log in Kafka, which every run of the test uses."""
    running_broker.empty()
    monkeypatch.setenv("TRADELAKE_LOG", running_broker.address)
    return running_broker


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


@pytest.fixture(params=["market_2024-08-08.tsv.zst", "bybit_v5_2026-08-09.tsv.zst"])
def capture(request):
    path = CAPTURES / request.param
    if not path.exists():
        pytest.skip(f"no capture {request.param} in {CAPTURES}")
    return path
