"""A builder's connection that keeps what has a row per customer beside the database file: as Parquet, in a folder of the version.

In the file such a relation is a view over its folder, so whoever reads the file finds what they would find in a table. A cluster
computes whatever reads such relations, and what is small comes back into the file. Its statements are those that DuckDB would run
(see warehouse/spark).
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb

from warehouse.connection import identifier, literal
from warehouse.lake import folders, rows_of

OF_CUSTOMERS = ("raw.customers", "segments.assignments", "segments.past_memberships", "marts.customers")
"""The tables with a row per customer or more. Those of the scratch database are taken for as large."""
OF_PURCHASES = (
    *("features.category_shares", "features.transaction_features", "marts.demand_segments", "marts.sales_forecast"),
    *("marts.segment_products", "marts.transaction_accounting"),
)
"""Tables that read customers and say what they bought: DuckDB makes them, as a cluster knows nothing of purchases."""

Parameters = Sequence[Any] | Mapping[str, Any]
Columns = Sequence[tuple[str, str]]
"""Names and DuckDB's types."""

_CREATE = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?P<temporary>temporary\s+)?(?P<kind>table|view)\s+(?:if\s+not\s+exists\s+)?(?P<name>[\w.]+)\s+as\b",
    re.IGNORECASE,
)
_DEFINE = re.compile(r"create\s+(?:or\s+replace\s+)?table\s+(?P<name>[\w.]+)\s*\(", re.IGNORECASE)
_INSERT = re.compile(
    r"insert\s+into\s+(?P<name>[\w.]+)(?P<how>\s+by\s+name)?(?:\s*\((?P<columns>[^()]*)\)(?=\s*(?:select|from|with)\b))?",
    re.IGNORECASE,
)
_DROP = re.compile(r"drop\s+(?:table|view)\s+(?:if\s+exists\s+)?(?P<name>[\w.]+)", re.IGNORECASE)
_ATTACH = re.compile(r"attach\s+'(?:[^']|'')*'\s+as\s+(?P<name>\w+)", re.IGNORECASE)
_COMMENT = re.compile(r"comment\s+on\s+table\s+(?P<name>[\w.]+)", re.IGNORECASE)
_QUERY = re.compile(r"(select|with|from)\b", re.IGNORECASE)
_LEADING = re.compile(r"\A(\s+|--[^\n]*\n)+")
"""Blanks and comments in front of a statement."""

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


class Cluster(Protocol):
    """What computes over relations that are as large as the customers."""

    def relations(self, sql: str) -> set[str]:
        """The relations that a query of DuckDB's names, what it defines itself among them."""

    def show(self, name: str, folder: Path, columns: Columns) -> None:
        """Read the Parquet files of a folder under a name."""

    def show_lines(self, name: str, files: Mapping[Path, str]) -> None:
        """Read text files, given with the names to show for them, line by line: source_file, source_line (from 1), line and
        is_readable, which is false where bytes are no UTF-8. What is blank at the end of a file is left out.
        """

    def show_rows(self, name: str, files: Mapping[Path, str]) -> None:
        """Read Parquet files of the same columns, given with the names to show: source_file, source_line (from 1), then those."""

    def define(self, name: str, sql: str, names: Mapping[str, str], parameters: Parameters) -> None:
        """Give a query of DuckDB's a name; `names` has by DuckDB's name of each relation that it reads the one here."""

    def write(
        self, folder: Path, sql: str, columns: Columns, names: Mapping[str, str], parameters: Parameters, in_order: bool
    ) -> None:
        """Add the rows of a query of DuckDB's, whose columns are given, to a folder's Parquet files, `in_order` or as they come."""


