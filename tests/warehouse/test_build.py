import re
from pathlib import Path

import duckdb
import pytest

import warehouse.build
from tests.helpers import four, loaded, relations_of
from warehouse.build import Category, Clustering, Context, build, execute_file, literal, render
from warehouse.catalog import SQL, relations
from warehouse.columns import Column
from warehouse.connection import Warehouse
from warehouse.errors import BuildError

AGE = Column("age", "numeric", "Age", "years", "age", minimum=0, maximum=120, source_header="Age")


@pytest.mark.parametrize("text", ["", "plain", "it's", "''", "'; drop table x; --", 'a "b"', "a\nb", "{{ x }}", "\\"])
def test_a_literal_is_its_text(connection: duckdb.DuckDBPyConnection, text: str):
    """Any text survives the way through a SQL literal."""
    assert connection.execute(f"select {literal(text)}").fetchone() == (text,)


def test_a_context_splits_columns_by_kind():
    """The templates loop over numeric, category and text columns; the id is none of them."""
    gender, note = Column("gender", "category", "Gender"), Column("note", "text", "Note")
    context = Context(columns=(Column("customer_id", "id", "Id"), note, gender, AGE))
    assert (context.numeric, context.category, context.text) == ((AGE,), (gender,), (note,))


def test_an_empty_warehouse_has_an_empty_context(connection: duckdb.DuckDBPyConnection):
    """Before anything is built there is nothing to loop over."""
    assert Context() == Context.read(connection)


def test_a_context_is_what_the_warehouse_holds(four_published: Path):
    """Columns, category values and clusterings are read back from the tables."""
    snapshot = Warehouse(four_published / "w").snapshot()
    context = Context.read(snapshot._in_warehouse())
    assert AGE in context.columns
    assert context.categories == (
        Category("gender", "Female", 0, "gender_is_female"),
        Category("gender", "Male", 1, "gender_is_male"),
    )
    assert context.clusterings == (Clustering("spending", "kmeans"), Clustering("spending", "hierarchical"))
    assert [c.dimension for c in context.clusterings] == ["spending_kmeans", "spending_hierarchical"]


def test_only_what_is_wanted_is_built(connection: duckdb.DuckDBPyConnection, write):
    """A schema or a single relation can be asked for."""
    loaded(connection, write(four()))
    build(connection, ["staging"])
    there = {f"raw.{name}" for name in ("columns", "customers", "gate", "rejects", "results", "sources", "stock", "transactions")}
    there |= {f"staging.{name}" for name in ("customers", "results", "stock", "transactions")}
    assert there == relations_of(connection)
    build(connection, ["features.service_rules"])
    assert there | {"features.service_rules"} == relations_of(connection)


def test_whoever_waits_is_told_what_is_built(connection: duckdb.DuckDBPyConnection, write):
    """Each relation is told before it is built, with how many are done of those that are wanted."""
    loaded(connection, write(four()))
    seen: list[tuple[int, int, str]] = []
    there: list[bool] = []

    def progress(done: int, total: int, what: str) -> None:
        seen.append((done, total, what))
        there.append(f"staging.{what}" in relations_of(connection))

    connection.execute("drop schema staging cascade")
    build(connection, ["staging"], progress)
    names = [relation.name for relation in relations() if relation.schema == "staging"]
    assert seen == [(done, 4, name) for done, name in enumerate(names)]
    assert not any(there)


def test_building_twice_is_building_once(connection: duckdb.DuckDBPyConnection, write):
    """A layer can be built again over itself."""
    loaded(connection, write(four()))
    for _ in range(2):
        build(connection, ["staging", "features"])
    assert connection.execute("select count(*) from features.customer_features_scaled").fetchone() == (4,)


@pytest.mark.parametrize(
    ("name", "sql", "reason"),
    [
        ("unknown", "select {{ nothing.here }}", "'nothing' is undefined"),
        ("torn", "select {% if %}", "Expected an expression"),
        ("broken", "selec 1", "syntax error at or near .selec"),
    ],
)
def test_an_error_names_its_file(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, sql: str, reason: str
):
    """A template that cannot be filled and SQL that cannot run are both errors that name the file."""
    path = tmp_path / "50_marts" / f"{name}.sql"
    path.parent.mkdir()
    path.write_text(sql)
    monkeypatch.setattr(warehouse.build, "SQL", tmp_path)
    monkeypatch.setattr(warehouse.build._ENVIRONMENT.loader, "searchpath", [str(tmp_path)])
    with pytest.raises(BuildError, match=rf"50_marts/{name}\.sql: .*{reason}"):
        execute_file(connection, path)


def test_headers_are_data(connection: duckdb.DuckDBPyConnection):
    """A header that looks like SQL or like a template stays text in the comments made from it."""
    hostile = "x'; drop table raw.customers; -- {{ 7 * 7 }}"
    context = Context(columns=(Column("note", "text", "Note", source_header=hostile),))
    connection.execute("create schema raw")
    connection.execute(render(SQL / "10_raw" / "customers.sql", context))
    comment = "select comment from duckdb_columns() where column_name = 'note'"
    assert connection.execute(comment).fetchone() == (f"Column '{hostile}' of the source, as it came.",)


def test_a_column_has_a_title():
    """The label with its unit, or alone where there is none."""
    assert AGE.title == "Age, years"
    assert Column("gender", "category", "Gender").title == "Gender"


@pytest.mark.parametrize("relation", relations(), ids=lambda relation: relation.qualified)
def test_each_file_names_one_relation(relation):
    """A file says `create or replace` once, of the relation it is named after; what it needs on the way it drops."""
    template = relation.template
    for needed in re.findall(r"^create or replace temporary table (\w+)", template, re.MULTILINE):
        assert template.count(f"\ndrop table {needed};") == 1
    created = [line for line in template.splitlines() if line.startswith("create ") and " temporary " not in line]
    created = [re.sub(r"^(create or replace macro [\w.]+)\(.*\) as table$", r"\1 as", line) for line in created]
    assert created in (
        [f"create or replace macro {relation.qualified} as"],
        [f"create or replace table {relation.qualified} ("],
        [f"create or replace table {relation.qualified} as"],
        [f"create or replace view {relation.qualified} as"],
    )
