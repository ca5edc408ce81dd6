"""History goes from version to version, whatever layout the older one has."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.helpers import four, published_once
from warehouse.build import build
from warehouse.builder import add_scratch, builder
from warehouse.forgotten import Forgotten
from warehouse.history import DEFAULTS, HISTORY, Carried, carry_history, gather_labels, hold_stays, stay_columns
from warehouse.versions import CURRENT


@pytest.fixture(scope="session")
def first(shared_folder: Path) -> Path:
    """The file of a first version."""
    folder = published_once(shared_folder / "history", four(), '[who]\nfeatures = ["age"]\nk = 2\n')
    return (folder / "w" / CURRENT).resolve()


@pytest.fixture
def old(first: Path, tmp_path: Path) -> Path:
    """A copy of it that can be written."""
    path = tmp_path / "it's old.duckdb"
    path.write_bytes(first.read_bytes())
    return path


@pytest.fixture
def draft(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A version that is being built, its segments schema still empty."""
    with builder(tmp_path / "draft.duckdb") as connection:
        add_scratch(connection)
        build(connection, ["segments"])
        yield connection


def _change(path: Path, sql: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def _rows(path: Path, relation: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return sorted(connection.execute(f"from {relation}").fetchall(), key=repr)


def test_everything_is_carried(old: Path, draft: duckdb.DuckDBPyConnection):
    """Every relation of the history has the rows it had, the answer counts them, and nothing stays attached."""
    carried = carry_history(draft, old, 2)
    for each in carried:
        rows = sorted(draft.execute(f"from {each.relation}").fetchall(), key=repr)
        assert rows == _rows(old, each.relation)
        assert each == Carried(each.relation, len(rows))
    assert [each.relation for each in carried] == list(HISTORY)
    assert {row[0] for row in draft.execute("select database_name from duckdb_databases()").fetchall()} >= {"warehouse"}
    assert draft.execute("select count(*) from duckdb_databases() where database_name like 'prev%'").fetchone() == (0,)


def test_only_earlier_runs_are_carried(old: Path, draft: duckdb.DuckDBPyConnection):
    """A run with the number of the new one, or above it, is not history."""
    assert sum(each.count_rows for each in carry_history(draft, old, 1)) == 0


def test_a_relation_can_be_carried_by_itself(old: Path, draft: duckdb.DuckDBPyConnection):
    """What is built later can be carried later."""
    assert carry_history(draft, old, 2, ["segments.runs"]) == [Carried("segments.runs", 2)]
    assert draft.execute("select count(*) from segments.segments").fetchone() == (0,)


@pytest.mark.parametrize(
    ("change", "relation", "problem"),
    [
        ("drop table segments.events", "segments.events", ""),
        (
            "alter table segments.centroids drop feature",
            "segments.centroids",
            "segments.centroids of the previous version has no feature",
        ),
        (
            "drop view segments.newest_run; alter table segments.k_evaluation drop run_id",
            "segments.k_evaluation",
            "does not say of which run",
        ),
        ("drop schema segments cascade", "segments.runs", ""),
    ],
)
def test_an_older_layout_never_blocks(old: Path, draft: duckdb.DuckDBPyConnection, change: str, relation: str, problem: str):
    """A table that is missing is skipped; one that cannot be carried starts anew, and the answer says why."""
    _change(old, change)
    found = {each.relation: each for each in carry_history(draft, old, 2)}[relation]
    assert found.count_rows == 0
    assert problem in found.problem
    assert bool(problem) == bool(found.problem)


def test_other_columns_and_types_are_no_hindrance(old: Path, draft: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch):
    """Columns we no longer have are left; one that is new is null or gets its default; a type that changed is cast."""
    _change(
        old,
        "alter table segments.centroids alter value type varchar; alter table segments.centroids add column note varchar;"
        "alter table segments.segments drop colour",
    )
    draft.execute("alter table segments.centroids add column spread double")
    monkeypatch.setitem(DEFAULTS, "segments.segments.colour", "segment_id - 1")
    carry_history(draft, old, 2)
    assert draft.execute("select count(*), count(value), count(spread) from segments.centroids").fetchone() == (4, 4, 0)
    assert draft.execute("select distinct colour - segment_id from segments.segments").fetchall() == [(-1,)]


def test_stays_are_held_beside_the_customers(old: Path, draft: duckdb.DuckDBPyConnection):
    """Of every clustering the segment and the run since which a customer is there; nobody where that run is none before."""
    assert hold_stays(draft, old, 2) == Carried("segments.membership_history", 4)
    assert _held(draft) == _stays(old)
    assert hold_stays(draft, old, 1) == Carried("segments.membership_history", 0)
    with pytest.raises(duckdb.CatalogException):
        draft.execute("from scratch.stays")


def test_stays_that_do_not_lie_side_by_side_are_joined(old: Path, draft: duckdb.DuckDBPyConnection):
    """Where a clustering has fewer customers than another, each has their own."""
    _change(old, "delete from segments.assignments where algorithm = 'kmeans' and customer_id = '2'")
    hold_stays(draft, old, 2)
    assert _held(draft) == _stays(old)


def test_stays_in_two_places_at_once_are_not_carried(old: Path, draft: duckdb.DuckDBPyConnection):
    """Of a version that someone has changed by hand nothing is guessed; the answer says why."""
    _change(old, "insert into segments.assignments from segments.assignments")
    assert "two places at once" in hold_stays(draft, old, 2).problem
    assert draft.execute("select count(*) from duckdb_tables() where table_name = 'stays'").fetchone() == (0,)


def test_nothing_is_carried_of_who_was_erased(old: Path, draft: duckdb.DuckDBPyConnection):
    """Neither the stay that lasts nor one that has ended, where the version itself could not be written anew."""
    _change(
        old,
        "insert into segments.past_memberships select customer_id, segmentation, algorithm, 9, 0, 1, valid_from - interval 1 day, "
        "valid_from from segments.membership_history",
    )
    erased = Forgotten("salt", Forgotten("salt", ()).hashes_of("2"))
    hold_stays(draft, old, 2, erased)
    carry_history(draft, old, 2, erased=erased)
    for relation in ("scratch.stays", "segments.past_memberships"):
        found = draft.execute(f"select distinct customer_id from {relation} order by all").fetchall()
        assert found == [("1",), ("3",), ("4",)]


def test_stays_of_a_version_older_than_the_history_begin_with_its_run(old: Path, draft: duckdb.DuckDBPyConnection):
    """It knows who was where in its own run."""
    stays = _stays(old)
    _change(old, "drop view segments.membership_history; drop table segments.past_memberships")
    _change(old, "alter table segments.assignments drop from_run_id")
    hold_stays(draft, old, 2)
    assert _held(draft) == stays


def test_stays_of_a_release_with_one_table_of_them(old: Path, draft: duckdb.DuckDBPyConnection):
    """Those that last are held, in whatever order they lie there, those that ended are carried."""
    stays = _stays(old)
    _change(
        old,
        "create table segments.kept as from segments.membership_history order by hash(customer_id || algorithm);"
        "insert into segments.kept select * replace ('gone' as customer_id, 0 as from_run_id, 1 as to_run_id, "
        "valid_from as valid_to, valid_from - interval 1 day as valid_from) from segments.kept limit 1;"
        "drop view segments.membership_history; drop table segments.past_memberships;"
        "alter table segments.kept rename to membership_history; alter table segments.assignments drop from_run_id",
    )
    hold_stays(draft, old, 2)
    carry_history(draft, old, 2)
    assert _held(draft) == stays
    ended = "select customer_id, from_run_id, to_run_id from segments.past_memberships"
    assert draft.execute(ended).fetchall() == [("gone", 0, 1)]


def _stays(path: Path) -> set[tuple[str, int, int, int, int]]:
    """Of each customer by both algorithms the segment and the first run, as an analyst would ask."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return set(
            connection.execute(
                "select customer_id, "
                "max(segment_id) filter (algorithm = 'kmeans'), max(from_run_id) filter (algorithm = 'kmeans'), "
                "max(segment_id) filter (algorithm = 'hierarchical'), max(from_run_id) filter (algorithm = 'hierarchical') "
                "from segments.membership_history where to_run_id is null group by 1"
            ).fetchall()
        )


def _held(draft: duckdb.DuckDBPyConnection) -> set[tuple[str, int, int, int, int]]:
    columns = [column for algorithm in ("kmeans", "hierarchical") for column in stay_columns("who", algorithm)]
    return set(draft.execute(f"select customer_id, {', '.join(columns)} from scratch.stays").fetchall())


def test_a_file_that_is_no_warehouse_is_reported(tmp_path: Path, draft: duckdb.DuckDBPyConnection):
    """It is told and named once per relation, and nothing is raised."""
    path = tmp_path / "broken.duckdb"
    path.write_bytes(b"no database" * 1000)
    carried = carry_history(draft, path, 2)
    assert all(str(path) in each.problem for each in carried)


LABEL = "insert into segments.labels values (1, 'who', 'kmeans', 1, 'Elders', null, 'Older', null, 'Ann', '{at}')"


def test_labels_of_other_versions_are_gathered_once(old: Path, tmp_path: Path, draft: duckdb.DuckDBPyConnection):
    """What was said in a version left, or returned from, is kept beside what is carried, each label once, in their order."""
    _change(old, LABEL.format(at="2026-01-02"))
    other = tmp_path / "v9.duckdb"
    other.write_bytes(old.read_bytes())
    _change(other, LABEL.format(at="2026-01-01"))
    (tmp_path / "v8.duckdb").write_bytes(b"no database")
    carry_history(draft, old, 2)
    assert gather_labels(draft, [other, tmp_path / "v8.duckdb"], 2) == 1
    assert gather_labels(draft, [other], 2) == 0
    days = "select list(day(labelled_at) order by labelled_at) from segments.labels"
    assert draft.execute(days).fetchone() == ([1, 2],)


def test_labels_of_a_version_with_another_past_are_left(old: Path, tmp_path: Path, draft: duckdb.DuckDBPyConnection):
    """Where no run is shared, as after generated customers, a segment of the same id is another segment."""
    other = tmp_path / "v9.duckdb"
    other.write_bytes(old.read_bytes())
    _change(other, LABEL.format(at="2026-01-01"))
    assert gather_labels(draft, [other], 2) == 0
    _change(other, "update segments.runs set created_at = created_at + interval 1 second")
    carry_history(draft, old, 2)
    assert gather_labels(draft, [other], 2) == 0