class LakeConnection:
    """Answers as DuckDB's own connection does, for the statements of a refresh.

    `folder` takes the tables of a version, `work` what is needed on the way.
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
        self._shipped: dict[str, tuple[Any, ...]] = {}
        """Small tables that the cluster has been given: what they had in them."""
        self._count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._duckdb, name)

    def execute(self, sql: str, parameters: Parameters = ()) -> "LakeConnection":
        """Run statements, as DuckDB's connection does; results are fetched from here."""
        if self._concerns(sql):
            for statement in self._duckdb.extract_statements(sql):
                self._run(_LEADING.sub("", statement.query).rstrip().rstrip(";"), parameters)
        else:
            self._duckdb.execute(sql, parameters)
        return self

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
        path = re.sub(r"([*?\[])", r"[\1]", str(next(iter(files))))
        self._duckdb.execute(
            f"create or replace temporary view {name} as select '' as source_file, 0::bigint as source_line, * "
            f"from read_parquet({literal(path)}, hive_partitioning = false) where false"
        )
        self._cluster.show_rows(name, files)
        self._held.add(name)

    def _concerns(self, sql: str) -> bool:
        names = "|".join(re.escape(name) for name in sorted({*OF_CUSTOMERS, *self._held}, key=len, reverse=True))
        return re.search(rf"\bscratch\.|\battach\b|(?<![\w.])({names})\b", sql, re.IGNORECASE) is not None

    def _run(self, sql: str, parameters: Parameters) -> None:
        if found := _CREATE.match(sql):
            self._create(found, sql, parameters)
        elif (found := _DEFINE.match(sql)) and _is_large(found["name"]):
            self._define(found["name"], sql)
        elif found := _INSERT.match(sql):
            self._insert(found, sql, parameters)
        elif (found := _DROP.match(sql)) and (_is_large(found["name"]) or found["name"] in self._held):
            self._drop(found["name"])
        elif (found := _COMMENT.match(sql)) and _is_large(found["name"]):
            self._duckdb.execute(re.sub("table", "view", sql, count=1, flags=re.IGNORECASE))
        elif _QUERY.match(sql):
            self._query(sql, parameters)
        else:
            self._duckdb.execute(sql, parameters) if parameters else self._duckdb.execute(sql)
            if found := _ATTACH.match(sql):
                self._show_attached(found["name"])

    def _create(self, found: re.Match[str], sql: str, parameters: Parameters) -> None:
        name, body = found["name"], sql[found.end() :]
        reads = self._reads(body) if name not in OF_PURCHASES else set()
        if found["kind"].lower() == "view":
            self._duckdb.execute(sql, parameters)
            if reads:
                self._held.add(_bare(name))
                self._cluster.define(_spark_name(name), body, self._names(reads), parameters)
        elif _is_large(name):
            folder = self._new_folder(name)
            columns = self._columns(body, parameters)
            self._write(folder, body, columns, reads, parameters)
            replaced = self._folders.get(_bare(name))
            self._show(name, folder, columns)
            if replaced not in (None, folder):
                shutil.rmtree(replaced, ignore_errors=True)
        elif reads:
            landed = self._land(body, reads, parameters)
            self._duckdb.execute(f"{sql[: found.end()]} {landed}")
        else:
            self._duckdb.execute(sql, parameters)

    def _define(self, name: str, sql: str) -> None:
        """An empty table: a file without rows says what its columns are."""
        folder = self._new_folder(name)
        temporary = re.sub(r"\btable\s+[\w.]+", "temporary table _defined", sql, count=1, flags=re.IGNORECASE)
        self._duckdb.execute(temporary)
        columns = self._columns("from _defined", ())
        self._duckdb.execute(f"copy _defined to {literal(folder / 'columns.parquet')} (format parquet); drop table _defined")
        self._show(name, folder, columns)

    def _insert(self, found: re.Match[str], sql: str, parameters: Parameters) -> None:
        name, body = found["name"], sql[found.end() :]
        if re.match(r"\s*values\b", body, re.IGNORECASE) and not _is_large(name):
            self._duckdb.execute(sql, parameters)
            return
        reads = self._reads(body)
        if not _is_large(name):
            if reads:
                self._duckdb.execute(f"{sql[: found.end()]} {self._land(body, reads, parameters)}")
            else:
                self._duckdb.execute(sql, parameters)
            return
        wanted = self._columns(f"from {name}", ())
        given = [column.strip().strip('"') for column in found["columns"].split(",")] if found["columns"] else None
        if given is None and not found["how"]:
            given = [column for column, _ in wanted]
        if given is not None:  # by place
            body = f"select * from ({body}) as inserted ({', '.join(given)})"
        there = [column for column, _ in self._columns(body, parameters)]
        values = ", ".join(f"cast({column if column in there else 'null'} as {type_}) as {column}" for column, type_ in wanted)
        folder = self._folders[_bare(name)]
        self._write(folder, f"select {values} from ({body}) as inserted", wanted, reads, parameters)
        self._cluster.show(_spark_name(name), folder, wanted)

    def _query(self, sql: str, parameters: Parameters) -> None:
        reads = self._reads(sql)
        if reads and not re.search(r"\blimit\s+0\s*$", sql, re.IGNORECASE):
            self._duckdb.execute(self._land(sql, reads, parameters))
        else:
            self._duckdb.execute(sql, parameters)

    def _drop(self, name: str) -> None:
        kept = name if name in OF_CUSTOMERS or "." in name else f"scratch.{name}"
        self._duckdb.execute(f"drop view if exists {kept}")
        self._held.discard(_bare(name))
        if folder := self._folders.pop(_bare(name), None):
            shutil.rmtree(folder, ignore_errors=True)

    def _reads(self, body: str) -> set[str]:
        """The relations that a query reads, by the names it gives them; none where none is as large as the customers."""
        named = self._cluster.relations(body)
        large = {name for name in named if _bare(name) in self._held}
        return large | (named & self._there()) if large else set()

    def _there(self) -> set[str]:
        """The names by which DuckDB finds its relations."""
        rows = self._duckdb.execute(_THERE).fetchall()
        return {name for row in rows for name in row}

    def _names(self, reads: set[str]) -> dict[str, str]:
        """By the name of every relation read, its name for the cluster, which is given what is small."""
        for name in sorted(reads):
            if _bare(name) not in self._held:
                self._ship(name)
        return {name: _spark_name(name) for name in reads}

    def _ship(self, name: str) -> None:
        told = self._duckdb.execute(f"select count(*), sum(hash(shipped)) from {name} as shipped").fetchone() or ()
        columns = self._columns(f"from {name}", ())
        if self._shipped.get(name) == (*told, columns):
            return
        folder = self._new_folder("small")
        self._duckdb.execute(f"copy (from {name}) to {literal(folder / 'rows.parquet')} (format parquet)")
        self._cluster.show(_spark_name(name), folder, columns)
        self._shipped[name] = (*told, columns)

    def _land(self, body: str, reads: set[str], parameters: Parameters) -> str:
        """Have the cluster run a query whose result is small; the SQL that reads it."""
        folder, columns = self._new_folder("landed"), self._columns(body, parameters)
        stored = columns
        if not all(re.fullmatch(r"\w+", column) for column, _ in columns):
            stored = [(f"column_{place}", type_) for place, (_, type_) in enumerate(columns)]
            body = f"select * from ({body}) as landed ({', '.join(column for column, _ in stored)})"
        self._write(folder, body, stored, reads, parameters, in_order=True)
        values = ", ".join(
            f"cast({held} as {type_}) as {identifier(column)}" for (held, _), (column, type_) in zip(stored, columns, strict=True)
        )
        return f"select {values} {rows_of(folder)}"

    def _write(
        self, folder: Path, body: str, columns: Columns, reads: set[str], parameters: Parameters, in_order: bool = False
    ) -> None:
        """Add the rows of a query to a folder; what is large lies in no order, as to sort it would take longer than all else."""
        if reads:
            self._cluster.write(folder, body, columns, self._names(reads), parameters, in_order)
        else:
            self._count += 1
            path = folder / f"part-duckdb-{self._count}.parquet"
            self._duckdb.execute(f"copy ({body}) to {literal(path)} (format parquet, compression zstd)", parameters)

    def _show(self, name: str, folder: Path, columns: Columns) -> None:
        """Have a relation read from the files of its folder, in the file and on the cluster."""
        self._duckdb.execute(f"create or replace view {name} as {rows_of(folder)}")
        self._held.add(_bare(name))
        self._folders[_bare(name)] = folder
        self._cluster.show(_spark_name(name), folder, columns)

    def _show_attached(self, database: str) -> None:
        """Let the cluster read what another version keeps in its folder."""
        for view, folder in folders(self._duckdb, database).items():
            name = f"{database}.{view}"
            self._held.add(name)
            self._cluster.show(_spark_name(name), folder, self._columns(f"from {name}", ()))

    def _columns(self, body: str, parameters: Parameters) -> list[tuple[str, str]]:
        self._duckdb.execute(f"select * from ({body}) limit 0", parameters)
        return [(name, str(type_)) for name, type_, *_ in self._duckdb.description]

    def _folder_of(self, name: str) -> Path:
        return self._folder / name

    def _new_folder(self, name: str) -> Path:
        if name in OF_CUSTOMERS:
            folder = self._folder_of(name)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            self._count += 1
            folder = self._work / f"{name.removeprefix('scratch.')}_{self._count}"
        folder.mkdir(parents=True)
        return folder


def row_key(connection: object) -> str:
    """SQL: what tells the rows of scratch.scaled_customers apart, and costs least to join by."""
    return "customer_id" if isinstance(connection, LakeConnection) else "rowid"


def join_beside(connection: object, relation: str) -> str:
    """SQL: a join with a relation that has the same customers, each once: where rows have an order, in the same one.

    Rows that lie side by side need no ids compared; Parquet files that a cluster wrote have no order.
    """
    if isinstance(connection, LakeConnection):
        return f"inner join {relation} using (customer_id)"
    return f"positional join {relation}"


def _is_large(name: str) -> bool:
    return name in OF_CUSTOMERS or name.startswith("scratch.")


def _bare(name: str) -> str:
    """A name without the database that is found without naming it."""
    return name.removeprefix("scratch.")


def _spark_name(name: str) -> str:
    return _bare(name).replace(".", "__")
