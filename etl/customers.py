"""Loading the customers: every row ends in raw.customers, in raw.rejects, or is counted as a copy of a kept one."""

from dataclasses import replace
from pathlib import Path

import duckdb

from etl.accounts import LoadReport, account, refuse_unusable
from etl.decimals import set_decimal_marks
from etl.erased import leave_out, redact, redact_rejects
from etl.loading import cut_off, keep_rows, left_out, open_files, read_files, write_columns, write_rejects
from etl.mapping import Mapping
from etl.vocabulary import CUSTOMER_ID, CUSTOMERS
from warehouse.build import build, execute_file
from warehouse.catalog import SQL
from warehouse.forgotten import NOBODY, Forgotten
from warehouse.progress import Progress, counted, silent


def load_customers(
    connection: duckdb.DuckDBPyConnection,
    given: Path,
    mapping: Mapping | None = None,
    forgotten: Forgotten = NOBODY,
    progress: Progress = silent,
) -> LoadReport:
    """Load a file, the files of a folder or those of a pattern into the raw layer, and build staging.

    People in `forgotten` are counted and not loaded. Raises InputError for files that cannot be used, naming the file.
    """
    questions = ("repeated_customers", "suspicious_rows", "faults", "duplicate_customers")
    step = counted(progress, len(questions) + 5)
    step("opening customers")
    files = open_files(connection, given, mapping or Mapping(), CUSTOMERS)
    if CUSTOMER_ID.name not in (column.name for column in files.columns):
        files = replace(files, all_columns=(CUSTOMER_ID, *files.all_columns))
    step("reading customers")
    read_files(connection, files, files.columns)
    build(connection, ["raw.columns", "raw.rejects", "raw.sources", "raw.gate", "raw.transactions", "raw.stock", "raw.results"])
    write_columns(connection, CUSTOMERS.source, files.all_columns)
    step("decimal marks")
    warnings = [*left_out(files), *set_decimal_marks(connection, files)]
    if not any(column.kind == "id" and column.source_header for column in files.columns):
        execute_file(connection, SQL / "load" / "made_ids.sql")
    warnings += [*leave_out(connection, forgotten), *redact(connection, forgotten, files.columns)]
    for name in questions:
        step(name)
        execute_file(connection, SQL / "load" / f"{name}.sql")
    step("raw.customers")
    keep_rows(connection, files)
    step("raw.rejects")
    write_rejects(connection, files)
    redact_rejects(connection, forgotten)
    report = account(connection, files, [*warnings, *cut_off(connection, files)])
    for name in ("repeated_customers", "suspicious_rows"):
        connection.execute(f"drop table {name}")
    build(connection, ["staging"])
    refuse_unusable(connection, report)
    return report
