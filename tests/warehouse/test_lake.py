"""A version whose customers lie in Parquet files beside it is read, asked, followed, retired and forgotten in as any other."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.helpers import refreshed
from tests.lake import with_lake
from tests.spark.compared import differences
from warehouse.connection import Warehouse
from warehouse.errors import DamagedError, InputError, NotKeptError
from warehouse.forget import forget
from warehouse.kept import kept
from warehouse.lake import folder_of, lake_in, lake_of
from warehouse.lake_tables import OF_CUSTOMERS
from warehouse.publish import new_version
from warehouse.rollback import rollback
from warehouse.sandbox import Sandbox
from warehouse.statement_error import StatementError
from warehouse.versions import CURRENT, published

TOKEN = "1a4e" * 8


@pytest.fixture
def lake(tmp_path: Path, moved_published: Path) -> Path:
    """Three runs in which customers move; what is as large as they are lies beside each version."""
    return with_lake(moved_published, tmp_path / "w")


def _comments(version: Path) -> set[tuple[str, str, str]]:
    with duckdb.connect(str(version), read_only=True) as connection:
        return set(
            connection.execute(
                "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() where comment is not null"
            ).fetchall()
        )


def test_readers_find_the_same(lake: Path, moved_published: Path):
    """Every relation has the same rows, and every column the same comment."""
    assert differences(moved_published / "v3.duckdb", lake / "v3.duckdb") == {}
    assert _comments(moved_published / "v3.duckdb") == _comments(lake / "v3.duckdb")
    newest = Warehouse(lake).snapshot()
    assert lake_in(newest) == folder_of(lake / "v3.duckdb") == lake_of(lake / "v3.duckdb")
    assert newest.value("select count(*) from marts.customer_segments") > 0


def test_statements_read_it_and_nothing_beside(lake: Path):
    """The SQL page reads the customers, also into a file, and no other file, not even of another version."""
    db, sandbox = Warehouse(lake).snapshot(), Sandbox(folder=lake.parent / "slots")
    found = sandbox.rows(db, "select count(*) from raw.customers", TOKEN)
    assert found.rows == [[db.value("select count(*) from raw.customers")]]
    with sandbox.file(db, "select customer_id from raw.customers order by 1", TOKEN, "csv", {}) as file:
        assert file.read().decode().split()[0] == "customer_id"
    for path in (folder_of(lake / "v2.duckdb") / "raw.customers" / "part-0.parquet", "/etc/passwd"):
        with pytest.raises(StatementError):
            sandbox.rows(db, f"from read_text('{path}')", TOKEN)


def test_the_command_line_client_reads_it(lake: Path):
    client = Path(sys.executable).with_name("duckdb")
    asked = "select count(*) as n from marts.customers"
    done = subprocess.run([client, "-readonly", "-json", lake / CURRENT, "-c", asked], capture_output=True, text=True, cwd="/")
    assert json.loads(done.stdout) == [{"n": Warehouse(lake).snapshot().value(asked)}]


def test_history_goes_on(lake: Path, moved_published: Path, tmp_path: Path):
    """A refresh upon a version with a lake tells the same of everyone's past as one upon a version without."""
    other = Path(shutil.copytree(moved_published, tmp_path / "other", symlinks=True))
    customers, segmentations = moved_published.parent / "moved.csv", moved_published.parent / "moved.toml"
    for directory in (lake, other):
        refreshed(directory, customers, segmentations, keep_versions=9).close()
    assert differences(other / "v4.duckdb", lake / "v4.duckdb") == {}
    assert lake_of(lake / "v4.duckdb") is None


def test_both_go_together(lake: Path):
    """A version that is retired takes its lake with it; one that was never finished leaves none."""
    folder_of(lake / "v9.duckdb").mkdir()
    with new_version(lake, keep=2) as draft:
        draft.connection.execute("create table segments_of_nobody as select 1 as one")
    assert published(lake) == [3, 4]
    assert {path.name for path in lake.glob("*.parquet")} == {"v3.parquet"}


def test_sizes_count_it(lake: Path):
    newest = kept(lake)[0]
    beside = sum(path.stat().st_size for path in folder_of(lake / "v3.duckdb").rglob("*.parquet"))
    assert newest.bytes == beside + (lake / "v3.duckdb").stat().st_size


