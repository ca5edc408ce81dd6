"""What tests of the analytics share: shops, and what stands in their warehouses when a test begins."""

from pathlib import Path

import duckdb
import pytest

from tests.analytics.shop import BOTH, Shop, ShopInMemory, crowd, refreshed_once


@pytest.fixture(scope="session")
def begun(shared_folder: Path) -> Path:
    """A warehouse directory with one version, of a crowd by both segmentations; to be copied or read only."""
    return refreshed_once(shared_folder / "begun_shop", (crowd(), BOTH))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """An empty one."""
    return Shop(tmp_path)


@pytest.fixture
def begun_shop(tmp_path: Path, begun: Path) -> Shop:
    """One whose first version has a crowd by both segmentations."""
    return Shop(tmp_path, begun)


@pytest.fixture
def shop_in_memory(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> ShopInMemory:
    """An empty one."""
    return ShopInMemory(connection, tmp_path)
