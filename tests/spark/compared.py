"""What two versions have in common, and what not: every relation, row by row, whatever the order."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import literal

_DIGITS = 9
_OF_THE_TIME = ("created_at", "built_at", "data_since", "loaded_at", "valid_from", "valid_to")
"""Columns that say when a refresh ran."""


def differences(one: Path, other: Path, left_out: Iterable[str] = ()) -> dict[str, list[Any]]:
    """By relation what differs between two versions: their columns, or some of the rows that only one of them has.

    Numbers are the same that agree in nine digits. `left_out` are columns, beside those that say when a refresh ran.
    """
    passed_over = {*_OF_THE_TIME, *left_out}
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach {literal(one)} as one (read_only); attach {literal(other)} as other (read_only)")
        found: dict[str, list[Any]] = {}
        for relation in _relations(connection):
            columns = [_columns(connection, f"{database}.{relation}") for database in ("one", "other")]
            if columns[0] != columns[1]:
                found[relation] = [column for column in zip(*columns, strict=False) if column[0] != column[1]]
                continue
            names = [f'"{name}"' for name, _ in columns[0] if name not in passed_over]
            rows = [_rows(connection, f"select {', '.join(names)} from {database}.{relation}") for database in ("one", "other")]
            if rows[0] != rows[1]:
                found[relation] = [*(rows[0] - rows[1]), *(rows[1] - rows[0])][:6]
        return found


def counted(rows: Iterable[Sequence[Any]]) -> Counter[tuple[Any, ...]]:
    """Rows, whatever their order, with numbers to nine digits."""
    return Counter(tuple(map(_plain, row)) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") + 0.0 if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return tuple((key, _plain(own)) for key, own in value.items())
    return value


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Counter[tuple[Any, ...]]:
    return counted(connection.execute(sql).fetchall())


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    connection.execute(f"from {relation} limit 0")
    return [(name, str(type_)) for name, type_, *_ in connection.description]


def _relations(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Everything in either version."""
    return [
        relation
        for (relation,) in connection.execute(
            "select distinct schema_name || '.' || table_name from duckdb_tables() where database_name in ('one', 'other') "
            "union select distinct schema_name || '.' || view_name from duckdb_views() "
            "where database_name in ('one', 'other') and not internal order by all"
        ).fetchall()
    ]
