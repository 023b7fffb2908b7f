"""The page's tests run the program as the end-to-end tests do."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: only in make test-all")
