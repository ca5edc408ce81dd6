"""Recipes are written as they should be, run wherever their needs are met, and say what a warehouse lacks."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse import recipes as module
from warehouse.connection import Snapshot
from warehouse.errors import BuildError
from warehouse.recipes import FOLDER, NEEDS, Recipe, missing, parse, recipes

RECIPES = recipes()
FILES = sorted(FOLDER.glob("*.sql"))
CLIENT = Path(sys.executable).with_name("duckdb")
every = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)


def full(recipe: Recipe, bundled: Snapshot, moved_second: Snapshot) -> Snapshot:
    """A warehouse that has all that the recipe needs."""
    return moved_second if "two runs" in recipe.needs else bundled


def test_there_are_recipes_in_the_order_of_their_files():
    """Their numbers go up by one, and no two have the same name."""
    assert [path.stem for path in FILES] == [f"{number:02}_{recipe.name}" for number, recipe in enumerate(RECIPES, 1)]
    assert len({recipe.name for recipe in RECIPES}) == len({recipe.question for recipe in RECIPES}) == len(RECIPES) >= 20


@every
def test_a_recipe_answers(recipe: Recipe, bundled: Snapshot, moved_second: Snapshot):
    """Where nothing is missing it has rows, no two columns of one name, and segments by their names."""
    db = full(recipe, bundled, moved_second)
    assert missing(db, recipe) == []
    names, chunks = db.chunks(recipe.sql, 10)
    assert next(chunks)
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.endswith("segment_id")]


@every
def test_a_recipe_is_one_select(recipe: Recipe):
    """Nothing that writes, nothing after it, and nothing to be filled in."""
    (statement,) = duckdb.extract_statements(recipe.sql)
    assert statement.type == duckdb.StatementType.SELECT
    assert not statement.named_parameters
    assert re.search(r"^order by ", recipe.sql, flags=re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_looks_like_the_others(path: Path):
    """Short lines without stray spaces, keywords in lower case, every step of `with` closed on a line of its own."""
    text = path.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 132
    assert text == re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip() + "\n"
    sql = re.sub(r"--.*|'[^']*'", "", text)
    assert sql == sql.lower()
    assert "\n\n\n" not in text
    assert len(re.findall(r"^(?:with )?[a-z_]+ as \($", sql, flags=re.MULTILINE)) == len(
        re.findall(r"^\),?$", sql, flags=re.MULTILINE)
    )
    assert all(not indent % 4 for indent in map(len, re.findall(r"^( *)\S", sql, flags=re.MULTILINE)))


@every
def test_what_a_plain_file_of_customers_lacks(recipe: Recipe, sample: Snapshot):
    """One run of one file of customers lacks all that comes from elsewhere, and every recipe runs there all the same."""
    assert missing(sample, recipe) == [need for need in recipe.needs if need not in ("category", "age", "spending")]
    sample.rows(recipe.sql)


@every
def test_a_recipe_runs_where_columns_are_others(recipe: Recipe, bought: Snapshot, moved: Snapshot):
    """Without a customers file, or with segmentations of one's own, it runs or something is missing."""
    for db in (bought, moved):
        if not missing(db, recipe):
            db.rows(recipe.sql)


def test_every_need_is_lacking_somewhere(sample: Snapshot, bought: Snapshot):
    """Each is known to be met (all recipes answer) and known to be lacking, and some recipe has it."""
    assert {need for recipe in RECIPES for need in recipe.needs} == set(NEEDS)
    assert {need for db in (sample, bought) for recipe in RECIPES for need in missing(db, recipe)} == set(NEEDS)


def test_needs_are_asked_once(published: Path, monkeypatch: pytest.MonkeyPatch):
    """A version never changes, so that a page may ask of every recipe what is missing."""
    asked = []
    met = module._met
    monkeypatch.setattr(module, "_met", lambda db: asked.append(db) or met(db))
    db = Snapshot(published / "v1.duckdb")
    for recipe in RECIPES:
        missing(db, recipe)
    assert asked == [db]


