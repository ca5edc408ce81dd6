"""The relations of a version that is being built as a cluster has them, and as DuckDB has them.

What has a row per customer lies in Parquet files that both read. What is small lies in DuckDB's file, and goes to the cluster
where a query there needs it; results that are small come back. Both ways are Parquet files too.
"""

import re
import shutil
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import duckdb

from warehouse.cluster import Cluster, Columns, Parameters
from warehouse.connection import escaped, identifier, literal
from warehouse.errors import InputError
from warehouse.lake import folders, rows_of

OF_CUSTOMERS = ("raw.customers", "segments.assignments", "segments.past_memberships", "marts.customers")
"""The tables with a row per customer or more. Those of the scratch database are taken for as large."""

_FEW = 100_000
"""Rows that may be sent to every worker."""
_THERE = """
select
    database_name || '.' || schema_name || '.' || table_name,
    case when schema_name = 'main' then table_name else schema_name || '.' || table_name end
from (
    select database_name, schema_name, table_name from duckdb_tables()
    union all
    select database_name, schema_name, view_name from duckdb_views() where not internal
)
"""


class LakeTables:
    """Which relations are as large as the customers, where their files are, and what goes to and fro.

    `folder` takes the tables of the version, `work` what is needed on the way.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, work: Path, cluster: Cluster) -> None:
        self._duckdb = connection
        self._folder = folder
        self._work = work
        self._cluster = cluster
        self._held: set[str] = set()
        """The relations as large as the customers that there are, views among them."""
        self._folders: dict[str, Path] = {}
        """Where their files are, of those that are no views."""
        self._required: dict[str, list[str]] = {}
        """The columns in which nothing may be null."""
        self._shipped: dict[str, tuple[Any, ...]] = {}
        """Small tables that the cluster has been given: what they had in them."""
        self._count = 0

    @property
    def held(self) -> Set[str]:
        """The relations as large as the customers that there are, views among them, without the name of the database."""
        return self._held

    def holds(self, name: str) -> bool:
        """Whether there is a relation of that name as large as the customers."""
        return _bare(name) in self._held

    def reads(self, body: str) -> set[str]:
        """The relations that a query reads, by the names it gives them; none where none is as large as the customers."""
        named = self._cluster.relations(body)
        large = {name for name in named if self.holds(name)}
        return large | (named & self._there()) if large else set()

    def required(self, name: str) -> list[str]:
        """The columns of a table as large as the customers in which nothing may be null."""
        return self._required.get(_bare(name), [])

    def columns(self, body: str, parameters: Parameters = ()) -> list[tuple[str, str]]:
        """The names and DuckDB's types of what a query gives."""
        self._duckdb.execute(f"select * from ({body}) limit 0", parameters)
        return [(name, str(type_)) for name, type_, *_ in self._duckdb.description]

    def read_text(self, name: str, files: Mapping[Path, str]) -> None:
        """Give the lines of text files a name, as Cluster.show_lines does."""
        self._duckdb.execute(
            f"create or replace temporary view {name} as "
            "select '' as source_file, 0::bigint as source_line, '' as line, true as is_readable where false"
        )
        self._cluster.show_lines(name, files)
        self._held.add(name)

    def read_parquet(self, name: str, files: Mapping[Path, str]) -> None:
        """Give the rows of Parquet files a name, as Cluster.show_rows does."""
        self._duckdb.execute(
            f"create or replace temporary view {name} as select '' as _source_file, 0::bigint as _source_line, * "
            f"from read_parquet({literal(escaped(next(iter(files))))}, hive_partitioning = false) where false"
        )
        self._cluster.show_rows(name, files)
        self._held.add(name)

    def define_view(self, name: str, body: str, reads: Set[str], parameters: Parameters) -> None:
        """Have the cluster know a view, which DuckDB has."""
        self._held.add(_bare(name))
        self._cluster.define(_name_there(name), body, self._names(reads), parameters)

    def define_table(self, name: str, sql: str) -> None:
        """An empty table of `create table` as it stands: a file without rows says what its columns are."""
        folder = self._new_folder(name)
        self._duckdb.execute(re.sub(r"\btable\s+[\w.]+", "temporary table _defined", sql, count=1, flags=re.IGNORECASE))
        columns = self.columns("from _defined")
        required = self._duckdb.execute(
            "select column_name from duckdb_columns() where table_name = '_defined' and not is_nullable"
        ).fetchall()
        self._duckdb.execute(f"copy _defined to {literal(folder / 'columns.parquet')} (format parquet); drop table _defined")
        self._required[_bare(name)] = [column for (column,) in required]
        self._show(name, folder, columns)

    def create(self, name: str, body: str, reads: Set[str], parameters: Parameters) -> None:
        """A table of what a query gives, in the place of one that there may be."""
        folder = self._new_folder(name)
        columns = self.columns(body, parameters)
        self.write(folder, body, columns, reads, parameters)
        replaced = self._folders.get(_bare(name))
        self._show(name, folder, columns)
        if replaced not in (None, folder):
            shutil.rmtree(replaced, ignore_errors=True)

    def insert(self, name: str, body: str, reads: Set[str], parameters: Parameters) -> None:
        """Add what a query gives to a table, by the names of the columns; the connection then answers how many rows.

        Raises duckdb.ConstraintException where something is null that may not be, as DuckDB does.
        """
        wanted = self.columns(f"from {name}")
        there = [column for column, _ in self.columns(body, parameters)]
        values = ", ".join(f"cast({column if column in there else 'null'} as {type_}) as {column}" for column, type_ in wanted)
        folder = self._folders[_bare(name)]
        before = set(folder.iterdir())
        try:
            count = self.write(folder, f"select {values} from ({body}) as inserted", wanted, reads, parameters)
            self._refuse_null(name, folder)
        except BaseException:
            for path in set(folder.glob("*.parquet")) - before:
                path.unlink()
            raise
        self._cluster.show(_name_there(name), folder, wanted)
        self._duckdb.execute("select $1", [count])

    def drop(self, name: str) -> None:
        """Leave nothing of a table or a view."""
        self._duckdb.execute(f"drop view if exists {name if '.' in name else f'scratch.{name}'}")
        self._held.discard(_bare(name))
        if folder := self._folders.pop(_bare(name), None):
            shutil.rmtree(folder, ignore_errors=True)

    def land(self, body: str, reads: Set[str], parameters: Parameters) -> str:
        """Have the cluster run a query whose result is small; the SQL that reads it."""
        folder, columns = self._new_folder("landed"), self.columns(body, parameters)
        stored = columns
        if not all(re.fullmatch(r"\w+", column) for column, _ in columns):
            stored = [(f"column_{place}", type_) for place, (_, type_) in enumerate(columns)]
            body = f"select * from ({body}) as landed ({', '.join(column for column, _ in stored)})"
        self.write(folder, body, stored, reads, parameters, in_order=True)
        values = ", ".join(
            f"cast({held} as {type_}) as {identifier(column)}" for (held, _), (column, type_) in zip(stored, columns, strict=True)
        )
        return f"select {values} {rows_of(folder)}"

    def write(
        self, folder: Path, body: str, columns: Columns, reads: Set[str], parameters: Parameters, in_order: bool = False
    ) -> int:
        """Add the rows of a query to a folder; what is large lies in no order, as to sort it would take longer than all else.

        Returns how many. Raises InputError where not all that the workers wrote arrive.
        """
        before = self._count_rows(folder)
        if not reads:
            self._count += 1
            path = folder / f"part-duckdb-{self._count}.parquet"
            self._duckdb.execute(f"copy ({body}) to {literal(path)} (format parquet, compression zstd)", parameters)
            return self._count_rows(folder) - before
        written = self._cluster.write(folder, body, columns, self._names(reads), parameters, in_order)
        if (arrived := self._count_rows(folder) - before) != written:
            raise InputError(
                f"{folder}: of {written:,} rows that the workers of the cluster wrote there {arrived:,} arrived: WAREHOUSE must be "
                "a folder that this machine and every worker share, by the same path"
            )
        return written

    def show_attached(self, database: str) -> None:
        """Let the cluster read what another version keeps in its folder."""
        for view, folder in folders(self._duckdb, database).items():
            name = f"{database}.{view}"
            self._held.add(name)
            self._cluster.show(_name_there(name), folder, self.columns(f"from {name}"))

    def _there(self) -> set[str]:
        """The names by which DuckDB finds its relations."""
        rows = self._duckdb.execute(_THERE).fetchall()
        return {name for row in rows for name in row}

    def _names(self, reads: Set[str]) -> dict[str, str]:
        """By the name of every relation read, its name for the cluster, which is given what is small."""
        for name in sorted(reads):
            if not self.holds(name):
                self._ship(name)
        return {name: _name_there(name) for name in reads}

    def _ship(self, name: str) -> None:
        told = self._duckdb.execute(f"select count(*), sum(hash(shipped)) from {name} as shipped").fetchone() or ()
        columns = self.columns(f"from {name}")
        if self._shipped.get(name) == (*told, columns):
            return
        folder = self._new_folder("small")
        self._duckdb.execute(f"copy (from {name}) to {literal(folder / 'rows.parquet')} (format parquet)")
        self._cluster.show(_name_there(name), folder, columns, is_small=told[0] <= _FEW)
        self._shipped[name] = (*told, columns)

    def _show(self, name: str, folder: Path, columns: Columns) -> None:
        """Have a relation read from the files of its folder, in the file and on the cluster."""
        self._duckdb.execute(f"create or replace view {name} as {rows_of(folder)}")
        self._held.add(_bare(name))
        self._folders[_bare(name)] = folder
        self._cluster.show(_name_there(name), folder, columns)

    def _count_rows(self, folder: Path) -> int:
        """As the files themselves say, of those that are there."""
        if not any(folder.glob("*.parquet")):
            return 0
        (count,) = self._duckdb.execute(f"select count(*) {rows_of(folder)}").fetchone() or (0,)
        return int(count)

    def _refuse_null(self, name: str, folder: Path) -> None:
        """The files themselves say of every column how often it is null."""
        found = self._duckdb.execute(
            "select min(path_in_schema) from parquet_metadata($files) "
            "where stats_null_count > 0 and list_contains($required, path_in_schema)",
            {"files": str(folder / "*.parquet"), "required": self.required(name)},
        ).fetchone()
        if found and found[0]:
            raise duckdb.ConstraintException(f"Constraint Error: NOT NULL constraint failed: {name}.{found[0]}")

    def _new_folder(self, name: str) -> Path:
        if name in OF_CUSTOMERS:
            folder = self._folder / name
            shutil.rmtree(folder, ignore_errors=True)
        else:
            self._count += 1
            folder = self._work / f"{name.removeprefix('scratch.')}_{self._count}"
        folder.mkdir(parents=True)
        return folder


def is_large(name: str) -> bool:
    """Whether a table of that name is as large as the customers, wherever it is."""
    return name in OF_CUSTOMERS or name.startswith("scratch.")


def _bare(name: str) -> str:
    """A name without the database that is found without naming it."""
    return name.removeprefix("scratch.")


def _name_there(name: str) -> str:
    """The cluster's name of a relation: it has no schemas."""
    return _bare(name).replace(".", "__")
