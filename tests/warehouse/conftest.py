"""What tests of the warehouse share beside the warehouses of all tests: open ones, and states that several tests ask."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.bought import PERSON
from tests.helpers import four, once, published_once, refreshed
from warehouse.connection import Snapshot
from warehouse.forget import forget


@pytest.fixture(scope="session")
def moved_second(moved_published: Path) -> Snapshot:
    """The second of the three runs in which customers move."""
    return Snapshot(moved_published / "v2.duckdb")


@pytest.fixture(scope="session")
def four_published(shared_folder: Path) -> Path:
    """A folder with the file of four customers and a warehouse of it in version 1, to be copied or read only."""
    return published_once(shared_folder / "four", four())


@pytest.fixture(scope="session")
def bought_without_person(shared_folder: Path, bought_published: Path) -> Path:
    """The warehouse directory of transactions after the person was erased from it, to be copied or read only."""

    def make(directory: Path) -> None:
        unfinished = directory.with_name("bought-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(bought_published, unfinished, symlinks=True)
        forget(unfinished, PERSON)
        unfinished.rename(directory)

    return once(shared_folder / "bought-without-person", make)


@pytest.fixture(scope="session")
def ten_weeks(shared_folder: Path) -> Path:
    """A warehouse directory with the transactions of ten weeks, too few to foresee anything, to be read only."""

    def make(directory: Path) -> None:
        rows = "".join(
            f"{day}-{who},{date(2024, 1, 1) + timedelta(day)},C{who},{'OLD' if day < 20 else 'P'},1,{5 + who}\n"
            for day in range(70)
            for who in range(8)
        )
        folder = directory.with_name("ten-weeks-files")
        folder.mkdir(exist_ok=True)
        (folder / "t.csv").write_text(f"invoice,date,customer_id,product,quantity,unit_price\n{rows}")
        (folder / "v.toml").write_text('[value]\nfeatures = ["monetary"]\nk = 2\n')
        refreshed(directory, None, folder / "v.toml", transactions=folder / "t.csv")

    return once(shared_folder / "ten-weeks", make)
