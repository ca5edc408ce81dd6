import sys
from pathlib import Path

import pytest

from warehouse.connection import Snapshot
from warehouse.dictionary import END, RECIPES_END, RECIPES_START, START, main, markdown, recipe_table
from warehouse.recipes import recipes


@pytest.fixture
def readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with places for the recipes and the dictionary, named on the command line."""
    path = tmp_path / "README.md"
    path.write_text(f"Before\n{RECIPES_START}\n{RECIPES_END}\nbetween\n{START}\nold\n{END}\nafter\n")
    monkeypatch.setattr(sys, "argv", ["dictionary", str(path)])
    return path


def test_every_column_has_its_line(sample: Snapshot):
    """The dictionary lists every column of every relation once, with type and meaning."""
    lines = markdown(sample).splitlines()
    assert sample.value("select count(*) from duckdb_columns() where not internal") == sum(line.startswith("| `") for line in lines)
    assert "**raw.rejects**: The rows that could not be used, and why. Grain: one row per rejected row of a source." in lines
    assert (
        "| `source_line` | bigint | Line of the row in the file, from 1, the header included; in a Parquet file the row, from 1. |"
        in lines
    )
    assert any(line.startswith("**marts.score_customers(customers, of_run_id)**: The segment that any customers") for line in lines)


def test_the_section_is_rewritten(readme: Path, published: Path, sample: Snapshot, monkeypatch: pytest.MonkeyPatch):
    """What stands around the recipes and the dictionary stays; writing them twice changes nothing more."""
    monkeypatch.setenv("WAREHOUSE", str(published))
    assert [main(), main()] == [0, 0]
    written = f"{RECIPES_START}\n\n{recipe_table()}\n{RECIPES_END}\nbetween\n{START}\n\n{markdown(sample)}\n{END}"
    assert readme.read_text() == f"Before\n{written}\nafter\n"


def test_every_recipe_has_its_line():
    """In the order of the files, each with its question, its file and what it needs."""
    lines = recipe_table().splitlines()[2:]
    assert len(lines) == len(recipes())
    assert lines[11] == "| [Which segment would a new customer be in?](recipes/12_new_customer.sql) | spending |"


def test_what_can_go_wrong(readme: Path, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """No warehouse, no marks and no file are each one line and status 2, and the file is as it was."""
    before = readme.read_text()
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "none"))
    assert main() == 2
    assert readme.read_text() == before
    monkeypatch.setenv("WAREHOUSE", str(published))
    readme.write_text("no marks")
    assert main() == 2
    assert readme.read_text() == "no marks"
    readme.unlink()
    assert main() == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith("dictionary: ") for line in said] == [True] * 3
    assert "make refresh" in said[0]
    assert "marks" in said[1]
    assert str(readme) in said[2]
