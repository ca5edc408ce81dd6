import zipfile
from pathlib import Path

import duckdb
import pytest

from etl.mapping import FileOptions
from etl.workbook import read_sheet
from tests.helpers import loaded
from warehouse.errors import InputError

_HEAD = '<?xml version="1.0"?>'
_OFFICE = "http://schemas.openxmlformats.org/"
_RELATION = f"{_OFFICE}officeDocument/2006/relationships"
_PACKAGE = f"{_OFFICE}package/2006"
_MAIN = f"{_OFFICE}spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

Rows = list[list[str | float | None]]


def workbook(path: Path, sheets: dict[str, Rows]) -> Path:
    """Write the smallest workbook that holds the sheets: numbers are typed as such, None is an empty cell."""
    places = range(1, len(sheets) + 1)
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{place}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for place in places
    )
    links = "".join(
        f'<Relationship Id="r{place}" Type="{_RELATION}/worksheet" Target="worksheets/sheet{place}.xml"/>' for place in places
    )
    names = "".join(f'<sheet name="{name}" sheetId="{place}" r:id="r{place}"/>' for place, name in enumerate(sheets, start=1))
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f"{parts}</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
    }
    for place, rows in enumerate(sheets.values(), start=1):
        body = "".join(f'<row r="{row}">{_cells(row, cells)}</row>' for row, cells in enumerate(rows, start=1))
        files[f"xl/worksheets/sheet{place}.xml"] = f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, _HEAD + text)
    return path


def _cells(row: int, cells: list[str | float | None]) -> str:
    written = [(f"{'ABCDEFGH'[place]}{row}", cell) for place, cell in enumerate(cells) if cell is not None]
    return "".join(
        f'<c r="{at}" t="inlineStr"><is><t>{cell}</t></is></c>' if isinstance(cell, str) else f'<c r="{at}"><v>{cell}</v></c>'
        for at, cell in written
    )


CUSTOMERS: Rows = [["ID", "Age", "Income"], [1, 20, 15.5], [None, None, None], [2, 30, None], ["Total", 50, 15.5]]


def test_the_first_sheet_with_something_on_it_is_read(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """Numbers are as they would stand in a CSV file, blank rows and totals are rejected, and sheets left out are named."""
    report = loaded(connection, workbook(tmp_path / "c.xlsx", {"About": [], "Customers": CUSTOMERS, "Other": [["x"], [1]]}))
    assert (report.rows_in, report.rows_kept, report.rows_rejected) == (4, 2, 2)
    assert "sheet 'Customers' was read, 'Other' not" in report.warnings[0]
    rows = connection.execute("select source_line, customer_id, age, annual_income_k from raw.customers order by 1").fetchall()
    assert rows == [(2, "1", "20", "15.5"), (4, "2", "30", None)]
    rejects = connection.execute("select source_line, rule, row_text from raw.rejects order by 1").fetchall()
    assert rejects == [(3, "blank row", ",,"), (5, "subtotal row", "Total,50,15.5")]
    assert connection.execute("select file_kind, encoding from raw.sources").fetchone() == ("excel", None)


def test_a_sheet_and_its_header_can_be_named(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """A person says which sheet it is, and under which row the customers begin; a sheet that is not there is named."""
    titled: Rows = [["Customers of May"], [], *CUSTOMERS[:2]]
    path = workbook(tmp_path / "c.xlsx", {"Other": [["x"], [1]], "May": titled})
    assert loaded(connection, path, '[file]\nsheet = "May"\nheader_line = 3\n').rows_kept == 1
    with pytest.raises(InputError, match="has no sheet 'June'; it has Other, May"):
        loaded(connection, path, '[file]\nsheet = "June"\n')


def test_an_empty_workbook(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """A workbook with nothing on any sheet is refused by name."""
    with pytest.raises(InputError, match=r"c.xlsx: is empty; give a workbook"):
        loaded(connection, workbook(tmp_path / "c.xlsx", {"Sheet1": []}))


def test_a_reader_that_dies_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A workbook on which the process that reads it ends without an answer is refused, and takes nothing with it."""
    monkeypatch.setattr("etl.workbook.sys.executable", "/bin/false")
    with pytest.raises(InputError, match="cannot be read as a workbook: it is damaged, or too large"):
        read_sheet(workbook(tmp_path / "c.xlsx", {"A": [["id", "age"], ["1", 20.0]]}), FileOptions())


def test_whole_numbers_keep_their_figures(tmp_path: Path):
    """An id of sixteen figures is what stands in the cell."""
    sheet = read_sheet(workbook(tmp_path / "c.xlsx", {"A": [["id"], [1234567890123456.0], [4e15]]}), FileOptions())
    assert [row.values for row in sheet.rows] == [["1234567890123456"], ["4000000000000000"]]
