from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from etl.gate import Gate, ask_of_columns
from etl.headers import KNOWN, match, normalise
from tests.helpers import featured, loaded
from warehouse.errors import GateError, InputError

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Annual Income (k$)", "annual_income_k"),
        ("Spending Score (1-100)", "spending_score_1_100"),
        (" Annual Income ", "annual_income"),
        ("Annual_Income_(k$)", "annual_income_k"),
        ("AGE", "age"),
        ("", ""),
        ("Возраст", ""),
        ("Größe", "gr_e"),
        ('x"; drop table raw.customers; --', "x_drop_table_raw_customers"),
    ],
)
def test_a_header_becomes_a_name(header: str, name: str):
    """Lower case, words joined by one underscore, nothing else left."""
    assert normalise(header) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        *[(header, "customer_id") for header in ("CustomerID", "customer_id", "Customer ID", "Client ID", "ClientId", "ID")],
        *[(header, "gender") for header in ("Gender", "Genre", "sex")],
        *[(header, "age") for header in ("Age", "age_years", "Age (years)")],
        *[(header, "annual_income_k") for header in ("Annual Income (k$)", "AnnualIncome", "annual_income", "Income", "income_k")],
        *[(header, "annual_income_k") for header in ("annual_income_thousands", "Annual_Income_(k$)", "Annual Income ")],
        *[(header, "spending_score") for header in ("Spending Score (1-100)", "SpendingScore", "Spending_Score", "score")],
    ],
)
def test_synonyms_are_recognised(header: str, name: str):
    """A known column is found under each of its headers, and keeps the header it came with."""
    (column,) = match([header])
    assert (column.name, column.source_header) == (name, header)


def test_no_synonym_means_two_columns():
    """Each synonym belongs to one column, and is written as headers are normalised."""
    synonyms = [synonym for synonyms in KNOWN.values() for synonym in synonyms]
    assert len(set(synonyms)) == len(synonyms)
    assert synonyms == [normalise(synonym) for synonym in synonyms]


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        (["Visits per week"], ["visits_per_week"]),
        (["a", "A", "a ", "a_2"], ["a", "a_2", "a_3", "a_2_2"]),
        (["", "", "column_1"], ["column_1", "column_2", "column_1_2"]),
        (["1st", "2024"], ["column_1st", "column_2024"]),
        (["Возраст", "§"], ["column_1", "column_2"]),
        (["Select", "note", "TABLE", "order"], ["select_", "note", "table_", "order_"]),
        (["source_file", "Source Line"], ["source_file_2", "source_line_2"]),
        (["Reason", "is_duplicate"], ["reason_2", "is_duplicate_2"]),
    ],
)
def test_other_columns_get_a_free_name(headers: list[str], names: list[str]):
    """An unknown column is text, under a name made from its header that SQL can use and no other column has."""
    columns = match(headers, reserved=iter(["select", "table", "order"]))
    assert [column.name for column in columns] == names
    assert {column.kind for column in columns} == {"text"}
    assert [column.source_header for column in columns] == headers


def test_two_headers_of_one_meaning_are_refused():
    """The message has both headers and what they mean."""
    with pytest.raises(InputError, match="columns 'Gender' and 'Sex' both mean gender; rename or remove one"):
        match(["Gender", "Age", "Sex"])


def test_a_missing_column_is_named():
    """The message has the file, the segmentation, the column, headers that would do, those that are there, and what to do."""
    with pytest.raises(GateError) as error:
        ask_of_columns(Gate(Path("my.csv"), force=True), match(["ID", "Years"]), {"ages": ["age"]}, False, None)
    assert str(error.value) == (
        "my.csv: not published: a needed column is missing: ages needs age; the file's columns are 'ID', 'Years'. Headers that are "
        "recognised: age (headers like age, age_years, age_in_years). Say in MAPPING=path.toml which is which, or name other "
        "features in SEGMENTATIONS=path.toml (README: Your own columns)"
    )


def test_a_mapping_goes_before_the_synonyms():
    """A header that is said to be a column is it, and another that looks like it is carried as text."""
    mapped = {"Years": next(column for column in KNOWN if column.name == "age")}
    assert [(column.name, column.kind) for column in match(["Age", "Years"], mapped)] == [("age_", "text"), ("age", "numeric")]


HOSTILE = [
    'x"; drop table raw.customers; --',
    "it's",
    "Select",
    "select",
    "{{ 7 * 7 }}",
    "Reason",
    "is_duplicate",
    "source_line",
    "rowid",
    "filename",
    "customers",
    "",
    "Возраст",
    "a\tb",
]
"""Headers that mean something to SQL, to a template or to the loader itself."""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_hostile_headers_are_only_names(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path, kind: str):
    """Whatever a header says, its column is loaded as text, its values are kept and every row is."""
    headers = ["CustomerID", "Age", *HOSTILE]
    quoted = ['"' + header.replace('"', '""') + '"' for header in headers]
    path = write(",".join(quoted) + "\n" + "\n".join(",".join([str(i), "20", *"abcdefghijklmn"]) for i in range(3)) + "\n")
    if kind == "parquet":
        path = tmp_path / "customers.parquet"
        names = [header or "unnamed" for header in headers]
        names[names.index("select")] = "select_twice"  # Parquet names are told apart without regard to case
        columns = ", ".join(
            f"'{text}' as " + '"' + name.replace('"', '""') + '"' for text, name in zip("abcdefghijklmn", names[2:], strict=True)
        )
        connection.execute(f'copy (select i as "CustomerID", 20 as "Age", {columns} from range(3) as t(i)) to \'{path}\'')
    report = loaded(connection, path)
    assert (report.rows_in, report.rows_kept, report.rows_rejected) == (3, 3, 0)
    texts = connection.execute("select column_name from raw.columns where kind = 'text' order by position").fetchall()
    assert len(texts) == len(HOSTILE)
    values = connection.execute(f"select {', '.join(name for (name,) in texts)} from staging.customers").fetchall()
    assert values == [tuple("abcdefghijklmn")] * 3


def test_hostile_headers_reach_the_features(connection: duckdb.DuckDBPyConnection, write: Write):
    """The layers above are built from such a file too."""
    featured(connection, write('ID,Age,Reason,"select","\'); drop schema raw; --"\n1,20,a,b,c\n2,30,,,\n'))
    assert connection.execute("select count(*) from features.customer_features_scaled").fetchone() == (2,)
