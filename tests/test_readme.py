"""What the README says is true: its queries run, its dictionary is the warehouse's, its targets exist."""

import re
from pathlib import Path

import pytest

from warehouse.dictionary import END, START, markdown, replace_section
from warehouse.errors import InputError

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", README, flags=re.DOTALL)


def test_there_are_eleven_queries():
    """The README promises eleven questions."""
    assert len(QUERIES) == 11


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_answers(query, bundled):
    """A query of the README runs on a published warehouse and has an answer."""
    assert bundled.rows(query)


def test_the_dictionary_is_up_to_date(bundled):
    """The dictionary is what the comments say now; `make dictionary` writes it anew."""
    assert replace_section(README, markdown(bundled)) == README


def test_a_file_without_the_marks_is_refused():
    """The dictionary is never written over a file that has no place for it."""
    with pytest.raises(InputError, match="marks"):
        replace_section(f"{START} but no end", "dictionary")
    assert replace_section(f"a {START} old {END} b", "new") == f"a {START}\n\nnew\n{END} b"


def test_every_target_exists():
    """A make target that the README names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", README)) - {"and"} <= targets
