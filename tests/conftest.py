"""What tests share: data, warehouses built once, and the browser."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from etl.console import Reporter
from etl.refresh import refresh
from etl.sample import BUNDLED
from warehouse.settings import Settings

ROOT = Path(__file__).parent.parent


def pytest_setup_options():
    """Chromium as the machine of a test has it: headless, perhaps root, and cut off from everything but itself."""
    from selenium.webdriver.chrome.options import Options

    options = Options()
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--window-size=1400,1000",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
    ):
        options.add_argument(flag)
    return options


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files, beside the repository or named by MALL_SHARED_DATA."""
    folder = Path(os.environ.get("MALL_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real files are not in {folder}; name their folder with MALL_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def mall_csv(shared_data: Path) -> Path:
    """The Kaggle file."""
    return shared_data / "Mall_Customers.csv"


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse directory with the bundled sample."""
    return publish(tmp_path_factory.mktemp("sample"), BUNDLED)


@pytest.fixture(scope="session")
def mall_published(tmp_path_factory: pytest.TempPathFactory, mall_csv: Path) -> Path:
    """A warehouse directory with the real file."""
    return publish(tmp_path_factory.mktemp("mall"), mall_csv)


def publish(directory: Path, customers: Path) -> Path:
    """Refresh a warehouse from a file; returns its directory."""
    refresh(Settings(warehouse=directory, customers=customers), Reporter())
    return directory


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A fresh database in memory."""
    with duckdb.connect() as connected:
        yield connected
