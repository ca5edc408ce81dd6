from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from etl.headers import match, unused
from etl.vocabulary import CUSTOMERS, normalise
from tests.helpers import featured, loaded
from warehouse.columns import Column
from warehouse.errors import InputError

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
    synonyms = [synonym for synonyms in CUSTOMERS.known.values() for synonym in synonyms]
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
        (["Reason", "is_duplicate", "RowID"], ["reason_2", "is_duplicate_2", "rowid_2"]),
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


def test_a_header_without_a_name_is_refused():
    """One named column is needed, or nothing can be said of any."""
    with pytest.raises(InputError, match="no column has a name"):
        match(["", " "])
    assert [column.name for column in match(["", "Age"])] == ["column_1", "age"]


VISITS = Column("visits", "numeric", "Visits")
IGNORED = Column("ignored", "ignore", "")


@pytest.mark.parametrize(
    ("headers", "mapped", "names"),
    [
        (["ID", "n"], {"n": VISITS}, ["customer_id", "visits"]),
        (["ID", " N "], {"n": VISITS}, ["customer_id", "visits"]),
        (["n", "N"], {"n": VISITS}, ["visits", "visits"]),
        (["n", "visits"], {"n": VISITS}, ["visits", "visits_2"]),
        (["Age", "Age Years"], {"Age Years": IGNORED}, ["age", "ignored_2"]),
        (["Age", "x", "y"], {"x": IGNORED, "y": IGNORED}, ["age", "ignored_2", "ignored_3"]),
        (["Возраст", "Age"], {"Возраст": VISITS}, ["visits", "age"]),
    ],
)
def test_a_mapping_goes_before_the_synonyms(headers: list[str], mapped: dict[str, Column], names: list[str]):
    """What a person says of a header holds; a header that only differs in case and blanks is meant too."""
    if names == ["visits", "visits"]:
        with pytest.raises(InputError, match="columns 'n' and 'N' both mean visits"):
            match(headers, mapped)
        return
    columns = match(headers, mapped)
    assert [column.name for column in columns] == names
    assert [column.source_header for column in columns] == headers


def test_a_name_that_is_a_word_of_sql_is_refused():
    """A person chose it, so it is not changed silently."""
    with pytest.raises(InputError, match="column 'n': order is a word of SQL; give it another name in the MAPPING file"):
        match(["n"], {"n": Column("order", "numeric", "n")}, ["order"])


def test_a_slip_of_the_pen_in_a_mapping_is_found():
    """A header that no file has is one, and only that."""
    assert unused(["Age", "n", "VISITS "], ["age", "Visits"]) == ["n"]


def test_a_hint_has_a_few_headers():
    """The column, and headers it is recognised by; of a further column its own name."""
    assert CUSTOMERS.hint("age") == "age (headers like age, age_years, age_in_years)"
    assert CUSTOMERS.hint("visits") == "visits"


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
    "numbered",
    "copies",
    "Fault",
    "Place",
    "Hash",
    "is copy",
    "first_value",
    "number_age",
    "",
    "Возраст",
    "a\tb",
]
"""Headers that mean something to SQL, to a template or to the loader itself."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"[: len(HOSTILE)]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_hostile_headers_are_only_names(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path, kind: str):
    """Whatever a header says, its column is loaded as text, its values are kept and every row is."""
    headers = ["CustomerID", "Age", *HOSTILE]
    quoted = ['"' + header.replace('"', '""') + '"' for header in headers]
    path = write(",".join(quoted) + "\n" + "\n".join(",".join([str(i), "20", *LETTERS]) for i in range(3)) + "\n")
    if kind == "parquet":
        path = tmp_path / "customers.parquet"
        names = [header or "unnamed" for header in headers]
        names[names.index("select")] = "select_twice"  # Parquet names are told apart without regard to case
        columns = ", ".join(
            f"'{text}' as " + '"' + name.replace('"', '""') + '"' for text, name in zip(LETTERS, names[2:], strict=True)
        )
        connection.execute(f'copy (select i as "CustomerID", 20 as "Age", {columns} from range(3) as t(i)) to \'{path}\'')
    report = loaded(connection, path)
    assert (report.rows_in, report.rows_kept, report.rows_rejected) == (3, 3, 0)
    texts = connection.execute("select column_name from raw.columns where kind = 'text' order by position").fetchall()
    assert len(texts) == len(HOSTILE)
    values = connection.execute(f"select {', '.join(name for (name,) in texts)} from staging.customers").fetchall()
    assert values == [tuple(LETTERS)] * 3


def test_hostile_headers_reach_the_features(connection: duckdb.DuckDBPyConnection, write: Write):
    """The layers above are built from such a file too."""
    featured(connection, write('ID,Age,Reason,"select","\'); drop schema raw; --"\n1,20,a,b,c\n2,30,,,\n'))
    assert connection.execute("select count(*) from features.customer_features_scaled").fetchone() == (2,)


def test_hostile_headers_without_ids(connection: duckdb.DuckDBPyConnection, write: Write):
    """Ids that are made come from the values, not from a column that has the name of a step on the way."""
    loaded(connection, write("Age,Hash,Place,ID of\n20,x,1,a\n21,x,2,a\n"))
    ids = [customer for (customer,) in connection.execute("select customer_id from staging.customers").fetchall()]
    assert len(set(ids)) == 2
    assert all(customer.startswith("row-") for customer in ids)
