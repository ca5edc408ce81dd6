import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from warehouse.builder import builder
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, NotPublishedError
from warehouse.memory import ReaderLimits

CLIENT = Path(sys.executable).parent / "duckdb"


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """A version with two rows."""
    with builder(tmp_path / "v7.duckdb") as connection:
        connection.execute("create table fruits as select * from (values (1, 'fig'), (2, null)) as f(id, name)")
    return Snapshot(tmp_path / "v7.duckdb")


def test_the_shapes_of_an_answer(snapshot: Snapshot):
    """One query, four shapes."""
    sql = "select id, name from fruits order by id"
    assert snapshot.rows(sql) == [{"id": 1, "name": "fig"}, {"id": 2, "name": None}]
    assert snapshot.columns(sql) == {"id": [1, 2], "name": ["fig", None]}
    assert snapshot.value(sql) == 1
    pd.testing.assert_frame_equal(snapshot.frame("select id from fruits"), pd.DataFrame({"id": pd.Series([1, 2], dtype="int32")}))


def test_the_memory_of_a_builder(tmp_path: Path):
    """What a person allows is all that DuckDB takes, and rows that do not fit are sorted beside the file."""
    with builder(tmp_path / "v1.duckdb", "256MiB") as connection:
        assert connection.execute("select current_setting('memory_limit')").fetchone() == ("256.0 MiB",)
        connection.execute(
            "create table sorted as select repeat('x', 100) || i as text from range(3_000_000) as t(i) order by hash(i)"
        )
        assert connection.execute("select count(*) from sorted").fetchone() == (3_000_000,)


def test_the_memory_of_readers(tmp_path: Path):
    """A warehouse keeps to its limits: half for the newest version, a part of the rest for one beside it."""
    for number in (1, 2):
        with builder(tmp_path / f"v{number}.duckdb") as connection:
            connection.execute("create table fruits as select 1 as id")
    (tmp_path / "current.duckdb").symlink_to("v2.duckdb")
    reader = Warehouse(tmp_path, ReaderLimits(60_000_000, 1))
    told = "select current_setting('memory_limit') as memory, current_setting('threads') as threads"
    assert reader.snapshot().rows(told) == [{"memory": "28.6 MiB", "threads": 1}]
    assert reader.version(1).rows(told) == [{"memory": "9.5 MiB", "threads": 1}]
    with pytest.raises(duckdb.OutOfMemoryException):
        reader.snapshot().value("select length(string_agg(repeat('x', 100) || i, '')) from range(1_000_000) as t(i)")
    assert reader.snapshot().value("select id from fruits") == 1


def test_the_shapes_of_no_answer(snapshot: Snapshot):
    """A query without rows has its columns, and no value."""
    sql = "select id, name from fruits where id > 2"
    assert snapshot.rows(sql) == []
    assert snapshot.columns(sql) == {"id": [], "name": []}
    assert snapshot.value(sql) is None
    assert list(snapshot.frame(sql).columns) == ["id", "name"]


def test_values_are_bound(snapshot: Snapshot):
    """A value is a value, by place or by name, never SQL."""
    hostile = "fig'; drop table fruits; --"
    assert snapshot.value("select count(*) from fruits where name = ?", [hostile]) == 0
    assert snapshot.value("select id from fruits where name = $name", {"name": "fig"}) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "insert into fruits values (3, 'pear')",
        "update fruits set name = 'pear'",
        "delete from fruits",
        "drop table fruits",
        "create table more as select 1",
        "comment on table fruits is 'mine'",
    ],
)
def test_a_snapshot_cannot_write(snapshot: Snapshot, sql: str):
    """A published file is never written through a snapshot."""
    before = snapshot.path.read_bytes()
    with pytest.raises(duckdb.Error):
        snapshot.rows(sql)
    assert snapshot.rows("select count(*) as n, count(name) as named from fruits") == [{"n": 2, "named": 1}]
    assert snapshot.path.read_bytes() == before


def test_threads_share_a_snapshot(snapshot: Snapshot):
    """Queries of many threads do not mix up their results."""

    def ask(number: int) -> bool:
        rows = snapshot.rows("select $n as n from range(50)", {"n": number})
        return [row["n"] for row in rows] == [number] * 50

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))


def test_a_snapshot_knows_its_version(snapshot: Snapshot):
    """The version is the number in the file's name; another file is no version."""
    assert snapshot.version == 7
    with pytest.raises(InputError, match="is not a warehouse version"):
        Snapshot(snapshot.path.with_name("other.duckdb"))


def test_nothing_is_published_yet(tmp_path: Path):
    """A reader who comes too early is told what to run, whether the directory is there or not."""
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NotPublishedError, match=f"{directory}.*run `make refresh` first"):
            Warehouse(directory).snapshot()


def test_a_path_with_a_quote(tmp_path: Path):
    """A quote in the path of a warehouse is a character like any other."""
    directory = tmp_path / "it's; drop"
    directory.mkdir()
    with builder(directory / "v1.duckdb") as connection:
        connection.execute("create table fruits as select 1 as id")
    assert Snapshot(directory / "v1.duckdb").value("select id from fruits") == 1


def test_a_builder_that_cannot_write(tmp_path: Path):
    """The error names the file that cannot be written."""
    path = tmp_path / "missing" / "v1.duckdb"
    with pytest.raises(InputError, match=f"{path}: cannot write the warehouse there"), builder(path):
        pass


@pytest.mark.skipif(not CLIENT.exists(), reason="the duckdb client is not installed beside Python")
def test_the_client_of_duckdb_1_5_reads_the_file(published: Path):
    """`make sql` works: the command-line client, a release behind, opens what was published, views and comments included."""
    assert _client(published, "select version()").startswith("v1.5")
    assert _client(published, "select count(*) from marts.customer_segments") == "8000"
    assert _client(published, "select count(*) from duckdb_columns() where comment is null and not internal") == "0"


def _client(directory: Path, sql: str) -> str:
    file = (directory / "current.duckdb").resolve()
    command = [CLIENT, "-readonly", file, "-noheader", "-csv", "-c", sql]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
