import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from etl.customers import load_customers
from tests.helpers import loaded
from warehouse.errors import InputError

Write = Callable[..., Path]

HEAD = "id,gender,age,income,score,note\n"

FILES = {
    "clean": (HEAD + "1,M,20,30,40,a\n2,F,21,31,41,b\n", [(2, "1"), (3, "2")], [], 0),
    "blank lines": (
        HEAD + "\n1,M,20,30,40,a\n \n2,F,21,31,41,b\n,,,,,\n?,-,,,,\n3,F,21,31,41,b\n\n\n",
        [(3, "1"), (5, "2"), (8, "3")],
        [
            (2, "", "the row is blank"),
            (4, "", "the row is blank"),
            (6, ",,,,,", "the row is blank"),
            (7, "?,-,,,,", "the row is blank"),
        ],
        0,
    ),
    "too few and too many values": (
        HEAD + "1,M,20\n2,F,21,31,41,b\n3,F,21,31,41,b,c\n",
        [(3, "2")],
        [
            (2, "1,M,20", "the row has 3 values where the header has 6"),
            (4, "3,F,21,31,41,b,c", "the row has 7 values where the header has 6"),
        ],
        0,
    ),
    "out of range": (
        HEAD + "1,M,-1,30,40,a\n2,F,120.5,31,41,b\n3,F,120,0,100,b\n4,F,30,-5,1,\n5,F,30,5,100.5,\n6,F,30,5,-1,\n",
        [(4, "3")],
        [
            (2, "1,M,-1,30,40,a", "age is -1, below 0"),
            (3, "2,F,120.5,31,41,b", "age is 120.5, above 120"),
            (5, "4,F,30,-5,1,", "income is -5, below 0"),
            (6, "5,F,30,5,100.5,", "score is 100.5, above 100"),
            (7, "6,F,30,5,-1,", "score is -1, below 0"),
        ],
        0,
    ),
    "not numbers": (
        HEAD + '1,M,old,30,40,a\n2,F,20,"1,00,0",41,b\n3,F,inf,1,1,c\n4,F,0x10,1,1,d\n9,F,44,44,44,z\n',
        [(6, "9")],
        [
            (2, "1,M,old,30,40,a", "age is 'old', which is not a number"),
            (3, '2,F,20,"1,00,0",41,b', "income is '1,00,0', which is not a number"),
            (4, "3,F,inf,1,1,c", "age is 'inf', which is not a number"),
            (5, "4,F,0x10,1,1,d", "age is '0x10', which is not a number"),
        ],
        0,
    ),
    "no id": (
        HEAD + ",M,20,30,40,a\n ? ,M,20,30,40,a\n1,M,20,30,40,a\n",
        [(4, "1")],
        [
            (2, ",M,20,30,40,a", "the row has no customer id"),
            (3, " ? ,M,20,30,40,a", "the row has no customer id"),
        ],
        0,
    ),
    "identical copies": (
        HEAD + "1,M,20,30,40,a\n2,F,21,31,41,b\n1,M,20,30,40,a\n1,M,20,30,40,a\n 1 ,M,20,30,40,a\n",
        [(2, "1"), (3, "2")],
        [],
        3,
    ),
    "nothing but an id": (
        HEAD + "1,,,,,\n1,M,?,-,,x\n9,F,44,44,44,z\n",
        [(4, "9")],
        [
            (2, "1,,,,,", "the row has no value for age, income, score"),
            (3, "1,M,?,-,,x", "the row has no value for age, income, score"),
        ],
        0,
    ),
    "totals": (
        HEAD + "1,M,20,30,40,a\nTotal,,20,30,40,\ngrand total: ,,1,1,1,\n,Sum,20,30,40,\n7,Total,20,30,40,\n",
        [(2, "1"), (6, "7")],
        [
            (3, "Total,,20,30,40,", "'Total' stands where a customer should: a row of totals"),
            (4, "grand total: ,,1,1,1,", "'grand total:' stands where a customer should: a row of totals"),
            (5, ",Sum,20,30,40,", "'Sum' stands where a customer should: a row of totals"),
        ],
        0,
    ),
    "a header again": (HEAD + "1,M,20,30,40,a\n" + HEAD, [(2, "1")], [(3, HEAD.strip(), "the row repeats the header")], 0),
    "a number of another world": (
        HEAD + "1,M,20,1e13,40,a\n2,M,20,1e12,40,a\n",
        [(3, "2")],
        [(2, "1,M,20,1e13,40,a", "income is 1e13, beyond a million millions")],
        0,
    ),
    "one id, different values": (
        HEAD + "1,M,20,30,40,a\n2,F,21,31,41,b\n1,M,20,30,40,z\n1,M,20,30,40,a\n",
        [(3, "2")],
        [
            (2, "1,M,20,30,40,a", "customer id 1 stands more than once, with different values: another note in line 4"),
            (4, "1,M,20,30,40,z", "customer id 1 stands more than once, with different values: another note in line 2"),
            (5, "1,M,20,30,40,a", "customer id 1 stands more than once, with different values: another note in line 4"),
        ],
        0,
    ),
    "one id, one of its rows no good": (
        HEAD + "1,M,20,30,40,a\n1,M,x,30,40,a\n9,F,44,44,44,z\n",
        [(4, "9")],
        [
            (2, "1,M,20,30,40,a", "customer id 1 stands more than once, with different values: another age in line 3"),
            (3, "1,M,x,30,40,a", "age is 'x', which is not a number"),
        ],
        0,
    ),
    "copies of a row that is no good": (
        HEAD + "1,M,x,30,40,a\n1,M,x,30,40,a\n9,F,44,44,44,z\n",
        [(4, "9")],
        [(2, "1,M,x,30,40,a", "age is 'x', which is not a number"), (3, "1,M,x,30,40,a", "age is 'x', which is not a number")],
        0,
    ),
    "values over lines": (
        HEAD + '1,M,20,30,40,"a\nb"\n2,F,200,31,41,"c\n\nd"\n3,F,21\n4,F,999,1,1,"say ""hi"""\n5,F,"2\n2",1,1,x\n6,F,22,1,1,x\n',
        [(2, "1"), (11, "6")],
        [
            (4, '2,F,200,31,41,"c\n\nd"', "age is 200, above 120"),
            (7, "3,F,21", "the row has 3 values where the header has 6"),
            (8, '4,F,999,1,1,"say ""hi"""', "age is 999, above 120"),
            (9, '5,F,"2', "a quote is opened and not closed"),
            (10, '2",1,1,x', "the row has 4 values where the header has 6"),
        ],
        0,
    ),
    "semicolons": (
        HEAD.replace(",", ";") + '1;M;20;30;40;"a;b"\n2;F;200;31;41;a,b\n3;F;20;"1,5";41;b\n4;F;20;1.5;41;b\n5;F;20;2,5;41;b\n',
        [(2, "1"), (4, "3"), (6, "5")],
        [
            (3, "2;F;200;31;41;a,b", "age is 200, above 120"),
            (5, "4;F;20;1.5;41;b", "income is '1.5', which is not a number with a decimal comma"),
        ],
        0,
    ),
    "a quote that never ends": (
        HEAD + '1,M,20,30,40,a\n2,"F,21,31,41,b\n3,F,22,32,42,c\n',
        [(2, "1"), (4, "3")],
        [(3, '2,"F,21,31,41,b', "a quote is opened and not closed")],
        0,
    ),
}
"""Of each file: its text, the lines and ids kept, the lines, texts and reasons rejected, and the number of copies dropped."""


