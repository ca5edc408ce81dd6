"""What became of the rows of the sources: the counts per file, and whether anything is left to work with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from etl.source import SourceFile
from warehouse.columns import Column
from warehouse.errors import InputError

SYNTHETIC_PREFIX = "synthetic-"
"""What the ids of generated customers start with, so that they can be told wherever they show."""
MOST_CATEGORIES = 50
"""Values a category column may have."""


@dataclass(frozen=True)
class LoadReport:
    """What became of the rows of the sources."""

    given: Path
    """The file, folder or pattern that was asked for."""
    files: tuple[str, ...]
    """The files it means."""
    columns: tuple[Column, ...]
    """The columns of the warehouse."""
    rows_in: int
    """Rows in the files."""
    rows_kept: int
    """Rows in raw.customers."""
    rows_rejected: int
    """Rows in raw.rejects."""
    rows_duplicate: int
    """Rows dropped because an identical one was kept."""
    rows_forgotten: int
    """Rows of people erased on request."""
    is_synthetic: bool
    """Whether the customers were generated."""
    warnings: tuple[str, ...] = ()
    """What a person should look at."""
    open_ends: tuple[str, ...] = ()
    """The text files whose last line has no end."""

    @property
    def has_ids(self) -> bool:
        """Whether the customers' ids come from the files; otherwise they are made from the rows' values."""
        return any(column.kind == "id" and column.source_header for column in self.columns)


def write_sources(connection: duckdb.DuckDBPyConnection, sources: Sequence[SourceFile]) -> None:
    """Fill raw.sources: a row per file, with what became of its rows."""
    for source in sources:
        counts = connection.execute(
            f"""
            select
                (select count(*) from source_rows where source_file = $file)
                + (select count(*) from source_rejects where source_file = $file)
                + (select count(*) from forgotten_rows where source_file = $file) as rows_in,
                (select count(*) from raw.customers where source_file = $file) as rows_kept,
                (select count(*) from raw.rejects where source_file = $file) as rows_rejected,
                (
                    select count(*)
                    from (from repeated_customers where source_file = $file and _copy > 1)
                    anti join faults using (source_file, source_line)
                ) as rows_duplicate,
                (select count(*) from forgotten_rows where source_file = $file) as rows_forgotten,
                (
                    select coalesce(bool_and(starts_with(customer_id, '{SYNTHETIC_PREFIX}')), false)
                    from raw.customers
                    where source_file = $file
                ) as is_synthetic
            """,
            {"file": source.name},
        ).fetchone()
        assert counts is not None
        connection.execute(
            "insert into raw.sources values ('customers', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                source.name,
                source.fingerprint,
                source.kind,
                source.text.encoding if source.text else None,
                source.dialect.delimiter if source.dialect else None,
                *counts,
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )


def make_report(
    connection: duckdb.DuckDBPyConnection, given: Path, columns: tuple[Column, ...], warnings: Sequence[str]
) -> LoadReport:
    """What became of the rows of all files, as raw.sources has it."""
    row = connection.execute(
        "select list(source_file order by source_file), sum(rows_in), sum(rows_kept), sum(rows_rejected), sum(rows_duplicate), "
        "sum(rows_forgotten), bool_and(is_synthetic) from raw.sources"
    ).fetchone()
    assert row is not None
    files, rows_in, kept, rejected, duplicate, erased, is_synthetic = row
    return LoadReport(given, tuple(files), columns, rows_in, kept, rejected, duplicate, erased, is_synthetic, tuple(warnings))


def refuse_unusable(connection: duckdb.DuckDBPyConnection, report: LoadReport) -> None:
    """What no limit can allow: no rows at all, none that can be used, a category of too many values."""
    if report.rows_in == 0:
        raise InputError(f"{report.given}: has a header but no customers")
    if report.rows_kept == 0:
        first = connection.execute(
            "select source_file, source_line, reason from raw.rejects order by source_file, source_line"
        ).fetchone()
        assert first is not None
        where = f"{first[0]}, line {first[1]}" if len(report.files) > 1 else f"line {first[1]}"
        raise InputError(f"{report.given}: not one of its {report.rows_in:,} rows can be used; the first is {where}: {first[2]}")
    for column in report.columns:
        if column.kind == "category":
            (count,) = connection.execute(f"select count(distinct {column.name}) from staging.customers").fetchone() or (0,)
            if count > MOST_CATEGORIES:
                header = column.source_header
                raise InputError(
                    f"{report.given}: column '{header}' has {count:,} values, and a category has {MOST_CATEGORIES} at most; "
                    f'say in a MAPPING file what it is: [columns] "{header}" = "text"'
                )
