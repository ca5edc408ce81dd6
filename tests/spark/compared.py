"""What two versions have in common, and what not: every relation, row by row, whatever the order."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import literal

_CLOSE = 1e-9
_MANY = 100_000
"""More rows than this are compared by DuckDB first."""
_OF_THE_TIME = ("created_at", "built_at", "data_since", "loaded_at", "valid_from", "valid_to")
"""Columns that say when a refresh ran."""


def differences(one: Path, other: Path, left_out: Iterable[str] = ()) -> dict[str, list[Any]]:
    """By relation what differs between two versions: their columns, or some of the rows that only one of them has.

    Numbers are the same that agree to a billionth. `left_out` are columns, beside those that say when a refresh ran.
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
            kept = [(name, type_) for name, type_ in columns[0] if name not in passed_over]
            if different := alike(*_rows_to_compare(connection, relation, kept)):
                found[relation] = different[:3]
        return found


def alike(some: Iterable[Sequence[Any]], others: Iterable[Sequence[Any]], in_order: bool = False) -> list[Any]:
    """What differs between two sets of rows, `in_order` or in whatever order; numbers are the same that agree to a billionth."""
    first, second = ([*map(tuple, rows)] if in_order else sorted(map(tuple, rows), key=_place) for rows in (some, others))
    if len(first) != len(second):
        return [*(Counter(map(_place, first)) - Counter(map(_place, second))), len(first), len(second)]
    return [pair for pair in zip(first, second, strict=True) if not _is_same(*pair)]


def _place(value: Any) -> str:
    """By what a row is put in order: numbers to six digits."""
    if isinstance(value, float):
        return f"{value + 0.0:.6g}"
    return "|".join(map(_place, value)) if isinstance(value, tuple | list) else repr(value)


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)


def _rows_to_compare(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[tuple[str, str]]
) -> list[list[tuple[Any, ...]]]:
    """The rows of both versions: of many, those of which the other version has none that is equal to ten digits."""
    names = ", ".join(f'"{name}"' for name, _ in columns)
    rows = [f"select {names} from {database}.{relation}" for database in ("one", "other")]
    if max(_count(connection, each) for each in rows) > _MANY:
        rounded = ", ".join(f'round("{name}", 10) as "{name}"' for name, type_ in columns if type_ == "DOUBLE")
        both = [f"select *{f' replace ({rounded})' if rounded else ''} from ({each})" for each in rows]
        rows = [f"({some}) except all ({others})" for some, others in (both, both[::-1])]
    return [connection.execute(each).fetchall() for each in rows]


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    (count,) = connection.execute(f"select count(*) from ({rows})").fetchone() or (0,)
    return int(count)


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
