import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import product
from pathlib import Path

import duckdb
import pytest

from etl.source import SourceFile, line_texts, make_tables, open_source, read_rows
from tests.helpers import loaded
from warehouse.columns import Column
from warehouse.errors import InputError

Write = Callable[..., Path]
FEW = "the row has 1 values where the header has 2"
MANY = "the row has 3 values where the header has 2"
OPEN = "a quote is opened and not closed"
BLANK = "the row is blank"

COLUMNS = (Column("id", "id", "id"), Column("note", "text", "note"))


def read(connection: duckdb.DuckDBPyConnection, source: SourceFile, columns: Sequence[Column] = COLUMNS) -> tuple[list, list]:
    """The rows, line and values, and the lines that are none: line, reason, text."""
    make_tables(connection, [column.name for column in columns])
    read_rows(connection, source, columns)
    names = ", ".join(column.name for column in columns)
    rows = connection.execute(f"select source_line, {names} from source_rows order by source_line").fetchall()
    broken = "select source_line, reason, row_text from source_rejects order by source_line"
    return rows, connection.execute(broken).fetchall()


def test_the_content_decides_not_the_name(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """A Parquet file is one under any name, and its headers are its columns."""
    path = tmp_path / "customers.csv"
    connection.execute(f"copy (select 1 as id, 2 as \"Age's\") to '{path}' (format parquet)")
    source = open_source(connection, path, "mine")
    assert (source.name, source.kind, source.headers) == ("mine", "parquet", ("id", "Age's"))


@pytest.mark.parametrize("content", [b"id,age\n1,20\n", b"\xff\xfei\0d\0\n\0", b"id\r1\r"])
def test_a_fingerprint_is_the_sha256(connection: duckdb.DuckDBPyConnection, write: Write, content: bytes):
    """The fingerprint is that of the bytes, whatever is in them."""
    assert open_source(connection, write(content), "x").fingerprint == sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "rows", "broken"),
    [
        ("id,age\n1,20\n2,30\n", [(2, "1", "20"), (3, "2", "30")], []),
        ("id,age\n1,20\n2,30", [(2, "1", "20"), (3, "2", "30")], []),
        ("\n\nid,age\n1,20\n", [(4, "1", "20")], []),
        ("id,age\n\n1,20\n\n \n2,30\n\n\t\n", [(3, "1", "20"), (6, "2", "30")], [(2, BLANK, ""), (4, BLANK, ""), (5, BLANK, "")]),
        ("id,age\n1\n2,30\n", [(3, "2", "30")], [(2, FEW, "1")]),
        ("id,age\n1,20,x\n2,30\n3\n", [(3, "2", "30")], [(2, MANY, "1,20,x"), (4, FEW, "3")]),
        ("id,age\n1,20,,\n2,30, \n", [(2, "1", "20"), (3, "2", "30")], []),
        ("id,age\n1,20\n\n2\n\n3,40\n", [(2, "1", "20"), (6, "3", "40")], [(3, BLANK, ""), (4, FEW, "2"), (5, BLANK, "")]),
        ('id,age\n1,"a\nb"\n2,30\n', [(2, "1", "a\nb"), (4, "2", "30")], []),
        (
            'id,age\n1,"a\n\n""b"""\n\n2\n3,"c\nd"\n4,40\n',
            [(2, "1", 'a\n\n"b"'), (7, "3", "c\nd"), (9, "4", "40")],
            [(5, BLANK, ""), (6, FEW, "2")],
        ),
        ('id,age\n1,"a\nb",x,y\n2,30\n', [(4, "2", "30")], [(2, OPEN, '1,"a'), (3, MANY, 'b",x,y')]),
        ('id,age\n1,5" tall\n2\n3,"a, b"\n', [(2, "1", '5" tall'), (4, "3", "a, b")], [(3, FEW, "2")]),
        ('id,age\n1,20\n2,"30\n', [(2, "1", "20")], [(3, OPEN, '2,"30')]),
        ('id,age\n1,"20\n2,30\n3,40\n', [(3, "2", "30"), (4, "3", "40")], [(2, OPEN, '1,"20')]),
        ("id,age\n,\n1,20\n", [(2, None, None), (3, "1", "20")], []),
        ("id,age\n1, 20 \n", [(2, "1", " 20 ")], []),
        ('id,age\n 1 , "a"\n', [(2, " 1 ", "a")], []),
        ("id,age\n", [], []),
        ("id,age", [], []),
    ],
)
def test_every_row_has_its_line(connection: duckdb.DuckDBPyConnection, write: Write, content: str, rows, broken):
    """Rows and broken lines have the line they start at, counted as an editor counts, whatever ends a line and in any encoding.

    A blank line between rows is a rejected row, and a line with an open quote takes no other line with it.
    """
    for line_end, encoding in product(("\n", "\r\n", "\r"), ("utf-8", "utf-8-sig", "utf-16")):
        source = open_source(connection, write(content.replace("\n", line_end).encode(encoding)), "x")
        found, lines = read(connection, source)
        assert [(line, id, note.replace(line_end, "\n") if note else note) for line, id, note in found] == rows
        assert lines == broken


