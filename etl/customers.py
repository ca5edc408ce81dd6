"""Loading the customers file: every row ends in raw.customers, in raw.rejects, or is counted as a copy of a kept one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from etl.headers import match, require
from etl.source import BrokenLine, SourceFile, line_texts, open_source, read_rows
from warehouse.build import build, execute_file
from warehouse.catalog import SQL
from warehouse.columns import Column
from warehouse.errors import GateError, InputError

SYNTHETIC_PREFIX = "synthetic-"
"""What the ids of generated customers start with, so that they can be told wherever they show."""


@dataclass(frozen=True)
class LoadReport:
    """What became of the rows of a source."""

    file: Path
    """The file."""
    rows_in: int
    """Rows in the file."""
    rows_kept: int
    """Rows in raw.customers."""
    rows_rejected: int
    """Rows in raw.rejects."""
    rows_duplicate: int
    """Rows dropped because an identical one was kept."""
    is_synthetic: bool
    """Whether the customers were generated."""
    fingerprint: str
    """SHA-256 of the file."""


def load_customers(
    connection: duckdb.DuckDBPyConnection, path: Path, needed: Collection[str], max_rejected: float, force: bool = False
) -> LoadReport:
    """Load `path` into the raw layer.

    `needed` are the columns that must be there; `max_rejected` is the largest share of rows, 0 to 1, that may be rejected,
    unless `force`. Raises InputError for a file that cannot be used, GateError for one with too many unusable rows.
    """
    source = open_source(connection, path)
    reserved = connection.execute("select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'").fetchall()
    try:
        columns = match(source.headers, (word for (word,) in reserved))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    require(columns, needed, str(path))
    broken = read_rows(connection, source, [column.name for column in columns])
    _write_columns(connection, columns)
    execute_file(connection, SQL / "load" / "classified_customers.sql")
    build(connection, ["raw.customers", "raw.rejects", "raw.sources", "raw.gate"])
    report = _write_rows(connection, source, columns, broken)
    connection.execute("drop table source_rows; drop table classified_customers")
    _gate(connection, report, columns, needed, max_rejected, force)
    return report


def _write_columns(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    build(connection, ["raw.columns"])
    connection.executemany(
        "insert into raw.columns by name select $1 as column_name, $2 as source_header, $3 as kind, $4 as label, "
        "$5 as short_label, $6 as unit, $7 as minimum, $8 as maximum, 1 as divide_by, '.' as decimal_mark, $9 as position",
        [
            (c.name, c.source_header, c.kind, c.label, c.short, c.unit, c.minimum, c.maximum, position)
            for position, c in enumerate(columns, start=1)
        ],
    )


def _write_rows(
    connection: duckdb.DuckDBPyConnection, source: SourceFile, columns: Sequence[Column], broken: Sequence[BrokenLine]
) -> LoadReport:
    file = source.path.name
    names = ", ".join(column.name for column in columns)
    connection.execute(
        f"insert into raw.customers select $file, source_line, {names} from classified_customers "
        "where reason is null and not is_duplicate order by source_line",
        {"file": file},
    )
    refused = connection.execute(
        "select source_line, trim(customer_id), rule, reason, "
        f"concat_ws('{source.delimiter}', {_texts(columns)}) from classified_customers "
        "where reason is not null"
    ).fetchall()
    counts_of_lines = {line: 1 + values.count("\n") for line, *_, values in refused}
    texts = line_texts(source.path, counts_of_lines) if source.kind == "csv" else {}
    rejects = [(file, line, who, rule, reason, texts.get(line, values)) for line, who, rule, reason, values in refused]
    rejects += [(file, line.line, None, "broken row", line.reason, line.text) for line in broken]
    if rejects:
        connection.executemany("insert into raw.rejects values (?, ?, ?, ?, ?, ?)", sorted(rejects, key=lambda row: row[1]))
    counts = connection.execute(
        "select count(*), count(*) filter (reason is not null), count(*) filter (reason is null and is_duplicate), "
        f"coalesce(bool_and(starts_with(customer_id, '{SYNTHETIC_PREFIX}')), false) from classified_customers"
    ).fetchone()
    assert counts is not None
    total, rejected, duplicate, is_synthetic = counts
    report = LoadReport(
        source.path,
        rows_in=total + len(broken),
        rows_kept=total - rejected - duplicate,
        rows_rejected=rejected + len(broken),
        rows_duplicate=duplicate,
        is_synthetic=is_synthetic,
        fingerprint=source.fingerprint(),
    )
    connection.execute(
        "insert into raw.sources values ('customers', ?, ?, ?, 'utf-8', ?, ?, ?, ?, ?, 0, ?, ?)",
        [
            file,
            report.fingerprint,
            source.kind,
            source.delimiter,
            report.rows_in,
            report.rows_kept,
            report.rows_rejected,
            report.rows_duplicate,
            report.is_synthetic,
            datetime.now(UTC).replace(tzinfo=None),
        ],
    )
    return report


def _texts(columns: Sequence[Column]) -> str:
    return ", ".join(f"coalesce({column.name}, '')" for column in columns)


def _gate(
    connection: duckdb.DuckDBPyConnection,
    report: LoadReport,
    columns: Sequence[Column],
    needed: Collection[str],
    max_rejected: float,
    force: bool,
) -> None:
    if report.rows_in == 0:
        raise InputError(f"{report.file}: has a header but no customers")
    if report.rows_rejected > max_rejected * report.rows_in and not force:
        first = connection.execute("select source_line, reason from raw.rejects order by source_line limit 1").fetchone()
        assert first is not None
        raise GateError(
            f"{report.file}: {report.rows_rejected:,} of {report.rows_in:,} rows cannot be used, more than the "
            f"{max_rejected:.0%} allowed; the first is line {first[0]}: {first[1]}. "
            "Correct the file, or allow a share of rejected rows with MAX_REJECTED=0.05 (or --max-rejected 0.05)"
        )
    if report.rows_kept == 0:
        raise InputError(f"{report.file}: not one of its {report.rows_in:,} rows can be used")
    build(connection, ["staging"])
    for column in columns:
        if column.name in needed or column.kind == "numeric":
            held = connection.execute(f"select count({column.name}) from staging.customers").fetchone()
            if held == (0,):
                raise InputError(f"{report.file}: column '{column.source_header}' has no value in any row")
