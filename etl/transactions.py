"""Loading the transactions: every row ends in raw.transactions, marked there where it repeats an earlier one, or in raw.rejects."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from etl.accounts import LoadReport, account, refuse_unusable
from etl.dates import set_date_order
from etl.decimals import set_decimal_marks
from etl.erased import leave_out, redact, redact_rejects
from etl.loading import Files, cut_off, left_out, only_known, open_files, read_files, refuse_missing, write_columns, write_rejects
from etl.mapping import Mapping
from etl.vocabulary import BOTH, TRANSACTIONS, normalise
from warehouse.build import build, execute_file
from warehouse.catalog import SQL
from warehouse.columns import Column
from warehouse.errors import InputError
from warehouse.forgotten import NOBODY, Forgotten
from warehouse.progress import Progress, counted, silent

_AMBIGUOUS = "price"
"""A header that may mean what one piece costs, or all pieces of the line."""
_QUESTIONS = ("transaction_faults", "duplicate_transactions")
_PARTS = len(_QUESTIONS) + 5
"""Parts of the work, of which whoever waits is told."""


def load_transactions(
    connection: duckdb.DuckDBPyConnection,
    given: Path,
    mapping: Mapping | None = None,
    forgotten: Forgotten = NOBODY,
    progress: Progress = silent,
) -> LoadReport:
    """Load the lines of transactions, beside customers that are loaded already.

    People in `forgotten` are counted and not loaded. Raises InputError for files that cannot be used, naming the file.
    """
    step = counted(progress, _PARTS)
    step("opening transactions")
    files = open_files(connection, given, mapping or Mapping(), TRANSACTIONS)
    return _load(connection, only_known(files), forgotten, step)


def load_transactions_and_customers(
    connection: duckdb.DuckDBPyConnection,
    given: Path,
    mapping: Mapping | None = None,
    forgotten: Forgotten = NOBODY,
    progress: Progress = silent,
) -> tuple[LoadReport, LoadReport]:
    """Load the lines of transactions, and make a customer of everyone who stands in them.

    What the lines say of a customer (gender, age, and what a mapping calls numeric or a category) is that of the latest line.
    Returns what became of the rows, and the customers as if a file had held a row for each.
    """
    step = counted(progress, _PARTS + 1)
    step("opening transactions")
    files = open_files(connection, given, mapping or Mapping(), BOTH)
    build(connection, ["raw.columns", "raw.rejects", "raw.sources", "raw.gate", "raw.stock", "raw.results"])
    report = _load(connection, files, forgotten, step)
    step("derived_customers")
    about = [
        column
        for column in files.columns
        if column.kind == "id" or (column.name not in TRANSACTIONS.names and column.kind in ("numeric", "category"))
    ]
    write_columns(connection, "customers", about)
    connection.execute(
        "update raw.columns set decimal_mark = given.decimal_mark from raw.columns as given "
        "where columns.source = 'customers' and given.source = 'transactions' and columns.column_name = given.column_name"
    )
    build(connection, ["raw.customers", "staging"])
    execute_file(connection, SQL / "load" / "derived_customers.sql")
    (count,) = connection.execute("select count(*) from raw.customers").fetchone() or (0,)
    if not count:
        raise InputError(f"{given}: not one of its {report.rows_in:,} rows has a customer")
    customers = replace(
        report,
        source="customers",
        columns=tuple(about),
        rows_in=count,
        rows_kept=count,
        rows_rejected=0,
        rows_duplicate=0,
        rows_forgotten=0,
        warnings=(),
        open_ends=(),
        is_of_files=False,
    )
    refuse_unusable(connection, customers)
    return report, customers


def _load(connection: duckdb.DuckDBPyConnection, files: Files, forgotten: Forgotten, step: Callable[[str], None]) -> LoadReport:
    _refuse_incomplete(files)
    step("reading transactions")
    read_files(connection, files, files.columns)
    write_columns(connection, TRANSACTIONS.source, files.all_columns)
    step("decimal marks and dates")
    warnings = [*left_out(files), *set_decimal_marks(connection, files), *set_date_order(connection, files)]
    files, doubts = _settle_price(connection, files)
    warnings += [*doubts, *leave_out(connection, forgotten), *redact(connection, forgotten, files.columns)]
    for name in _QUESTIONS:
        step(name)
        execute_file(connection, SQL / "load" / f"{name}.sql")
    step("raw.transactions")
    build(connection, ["raw.transactions"])
    names = ", ".join(column.name for column in files.columns)
    connection.execute(  # in no order: to sort a hundred million lines takes minutes, and each has its number
        f"insert into raw.transactions select source_file, source_line, {names}, duplicate_rows.source_line is not null "
        "from source_rows anti join faults using (source_file, source_line) "
        "left join duplicate_rows using (source_file, source_line)"
    )
    step("raw.rejects")
    write_rejects(connection, files)
    redact_rejects(connection, forgotten)
    report = account(connection, files, [*warnings, *cut_off(connection, files)])
    build(connection, ["staging.transactions"])
    refuse_unusable(connection, report)
    return report


def _refuse_incomplete(files: Files) -> None:
    """Lines need a customer, a time and an amount."""
    names = {column.name for column in files.columns}
    missing = [name for name in ("customer_id", "occurred_at") if name not in names]
    if "amount" not in names and "unit_price" not in names:
        missing.append("amount")
    refuse_missing(files, missing, ", or unit_price, with quantity" if "amount" in missing else "")


def _settle_price(connection: duckdb.DuckDBPyConnection, files: Files) -> tuple[Files, list[str]]:
    """A column "price" beside a quantity, which nobody explained: of a piece, or of the line? Its values tell."""
    columns = {column.name: column for column in files.columns}
    price = columns.get("unit_price")
    is_said = price is not None and normalise(price.source_header) in map(normalise, files.mapping.columns)
    if price is None or normalise(price.source_header) != _AMBIGUOUS or is_said or "amount" in columns or "quantity" not in columns:
        return files, []
    execute_file(connection, SQL / "load" / "price_evidence.sql")
    (is_of_the_line,) = connection.execute("from price_evidence").fetchone() or (False,)
    connection.execute("drop table price_evidence")
    if not is_of_the_line:
        return files, []
    connection.execute("alter table source_rows rename unit_price to amount")
    amount = TRANSACTIONS.names["amount"]
    connection.execute(
        "update raw.columns set column_name = $1, label = $2 where source = 'transactions' and column_name = 'unit_price'",
        [amount.name, amount.label],
    )
    header = price.source_header.strip()
    warning = (
        f"'{header}' was read as the amount of the whole line: divided by the quantity it varies less. If it is that of one piece, "
        f'say so in a MAPPING file: [transactions.columns] "{header}" = "unit_price"'
    )
    return replace(files, all_columns=tuple(_renamed(files.all_columns, amount))), [warning]


def _renamed(columns: Sequence[Column], amount: Column) -> list[Column]:
    return [replace(amount, source_header=c.source_header) if c.name == "unit_price" else c for c in columns]