def test_line_ends_may_be_mixed(connection: duckdb.DuckDBPyConnection, write: Write):
    """Each of the three ends a line, also in one file; DuckDB's reader refused it, and the file with it."""
    source = open_source(connection, write("id,age\r\n1,20\n2,30\r3,40\r\n4,50"), "x")
    assert read(connection, source) == ([(2, "1", "20"), (3, "2", "30"), (4, "3", "40"), (5, "4", "50")], [])


def test_a_line_of_bytes_that_are_no_text_is_broken(connection: duckdb.DuckDBPyConnection, write: Write):
    """In a file that is otherwise UTF-8 the row is rejected with what can be read of it, and the rest is read."""
    source = open_source(connection, write("id,age\n1,Jäger Größe\n2,J\n3,30\n".encode().replace(b"J\n", b"J\xe4\n")), "x")
    rows, broken = read(connection, source)
    assert rows == [(2, "1", "Jäger Größe"), (4, "3", "30")]
    assert broken == [(3, "the row has bytes that are not text in the file's encoding", "2,J\ufffd")]


@pytest.mark.parametrize("is_plain", [True, False], ids=["by DuckDB", "exactly"])
def test_a_long_value_is_read(connection: duckdb.DuckDBPyConnection, write: Write, is_plain: bool):
    """A value of many characters is one, in quotes or not."""
    long = "a" * 140_000
    source = open_source(connection, write(f'id,age\n1,"{long}"\n2,{long}\n3,{"" if is_plain else " "}"x"\n'), "x")
    assert source.text is not None
    assert source.text.is_plain is is_plain
    assert read(connection, source)[0] == [(2, "1", long), (3, "2", long), (4, "3", "x")]


def test_a_column_can_be_left_out(connection: duckdb.DuckDBPyConnection, write: Write):
    """Its values are not loaded; the row must have them all the same."""
    source = open_source(connection, write("id,age\n1,20\n2\n"), "x")
    columns = (COLUMNS[0], Column("ignored_2", "ignore", "age"))
    make_tables(connection, ["id"])
    read_rows(connection, source, columns)
    assert connection.execute("from source_rows").fetchall() == [("x", 2, 1, "1")]
    assert connection.execute("select source_line, reason from source_rejects").fetchall() == [(3, FEW)]


