"""What became of the rows of the sources: the counts per file, and whether anything is left to work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from etl.loading import Files
from warehouse.columns import Column
from warehouse.errors import InputError

SYNTHETIC_PREFIX = "synthetic-"
"""What the ids of generated customers start with, so that they can be told wherever they show."""
MOST_CATEGORIES = 50
"""Values a category column may have."""


@dataclass(frozen=True)
class LoadReport:
    """What became of the rows of one source."""

    source: str
    """customers, transactions, stock or results."""
    given: Path
    """The file, folder or pattern that was asked for."""
    files: tuple[str, ...]
    """The files it means."""
    columns: tuple[Column, ...]
    """The columns of the warehouse."""
    rows_in: int
    """Rows in the files."""
    rows_kept: int
    """Rows in raw.customers, raw.stock or raw.results, or those in raw.transactions that count."""
    rows_rejected: int
    """Rows in raw.rejects."""
    rows_duplicate: int
    """Rows that do not count because an identical one does."""
    rows_forgotten: int
    """Rows of people erased on request."""
    is_synthetic: bool
    """Whether its customers were generated."""
    warnings: tuple[str, ...] = ()
    """What a person should look at."""
    open_ends: tuple[str, ...] = ()
    """The text files whose last line has no end."""

    is_of_files: bool = True
    """Whether files hold these rows; False for customers who were made from transactions."""

    @property
    def has_ids(self) -> bool:
        """Whether the customers' ids come from the files; otherwise they are made from the rows' values."""
        return any(column.kind == "id" and column.source_header for column in self.columns)


def account(connection: duckdb.DuckDBPyConnection, files: Files, warnings: Sequence[str]) -> LoadReport:
    """Fill raw.sources, a row per file, with what became of its rows, and drop the tables that were needed for it."""
    what = files.vocabulary.source
    kept = "(from raw.transactions where not is_duplicate)" if what == "transactions" else f"raw.{what}"
    is_synthetic = f"starts_with(customer_id, '{SYNTHETIC_PREFIX}')" if what != "stock" else "false"
    counted = {
        source_file: counts
        for source_file, *counts in connection.execute(
            f"""
            with rows as (
                select source_file, 'read' as kind, false as is_synthetic from source_rows
                union all
                select source_file, 'no row' as kind, false as is_synthetic from source_rejects
                union all
                select source_file, 'forgotten' as kind, false as is_synthetic from forgotten_rows
                union all
                select source_file, 'kept' as kind, {is_synthetic} as is_synthetic from {kept}
                union all
                select source_file, 'rejected' as kind, false as is_synthetic from raw.rejects where source = $source
                union all
                select source_file, 'duplicate' as kind, false as is_synthetic from duplicate_rows
            )

            select
                source_file,
                count(*) filter (kind in ('read', 'no row', 'forgotten')),
                count(*) filter (kind = 'kept'),
                count(*) filter (kind = 'rejected'),
                count(*) filter (kind = 'duplicate'),
                count(*) filter (kind = 'forgotten'),
                count(*) filter (is_synthetic)
            from rows
            group by source_file
            """,
            {"source": what},
        ).fetchall()
    }
    generated = sum(counts[-1] for counts in counted.values())
    for source in files.sources:
        counts = counted.get(source.name, [0] * 6)
        _, kept_here, *_, generated_here = counts
        connection.execute(
            "insert into raw.sources values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                what,
                source.name,
                source.fingerprint,
                source.kind,
                source.text.encoding if source.text else None,
                source.dialect.delimiter if source.dialect else None,
                *counts[:-1],
                0 < kept_here == generated_here,
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )
    for name in ("source_rows", "source_rejects", "forgotten_rows", "duplicate_rows", "faults"):
        connection.execute(f"drop table {name}")
    connection.execute("checkpoint scratch")  # gives the room back
    report = _report(connection, files, warnings)
    if what == "customers" and 0 < generated < report.rows_kept:
        mixed = f"{generated:,} of {report.rows_kept:,} customers have ids of generated ones ({SYNTHETIC_PREFIX}…), the others not"
        return replace(report, warnings=(*report.warnings, f"{mixed}: all are taken for real customers"))
    return report


def _report(connection: duckdb.DuckDBPyConnection, files: Files, warnings: Sequence[str]) -> LoadReport:
    row = connection.execute(
        "select list(source_file order by source_file), sum(rows_in), sum(rows_kept), sum(rows_rejected), sum(rows_duplicate), "
        "sum(rows_forgotten), bool_and(is_synthetic) from raw.sources where source = $1",
        [files.vocabulary.source],
    ).fetchone()
    assert row is not None
    names, rows_in, kept, rejected, duplicate, erased, is_synthetic = row
    return LoadReport(
        source=files.vocabulary.source,
        given=files.given,
        files=tuple(names),
        columns=files.columns,
        rows_in=rows_in,
        rows_kept=kept,
        rows_rejected=rejected,
        rows_duplicate=duplicate,
        rows_forgotten=erased,
        is_synthetic=is_synthetic,
        warnings=tuple(warnings),
        open_ends=tuple(source.name for source in files.sources if source.text is not None and source.text.ends_open),
    )


def refuse_unusable(connection: duckdb.DuckDBPyConnection, report: LoadReport) -> None:
    """What no limit can allow: no rows at all, none that can be used, a category of too many values."""
    if report.rows_in == 0:
        raise InputError(f"{report.given}: has a header but no {report.source}")
    if report.rows_kept == 0:
        first = connection.execute(
            "select source_file, source_line, reason from raw.rejects where source = $1 order by source_file, source_line",
            [report.source],
        ).fetchone()
        assert first is not None
        where = f"{first[0]}, line {first[1]}" if len(report.files) > 1 else f"line {first[1]}"
        raise InputError(f"{report.given}: not one of its {report.rows_in:,} rows can be used; the first is {where}: {first[2]}")
    for column in report.columns if report.source == "customers" else ():
        if column.kind == "category":
            (count,) = connection.execute(f"select count(distinct {column.name}) from staging.customers").fetchone() or (0,)
            if count > MOST_CATEGORIES:
                header = column.source_header
                raise InputError(
                    f"{report.given}: column '{header}' has {count:,} values, and a category has {MOST_CATEGORIES} at most; "
                    f'say in a MAPPING file what it is: [columns] "{header}" = "text"'
                )


def tell_rows(
    line: Callable[[str, str], None], customers: LoadReport, transactions: LoadReport | None, further: Sequence[LoadReport]
) -> None:
    """Say of each source what it is and what became of its rows; `line` prints a title and a text."""
    if customers.is_of_files:
        _tell(line, "Customers", "Rows", customers)
    if transactions is not None:
        _tell(line, "Transactions", "Lines", transactions)
    if not customers.is_of_files:
        line("Customers", f"{customers.rows_kept:,}, made from the transactions")
    for source in further:
        _tell(line, source.source.capitalize(), "Rows", source)


def _tell(line: Callable[[str, str], None], what: str, rows: str, loaded: LoadReport) -> None:
    files = f", {len(loaded.files)} files" if len(loaded.files) > 1 else ""
    line(what, f"{loaded.given}{files}{' (SYNTHETIC)' if loaded.is_synthetic else ''}")
    line(
        rows,
        f"{loaded.rows_in:,} in = {loaded.rows_kept:,} kept + {loaded.rows_rejected:,} rejected "
        f"+ {loaded.rows_duplicate:,} identical to a kept one"
        + (f" + {loaded.rows_forgotten:,} erased on request" if loaded.rows_forgotten else ""),
    )
