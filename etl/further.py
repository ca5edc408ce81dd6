"""Loading what may stand beside customers and their transactions: stock, and results of campaigns.

Every row ends in the source's table, in raw.rejects, or is counted as a copy of a kept one or a person's who was erased.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from etl.accounts import LoadReport, account, refuse_unusable
from etl.decimals import set_decimal_marks
from etl.erased import leave_out, redact, redact_rejects
from etl.loading import (
    cut_off,
    keep_rows,
    left_out,
    only_known,
    open_files,
    read_files,
    refuse_missing,
    write_columns,
    write_rejects,
)
from etl.mapping import Mapping
from etl.vocabulary import CUSTOMER_ID, RESULTS, STOCK, Vocabulary
from warehouse.build import build, execute_file
from warehouse.catalog import SQL
from warehouse.forgotten import NOBODY, Forgotten
from warehouse.progress import Progress, counted, silent


@dataclass(frozen=True)
class _Source:
    vocabulary: Vocabulary
    needed: tuple[tuple[str, ...], ...]
    """The columns it cannot do without; of those in one bracket any."""

    @property
    def is_of_people(self) -> bool:
        """Whether a row is a customer's. Then a row like another says nothing new, and what else it has is kept as text."""
        return CUSTOMER_ID in self.vocabulary.known


_STOCK = _Source(STOCK, (("product", "product_name", "category"), ("on_hand",)))
_RESULTS = _Source(RESULTS, (("campaign",), ("customer_id",), ("test_group",), ("outcome",)))


def load_stock(
    connection: duckdb.DuckDBPyConnection, given: Path, mapping: Mapping | None = None, progress: Progress = silent
) -> LoadReport:
    """Load what is in stock into raw.stock, and build staging.stock. Columns that are not known are not loaded.

    Raises InputError for files that cannot be used, naming the file.
    """
    return _load(connection, given, mapping or Mapping(), _STOCK, NOBODY, progress)


def load_results(
    connection: duckdb.DuckDBPyConnection,
    given: Path,
    mapping: Mapping | None = None,
    forgotten: Forgotten = NOBODY,
    progress: Progress = silent,
) -> LoadReport:
    """Load what came of campaigns into raw.results, and build staging.results.

    People in `forgotten` are counted and not loaded. Raises InputError for files that cannot be used, naming the file.
    """
    return _load(connection, given, mapping or Mapping(), _RESULTS, forgotten, progress)


def _load(
    connection: duckdb.DuckDBPyConnection,
    given: Path,
    mapping: Mapping,
    source: _Source,
    forgotten: Forgotten,
    progress: Progress,
) -> LoadReport:
    vocabulary, step = source.vocabulary, counted(progress, 4)
    step(f"opening {vocabulary.source}")
    files = only_known(open_files(connection, given, mapping, vocabulary), "text" if source.is_of_people else "ignore")
    names = {column.name for column in files.columns}
    refuse_missing(files, [either[0] for either in source.needed if names.isdisjoint(either)])
    step(f"reading {vocabulary.source}")
    read_files(connection, files, files.columns)
    write_columns(connection, vocabulary.source, files.all_columns)
    warnings = [*left_out(files), *set_decimal_marks(connection, files)]
    if source.is_of_people:
        warnings += leave_out(connection, forgotten)
    warnings += redact(connection, forgotten, files.columns)
    step(f"{vocabulary.source}_faults")
    execute_file(connection, SQL / "load" / f"{vocabulary.source}_faults.sql")
    if source.is_of_people:
        execute_file(connection, SQL / "load" / "duplicate_results.sql")
    else:
        for name in ("forgotten_rows", "duplicate_rows"):
            connection.execute(f"create or replace temporary table {name} as select source_file, source_line from faults limit 0")
    step(f"raw.{vocabulary.source}")
    keep_rows(connection, files)
    write_rejects(connection, files)
    redact_rejects(connection, forgotten)
    report = account(connection, files, [*warnings, *cut_off(connection, files)])
    build(connection, [f"staging.{vocabulary.source}"])
    refuse_unusable(connection, report)
    return report