ENDS = (("", "\n"), ("\ufeff", "\r\n"), ("", "\r"))
"""What stands before a text, and how its lines end: on Unix, on Windows and on an old Mac."""


@pytest.mark.parametrize("name", FILES)
def test_every_row_is_accounted_for(connection: duckdb.DuckDBPyConnection, write: Write, name: str):
    """Rows in = rows kept + rejected + identical copies; each with its line, each reject with its text and the reason.

    An open quote costs its own line only: it used to take the rest of the file with it.
    """
    text, kept, rejected, copies = FILES[name]
    for mark, line_end in ENDS:
        report = loaded(connection, write(mark + text.replace("\n", line_end)))
        assert (report.rows_kept, report.rows_rejected, report.rows_duplicate) == (len(kept), len(rejected), copies)
        assert report.rows_in == report.rows_kept + report.rows_rejected + report.rows_duplicate
        customers = connection.execute("select source_line, trim(customer_id) from raw.customers order by 1").fetchall()
        assert customers == kept
        rejects = connection.execute("select source_line, row_text, reason from raw.rejects order by 1").fetchall()
        assert [(line, row.strip(" ").replace(line_end, "\n"), reason) for line, row, reason in rejects] == [
            (line, row.strip(" "), reason) for line, row, reason in rejected
        ]
        counted = connection.execute("select rows_in, rows_kept, rows_rejected, rows_duplicate from raw.sources").fetchall()
        assert counted == [(report.rows_in, len(kept), len(rejected), copies)]


