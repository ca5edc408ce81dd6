"""What tests share: data, warehouses built once, and the browser."""

import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from etl.console import Reporter
from etl.refresh import refresh
from etl.sample import BUNDLED
from etl.sample_results import BUNDLED_RESULTS
from etl.sample_transactions import BUNDLED_STOCK, BUNDLED_TRANSACTIONS
from tests.bought import refresh_bought
from tests.helpers import QUICK, once
from tests.moved import refresh_thrice
from warehouse.builder import add_scratch
from warehouse.connection import Snapshot, Warehouse
from warehouse.settings import Settings

ROOT = Path(__file__).parent.parent


@pytest.hookimpl(optionalhook=True)  # dash[testing] defines the hook; the other tests run without it
def pytest_setup_options():
    """Chromium as the machine of a test has it."""
    from tests.dashboard.browser import chromium_options

    return chromium_options()


@pytest.hookimpl(optionalhook=True)  # pytest-xdist defines it
def pytest_xdist_auto_num_workers() -> int:
    """Two processes more than there are processors, 8 at most: tests wait for disks, browsers and processes that they kill."""
    return min(8, len(os.sched_getaffinity(0)) + 2)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests all go to one of the processes that `make test` runs: two browsers at once would wait for each other.

    They and the tests that kill go first: at the end the other processes would wait for them.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))
    items.sort(key=lambda item: not (item.get_closest_marker("browser") or item.path.stem == "test_crash"))


@pytest.fixture(autouse=True)
def _unset_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the shell that runs the tests reaches them (make exports WAREHOUSE)."""
    for field in fields(Settings):
        monkeypatch.delenv(field.name.upper(), raising=False)


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
    path = shared_data / "Mall_Customers.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder that all processes of this test run see."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def published(shared_folder: Path) -> Path:
    """A warehouse directory with the bundled sample, to be read only."""
    return publish(shared_folder / "sample", BUNDLED)


@pytest.fixture(scope="session")
def mall_published(shared_folder: Path, mall_csv: Path) -> Path:
    """A warehouse directory with the real file, to be read only."""
    return publish(shared_folder / "mall", mall_csv)


@pytest.fixture(scope="session")
def moved_published(shared_folder: Path) -> Path:
    """A warehouse directory with three runs in which customers move, to be read only."""
    return once(shared_folder / "moved", refresh_thrice)


@pytest.fixture(scope="session")
def bundled_published(shared_folder: Path) -> Path:
    """A warehouse directory with the bundled sample and its transactions, as a refresh with nothing given makes it."""
    directory = shared_folder / "bundled"
    files = {"customers": BUNDLED, "transactions": BUNDLED_TRANSACTIONS, "stock": BUNDLED_STOCK, "results": BUNDLED_RESULTS}
    settings = Settings(warehouse=directory, **files)
    return once(directory, lambda _: refresh(settings, Reporter(Console(quiet=True))))


@pytest.fixture(scope="session")
def bought_published(shared_folder: Path) -> Path:
    """A warehouse directory with transactions, to be read only."""
    return once(shared_folder / "bought", refresh_bought)


def publish(directory: Path, customers: Path) -> Path:
    """Refresh a warehouse from a file, once for all processes of a test run; returns its directory."""
    settings = Settings(warehouse=directory, customers=customers)
    return once(directory, lambda _: refresh(settings, Reporter(Console(quiet=True))))


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A fresh database in memory, with another one to scratch in."""
    with duckdb.connect() as connected:
        add_scratch(connected)
        yield connected


@pytest.fixture(scope="session")
def sample(published: Path) -> Snapshot:
    """The warehouse of the bundled sample, opened once, to be read only; so are those below."""
    return Warehouse(published).snapshot()


@pytest.fixture(scope="session")
def mall(mall_published: Path) -> Snapshot:
    """The warehouse of the Kaggle file, open."""
    return Warehouse(mall_published).snapshot()


@pytest.fixture(scope="session")
def moved(moved_published: Path) -> Snapshot:
    """The last of the three runs in which customers move, open."""
    return Warehouse(moved_published).snapshot()


@pytest.fixture(scope="session")
def bundled(bundled_published: Path) -> Snapshot:
    """The warehouse of the bundled sample with its transactions, open."""
    return Warehouse(bundled_published).snapshot()


@pytest.fixture(scope="session")
def bought(bought_published: Path) -> Snapshot:
    """The warehouse of transactions, open."""
    return Warehouse(bought_published).snapshot()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file, text or bytes, and get its path."""

    def write(content: str | bytes, name: str = "customers.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def quick(write: Callable[..., Path]) -> Path:
    """A segmentations file for tests in which the clustering does not matter."""
    return write(QUICK, "quick.toml")
