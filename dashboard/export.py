"""Rows as files: CSV that no spreadsheet takes for anything but text and numbers, Parquet, and Excel."""

import logging
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import xlsxwriter
from flask import Response, abort
from xlsxwriter.exceptions import XlsxFileError

from warehouse.connection import Snapshot
from warehouse.errors import BusyError, InputError, MallError, WriteError
from warehouse.words import printable

TYPES = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
"""Kinds of files, and what the network calls them."""
FORMULA = r"^[=+\-@\t\r]"
"""How a text begins that a spreadsheet would take for a formula."""
MOST_IN_SHEET = 1_048_575
"""Rows of a sheet of Excel, but for the header."""
_CHUNK = 10_000
_WIDTH = 20
"""Characters that a column of a sheet shows."""
log = logging.getLogger(__name__)

_writing_sheets = threading.Lock()
_SHEETS_LONGEST = 32_767
"""Characters that a cell of Excel holds."""


@contextmanager
def sent_or_refused() -> Iterator[None]:
    """End what an address asks, and cannot be given: 503 where it may be given later, else 400, with what is wrong."""
    try:
        yield
    except (MallError, ValueError, RecursionError) as error:
        log.warning("no file was sent: %s", type(error).__name__)  # its words may be a customer's
        is_told = isinstance(error, InputError | BusyError)
        abort(503 if isinstance(error, BusyError) else 400, description=printable(str(error)) if is_told else None)


def csv_response(lines: Iterable[str], name: str) -> Response:
    """Lines of a CSV file, to be saved under a name."""
    return Response(lines, mimetype=TYPES["csv"], headers={"Content-Disposition": f"attachment; filename={name}"})


def csv_lines(frame: pd.DataFrame) -> Iterator[str]:
    """The file, some thousand rows at a time; a text that begins like a formula gets an apostrophe before it."""
    texts = frame.select_dtypes(["object", "string"]).columns
    safe = frame.assign(**{name: frame[name].replace(f"({FORMULA})", r"'\1", regex=True) for name in texts})
    yield from (
        safe[start : start + _CHUNK].to_csv(index=False, header=start == 0) for start in range(0, max(len(safe), 1), _CHUNK)
    )


def safe_text(column: str) -> str:
    """SQL: a column of text with an apostrophe before what a spreadsheet would take for a formula."""
    return rf"regexp_replace({column}, '({FORMULA})', '''\1')"


def file(db: Snapshot, sql: str, kind: str, about: Mapping[str, Any]) -> BinaryIO:
    """The rows of a statement as an open file of a kind: csv, parquet or xlsx. Nothing is left behind when it is closed.

    `about` says where they come from: in a sheet of its own in Excel, in the file's own metadata in Parquet; CSV has no place for
    it, and the texts of its statement have to be safe for a spreadsheet already. The rows never stand in memory, however many.
    Raises InputError where there is no room, and for more than a sheet holds.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="mall-export-") as folder:
            path = Path(folder) / f"rows.{kind}"
            if kind == "xlsx":
                if not _writing_sheets.acquire(blocking=False):  # it takes Python a minute, and keeps everybody waiting
                    raise InputError("another file for Excel is being written; try again in a minute, or take CSV")
                try:
                    _write_sheets(db, sql, path, about)
                finally:
                    _writing_sheets.release()
            else:
                db.copy(sql, path, None if kind == "csv" else about)
            return path.open("rb")
    except (OSError, XlsxFileError, WriteError) as error:
        log.warning("no file: %s", error)
        raise InputError("the file cannot be written: there is no room for it, or it may not be written") from error


def _write_sheets(db: Snapshot, sql: str, path: Path, about: Mapping[str, Any]) -> None:
    """A workbook with the rows and a sheet about them. A text is written as text, so that none is taken for a formula."""
    options = {
        "tmpdir": str(path.parent),
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(path, options) as workbook:
        bold = workbook.add_format({"bold": True})
        sheet = workbook.add_worksheet("Customers")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 100, _WIDTH)
        place = 0
        names, chunks = db.chunks(sql, _CHUNK)
        sheet.write_row(0, 0, names, bold)
        for rows in chunks:
            if place + len(rows) > MOST_IN_SHEET:
                raise InputError(f"a sheet of Excel holds {MOST_IN_SHEET:,} rows; take CSV or Parquet")
            for row in rows:
                place += 1
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(place, column, value[:_SHEETS_LONGEST])
                    elif value is not None:
                        sheet.write_number(place, column, value)
        facts = workbook.add_worksheet("About")
        facts.set_column(0, 0, 24)
        for line, (key, value) in enumerate(about.items()):
            facts.write_string(line, 0, key, bold)
            facts.write_string(line, 1, str(value)[:_SHEETS_LONGEST])
