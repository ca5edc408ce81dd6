"""What the pages say is true: their queries run, their lists are what the code has, their links lead somewhere."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from analytics import playbook, segmentations
from etl.alerts import read_message
from etl.customers import load_customers
from etl.further import load_results, load_stock
from etl.mapping import FileOptions, read_mapping
from etl.options import KAGGLE_FILE
from etl.transactions import load_transactions
from etl.vocabulary import CUSTOMERS, TRANSACTIONS
from tests.helpers import macros_of, relations_of
from tests.pages import OPERATIONS, PAGES, ROOT, SHELLS, Block, anchors, blocks, commands, prose, text, tracked_pages
from warehouse.dictionary import END, PAGE, START, replace_section, written
from warehouse.errors import InputError
from warehouse.recipes import recipes
from warehouse.sandbox import Limits
from warehouse.settings import Settings

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


def test_the_readme_is_short():
    """Whoever is new reads it to the end."""
    assert len(text("README.md").splitlines()) < 200


def test_all_settings_stand_in_one_table():
    """Each in a line of the operations page, with its default where that is a value; and in no other table."""
    rows = {page: re.findall(r"^\| `([A-Z_]+)` \|.*\| ?(.*?) ?\|$", prose(page), flags=re.MULTILINE) for page in PAGES}
    defaults = dict(rows[OPERATIONS])
    assert [page for page, found in rows.items() if found] == [OPERATIONS]
    assert len(rows[OPERATIONS]) == len(defaults)
    assert {name.lower() for name in defaults} == {field.name for field in fields(Settings)}
    told = {name: code[1] for name, default in defaults.items() if (code := re.match(r"`([^`]+)`", default))}
    derived = {"CUSTOMERS", "SEGMENTATIONS", "PLAYBOOK"}  # these are files that are looked for
    assert Settings.from_environment({name: value for name, value in told.items() if name not in derived}) == Settings()
    assert {told["CUSTOMERS"], told["SEGMENTATIONS"], told["PLAYBOOK"]} == {
        str(path.relative_to(ROOT) if path.is_absolute() else path)
        for path in (KAGGLE_FILE, segmentations.DEFAULT, playbook.DEFAULT)
    }
    values = {name.upper() for name, value in vars(Settings()).items() if value not in (None, False)}
    assert values <= told.keys()


def test_every_setting_reaches_what_make_starts():
    """The Makefile exports all of them."""
    (exported,) = re.findall(r"^export (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {field.name.upper() for field in fields(Settings)} <= set(exported.split())


@pytest.mark.parametrize("page", tracked_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path):
    """A link of a page leads to a file of the repository and, where it says so, to a heading there."""
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        is_there = "://" in link or (target.is_relative_to(ROOT) and target.exists())
        if not is_there or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_every_page_is_reached_from_the_readme():
    """By its links and those of the pages they lead to."""
    reached, found = set(), {ROOT / "README.md"}
    while found:
        page = found.pop()
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
        found |= {(page.parent / link).resolve() for link in links} - reached
    assert reached == set(tracked_pages())


@pytest.mark.parametrize("page", PAGES)
def test_names_of_files_are_right(page: str):
    """What stands as code and looks like a file of the repository is one."""
    named = set(re.findall(r"`((?:warehouse|etl|analytics|dashboard|tests)/[\w./*]+)`", prose(page)))
    assert [name for name in sorted(named) if not list(ROOT.glob(name.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES)
def test_names_of_relations_are_right(page: str, bundled):
    """What stands as code and looks like a relation, a column of one or a macro is one."""
    named = set(re.findall(r"`(?:from )?((?:raw|staging|features|segments|marts)\.\w+(?:\.\w+)?)", prose(page)))
    columns = "select schema_name || '.' || table_name || '.' || column_name as name from duckdb_columns() where not internal"
    known = relations_of(bundled._connection) | macros_of(bundled._connection) | {row["name"] for row in bundled.rows(columns)}
    assert named - known == set()


TABLES = [block for page in PAGES for block in blocks(page, "toml")]


@pytest.mark.parametrize("block", TABLES, ids=lambda block: block.text.splitlines()[0])
def test_an_example_of_toml_is_read(block: Block, write):
    """By what reads such a file; its first line says which that is."""
    path = write(block.text, "example.toml")
    kind = block.text.removeprefix("# ").split(".toml")[0]
    if kind == "mapping":
        said = [read_mapping(path, vocabulary) for vocabulary in (CUSTOMERS, TRANSACTIONS)]
        assert any(mapping.columns or mapping.options != FileOptions() for mapping in said)
    elif kind == "playbook":
        assert playbook.read_playbook(path)
    else:
        assert segmentations.read_segmentations(path)


def test_limits_of_the_sql_page_are_told():
    """The numbers are those that hold."""
    limits, page = Limits(), prose("dashboard/README.md").replace("\n", " ")
    assert f"{limits.seconds} seconds and {limits.memory_mb // 1024} GB of memory; {limits.most_rows:,} rows are shown" in page
    assert f"a file has up to {limits.most_file_bytes // 10**6} MB" in page
    assert (limits.at_once, limits.most_waiting) == (2, 4)
    assert "Two run at a time, in all processes together; four more wait" in prose(OPERATIONS)


def test_commands_of_the_container_are_those_on_top_of_its_file():
    """The page has them as they stand there."""
    told = [command for command in commands(OPERATIONS) if command.startswith("podman")]
    assert told == re.findall(
        r"^# +(podman .*)$", (ROOT / "dashboard/deploy/Containerfile").read_text(encoding="utf-8"), flags=re.MULTILINE
    )


def test_units_that_are_copied_are_there():
    """All of them are."""
    (copied,) = [command.split()[2:-1] for command in commands(OPERATIONS) if command.startswith("sudo cp")]
    assert sorted(ROOT / name for name in copied) == sorted((ROOT / "dashboard/deploy").glob("mall-*"))


def test_examples_of_csv_are_loaded(connection, write):
    """Every row of them is kept, by what loads such files."""
    examples = {block.name: write(block.text, block.name) for page in PAGES for block in blocks(page, "csv")}
    reports = [
        load_customers(connection, examples.pop("my_customers.csv"), read_mapping(None)),
        load_transactions(connection, examples.pop("sales.csv")),
        load_stock(connection, examples.pop("stock.csv")),
        load_results(connection, examples.pop("results.csv")),
    ]
    assert [(report.rows_kept, report.rows_rejected) for report in reports] == [(4, 0), (3, 0), (2, 0), (4, 0)]
    assert not examples


def test_the_form_of_alerts_is_the_one_that_is_sent(bundled):
    """The example has the fields of the message, in their order, and the columns of an alert."""
    (example,) = [json.loads(block.text) for page in PAGES for block in blocks(page, "json")]
    sent = read_message(bundled._in_warehouse())
    assert list(example) == list(sent)
    assert example["form"] == sent["form"]
    columns = {name for name in bundled.columns("from segments.alerts limit 0") if name != "place"} | {"segment_name"}
    assert {frozenset(alert) for alert in example["alerts"]} == {frozenset(columns)}


def test_blocks_are_of_kinds_that_are_checked():
    """A block is of a language that a test reads, or is what a command prints."""
    checked = {"sql", "toml", "csv", "json", "python", *SHELLS}
    assert {block.language for page in PAGES for block in blocks(page)} - checked <= {"text"}
