"""The statements of a refresh on a connection with a lake: which DuckDB runs, which a cluster, and what each then has."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest

from warehouse.builder import add_scratch, builder
from warehouse.cluster import Columns, Parameters
from warehouse.errors import BuildError, InputError
from warehouse.lake import rows_of
from warehouse.lake_connection import LakeConnection, is_in_lake
from warehouse.lake_tables import LakeTables


class Another:
    """A cluster that is another DuckDB: it knows what it was told, and nothing else."""

    def __init__(self) -> None:
        self.duckdb = duckdb.connect()
        self.asked: list[str] = []
        self.small: list[str] = []
        self.loses = False

    def relations(self, sql: str) -> set[str]:
        return set(re.findall(r"(?:from|join)\s+([a-z_.]+)", sql))

    def show(self, name: str, folder: Path, columns: Columns, is_small: bool = False) -> None:  # noqa: ARG002
        self.duckdb.execute(f"create or replace view {name} as {rows_of(folder)}")
        self.small += [name] * is_small

    def show_lines(self, name: str, files: Mapping[Path, str]) -> None:
        raise NotImplementedError

    show_rows = show_lines

    def define(self, name: str, sql: str, names: Mapping[str, str], parameters: Parameters) -> None:  # noqa: ARG002
        self.duckdb.execute(f"create or replace view {name} as {self._named(sql, names)}")

    def write(
        self,
        folder: Path,
        sql: str,
        columns: Columns,  # noqa: ARG002
        names: Mapping[str, str],
        parameters: Parameters,
        in_order: bool,  # noqa: ARG002
    ) -> int:
        self.asked.append(sql)
        path = folder / f"part-{len(self.asked)}.parquet"
        count = self.duckdb.execute(f"copy ({self._named(sql, names)}) to '{path}'", parameters).fetchone()
        if self.loses:
            path.unlink()
        return int(count[0]) if count else 0

    def _named(self, sql: str, names: Mapping[str, str]) -> str:
        for name in sorted(names, key=len, reverse=True):
            sql = re.sub(rf"(from|join)\s+{re.escape(name)}\b", rf"\1 {names[name]}", sql)
        return sql


@pytest.fixture
def cluster() -> Another:
    return Another()


@pytest.fixture
def lake(tmp_path: Path, cluster: Another) -> Iterator[LakeConnection]:
    """A version that is being built, with customers."""
    with builder(tmp_path / "v1.duckdb") as connection:
        add_scratch(connection)
        tables = LakeTables(connection, tmp_path / "v1.parquet", tmp_path / "work", cluster)
        built = LakeConnection(connection, tables)
        built.execute("create schema raw; create table raw.customers (customer_id varchar not null, age double)")
        built.execute("insert into raw.customers values ('C1', 20), ('C2', 30), ('C3', null)")
        yield built


def _rows(lake: LakeConnection, sql: str) -> list[tuple[object, ...]]:
    return lake.execute(sql).fetchall()  # type: ignore[no-any-return]


def test_what_is_large_lies_in_files(lake: LakeConnection, tmp_path: Path):
    """Whoever attaches the file finds a view, with the rows."""
    assert is_in_lake(lake)
    assert lake.execute("select view_name from duckdb_views() where schema_name = 'raw'").fetchall() == [("customers",)]
    assert len(list((tmp_path / "v1.parquet" / "raw.customers").glob("*.parquet"))) == 2


def test_questions_about_customers_go_to_the_cluster(lake: LakeConnection, cluster: Another):
    assert _rows(lake, "select count(*) as n, avg(age) as age from raw.customers") == [(3, 25.0)]
    assert _rows(lake, "select 1 as one") == [(1,)]
    assert cluster.asked == ["select count(*) as n, avg(age) as age from raw.customers"]


def test_what_is_small_goes_along(lake: LakeConnection, cluster: Another):
    """Once, and again where it has changed."""
    lake.execute("create schema meta; create table meta.names as select 'C1' as customer_id, 'Anna' as name")
    asked = "select name from raw.customers join meta.names using (customer_id)"
    for expected in (["Anna"], ["Anna"]):
        assert [name for (name,) in _rows(lake, asked)] == expected
    assert cluster.small == ["meta__names"]
    lake.execute("insert into meta.names values ('C2', 'Bea')")
    assert {name for (name,) in _rows(lake, asked)} == {"Anna", "Bea"}
    assert cluster.small == ["meta__names"] * 2


def test_what_is_not_small_is_not_sent_to_every_worker(lake: LakeConnection, cluster: Another):
    lake.execute("create table faults as select 'C' || i as customer_id from range(100001) as numbers (i)")
    assert _rows(lake, "select count(*) as n from raw.customers join faults using (customer_id)") == [(3,)]
    assert cluster.small == []


def test_views_and_tables_of_customers(lake: LakeConnection, cluster: Another):
    """A view is known to both, a small table comes back, a large one stays there, until it is dropped."""
    lake.execute("create view adults as select * from raw.customers where age >= 25")
    lake.execute("create table raw.ages as select count(*) as n from adults")
    assert _rows(lake, "from raw.ages") == [(1,)]
    assert [asked.strip() for asked in cluster.asked] == ["select count(*) as n from adults"]
    lake.execute("create or replace table scratch.scaled as select customer_id, age / 10 as age from raw.customers")
    lake.execute("create or replace table scratch.scaled as select customer_id, age + 1 as age from scaled")
    assert _rows(lake, "select age from scratch.scaled order by age") == [(3.0,), (4.0,), (None,)]
    lake.execute("drop table scratch.scaled")
    assert lake.execute("select count(*) from duckdb_views() where view_name = 'scaled'").fetchall() == [(0,)]


@pytest.mark.parametrize(
    "insert",
    [
        "insert into raw.customers select 'C4', 40 from raw.customers limit 1",
        "insert into raw.customers by name select 40 as age, 'C4' as customer_id from raw.customers limit 1",
        "insert into raw.customers (age, customer_id) select 40, 'C4' from raw.customers limit 1",
    ],
)
def test_rows_are_added(lake: LakeConnection, insert: str):
    assert _rows(lake, insert) == [(1,)]
    assert _rows(lake, "select customer_id, age from raw.customers where customer_id = 'C4'") == [("C4", 40.0)]


def test_nothing_is_added_that_is_null_where_it_may_not_be(lake: LakeConnection):
    with pytest.raises(duckdb.ConstraintException, match=r"raw\.customers\.customer_id"):
        lake.execute("insert into raw.customers (age) select 50 as age from raw.customers")
    assert _rows(lake, "select count(*) as n from raw.customers") == [(3,)]


def test_rows_that_do_not_arrive_are_missed(lake: LakeConnection, cluster: Another):
    """A worker may write where nobody else looks."""
    cluster.loses = True
    with pytest.raises(InputError, match=r"of 3 rows that the workers of the cluster wrote there 0 arrived"):
        lake.execute("select age from raw.customers")


@pytest.mark.parametrize("change", ["update raw.customers set age = 1", "delete from scratch.scaled"])
def test_what_a_cluster_cannot_do_is_refused(lake: LakeConnection, change: str):
    with pytest.raises(BuildError, match="a statement that a cluster cannot run"):
        lake.execute(change)
