import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from etl.customers import load_customers
from etl.files import find_files
from tests.helpers import FOUR, HEADER, four, loaded
from warehouse.errors import InputError
from warehouse.forgotten import read, remember

Write = Callable[..., Path]


def test_a_folder_means_its_files(tmp_path: Path):
    """In order of their names, without what systems leave behind."""
    for name in ("b.csv", "a.csv", ".hidden", "_SUCCESS"):
        (tmp_path / name).touch()
    assert [path.name for path, _ in find_files(tmp_path)] == ["a.csv", "b.csv"]
    assert [name for _, name in find_files(tmp_path)] == [f"{tmp_path.name}/a.csv", f"{tmp_path.name}/b.csv"]


def test_a_pattern_means_what_it_matches(tmp_path: Path):
    """** goes into folders; a pattern without a match, and a folder without a file, are refused."""
    (tmp_path / "in").mkdir()
    for name in ("1.csv", "in/2.csv", "in/3.txt"):
        (tmp_path / name).touch()
    assert [name for _, name in find_files(tmp_path / "**" / "*.csv")] == ["1.csv", "in/2.csv"]
    with pytest.raises(InputError, match="no file matches this pattern"):
        find_files(tmp_path / "*.xlsx")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is a folder without files"):
        find_files(tmp_path / "empty")


@pytest.mark.parametrize("name", ["*.csv", "[a].csv", "b?.csv", "it's.csv"])
def test_a_name_with_signs_is_one_file(connection: duckdb.DuckDBPyConnection, write: Write, name: str):
    """A file whose name looks like a pattern is read alone, whatever stands beside it."""
    write(HEADER + "9,Male,30,30,30\n", "a.csv")
    report = loaded(connection, write(four(), name))
    assert (report.files, report.rows_kept) == ((name,), 4)


def test_files_together(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path):
    """Files of different dress are one table: copies and conflicts are found across them, and each accounts for its rows."""
    (tmp_path / "in").mkdir()
    write(HEADER + FOUR, "in/1.csv")
    write((HEADER + "2,Female,21,15,81\n5,Male,30,30,30\n3,Female,99,86,6\n").replace(",", ";").encode("utf-16"), "in/2.csv")
    report = loaded(connection, tmp_path / "in")
    assert (report.rows_in, report.rows_kept, report.rows_rejected, report.rows_duplicate) == (7, 4, 2, 1)
    counts = "select source_file, encoding, rows_in, rows_kept, rows_rejected, rows_duplicate from raw.sources order by 1"
    assert connection.execute(counts).fetchall() == [
        ("in/1.csv", "utf-8", 4, 3, 1, 0),
        ("in/2.csv", "utf-16-le", 3, 1, 1, 1),
    ]


def test_a_file_that_lacks_a_column_of_another(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path):
    """A number or category must be in every file; the one without it is named."""
    (tmp_path / "in").mkdir()
    write("id,age,income\n1,20,30\n", "in/1.csv")
    write("id,age\n2,20\n", "in/2.csv")
    with pytest.raises(InputError, match=r"2.csv: has no column for annual_income_k"):
        loaded(connection, tmp_path / "in")


def test_ids_made_from_rows(connection: duckdb.DuckDBPyConnection, write: Write):
    """Without ids a customer is told by the row: the same in any order, and equal rows are different people."""
    rows = ["20,30,40", "21,31,41", "20,30,40"]
    found = []
    for order in (rows, rows[::-1]):
        report = loaded(connection, write("age,income,score\n" + "\n".join(order) + "\n"))
        assert (report.has_ids, report.rows_kept, report.rows_duplicate) == (False, 3, 0)
        found.append(connection.execute("select customer_id, age from staging.customers order by 1").fetchall())
    assert found[0] == found[1]
    assert len({customer for customer, _ in found[0]}) == 3
    assert connection.execute("select table_name from duckdb_tables() where table_name = 'source_rows'").fetchall() == []


def test_packed_files_are_refused(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path):
    """A compressed file is called that; a zip that is no workbook is no workbook."""
    with pytest.raises(InputError, match="is compressed with gzip; unpack it first"):
        loaded(connection, write(gzip.compress(four().encode()), "customers.csv.gz"))
    with zipfile.ZipFile(tmp_path / "customers.zip", "w") as archive:
        archive.writestr("customers.csv", four())
    with pytest.raises(InputError, match="cannot be read as a workbook"):
        loaded(connection, tmp_path / "customers.zip")


@pytest.mark.parametrize("asked", ["CUST-2", "CUST-2\t", "\u200bCUST-2 "])
def test_who_was_erased_stays_out_with_any_blanks(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path, asked: str):
    """Blanks around an id, in the file or where the erasure was asked for, do not bring a person back."""
    remember(tmp_path, read(tmp_path), asked)
    written = ["CUST-2", " CUST-2\t", "\u00a0CUST-2\u200b", "\ufeffCUST-2"]
    rows = "".join(f"{one},30\n" for one in written)
    report = load_customers(connection, write(f"id,age\nCUST-1,20\n{rows}CUST-3,40\n"), None, read(tmp_path))
    assert (report.rows_kept, report.rows_forgotten) == (2, len(written))
    assert connection.execute("select customer_id from raw.customers order by 1").fetchall() == [("CUST-1",), ("CUST-3",)]