def test_a_parquet_row_has_its_number(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """Rows of a Parquet file count from 1, and every value is text, as it would stand in a CSV file."""
    path = tmp_path / "customers.parquet"
    rows = "(1, 20.5::double), (2, null), (3, 15.0), (4, 1234567890123456), (5, 'nan'), (6, '-inf'), (7, 1e19)"
    connection.execute(f"copy (select * from (values {rows}) as t(id, \"Age; --\")) to '{path}'")
    texts = ["20.5", None, "15", "1234567890123456", "nan", "-inf", "1e+19"]
    assert read(connection, open_source(connection, path, "x")) == ([(i, str(i), text) for i, text in enumerate(texts, 1)], [])


def test_texts_are_those_of_the_file(connection: duckdb.DuckDBPyConnection, write: Write):
    """The text of a row is what stands there, over as many lines as it has, without the line's end."""
    source = open_source(connection, write('\ufeffid,age\r\n1,"a\r\nb"\r\n2,30\r\n'), "x")
    assert line_texts(source, {2: 2, 4: 1}) == {2: '1,"a\r\nb"', 4: "2,30"}
    assert line_texts(source, {1: 1}) == {1: "id,age"}
    assert line_texts(source, {}) == {}


@pytest.mark.parametrize("name", ["customers.parquet", "overwritten.parquet"])
def test_a_damaged_page_is_bad_input(connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str):
    """A Parquet file whose footer is whole but whose data are not is refused by name, wherever the damage is."""
    path = tmp_path / name
    connection.execute(f"copy (select i as id, i % 7 as age from range(3000) as t(i)) to '{path}'")
    whole = path.read_bytes()
    for position in (10, 40, len(whole) // 2):
        path.write_bytes(whole[:position] + b"\xff" * 8 + whole[position + 8 :])
        with pytest.raises(InputError, match=f"{path}: cannot be read as parquet: "):
            read(connection, open_source(connection, path, "x"))


@pytest.mark.parametrize("name", ["a*.csv", "a?.csv", "[a].csv", "it's.csv", "a b.csv", "ü.csv", "a{b}.csv", "a\\b.csv", "~.csv"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_name_means_just_its_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, kind: str):
    """Signs that are patterns elsewhere are part of the name."""
    for other in ("ab.csv", "a.csv"):
        (tmp_path / other).write_text("id,age\n9,9\n")
    path = tmp_path / name
    path.write_text("id,age\n1,20\n")
    if kind == "parquet":
        connection.execute(f"copy (select 1 as id, 20 as age) to '{tmp_path / 'x'}' (format parquet)")
        (tmp_path / "x").rename(path)
    assert [row[1:] for row in read(connection, open_source(connection, path, "x"))[0]] == [("1", "20")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12.50::decimal(18, 2)", "12.5"),
        ("1234567890123456.00::decimal(18, 2)", "1234567890123456"),
        ("100::decimal(18, 0)", "100"),
        ("(-128)::tinyint", "-128"),
        ("(-9223372036854775808)::bigint", "-9223372036854775808"),
        ("18446744073709551615::ubigint", "18446744073709551615"),
        ("[1.5::double, 2]", "[1.5, 2.0]"),
        ("encode('Köln \\ 1')", "Köln \\ 1"),
        ("'\\xFF'::blob", "\\xFF"),
        ("date '2026-02-01'", "2026-02-01"),
    ],
)
def test_every_type_of_parquet_is_text(connection: duckdb.DuckDBPyConnection, tmp_path: Path, value: str, text: str):
    """A value stands as it would in a CSV file, whatever its type; no digit of a number is lost."""
    path = tmp_path / "customers.parquet"
    connection.execute(f"copy (select 1 as id, {value} as age) to '{path}'")
    assert read(connection, open_source(connection, path, "x"))[0] == [(1, "1", text)]


def test_the_name_of_a_folder_is_no_column(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """age=77 in the path of a Parquet file takes nothing's place in it."""
    path = tmp_path / "age=77" / "customers.parquet"
    path.parent.mkdir()
    connection.execute(f"copy (select 1 as id, 20 as age) to '{path}'")
    assert read(connection, open_source(connection, path, "x"))[0] == [(1, "1", "20")]


@pytest.mark.parametrize("name", ["customers.csv.gz", "customers.csv.zst"])
def test_the_name_of_a_file_does_not_unpack_it(connection: duckdb.DuckDBPyConnection, write: Write, name: str):
    """What the file holds decides: plain text is read as it is."""
    assert read(connection, open_source(connection, write("id,age\n1,20\n", name), "x"))[0] == [(2, "1", "20")]


def test_what_is_no_file_is_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """A pipe or a device might never end."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="is no file"):
            open_source(connection, path, "x")


def test_a_file_that_changes_while_it_is_read(connection: duckdb.DuckDBPyConnection, write: Write, monkeypatch: pytest.MonkeyPatch):
    """What was loaded would be neither the one nor the other: it is refused, also where the file is gone."""
    path = write("id,age\n1,20\n")
    for meanwhile in (lambda: path.write_text("id,age\n1,20\n2,30\n"), path.unlink):
        monkeypatch.setattr("etl.loading.read_rows", lambda *_, meanwhile=meanwhile: meanwhile())
        with pytest.raises(InputError, match="was changed while it was read"):
            loaded(connection, path)