@pytest.mark.skipif(not CLIENT.exists(), reason="the duckdb client is not installed beside Python")
def test_the_older_client_has_the_same_answers(bundled: Snapshot, moved_second: Snapshot):
    """`make sql` opens a client of an older DuckDB: it finds as many rows."""
    for db in (bundled, moved_second):
        told = [recipe for recipe in RECIPES if not missing(db, recipe)]
        queries = "".join(f"select '{recipe.name}', count(*) from ({recipe.sql});\n" for recipe in told)
        command = [str(CLIENT), "-readonly", "-bail", "-noheader", "-csv", str(db.path)]
        answer = subprocess.run(command, input=queries, capture_output=True, text=True)
        assert answer.stderr == ""
        assert answer.stdout.split() == [f"{recipe.name},{len(db.rows(recipe.sql))}" for recipe in told]


def test_a_file_is_read(write: Callable[..., Path]):
    """The first comment is the question, the next ones what to know, and the last may be the needs; other comments are SQL's."""
    path = write("-- How many?\n-- All of\n-- them.\n-- needs: age, two runs\nselect 1 -- one\n", "07_how_many.sql")
    assert parse(path) == Recipe("how_many", "How many?", "All of them.", ("age", "two runs"), "select 1 -- one")
    assert parse(write("-- How many?\n-- All.\nwith a as (from b)\n\nfrom a", "08_all.sql")).needs == ()


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("1_how.sql", "-- How?\n-- So.\nselect 1", "two digits"),
        ("01_How.sql", "-- How?\n-- So.\nselect 1", "two digits"),
        ("01_how.sql", "", "question mark"),
        ("01_how.sql", "select 1", "question mark"),
        ("01_how.sql", "-- How.\n-- So.\nselect 1", "question mark"),
        ("01_how.sql", "-- How?\nselect 1", "how to read"),
        ("01_how.sql", "-- How?\n-- needs: age\nselect 1", "how to read"),
        ("01_how.sql", "-- How?\n--\n-- So.\nselect 1", "empty"),
        ("01_how.sql", "-- How?\n-- needs: age\n-- So.\nselect 1", "last comment"),
        ("01_how.sql", "-- How?\n-- So.\n-- needs: luck\nselect 1", "needs 'luck'; the needs are category, age"),
        ("01_how.sql", "-- How?\n-- So.\n-- needs: age, age\nselect 1", "each once"),
        ("01_how.sql", "-- How?\n-- So.\n-- needs:\nselect 1", "needs ''"),
        ("01_how.sql", "-- How?\n-- So.\n", "begins with select"),
        ("01_how.sql", "-- How?\n-- So.\ndelete from a", "begins with select"),
        ("01_how.sql", "-- How?\n-- So.\nselect 1;\n", "without a semicolon"),
    ],
)
def test_a_file_that_is_not_right_is_named(write: Callable[..., Path], name: str, text: str, fault: str):
    """A file that is not written as it should be is an error at once, which says which file it is and what is wrong."""
    path = write(text, name)
    with pytest.raises(BuildError, match=f"{re.escape(str(path))}: .*{fault}"):
        parse(path)


def test_two_recipes_of_one_name(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    """A name leads to one recipe."""
    for name in ("01_how.sql", "02_how.sql"):
        folder = write("-- How?\n-- So.\nselect 1", name).parent
    monkeypatch.setattr(module, "FOLDER", folder)
    with pytest.raises(BuildError, match=r"01_how\.sql: another recipe has the same name"):
        module._recipes.__wrapped__()


def test_an_installed_copy_has_the_recipes():
    """The files belong to the package."""
    root = FOLDER.parent.parent
    data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]["warehouse"]
    assert set(FILES) <= {path for pattern in data for path in FOLDER.parent.glob(pattern)}
