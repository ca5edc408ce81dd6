"""Questions of analysts, each with the SQL that answers it: a file of warehouse/recipes is one, to run as it is or to change.

A file begins with comments: the question, how to read the answer and what to change, and, where a warehouse may lack it, what the
question needs. The statement follows, without a semicolon.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from warehouse.connection import Snapshot
from warehouse.errors import BuildError

FOLDER = Path(__file__).parent / "recipes"
"""One file per recipe."""

_NAME = re.compile(r"[0-9]{2}_([a-z][a-z0-9_]*)\.sql")
_NEEDS = "needs:"


@dataclass(frozen=True)
class Need:
    """Something that not every warehouse has."""

    advice: str
    """What it is and how to get it, after "needs"."""
    sql: str
    """A condition that is true where a warehouse has it."""


NEEDS = {
    "category": Need(
        "a category in the customers file, such as gender",
        "exists (from raw.columns where source = 'customers' and kind = 'category')",
    ),
    "age": Need(
        "ages in the customers file",
        "exists (from features.columns where column_name = 'age')",
    ),
    "spending": Need(
        "the segmentation spending that ships, which needs incomes and spending scores in the customers file",
        "exists (from segments.runs semi join segments.newest_run using (run_id) "
        "where segmentation = 'spending' and list_sort(features) = ['annual_income_k', 'spending_score'])",
    ),
    "two runs": Need(
        "a refresh before this one that had the first segmentation too",
        "(select count(distinct run_id) > 1 from segments.runs semi join ("
        "select segmentation from segments.runs semi join segments.newest_run using (run_id) order by segmentation_position limit 1"
        ") using (segmentation))",
    ),
    "transactions": Need(
        "purchases: refresh with TRANSACTIONS",
        "exists (from raw.transactions)",
    ),
    "products": Need(
        "transactions that name products or categories",
        "exists (from features.customer_items)",
    ),
    "retention": Need(
        "customers enough who bought on several days for models of who leaves and what they spend; see segments.retention_models",
        "exists (from segments.retention_models where period = 'whole' and shortfall is null and amount_shortfall is null)",
    ),
    "recommendations": Need(
        "customers enough who bought several products or categories; see segments.item_models",
        "exists (from marts.recommendations)",
    ),
    "forecast": Need(
        "at least 26 complete weeks of sales; see segments.sales_models",
        "exists (from segments.sales_models where shortfall is null)",
    ),
    "stock": Need(
        "what is in stock of items that are sold: refresh with STOCK",
        "exists (from marts.inventory_plan where on_hand is not null)",
    ),
    "results": Need(
        "what customers did after campaigns: refresh with RESULTS",
        "exists (from staging.results)",
    ),
}
"""What recipes may need, by the name that stands in their files."""


@dataclass(frozen=True)
class Recipe:
    """A question and the statement that answers it."""

    name: str
    """The file's name without its number: what it is called in tests."""
    question: str
    """The question, in a sentence."""
    about: str
    """How to read the answer and what to change, in a few sentences."""
    needs: tuple[str, ...]
    """Keys of NEEDS; empty where every warehouse can answer."""
    sql: str
    """One SELECT, as it stands in the file, without its first comments and without a semicolon."""


def recipes() -> list[Recipe]:
    """All recipes, in the order of their files. Raises BuildError for a file that is not written as it should be, with its name."""
    return list(_recipes())


def missing(db: Snapshot, recipe: Recipe) -> list[str]:
    """Which needs of a recipe a warehouse does not meet, in the order of its file: keys of NEEDS, whose advice says what to do.

    All needs are asked for once per version. Raises ReleaseError where the version is of a release that did not have the relations.
    """
    met = db.once("recipes: needs", _met)
    return [need for need in recipe.needs if not met[need]]


def parse(path: Path) -> Recipe:
    """The recipe of a file. Raises BuildError, with the file's name, where the file is not written as it should be."""
    named = _NAME.fullmatch(path.name)
    if named is None:
        raise BuildError(f"{path}: a recipe is called 01_name.sql: two digits and lowercase words")
    lines = path.read_text(encoding="utf-8").splitlines()
    count = next((place for place, line in enumerate(lines) if not line.startswith("--")), len(lines))
    question, *about = [line.removeprefix("--").strip() for line in lines[:count]] or [""]
    needs = _needs(path, about.pop()) if about and about[-1].startswith(_NEEDS) else ()
    sql = "\n".join(lines[count:]).strip()
    for is_wrong, fault in (
        (not question.endswith("?"), "the first line is a comment with the question, which ends with a question mark"),
        (not all(about), "a comment at the beginning is empty"),
        (not about, "the second line is a comment that says how to read the answer"),
        (any(line.startswith(_NEEDS) for line in about), "what a recipe needs is its last comment, once"),
        (not re.match(r"(select|with|from)\b", sql), "after the comments a statement begins with select, with or from"),
        (sql.endswith(";"), "the statement ends without a semicolon"),
    ):
        if is_wrong:
            raise BuildError(f"{path}: {fault}")
    return Recipe(named[1], question, " ".join(about), needs, sql)


@cache
def _recipes() -> tuple[Recipe, ...]:
    paths = sorted(FOLDER.glob("*.sql"))
    found = tuple(parse(path) for path in paths)
    _refuse_twins(paths, [recipe.name for recipe in found])
    return found


def _refuse_twins(paths: Iterable[Path], names: list[str]) -> None:
    for path, name in zip(paths, names, strict=True):
        if names.count(name) > 1:
            raise BuildError(f"{path}: another recipe has the same name")


def _needs(path: Path, line: str) -> tuple[str, ...]:
    """What stands after "needs:", separated by commas."""
    needs = tuple(need.strip() for need in line.removeprefix(_NEEDS).split(","))
    unknown = [need for need in needs if need not in NEEDS]
    if unknown or len(set(needs)) < len(needs):
        raise BuildError(f"{path}: needs {line.removeprefix(_NEEDS).strip()!r}; the needs are {', '.join(NEEDS)}, each once")
    return needs


def _met(db: Snapshot) -> dict[str, bool]:
    conditions = ", ".join(f'({need.sql}) as "{name}"' for name, need in NEEDS.items())
    return {name: bool(is_met) for name, is_met in db.rows(f"select {conditions}")[0].items()}
