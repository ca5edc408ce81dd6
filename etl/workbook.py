"""Excel workbooks (xlsx, xls, xlsb) and OpenDocument sheets, read by calamine: the rows of one sheet, as text."""

import pickle
import resource
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from etl.mapping import FileOptions
from etl.records import Row
from warehouse.errors import InputError

_MOST_SECONDS = 600
_MOST_BYTES = 16 * 2**30
_MOST_CELLS = 100_000_000
"""What the reading of a workbook may take; the largest sheet of Excel with six columns has six million cells."""
_REFUSED = 3

Cell = int | float | str | bool | time | date | datetime | timedelta


@dataclass(frozen=True)
class Sheet:
    """The table on one sheet of a workbook."""

    name: str
    """The sheet's name."""
    headers: tuple[str, ...]
    """The header of each column."""
    rows: tuple[Row, ...]
    """The rows below the header; `line` is the row's number on the sheet."""
    numeric: frozenset[int]
    """The places, from 0, of the columns with a number typed as one: it has no decimal mark of its own."""
    left_out: tuple[str, ...]
    """The other sheets with something on them."""


def read_sheet(path: Path, options: FileOptions) -> Sheet:
    """Read the sheet named in the options, or the first visible one with something on it.

    Raises InputError when the file is no workbook or has no table.
    """
    sheets = _sheets_apart(path)
    if options.sheet is not None and options.sheet not in sheets:
        raise InputError(f"{path}: has no sheet '{options.sheet}'; it has {', '.join(sheets)}")
    filled = [name for name, rows in sheets.items() if any(any(row) for row in rows)]
    if not filled:
        raise InputError(f"{path}: is empty; give a workbook with a header and rows")
    name = options.sheet or filled[0]
    table = [[as_text(cell) for cell in row] for row in sheets[name]]
    start = options.header_line or next((number for number, row in enumerate(table, start=1) if any(map(str.strip, row))), 1)
    if start > len(table):
        raise InputError(f"{path}: sheet '{name}' has no row {start}")
    width = max((place for place, header in enumerate(table[start - 1], start=1) if header.strip()), default=0)
    width = max([width, *(place for row in table[start:] for place, value in enumerate(row, start=1) if value.strip())])
    while len(table) > start and not any(map(str.strip, table[-1])):
        table.pop()
    body = [Row(number, 1, _padded(row, width)) for number, row in enumerate(table[start:], start=start + 1)]
    typed = sheets[name][start : len(table)]
    numeric = {place for row in typed for place, cell in enumerate(row) if type(cell) in (int, float)}
    others = tuple(other for other in filled if other != name)
    return Sheet(name, tuple(_padded(table[start - 1], width)), tuple(body), frozenset(numeric), others)


def _sheets_apart(path: Path) -> dict[str, list[list[Cell]]]:
    """The visible sheets, read in a process of their own: on a damaged file the reader may abort, or never end.

    Raises InputError where they cannot be read.
    """
    script = f"import sys; sys.path[:] = {sys.path!r}; from etl.workbook import answer; answer(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, check=False)
    if done.returncode == 0:
        return pickle.loads(done.stdout)  # type: ignore[no-any-return]
    said = done.stderr.decode(errors="replace").strip().splitlines()
    reason = said[-1] if done.returncode == _REFUSED and said else "it is damaged, or too large"
    raise InputError(f"{path}: cannot be read as a workbook: {reason}")


def answer(path: str) -> None:
    """Write the sheets of a workbook to standard output, pickled, within bounds of time and memory."""
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        found = pickle.dumps(_sheets(path))
    except BaseException as error:  # the reader has many, some of them no Exception; all mean that the file cannot be read
        print(str(error).splitlines()[0] if str(error) else type(error).__name__, file=sys.stderr)
        sys.exit(_REFUSED)
    sys.stdout.buffer.write(found)


def _sheets(path: str) -> dict[str, list[list[Cell]]]:
    workbook = CalamineWorkbook.from_path(path)
    visible = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    found = {}
    for name in visible:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.total_height * sheet.total_width > _MOST_CELLS:
            raise ValueError(
                f"sheet '{name}' is {sheet.total_height:,} rows by {sheet.total_width:,} columns, perhaps because of one stray cell"
            )
        found[name] = sheet.to_python(skip_empty_area=False)
    return found


def as_text(cell: Cell) -> str:
    """A cell as it would stand in a CSV file: 15 for 15.0, dates as 2024-12-31."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) <= 2**53 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell)


def _padded(row: list[str], width: int) -> list[str]:
    return [*row[:width], *[""] * (width - len(row))]
