from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from etl.source import BrokenLine, line_texts, open_source, read_rows
from warehouse.errors import InputError

Write = Callable[..., Path]
FEW = "the row has 1 values where the header has 2"
MANY = "the row has 3 values where the header has 2"


@pytest.mark.parametrize(
    ("content", "delimiter", "headers"),
    [
        ("id,age\n", ",", ("id", "age")),
        ("id;age\n1,5;2\n", ";", ("id", "age")),
        ("id\tage\n", "\t", ("id", "age")),
        ("id|age\n", "|", ("id", "age")),
        ("id\n1\n", ",", ("id",)),
        ("id,age\r\n", ",", ("id", "age")),
        ("\ufeffid,age\n", ",", ("id", "age")),
        ('"id","income, k$"\n', ",", ("id", "income, k$")),
        ('id;"say ""a"""\n', ";", ("id", 'say "a"')),
        ("id,age", ",", ("id", "age")),
        ("id,,age,\n", ",", ("id", "", "age", "")),
    ],
)
def test_the_header_says_how_to_read(connection: duckdb.DuckDBPyConnection, write: Write, content: str, delimiter: str, headers):
    """The delimiter and the headers come from the first line."""
    source = open_source(connection, write(content))
    assert (source.kind, source.delimiter, source.headers) == ("csv", delimiter, headers)


def test_the_content_decides_not_the_name(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """A Parquet file is one under any name, and its headers are its columns."""
    path = tmp_path / "customers.csv"
    connection.execute(f"copy (select 1 as id, 2 as \"Age's\") to '{path}' (format parquet)")
    source = open_source(connection, path)
    assert (source.kind, source.headers) == ("parquet", ("id", "Age's"))


def test_a_fingerprint_is_the_sha256(connection: duckdb.DuckDBPyConnection, write: Write):
    """The fingerprint is that of the bytes (the value is sha256sum's)."""
    expected = "7cde7fb64fd82bd152710cf238e017b9ab46c0592483edc067ba4f6c75fac108"
    assert expected == open_source(connection, write("id\n1\n")).fingerprint()


@pytest.mark.parametrize(
    ("content", "rows", "broken"),
    [
        ("id,age\n1,20\n2,30\n", [(2, "1", "20"), (3, "2", "30")], []),
        ("id,age\n1,20\n2,30", [(2, "1", "20"), (3, "2", "30")], []),
        ("id,age\n\n1,20\n\n\n2,30\n\n", [(3, "1", "20"), (6, "2", "30")], []),
        ("id,age\n1\n2,30\n", [(3, "2", "30")], [(2, FEW, "1")]),
        ("id,age\n1,20,x\n2,30\n3\n", [(3, "2", "30")], [(2, MANY, "1,20,x"), (4, FEW, "3")]),
        ("id,age\n1,20\n\n2\n\n3,40\n", [(2, "1", "20"), (6, "3", "40")], [(4, FEW, "2")]),
        ('id,age\n1,"a\nb"\n2,30\n', [(2, "1", "a\nb"), (4, "2", "30")], []),
        (
            'id,age\n1,"a\n\n""b"""\n\n2\n3,"c\nd"\n4,40\n',
            [(2, "1", 'a\n\n"b"'), (7, "3", "c\nd"), (9, "4", "40")],
            [(6, FEW, "2")],
        ),
        ('id,age\n1,"a\nb",x\n2,30\n', [(4, "2", "30")], [(2, MANY, '1,"a\nb",x')]),
        ('id,age\n1,5" tall\n2\n3,"a, b"\n', [(2, "1", '5" tall'), (4, "3", "a, b")], [(3, FEW, "2")]),
        ('id,age\n1,20\n2,"30\n', [(2, "1", "20")], [(3, "Value with unterminated quote found.", '2,"30')]),
        ("id,age\n,\n1,20\n", [(2, None, None), (3, "1", "20")], []),
        ("id,age\n1, 20 \n", [(2, "1", " 20 ")], []),
        ("id,age\n", [], []),
        ("id,age", [], []),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte order mark"])
def test_every_row_has_its_line(
    connection: duckdb.DuckDBPyConnection, write: Write, content: str, rows, broken, line_end: str, mark: str
):
    """Rows and broken lines have the line they start at, counted as an editor counts, whatever ends a line."""
    source = open_source(connection, write(mark + content.replace("\n", line_end)))
    found = read_rows(connection, source, ["id", "age"])
    plain = [(line.line, line.reason, line.text.replace("\r\n", "\n")) for line in found]
    read = connection.execute("from source_rows order by source_line").fetchall()
    assert [(line, id, age.replace("\r\n", "\n") if age else age) for line, id, age in read] == rows
    assert plain == broken


def test_a_line_that_is_not_utf_8_is_broken(connection: duckdb.DuckDBPyConnection, write: Write):
    """The rest of the file is read."""
    source = open_source(connection, write(b"id,age\n1,J\xe4ger\n2,30\n"))
    (line,) = read_rows(connection, source, ["id", "age"])
    assert isinstance(line, BrokenLine)
    assert line.line == 2
    assert "not utf-8" in line.reason
    assert connection.execute("from source_rows").fetchall() == [(3, "2", "30")]


def test_a_parquet_row_has_its_number(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """Rows of a Parquet file count from 1, and every value is text."""
    path = tmp_path / "customers.parquet"
    connection.execute(f"copy (select * from (values (1, 20.5), (2, null)) as t(id, \"Age; --\")) to '{path}'")
    assert read_rows(connection, open_source(connection, path), ["id", "age"]) == []
    assert connection.execute("from source_rows").fetchall() == [(1, "1", "20.5"), (2, "2", None)]


def test_texts_are_those_of_the_file(write: Write):
    """The text of a row is what stands there, over as many lines as it has, without the line's end."""
    path = write('\ufeffid,age\r\n1,"a\r\nb"\r\n2,30\r\n')
    assert line_texts(path, {2: 2, 4: 1}) == {2: '1,"a\r\nb"', 4: "2,30"}
    assert line_texts(path, {1: 1}) == {1: "id,age"}
    assert line_texts(path, {}) == {}


def test_a_damaged_page_is_bad_input(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """A Parquet file whose footer is whole but whose data are not is refused by name, wherever the damage is."""
    path = tmp_path / "customers.parquet"
    connection.execute(f"copy (select i as id, i % 7 as age from range(3000) as t(i)) to '{path}'")
    whole = path.read_bytes()
    for position in (10, 40, len(whole) // 2):
        path.write_bytes(whole[:position] + b"\xff" * 8 + whole[position + 8 :])
        with pytest.raises(InputError, match=f"{path}: cannot be read as parquet: "):
            read_rows(connection, open_source(connection, path), ["id", "age"])
