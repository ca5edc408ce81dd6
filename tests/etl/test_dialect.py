from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from etl.dialect import detect
from etl.mapping import FileOptions
from etl.records import Dialect
from etl.text import scan
from etl.vocabulary import CUSTOMERS
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
    assert detect(scan(write(text)), FileOptions(), CUSTOMERS.knows) == (dialect, headers)


def test_a_person_goes_before_what_is_found_out(write: Write):
    """What stands above the header line is left out, and the delimiter is the one that was said."""
    path = write("Customers of May;;\n;;\nid,x;age;income\n1,2;20;30\n")
    dialect, headers = detect(scan(path), FileOptions(delimiter=";", header_line=3), CUSTOMERS.knows)
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
        detect(scan(write(text)), FileOptions(), CUSTOMERS.knows)


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
        (["12.200", "12.201", "15.5", "16.5"], [12.2, 12.201, 15.5, 16.5]),
        (["12.200", "15.5", "16.5", "13,500"], [12.2, 15.5, 16.5, 13500.0]),
        (["1.234", "1.235"], [1.234, 1.235]),
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


def test_a_slip_does_not_turn_points_into_thousands(connection: duckdb.DuckDBPyConnection, write: Write):
    """One 13,5 among points is the row that is rejected, in its own column and where it stands in another."""
    rows = [f"{i};20;12.2{i:02d};10.5\n" for i in range(20)]
    report = loaded(connection, write("id;age;income;score\n" + "".join(rows) + "20;20;13,5;11.5\n21;20;13.5;30,5\n"))
    reasons = connection.execute("select list(reason order by source_line) from raw.rejects").fetchone()
    assert reasons == (["income is '13,5', which is not a number", "score is '30,5', which is not a number"],)
    assert connection.execute("select max(annual_income_k), max(spending_score) from staging.customers").fetchone() == (
        12.219,
        10.5,
    )
    assert report.warnings == ()


@pytest.mark.parametrize(("number", "what"), [("1.234", "a decimal mark"), ("1,234", "thousands set apart")])
def test_a_number_that_can_be_read_two_ways_is_told(connection: duckdb.DuckDBPyConnection, write: Write, number: str, what: str):
    """Where nothing tells a decimal mark from one of thousands, the reading is said; a person's word settles it."""
    path = write(f"id;income\n1;{number}\n2;{number}\n")
    (warning,) = loaded(connection, path).warnings
    assert warning.startswith(f"annual_income_k: '{number}' was read with {what}; ")
    assert loaded(connection, path, '[file]\ndecimal = "."').warnings == ()


def test_files_that_write_numbers_differently_are_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """15.501 of one file is not 15501 because another one has decimal commas; typed numbers have a point."""
    (tmp_path / "us.csv").write_text("id;income\n1;15.501\n2;16.5\n")
    (tmp_path / "de.csv").write_text("id;income\n3;15,5\n4;16,5\n")
    with pytest.raises(InputError, match=r"de\.csv: column 'income' has a decimal comma, and a decimal point in .*us\.csv"):
        loaded(connection, tmp_path)
    (tmp_path / "us.csv").unlink()
    connection.execute(f"copy (select 5 as id, 15.501::double as income) to '{tmp_path / 'typed.parquet'}'")
    with pytest.raises(InputError, match=r"de\.csv: column 'income' has a decimal comma, and a decimal point in .*typed\.parquet"):
        loaded(connection, tmp_path)
    connection.execute(f"copy (select 5 as id, 15501.0::double as income) to '{tmp_path / 'typed.parquet'}'")
    loaded(connection, tmp_path)
    assert connection.execute("select list(annual_income_k order by customer_id) from staging.customers").fetchone() == (
        [15.5, 16.5, 15501.0],
    )