def test_a_person_is_erased(lake: Path):
    """From every version and file. What did not hold them is the same file as before, and the columns keep their comments."""
    db = Warehouse(lake).snapshot()
    person = db.value("select min(customer_id) from raw.customers")
    before = {path: _comments(path) for path in lake.glob("v*.duckdb")}
    count = db.value("select count(*) from raw.customers")
    inodes = {path.stat().st_ino for path in folder_of(lake / "v3.duckdb").rglob("*.parquet")}
    forget(lake, person)
    assert {path.name for path in lake.glob("v3*.parquet")} == {"v3.2.parquet"}
    after = Warehouse(lake).snapshot()
    for relation in OF_CUSTOMERS:
        assert after.value(f"select count(*) from {relation} where customer_id = ?", [person]) == 0
    assert after.value("select count(*) from raw.customers") == count - 1
    assert (
        after.value(
            "select sum(size) / count(distinct segmentation) from segments.segments where run_id = 3 and algorithm = 'kmeans'"
        )
        == count - 1
    )
    assert {path: _comments(path) for path in lake.glob("v*.duckdb")} == before
    files = list(folder_of(lake / "v3.duckdb", 2).rglob("*.parquet"))
    assert {path.stat().st_ino for path in files} & inodes
    assert not any(person.encode() in path.read_bytes() for path in files)
    forget(lake, after.value("select min(customer_id) from raw.customers"))
    assert {path.name for path in lake.glob("v3*.parquet")} == {"v3.3.parquet"}


def test_a_copy_is_not_where_people_are_erased(lake: Path):
    """Its views read the original: neither of them is touched."""
    copy = Path(shutil.copytree(lake, lake.parent / "copy", symlinks=True))
    before = {path: path.read_bytes() for path in lake.parent.rglob("*.parquet") if path.is_file()}
    person = Warehouse(lake).snapshot().value("select min(customer_id) from raw.customers")
    with pytest.raises(InputError, match="which is not beside it"):
        forget(copy, person)
    assert {path: path.read_bytes() for path in lake.parent.rglob("*.parquet") if path.is_file()} == before


def test_who_reads_what_is_erased_meanwhile_is_told_to_ask_again(lake: Path):
    """What is in the file of the version can be read to the end, its Parquet files cannot."""
    reader = Warehouse(lake)
    before = reader.snapshot()
    forget(lake, before.value("select min(customer_id) from raw.customers"))
    with pytest.raises(NotKeptError, match="version 3 was removed or written anew while it was read: ask again"):
        before.value("select max(hash(customers)) from raw.customers as customers")
    assert reader.snapshot().value("select max(hash(customers)) from raw.customers as customers")


def test_a_way_back(lake: Path):
    assert rollback(lake).to == 2
    assert Warehouse(lake).snapshot().value("select count(*) from raw.customers") > 0


def test_a_lake_that_is_gone_is_noticed(lake: Path):
    """The version before is read in its place."""
    shutil.rmtree(folder_of(lake / "v3.duckdb") / "segments.assignments")
    newest = Warehouse(lake).snapshot()
    assert (newest.version, newest.stands_in_for) == (2, 3)


def test_a_file_of_a_lake_that_is_gone_is_noticed(lake: Path):
    """The others can be read, and are too few."""
    (folder_of(lake / "v3.duckdb") / "marts.customers" / "part-1.parquet").unlink()
    newest = Warehouse(lake).snapshot()
    assert (newest.version, newest.stands_in_for) == (2, 3)
    with pytest.raises(DamagedError, match=r"marts\.customers: of .* rows some are missing"):
        Warehouse(lake).version(3)


def test_a_file_of_a_lake_that_is_cut_off_is_noticed(lake: Path):
    path = folder_of(lake / "v3.duckdb") / "segments.assignments" / "part-0.parquet"
    os.truncate(path, path.stat().st_size // 2)
    assert Warehouse(lake).snapshot().version == 2


def test_a_person_is_erased_where_the_directory_is_called_otherwise(lake: Path, monkeypatch: pytest.MonkeyPatch):
    """By a relative path, and through a link: the new edition stays, the old one goes."""
    (lake.parent / "link").symlink_to(lake)
    monkeypatch.chdir(lake.parent)
    for edition, directory in enumerate((Path("w"), Path("link")), start=2):
        forget(directory, Warehouse(lake).snapshot().value("select min(customer_id) from raw.customers"))
        assert {path.name for path in lake.glob("v3*.parquet")} == {f"v3.{edition}.parquet"}
        assert Warehouse(lake).snapshot().version == 3
