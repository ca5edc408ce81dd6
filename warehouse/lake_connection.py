"""A builder's connection that keeps what has a row per customer beside the database file: as Parquet, in a folder of the version.

In the file such a relation is a view over its folder, so whoever reads the file finds what they would find in a table. A cluster
computes whatever reads such relations, and what is small comes back into the file. Its statements are those that DuckDB would run
(see warehouse/spark).
"""

import re
from typing import Any, TypeGuard

import duckdb

from warehouse.cluster import Parameters
from warehouse.errors import BuildError
from warehouse.lake_tables import OF_CUSTOMERS, LakeTables, is_large

OF_PURCHASES = (
    *("features.category_shares", "features.transaction_features", "marts.demand_segments", "marts.sales_forecast"),
    *("marts.segment_products", "marts.transaction_accounting"),
)
"""Tables of what customers bought: a cluster is given no purchases, so they hold nothing, and nobody is looked up for them."""

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
_CHANGE = re.compile(r"(update|delete|merge|truncate|alter)\b", re.IGNORECASE)
_VALUES = re.compile(r"\s*values\b", re.IGNORECASE)
_NO_ROWS = re.compile(r"\blimit\s+0\s*$", re.IGNORECASE)
_LEADING = re.compile(r"\A(\s+|--[^\n]*\n)+")
"""Blanks and comments in front of a statement."""


class LakeConnection:
    """Answers as DuckDB's own connection does, for the statements of a refresh: DuckDB runs them, or the cluster of `tables`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: LakeTables) -> None:
        self._duckdb = connection
        self.tables = tables

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

    def _concerns(self, sql: str) -> bool:
        names = "|".join(re.escape(name) for name in sorted({*OF_CUSTOMERS, *self.tables.held}, key=len, reverse=True))
        return re.search(rf"\bscratch\.|\battach\b|(?<![\w.])({names})\b", sql, re.IGNORECASE) is not None

    def _run(self, sql: str, parameters: Parameters) -> None:
        if found := _CREATE.match(sql):
            self._create(found, sql, parameters)
        elif (found := _DEFINE.match(sql)) and is_large(found["name"]):
            self.tables.define_table(found["name"], sql)
        elif found := _INSERT.match(sql):
            self._insert(found, sql, parameters)
        elif (found := _DROP.match(sql)) and (is_large(found["name"]) or self.tables.holds(found["name"])):
            self.tables.drop(found["name"])
        elif (found := _COMMENT.match(sql)) and is_large(found["name"]):
            self._duckdb.execute(re.sub("table", "view", sql, count=1, flags=re.IGNORECASE))
        elif _QUERY.match(sql) and not _NO_ROWS.search(sql) and (reads := self.tables.reads(sql)):
            self._duckdb.execute(self.tables.land(sql, reads, parameters))
        elif _CHANGE.match(sql):
            raise BuildError(f"a statement that a cluster cannot run: {' '.join(sql.split())[:200]}")
        else:
            self._pass_on(sql, parameters)
            if found := _ATTACH.match(sql):
                self.tables.show_attached(found["name"])

    def _create(self, found: re.Match[str], sql: str, parameters: Parameters) -> None:
        name, body = found["name"], sql[found.end() :]
        if name in OF_PURCHASES:
            self._pass_on(f"{sql[: found.end()]} select * from ({body}) limit 0", parameters)
            return
        reads = self.tables.reads(body)
        if found["kind"].lower() == "view":
            self._pass_on(sql, parameters)
            if reads:
                self.tables.define_view(name, body, reads, parameters)
        elif is_large(name):
            self.tables.create(name, body, reads, parameters)
        elif reads:
            self._duckdb.execute(f"{sql[: found.end()]} {self.tables.land(body, reads, parameters)}")
        else:
            self._pass_on(sql, parameters)

    def _insert(self, found: re.Match[str], sql: str, parameters: Parameters) -> None:
        name, body = found["name"], sql[found.end() :]
        if is_large(name):
            if not found["how"]:  # by place
                columns = found["columns"] or ", ".join(column for column, _ in self.tables.columns(f"from {name}"))
                body = f"select * from ({body}) as inserted ({columns})"
            self.tables.insert(name, body, self.tables.reads(body), parameters)
        elif not _VALUES.match(body) and (reads := self.tables.reads(body)):
            self._duckdb.execute(f"{sql[: found.end()]} {self.tables.land(body, reads, parameters)}")
        else:
            self._pass_on(sql, parameters)

    def _pass_on(self, sql: str, parameters: Parameters) -> None:
        """Have DuckDB run a statement. Not every kind takes parameters, even none."""
        self._duckdb.execute(sql, parameters) if parameters else self._duckdb.execute(sql)


def is_in_lake(connection: object) -> TypeGuard[LakeConnection]:
    """Whether a builder's connection keeps what is as large as the customers on a cluster."""
    return isinstance(connection, LakeConnection)


def row_key(connection: object) -> str:
    """SQL: what tells the rows of scratch.scaled_customers apart, and costs least to join by."""
    return "customer_id" if is_in_lake(connection) else "rowid"


def join_beside(connection: object, relation: str) -> str:
    """SQL: a join with a relation that has the same customers, each once: where rows have an order, in the same one.

    Rows that lie side by side need no ids compared; Parquet files that a cluster wrote have no order.
    """
    return f"inner join {relation} using (customer_id)" if is_in_lake(connection) else f"positional join {relation}"
