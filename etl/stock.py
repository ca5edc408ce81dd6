"""Loading what is in stock: every row ends in raw.stock, in raw.rejects, or is counted as a copy of a kept one."""

from dataclasses import replace
from pathlib import Path

import duckdb

from etl.accounts import LoadReport, account, refuse_unusable
from etl.decimals import set_decimal_marks
from etl.loading import Files, cut_off, left_out, open_files, read_files, write_columns, write_rejects
from etl.mapping import Mapping
from etl.vocabulary import STOCK
from warehouse.build import build, execute_file
from warehouse.catalog import SQL
from warehouse.errors import InputError


def load_stock(connection: duckdb.DuckDBPyConnection, given: Path, mapping: Mapping | None = None) -> LoadReport:
    """Load what is in stock, beside transactions that are loaded already.

    Raises InputError for files that cannot be used, naming the file.
    """
    files = open_files(connection, given, mapping or Mapping(), STOCK)
    texts = [column if column.name in STOCK.names else replace(column, kind="text") for column in files.all_columns]
    files = replace(files, all_columns=tuple(texts))
    _refuse_incomplete(files)
    read_files(connection, files, files.columns)
    connection.execute(
        "create or replace temporary table forgotten_rows as select source_file, source_line from source_rows limit 0"
    )
    write_columns(connection, STOCK.source, files.all_columns)
    warnings = [*left_out(files), *set_decimal_marks(connection, files)]
    for name in ("stock_faults", "duplicate_stock"):
        execute_file(connection, SQL / "load" / f"{name}.sql")
    build(connection, ["raw.stock"])
    names = ", ".join(column.name for column in files.columns)
    connection.execute(
        f"insert into raw.stock select source_file, source_line, {names} from source_rows "
        "anti join faults using (source_file, source_line) anti join duplicate_rows using (source_file, source_line) "
        "order by source_file, source_line"
    )
    write_rejects(connection, files)
    report = account(connection, files, [*warnings, *cut_off(connection, files)])
    build(connection, ["staging.stock"])
    refuse_unusable(connection, report)
    return report


def _refuse_incomplete(files: Files) -> None:
    """A row needs an item, and how much there is of it."""
    names = {column.name for column in files.columns}
    missing = [] if names & {"product", "product_name", "category"} else ["product"]
    missing += [] if "on_hand" in names else ["on_hand"]
    if missing:
        found = ", ".join(f"'{column.source_header}'" for column in files.all_columns)
        hints = "; ".join(map(STOCK.hint, missing))
        raise InputError(
            f"{files.given}: a needed column is missing; its columns are {found}. Headers that are recognised: {hints}. "
            f'Say in MAPPING=path.toml which is which: [stock.columns] "..." = "{missing[0]}"'
        )
