import pytest

from metadata_lake import Lake


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)