def test_values_are_kept_as_they_came(connection: duckdb.DuckDBPyConnection, write: Write):
    """raw.customers has the text of the file, blanks, quotes and line ends included, and the name of the file."""
    loaded(connection, write(HEAD + ' 1 ,m," 20 ",3e1,040,"say ""hi"",\nplease"\n'))
    row = connection.execute("from raw.customers").fetchone()
    assert row == ("customers.csv", 2, " 1 ", "m", " 20 ", "3e1", "040", 'say "hi",\nplease')


def test_rows_of_a_parquet_file_are_accounted_for(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """The same rules hold for Parquet; the line is the row's number and the text is the row's values."""
    path = tmp_path / "customers.parquet"
    rows = (
        "('1', 20.0::double, 5.5::double, 'a'), ('2', 200.0, 1, null), ('1', 20.0, 5.5, 'a'), (null, 30.0, 1, 'b'), "
        "('3', 'nan', 1, ''), ('4', 'inf', 1, '')"
    )
    connection.execute(f"copy (select * from (values {rows}) as t(id, age, score, note)) to '{path}'")
    report = loaded(connection, path)
    assert (report.rows_in, report.rows_kept, report.rows_rejected, report.rows_duplicate) == (6, 2, 3, 1)
    assert connection.execute("select source_line, customer_id, age, spending_score from raw.customers").fetchall() == [
        (1, "1", "20", "5.5"),
        (5, "3", "nan", "1"),
    ]
    assert connection.execute("select source_line, row_text, reason from raw.rejects").fetchall() == [
        (2, "2,200,1,", "age is 200, above 120"),
        (4, ",30,1,b", "the row has no customer id"),
        (6, "4,inf,1,", "age is 'inf', which is not a number"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,age\n", "has a header but no customers"),
        ("id,age\n\n\n", "has a header but no customers"),
        ("id,age\n1,x\n", "not one of its 1 rows can be used; the first is line 2: age is 'x', which is not a number"),
        ("id,age\n1,\n2,?\n", "not one of its 2 rows can be used; the first is line 2: the row has no value for age"),
    ],
)
def test_a_file_without_anything_to_load(connection: duckdb.DuckDBPyConnection, write: Write, text: str, reason: str):
    """However much may be rejected, something must be left."""
    path = write(text)
    with pytest.raises(InputError, match=f"^{re.escape(f'{path}: {reason}')}$"):
        load_customers(connection, path)


def test_a_category_has_fifty_values_at_most(connection: duckdb.DuckDBPyConnection, write: Write):
    """More are no groups of people; the sentence says how the column is carried as text."""
    rows = [f"{i},20,g{i}\n" for i in range(51)]
    assert loaded(connection, write("id,age,gender\n" + "".join(rows[:50]))).rows_kept == 50
    path = write("id,age,gender\n" + "".join(rows))
    message = f"{path}: column 'gender' has 51 values, and a category has 50 at most; say in a MAPPING file what it is: "
    with pytest.raises(InputError, match=re.escape(message)):
        load_customers(connection, path)
    assert loaded(connection, path, '[columns]\n"gender" = { kind = "text", name = "sort" }').rows_kept == 51


@pytest.mark.parametrize(
    ("ids", "is_synthetic"), [("synthetic-1 synthetic-2", True), ("synthetic-1 2", False), ("1 2", False), ("1 synthetic", False)]
)
def test_generated_customers_are_told(connection: duckdb.DuckDBPyConnection, write: Write, ids: str, is_synthetic: bool):
    """A file is synthetic when all of its ids are, whatever it is called."""
    report = loaded(connection, write("id,age\n" + "".join(f"{id},20\n" for id in ids.split())))
    assert report.is_synthetic is is_synthetic
    assert connection.execute("select is_synthetic from raw.sources").fetchone() == (is_synthetic,)


def test_columns_are_recorded(connection: duckdb.DuckDBPyConnection, write: Write):
    """raw.columns says what each column was taken for."""
    loaded(connection, write("Client ID,Visits,Sex,Age\n1,3,F,20\n"))
    columns = connection.execute("select column_name, source_header, kind, position from raw.columns").fetchall()
    assert columns == [
        ("customer_id", "Client ID", "id", 1),
        ("visits", "Visits", "text", 2),
        ("gender", "Sex", "category", 3),
        ("age", "Age", "numeric", 4),
    ]


def test_nothing_temporary_is_left(connection: duckdb.DuckDBPyConnection, write: Write):
    """After a load only the raw layer and staging are there."""
    loaded(connection, write("id,age\n1,20\n2,x\n"))
    left = connection.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall()
    assert left == []


def test_a_conflict_names_the_other_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """Where two files have one id, the reason says where the other row is and in which columns it differs."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("id,age,income\n1,20,30\n2,21,31\n")
    (tmp_path / "in" / "b.csv").write_text("id,age,income,note\n3,22,32,x\n1,20,33,y\n")
    loaded(connection, tmp_path / "in")
    reasons = connection.execute("select list(reason order by source_file) from raw.rejects").fetchone()
    same = "customer id 1 stands more than once, with different values: another income, note in"
    assert reasons == ([f"{same} in/b.csv, line 3", f"{same} in/a.csv, line 2"],)


def test_a_file_that_was_cut_off(connection: duckdb.DuckDBPyConnection, write: Write):
    """A last line that is broken and has no end is told; one that is merely without an end is nothing special."""
    (warning,) = loaded(connection, write("id,age,income\n1,20,30\n2,21")).warnings
    assert warning == "customers.csv: its last line, 3, is broken and has no end: the file may have been cut off"
    report = loaded(connection, write("id,age,income\n1,20,30\n2,21,3"))
    assert (report.warnings, report.open_ends) == ((), ("customers.csv",))


def test_folders_in_a_folder_are_told(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """A folder means its own files; that it has folders too is said, with the pattern that reads them."""
    (tmp_path / "in" / "feb").mkdir(parents=True)
    (tmp_path / "in" / "a.csv").write_text("id,age\n1,20\n")
    (warning,) = loaded(connection, tmp_path / "in").warnings
    assert warning.endswith(f"in: its folders feb were not read; a pattern reads them: '{tmp_path}/in/**/*'")


TOTALS = ("Total", "Grand-Total", "Sous-total", "Total 2024", "Zwischensumme", "Durchschnitt", "Итого", "合计", "Sum")


@pytest.mark.parametrize("first", ["id", "City"])
def test_a_row_of_totals_is_no_customer(connection: duckdb.DuckDBPyConnection, write: Write, first: str):
    """In the language of the file, with or without a column of ids."""
    rows = "".join(f"{word},50,{70 + n}\n" for n, word in enumerate(TOTALS))
    report = loaded(connection, write(f"{first},age,income\nA1,20,30\nB2,30,40\n{rows}"))
    assert (report.rows_kept, report.rows_rejected) == (2, len(TOTALS))
    found = connection.execute("select split_part(row_text, ',', 1), rule from raw.rejects order by source_line").fetchall()
    assert found == [(word, "subtotal row") for word in TOTALS]


def test_a_person_may_be_called_so(connection: duckdb.DuckDBPyConnection, write: Write):
    """A name that begins like a total is a customer's."""
    names = ["Suma Patel", "Sum Ting", "Mean Joe", "Media Mark", "Totalia"]
    loaded(connection, write("id,age,income\nA1,20,30\n" + "".join(f"{name},50,70\n" for name in names)))
    assert connection.execute("select customer_id from raw.customers order by source_line").fetchall() == [
        (name,) for name in ("A1", *names)
    ]


def test_headers_of_any_script_mean_one_column_in_all_files(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """Columns are told by their headers, not by their places, also where a name of our own stands for them."""
    (tmp_path / "a.csv").write_text("id,age,城市,邮编,Größe,Grüße,Note\n1,20,北京,100000,gr,hi,x\n")
    (tmp_path / "b.csv").write_text("id,age,邮编,城市,Grüße,Größe,note\n2,21,200000,上海,ho,kl,y\n")
    loaded(connection, tmp_path)
    rows = connection.execute(
        "select column_3, column_4, gr_e, gr_e_2, note from staging.customers order by customer_id"
    ).fetchall()
    assert rows == [("北京", "100000", "gr", "hi", "x"), ("上海", "200000", "kl", "ho", "y")]


def test_too_many_columns(connection: duckdb.DuckDBPyConnection, write: Write):
    """A thousand columns can be loaded; more are refused in a line."""
    with pytest.raises(InputError, match=r"has 1,001 columns, and 1,000 are the most"):
        loaded(connection, write("id," + ",".join(f"c{i}" for i in range(1_000)) + "\n"))
