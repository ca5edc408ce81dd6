"""Going back and forth between kept versions, and the list of them."""

import shutil
from pathlib import Path

import pytest

from tests.helpers import QUICK
from tests.warehouse.crashing import customers, do_refresh
from warehouse.connection import Warehouse
from warehouse.kept import main as versions
from warehouse.rollback import main as rollback
from warehouse.versions import CURRENT, current, published

pytestmark = pytest.mark.xdist_group("rollback")  # the versions are made once


@pytest.fixture(scope="session")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of 20, 21 and 22 customers, and a warehouse of them in versions 1, 2 and 3, to be copied."""
    folder = tmp_path_factory.mktemp("growing")
    (folder / "quick.toml").write_text(QUICK)
    for count in (20, 21, 22):
        do_refresh(folder / "warehouse", customers(folder, count), folder / "quick.toml")
    return folder


@pytest.fixture
def warehouse(tmp_path: Path, growing: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Versions 1, 2 and 3 of 20, 21 and 22 customers, in the directory that the commands take."""
    shutil.copytree(growing, tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "warehouse"))
    return tmp_path / "warehouse"


def count(directory: Path) -> int:
    """The customers a reader sees."""
    return int(Warehouse(directory).snapshot().value("select count(*) from marts.customers"))


def test_back_and_forth(warehouse: Path, capsys: pytest.CaptureFixture[str]):
    """Without a number to the version before, at once; with one to any that is kept; each in one line that says what it holds."""
    reader = Warehouse(warehouse)
    assert reader.snapshot().version == 3
    assert rollback([]) == 0
    assert "Version 3 was left; version 2 is current: 21 customers of customers_21.csv, built " in capsys.readouterr().out
    assert (reader.snapshot().version, count(warehouse)) == (2, 21)
    assert rollback([]) == 0
    assert (reader.snapshot().version, count(warehouse)) == (1, 20)
    assert rollback([]) == 2
    assert "there is no version before 1 to return to" in capsys.readouterr().err
    assert rollback(["--version", "3"]) == 0
    assert (reader.snapshot().version, count(warehouse)) == (3, 22)
    assert rollback(["--version", "9"]) == 2
    assert "version 9 is not there to return to; there is 1, 2, and 3 is current" in capsys.readouterr().err
    assert published(warehouse) == [1, 2, 3]


def test_a_refresh_after_a_rollback(warehouse: Path, tmp_path: Path, quick: Path):
    """It gets a new number, has the history of the version it was built upon and of no other, and keeps that version."""
    assert rollback(["--version", "1"]) == 0
    do_refresh(warehouse, tmp_path / "customers_21.csv", quick)
    assert current(warehouse) == 4
    runs = Warehouse(warehouse).snapshot().columns("select distinct run_id from segments.runs order by run_id")
    assert runs == {"run_id": [1, 4]}
    assert published(warehouse) == [1, 3, 4]
    assert rollback([]) == 0
    assert current(warehouse) == 1


def test_a_damaged_version_is_passed_by(warehouse: Path, capsys: pytest.CaptureFixture[str]):
    """Back means to the newest intact one, also from a damaged one; a damaged one that is asked for is refused."""
    for number in (2, 3):
        (warehouse / f"v{number}.duckdb").chmod(0o644)
        (warehouse / f"v{number}.duckdb").write_bytes(b"no database")
    assert rollback(["--version", "2"]) == 2
    assert "v2.duckdb: is damaged" in capsys.readouterr().err
    assert rollback([]) == 0
    assert current(warehouse) == 1


def test_nothing_to_go_back_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """No directory, an empty one, and no link are one line each, and nothing is made."""
    for directory in (tmp_path / "missing", tmp_path):
        monkeypatch.setenv("WAREHOUSE", str(directory))
        assert rollback([]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line == f"rollback: {directory}: no warehouse has been published there; run `make refresh` first"
    assert not (tmp_path / "missing").exists()


def test_a_missing_link_is_set_by_number(warehouse: Path):
    """What a refresh killed before its link leaves is no loss."""
    (warehouse / CURRENT).unlink()
    assert rollback([]) == 2
    assert rollback(["--version", "3"]) == 0
    assert count(warehouse) == 22


def test_the_list_of_versions(warehouse: Path, capsys: pytest.CaptureFixture[str]):
    """Newest first: which is current, when it was built, of what, customers, runs it remembers and its size; damage is said."""
    assert rollback([]) == 0
    (warehouse / "v3.duckdb").chmod(0o644)
    (warehouse / "v3.duckdb").write_bytes(b"no database")
    capsys.readouterr()
    assert versions() == 0
    heading, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    assert heading == ["version", "built,", "UTC", "source", "customers", "runs", "size,", "MB"]
    assert rows[0] == ["3", "damaged", "–", "–", "–", "–", "0.0"]
    assert [*rows[1][:2], *rows[1][4:7]] == ["2", "current", "customers_21.csv", "21", "2"]
    assert [rows[2][0], *rows[2][3:6]] == ["1", "customers_20.csv", "20", "1"]
    (warehouse / "v2.duckdb").unlink()
    assert versions() == 0
    assert ["2", "current", "damaged"] in [line.split()[:3] for line in capsys.readouterr().out.splitlines()]


def test_no_versions_to_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """One line, status 2."""
    monkeypatch.setenv("WAREHOUSE", str(tmp_path))
    assert versions() == 2
    assert "no warehouse has been published there" in capsys.readouterr().err
