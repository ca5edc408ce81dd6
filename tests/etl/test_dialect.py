from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from etl.dialect import detect
from etl.headers import is_known
from etl.mapping import FileOptions
from etl.records import Dialect
from etl.text import scan
from tests.helpers import loaded
from warehouse.errors import InputError

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "dialect", "headers"),
    [
        ("id,age\n1,20\n", Dialect(",", '"', 1), ("id", "age")),
        ("id;age\n1,5;2\n", Dialect(";", '"', 1), ("id", "age")),
        ("id\tage\n1\t20\n", Dialect("\t", '"', 1), ("id", "age")),
        ("id|age\n1|20\n", Dialect("|", '"', 1), ("id", "age")),
        ('id;"income, in k$, a year"\n1;20\n', Dialect(";", '"', 1), ("id", "income, in k$, a year")),
        ("'id','age'\n'1','20'\n", Dialect(",", "'", 1), ("id", "age")),
        ("sep=;\nid;age\n1;20\n", Dialect(";", '"', 2), ("id", "age")),
        ("\n \nid,age\n1,20\n", Dialect(",", '"', 3), ("id", "age")),
        ('id,"age\nin years"\n1,20\n', Dialect(",", '"', 2), ("id", "age\nin years")),
    ],
)
def test_the_first_lines_say_how_to_read(write: Write, text: str, dialect: Dialect, headers: tuple[str, ...]):
    """Delimiter, quotes, the last line of the header and the headers are found out."""
    assert detect(scan(write(text)), FileOptions(), is_known) == (dialect, headers)


def test_a_person_goes_before_what_is_found_out(write: Write):
    """What stands above the header line is left out, and the delimiter is the one that was said."""
    path = write("Customers of May;;\n;;\nid,x;age;income\n1,2;20;30\n")
    dialect, headers = detect(scan(path), FileOptions(delimiter=";", header_line=3), is_known)
    assert (dialect, headers) == (Dialect(";", '"', 3), ("id,x", "age", "income"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,20,30\n2,21,31\n", "line 1 holds values where the header should be"),
        ('[{"id": 1}]\n', "looks like JSON"),
        ("<html><body>\n", "looks like HTML or XML"),
        ("\n\n", "is empty"),
    ],
)
def test_what_is_no_header_is_refused(write: Write, text: str, reason: str):
    """A first line that is no header would lose a customer and name the columns after values."""
    with pytest.raises(InputError, match=reason):
        detect(scan(write(text)), FileOptions(), is_known)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["15,5", "20"], [15.5, 20.0]),
        (["1.234,5", "20"], [1234.5, 20.0]),
        (["1,234.5", "20"], [1234.5, 20.0]),
        (["1 234,5", "2.345"], [1234.5, 2345.0]),
        (["1,234", "20"], [1234.0, 20.0]),
        (["$1,234", "€20"], [1234.0, 20.0]),
        (["1'234", "2\u202f345"], [1234.0, 2345.0]),
        (["1e3", ".5"], [1000.0, 0.5]),
    ],
)
def test_decimal_marks_are_found_by_column(
    connection: duckdb.DuckDBPyConnection, write: Write, values: list[str], expected: list[float]
):
    """What the numbers of a column say decides whether a comma or a point is the decimal mark, and what sets thousands apart."""
    loaded(connection, write("id;age;income\n" + "".join(f"{i};20;{value}\n" for i, value in enumerate(values))))
    assert connection.execute("select list(annual_income_k order by customer_id) from staging.customers").fetchone() == (expected,)


@pytest.mark.parametrize("value", ["1_000", "1,00,0", "12 34", "0x10", "ten", "5-", "(5)"])
def test_what_is_no_number_is_rejected(connection: duckdb.DuckDBPyConnection, write: Write, value: str):
    """Nothing is guessed of a value that is not written as a number."""
    report = loaded(connection, write(f"id;age;income\n1;20;{value}\n2;30;40.5\n"))
    assert (report.rows_kept, report.rows_rejected) == (1, 1)
