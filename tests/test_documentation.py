"""What the pages say is true: their queries run, their lists are what the code has, their links lead somewhere."""

import re

import pytest

from tests.pages import PAGES, ROOT, Block, blocks, commands, text
from warehouse.dictionary import END, PAGE, START, replace_section, written
from warehouse.errors import InputError
from warehouse.recipes import recipes

QUERIES = [block for page in PAGES for block in blocks(page, "sql")]
ANALYSTS = "warehouse/README.md"


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.text.split("\n")[0][:50])
def test_every_query_answers(query: Block, bundled):
    """A query of a page runs on a published warehouse and has an answer."""
    assert bundled.rows(query.text)


def test_there_are_as_many_as_are_promised():
    """Eleven questions in SQL, and as many recipes as the README says."""
    _, questions = text(ANALYSTS).split("## Eleven questions in SQL\n")
    questions, _ = questions.split("\n## Recipes\n")
    assert questions.count("```sql") == 11
    assert "eleven questions with their SQL" in text("README.md")
    assert f"{len(recipes())} more" in text("README.md")


def test_the_dictionary_and_the_recipes_are_up_to_date(bundled):
    """They are what the comments and the files say now; `make dictionary` writes them anew."""
    assert ROOT / ANALYSTS == ROOT / PAGE
    assert written(text(ANALYSTS), bundled) == text(ANALYSTS)


def test_a_file_without_the_marks_is_refused():
    """The dictionary is never written over a file that has no place for it."""
    with pytest.raises(InputError, match="marks"):
        replace_section(f"{START} but no end", "dictionary")
    assert replace_section(f"a {START} old {END} b", "new") == f"a {START}\n\nnew\n{END} b"


@pytest.mark.parametrize("page", PAGES)
def test_every_target_exists(page: str):
    """A make target that a page names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", text(page))) - {"and"} <= targets
    assert {command.split()[1] for command in commands(page) if command.startswith("make ")} <= targets
