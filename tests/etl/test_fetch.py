import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import etl.fetch
from etl.fetch import SHA256, fetch, main
from warehouse.errors import InputError


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for kagglehub, and the folder it downloads to; no network takes part."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=lambda _: str(folder)))
    return folder


def test_the_file_is_fetched_and_verified(kaggle: Path, mall_csv: Path, tmp_path: Path):
    """The published file is copied to where a refresh looks for it; a second time it is only verified."""
    (kaggle / "Mall_Customers.csv").write_bytes(mall_csv.read_bytes())
    target = tmp_path / "data" / "Mall_Customers.csv"
    fetch(target)
    assert target.read_bytes() == mall_csv.read_bytes()
    (kaggle / "Mall_Customers.csv").unlink()
    fetch(target)


def test_another_file_is_refused(kaggle: Path, tmp_path: Path):
    """A download with other bytes is not taken, and one that is there is not trusted."""
    (kaggle / "Mall_Customers.csv").write_text("other")
    target = tmp_path / "data" / "Mall_Customers.csv"
    with pytest.raises(InputError, match=f"is not the published file: .* not {SHA256}"):
        fetch(target)
    assert not target.exists()
    target.parent.mkdir()
    target.write_text("changed")
    with pytest.raises(InputError, match=f"{target}: is not the published file"):
        fetch(target)


def test_a_dataset_without_the_file(kaggle: Path, tmp_path: Path):
    """The error says what to do by hand."""
    with pytest.raises(InputError, match=r"no longer holds Mall_Customers.csv; download .* by hand"):
        fetch(tmp_path / "Mall_Customers.csv")


def test_no_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Whatever kagglehub raises ends with status 2 and a line that says what to do; nothing is written."""

    def fail(name: str) -> str:
        raise ConnectionError("no route")

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=fail))
    monkeypatch.chdir(tmp_path)
    assert main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("data: the Kaggle file could not be fetched (ConnectionError); download ")
    assert list(tmp_path.iterdir()) == []


def test_success_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Status 0 and the file."""
    monkeypatch.setattr(etl.fetch, "fetch", lambda: None)
    assert main() == 0
    assert capsys.readouterr().out == "data/Mall_Customers.csv: verified, as published on Kaggle\n"