def test_who_was_erased_is_not_loaded(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path):
    """The row is counted and nowhere else, the line is named, and a broken line that holds the id is blanked."""
    remember(tmp_path, read(tmp_path), "CUST-2")
    path = write("id,age\nCUST-1,20\nCUST-2,30\nCUST-2,30,x\nCUST-3,40\n")
    report = load_customers(connection, path, None, read(tmp_path))
    assert (report.rows_in, report.rows_kept, report.rows_rejected, report.rows_forgotten) == (4, 2, 1, 1)
    assert "customers.csv: still holds people who were erased on request, in 1 row (line 3)" in report.warnings[0]
    assert connection.execute("select source_line, reason, row_text from raw.rejects").fetchall() == [
        (4, "erased on request", None)
    ]


def test_every_file_of_a_pattern_once(tmp_path: Path):
    """Links that lead back, and what systems leave behind, multiply nothing."""
    for name in ("in/a.csv", "in/_temporary/b.csv", "in/.git/c.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "in" / "again").symlink_to(".")
    (tmp_path / "in" / "once_more").symlink_to(".")
    (tmp_path / "in" / "same.csv").symlink_to("a.csv")
    assert [name for _, name in find_files(tmp_path / "in" / "**" / "*.csv")] == ["a.csv"]


def test_names_that_are_no_text_are_told_apart(tmp_path: Path):
    """Two names that differ in a byte that is no text do not look alike."""
    for name in (b"a\xe8.csv", b"a\xe9.csv"):
        (tmp_path / os.fsdecode(name)).touch()
    assert [name for _, name in find_files(tmp_path)] == [f"{tmp_path.name}/a\\xe8.csv", f"{tmp_path.name}/a\\xe9.csv"]


ERASED = ("anna@example.org", "a.b-77", "Anna Maria", "2024/0077", "Zoë-1", "顧客七七", "Doe, John", 'the "J"')


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_broken_line_is_blanked_whatever_the_id_is(
    connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path, delimiter: str
):
    """Ids with dots, blanks, slashes, quotes or letters of any script are found in lines that cannot be read; other lines stay."""
    lines = [["id", "age"], ["1", "20"]]
    for erased in ERASED:
        remember(tmp_path, read(tmp_path), erased)
        value = '"' + erased.replace('"', '""') + '"' if set(erased) & set(',"') else erased
        lines += [[value, "30", "x"], [f"{value} ", "30", "x"]]
    lines.append(["2", "40", "x"])
    path = write("".join(delimiter.join(line) + "\n" for line in lines))
    load_customers(connection, path, None, read(tmp_path))
    assert connection.execute("select source_line, row_text from raw.rejects order by all").fetchall() == [
        *((line, None) for line in range(3, len(lines))),
        (len(lines), delimiter.join(lines[-1])),
    ]


def test_a_mention_in_anothers_rejected_row_is_blanked(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path):
    """The person is found in what other people's rejected rows say, and in the reason that repeats it."""
    person = "anna@example.org"
    remember(tmp_path, read(tmp_path), person)
    rows = ["id,age,note", "1,20,"]
    for n, mention in enumerate((person, f"ask {person}.", f"({person})", f"mailto <{person}>", f"'{person}'")):
        rows += [f"2{n},{mention},", f"3{n},-1,{mention}"]
    path = write("\n".join([*rows, "4,-1,ann@example.org"]) + "\n")
    load_customers(connection, path, None, read(tmp_path))
    assert connection.execute("select source_line, reason from raw.rejects order by all").fetchall() == [
        *((line, "erased on request") for line in range(3, len(rows) + 1)),
        (len(rows) + 1, "age is -1, below 0"),
    ]


def test_a_mention_in_a_text_is_left_out(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path):
    """What customers' texts say of an erased person is not loaded again; other columns and short ids by chance stay."""
    for erased in ("CUST-000001", "3", "104832"):
        remember(tmp_path, read(tmp_path), erased)
    rows = ["7,20,104832,referred by CUST-000001", "8,30,31,knows CUST-0000012", "9,40,32,3 visits", "10,50,33"]
    report = load_customers(connection, write("id,age,income,note\n" + "\n".join(rows) + "\n"), None, read(tmp_path))
    assert connection.execute("select age, annual_income_k, note from raw.customers order by source_line").fetchall() == [
        ("20", "104832", None),
        ("30", "31", "knows CUST-0000012"),
        ("40", "32", "3 visits"),
    ]
    assert "note: left out 1 text that mentions people who were erased on request" in report.warnings
    assert connection.execute("select row_text, reason from raw.rejects").fetchall() == [
        ("10,50,33", "the row has 3 values where the header has 4")
    ]


def test_a_file_with_a_header_alone_hinders_none(tmp_path: Path, connection: duckdb.DuckDBPyConnection):
    """Before, between and after others, which may lack a column of text; rows keep their files, lines and values."""
    for name, text in (
        ("a.csv", "id,age,note\n"),
        ("b.csv", "id,age\n1,20\n2,30\n"),
        ("c.csv", "id,age,note\n"),
        ("d.csv", "note,id,age\nx,3,40\n,4,50\n"),
        ("e.csv", "id,age\n"),
    ):
        (tmp_path / name).write_text(text)
    load_customers(connection, tmp_path)
    found = connection.execute(
        "select right(source_file, 5), source_line, customer_id, age, note from raw.customers order by 1, 2"
    ).fetchall()
    assert found == [
        *(("b.csv", 2, "1", "20", None), ("b.csv", 3, "2", "30", None)),
        *(("d.csv", 2, "3", "40", "x"), ("d.csv", 3, "4", "50", None)),
    ]
