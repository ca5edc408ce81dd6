"""Parquet files: their columns, and every value as it would stand in a CSV file."""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from etl.files import first_line
from etl.vocabulary import IGNORE
from warehouse.columns import Column
from warehouse.connection import escaped, identifier
from warehouse.errors import InputError

_PARQUET = "read_parquet($path, hive_partitioning = false)"
"""What the file holds: the names of its folders are no columns."""
_INTEGERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER")
_FRACTIONS = re.compile(r"FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)")
_EXACT = 2**53
"""Up to here every whole number is a double of its own."""


def read_columns(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The headers of a file, and DuckDB's type of each column. Raises InputError for a damaged one."""
    try:
        described = connection.execute(f"describe select * from {_PARQUET}", {"path": escaped(path)}).fetchall()
    except duckdb.Error as error:
        raise InputError(f"{path}: is a damaged Parquet file: {first_line(error)}") from error
    return tuple(name for name, *_ in described), tuple(type_ for _, type_, *_ in described)


def is_number(type_: str) -> bool:
    """Whether a type of DuckDB's is one of numbers."""
    return bool(_INTEGERS.fullmatch(type_) or _FRACTIONS.fullmatch(type_))


def read_rows(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    headers: Sequence[str],
    types: Sequence[str],
    columns: Sequence[Column],
) -> None:
    """Add the rows to `source_rows`, numbered from 1, under the source's `name`; `columns` has one per header."""
    values = "".join(
        f", {as_text(header, type_)} as {column.name}"
        for header, type_, column in zip(headers, types, columns, strict=True)
        if column.kind != IGNORE
    )
    connection.execute(
        "insert into source_rows by name "
        f"select $name as source_file, row_number() over () as source_line, 1 as count_lines{values} from {_PARQUET}",
        {"name": name, "path": escaped(path)},
    )


def as_text(header: str, type_: str, by_digits: bool = False) -> str:
    """SQL: a value of a column as it would stand in a CSV file: 15 for 15.0, and text for bytes that are text.

    `by_digits` fractions are written out, as DuckDB does by itself; Java writes 1.2E7 for 12000000.5.
    """
    value = identifier(header)
    text = f"cast({value} as varchar)"
    if type_ == "TIMESTAMP WITH TIME ZONE":  # not in the zone of whoever reads it
        return f"cast({value} at time zone 'UTC' as varchar) || '+00'"
    if type_ == "BLOB":
        return f"coalesce(try(decode({value})), {text})"
    if not _FRACTIONS.fullmatch(type_):
        return text
    if type_.startswith("DECIMAL"):
        return f"case when contains({text}, '.') then rtrim(rtrim({text}, '0'), '.') else {text} end"
    whole = f"{value} = floor({value}) and abs({value}) <= {_EXACT}"
    digits = ""
    if by_digits:
        size, exact = f"abs(cast({value} as double))", f"cast(cast({text} as decimal(38, 20)) as varchar)"
        digits = f" when {size} >= 0.0001 and {size} < 1000000000000000 then rtrim(rtrim({exact}, '0'), '.')"
    return f"case when {whole} then cast(cast({value} as bigint) as varchar){digits} else {text} end"
