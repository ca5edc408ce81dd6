import os
import subprocess
import sys
from pathlib import Path

import pytest

import warehouse.build
import warehouse.catalog
from tests.helpers import SCHEMAS, four, macros_of, refreshed, relations_of
from warehouse.catalog import Relation, _reads, checks, relations
from warehouse.connection import Snapshot
from warehouse.errors import BuildError
from warehouse.versions import CURRENT


def _catalog(monkeypatch: pytest.MonkeyPatch, root: Path, files: dict[str, str]) -> tuple[Relation, ...]:
    for name, sql in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(sql)
    monkeypatch.setattr(warehouse.catalog, "SQL", root)
    return relations.__wrapped__()


def test_a_folder_is_a_schema_and_a_file_a_relation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The number of a folder is no part of its schema, and folders without a number hold no relations."""
    found = _catalog(monkeypatch, tmp_path, {"10_raw/customers.sql": "select 1", "load/other.sql": "select 2"})
    assert [(r.schema, r.name, r.qualified, r.template) for r in found] == [("raw", "customers", "raw.customers", "select 1")]


def test_a_relation_comes_after_those_it_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The order follows from the SQL and from `depends on`, not from names, comments or the words of a COMMENT."""
    files = {
        "10_a/one.sql": "from a.two -- not from b.three",
        "10_a/two.sql": "-- depends on: b.three\nselect 1",
        "20_b/three.sql": "create table b.three;\ncomment on table b.three is 'read by a.one\n and a.two';\n",
    }
    assert [r.qualified for r in _catalog(monkeypatch, tmp_path, files)] == ["b.three", "a.two", "a.one"]


def test_the_order_is_the_same_in_every_process():
    """Whatever order Python has for sets of names: it differs from process to process."""
    order = "from warehouse.catalog import relations; print([relation.qualified for relation in relations()])"
    found = {
        subprocess.run(
            [sys.executable, "-c", order], check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": str(seed)}
        ).stdout
        for seed in range(3)
    }
    assert len(found) == 1


def test_a_circle_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Two relations that read each other are an error that names both."""
    with pytest.raises(BuildError, match=r"in a circle: .*a\.(one|two) -> a\.(one|two)"):
        _catalog(monkeypatch, tmp_path, {"10_a/one.sql": "from a.two", "10_a/two.sql": "from a.one"})


def test_layers_read_downwards():
    """No relation reads one of a higher layer."""
    known = {relation.qualified: SCHEMAS.index(relation.schema) for relation in relations()}
    for relation in relations():
        assert [read for read in _reads(relation, known.keys()) if known[read] > known[relation.qualified]] == []


def test_each_file_creates_the_relation_it_is_named_after(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write, quick: Path):
    """One relation per SQL file: running a file makes the relation of its name and no other."""
    made: dict[str, set[str]] = {}
    run = warehouse.build._run
    macros: set[str] = set()

    def watched(connection, path, context):
        before = relations_of(connection) | macros  # which nothing but a file makes
        run(connection, path, context)
        macros.update(macros_of(connection))
        name = f"{path.parent.name.partition('_')[2]}.{path.stem}"
        if name.startswith("."):
            return  # of sql/load: a step, which makes no relation that stays
        made[name] = made.get(name, set()) | ((relations_of(connection) | macros) - before)

    monkeypatch.setattr(warehouse.build, "_run", watched)
    refreshed(tmp_path / "warehouse", write(four()), quick)
    assert made == {relation.qualified: {relation.qualified} for relation in relations()}


def test_a_warehouse_holds_the_catalog_and_nothing_else(sample: Snapshot):
    """The relations of a published warehouse are those of the SQL files."""
    assert {relation.qualified for relation in relations()} == relations_of(sample._connection) | macros_of(sample._connection)
    assert set(SCHEMAS) == {relation.schema for relation in relations()}


def test_the_public_relations_are_there():
    """What the documentation promises to analysts is in the catalog."""
    promised = {
        *("raw.customers", "raw.rejects", "staging.customers", "features.customer_features", "features.customer_features_scaled"),
        *("segments.runs", "segments.k_evaluation", "segments.segments", "segments.centroids", "segments.assignments"),
        *("segments.merges", "marts.customer_segments", "marts.segment_profiles", "marts.crossfilter_cube"),
    }
    assert promised <= {relation.qualified for relation in relations()}


def test_every_relation_can_be_read_by_the_older_client(published: Path, sample: Snapshot):
    """`make sql` opens a client of an older DuckDB: it must know every function that a view is made of."""
    client = Path(sys.executable).with_name("duckdb")
    queries = "".join(f"select '{one}'; from {one} limit 1;" for one in relations_of(sample._connection))
    opened = [str(client), "-readonly", "-bail", str((published / CURRENT).resolve())]
    answer = subprocess.run(opened, input=queries, capture_output=True, text=True)
    assert (answer.stderr, answer.returncode) == ("", 0)


def test_every_relation_and_column_is_commented(sample: Snapshot):
    """A bare relation or column fails: every one has a comment, and the comment of a relation states its grain."""
    bare = sample.rows(
        """
        select schema_name, table_name as name, comment from duckdb_tables() where not coalesce(comment, '') like '%Grain: one row%'
        union all
        select schema_name, view_name, comment from duckdb_views()
        where not internal and not coalesce(comment, '') like '%Grain: one row%'
        union all
        select schema_name, function_name, comment from duckdb_functions()
        where function_type = 'table_macro' and not internal and not coalesce(comment, '') like '%Grain: one row%'
        union all
        select schema_name, table_name || '.' || column_name, comment from duckdb_columns()
        where not internal and coalesce(trim(comment), '') = ''
        """
    )
    assert bare == []
    assert sample.value("select count(*) from duckdb_columns() where not internal") > 150


def test_every_check_states_its_claim():
    """The first line of a check is a sentence."""
    for path in checks():
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("-- ")
        assert first.endswith(".")
