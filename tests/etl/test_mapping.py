import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from etl.mapping import FileOptions, Mapping, read_mapping
from tests.helpers import loaded
from warehouse.errors import InputError

Write = Callable[..., Path]


def test_what_a_mapping_says(write: Write):
    """A header is a column the product knows, a kind, or a table of details; [file] says how the files are written."""
    path = write(
        '[columns]\nCUST_ID = "customer_id"\nNote = "ignore"\nState = "category"\n'
        'Income = { column = "annual_income_k", divide_by = 1000 }\n'
        'TENURE = { kind = "numeric", name = "months", label = "Tenure", unit = "months", minimum = 0, maximum = 600 }\n'
        '[file]\ndelimiter = ";"\ndecimal = ","\nencoding = "latin-1"\nheader_line = 4\nsheet = "Customers"\n',
        "mapping.toml",
    )
    mapping = read_mapping(path)
    found = {header: (c.name, c.kind, c.label, c.unit, c.minimum, c.maximum, c.divide_by) for header, c in mapping.columns.items()}
    assert found == {
        "CUST_ID": ("customer_id", "id", "Customer id", "", None, None, 1),
        "Note": ("ignored", "ignore", "Note", "", None, None, 1),
        "State": ("state", "category", "State", "", None, None, 1),
        "Income": ("annual_income_k", "numeric", "Annual income", "k$", 0, None, 1000),
        "TENURE": ("months", "numeric", "Tenure", "months", 0, 600, 1),
    }
    assert [column.short for column in mapping.columns.values()] == ["customer id", "note", "state", "income", "tenure"]
    assert mapping.options == FileOptions(";", "latin-1", ",", 4, "Customers")
    assert read_mapping(None) == Mapping()


@pytest.mark.parametrize(
    ("header", "said", "label", "short"),
    [
        ("BALANCE_FREQUENCY", '"numeric"', "Balance frequency", "balance frequency"),
        (" TENURE ", '"numeric"', "Tenure", "tenure"),
        ("annual__bonus", '"category"', "Annual bonus", "annual bonus"),
        ("Income p.a.", '{ kind = "numeric", name = "pay" }', "Income p.a.", "income p.a."),
        ("NPS", '"numeric"', "NPS", "NPS"),
        ("Days_since_NPS", '"numeric"', "Days since NPS", "days since NPS"),
        ("BALANCE", '{ kind = "numeric", label = "BALANCE_now" }', "BALANCE_now", "balance_now"),
        ("CASH_ADVANCE", '{ kind = "numeric", label = "Cash advance", short = "cash" }', "Cash advance", "cash"),
        ("Salary", '{ column = "annual_income_k" }', "Annual income", "income"),
        ("Salary", '{ column = "annual_income_k", label = "Salary" }', "Salary", "salary"),
    ],
)
def test_a_label_is_the_header_as_people_write(write: Write, header: str, said: str, label: str, short: str):
    """Without a label of its own a column is called by its header in words, and by the same words inside a sentence."""
    (column,) = read_mapping(write(f'[columns]\n"{header}" = {said}\n', "mapping.toml")).columns.values()
    assert (column.label, column.short) == (label, short)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[columns", "is not TOML"),
        ('age = "numeric"', "unknown entry age; known are [columns], [file], [transactions], [stock] and [results]"),
        ('columns = "age"', "'columns' is not a table"),
        ("[columns]\nA = 1", "[columns] 'A': give a column, a kind or a table"),
        ('[columns]\nA = "years"', "[columns] 'A': there is no column 'years'; known are customer_id, gender, age,"),
        ('[columns]\nA = { kind = "number" }', "[columns] 'A': kind must be numeric, category, text or ignore"),
        ('[columns]\nA = { kind = "numeric", low = 1 }', "[columns] 'A': unknown entry low"),
        ('[columns]\nA = { kind = "numeric", minimum = "0" }', "[columns] 'A': minimum must be a number"),
        ('[columns]\nA = { kind = "numeric", scale = "ln" }', "[columns] 'A': scale must be linear or log"),
        ('[columns]\nA = { kind = "numeric", divide_by = 0 }', "[columns] 'A': divide_by must be above 0"),
        ('[columns]\nA = { kind = "numeric", name = "My Name" }', "[columns] 'A': 'My Name' cannot be the name of a column"),
        ('[columns]\nsegment_id = "numeric"', "[columns] 'segment_id': 'segment_id' cannot be the name of a column"),
        ('[columns]\nA = "age"\nB = "age"', "[columns] 'A' and 'B' are both age"),
        ('[columns]\nLabel = "numeric"', "'label' cannot be the name of a column"),
        ('[columns]\n"Distance 0" = "numeric"', "'distance_0' cannot be the name of a column"),
        ('[columns]\na = "numeric"\nSum_A = "numeric"', "[columns] 'Sum_A': the warehouse makes a sum_a of 'a'"),
        ('[columns]\nA = { kind = "numeric", minimum = 5, maximum = 2 }', "[columns] 'A': minimum is above maximum"),
        ('[columns]\nA = { kind = "numeric", name = "rowid" }', "'rowid' cannot be the name of a column"),
        ('[columns]\nspending_kmeans = "numeric"', "'spending_kmeans' cannot be the name of a column"),
        ("x = " + "[" * 20_000, "is not TOML"),
        ("x = " + "9" * 5_000, "is not TOML"),
        ('[file]\nquote = "x"', "[file]: unknown entry quote; known are delimiter, encoding, decimal, header_line, sheet"),
        ("[file]\nheader_line = 0", "[file]: header_line must be a whole number from 1 to 1000"),
        ('[file]\ndecimal = ";"', '[file]: decimal must be "." or ","'),
        ('[file]\ndelimiter = "||"', "[file]: delimiter must be one character"),
    ],
)
def test_a_bad_mapping_is_one_sentence(write: Write, text: str, reason: str):
    """The message has the file, the entry and what may stand there."""
    path = write(text, "mapping.toml")
    with pytest.raises(InputError, match=re.escape(f"{path}: ") + ".*" + re.escape(reason)):
        read_mapping(path)


def test_a_mapped_file(connection: duckdb.DuckDBPyConnection, write: Write):
    """Units are converted, further numbers become features, and what is ignored is not loaded."""
    path = write("Nr;Note;Salary;Visits\n1;a;15.500,5;3\n2;b;70.000,0;4\n")
    mapping = (
        '[columns]\nNr = "customer_id"\nSalary = { column = "annual_income_k", divide_by = 1000 }\n'
        'Visits = "numeric"\nNote = "ignore"\n'
    )
    loaded(connection, path, mapping)
    rows = connection.execute("select customer_id, annual_income_k, visits from staging.customers order by 1").fetchall()
    assert rows == [("1", 15.5005, 3.0), ("2", 70.0, 4.0)]
    columns = connection.execute("select position, source_header, column_name, kind from raw.columns order by position").fetchall()
    assert columns == [
        (1, "Nr", "customer_id", "id"),
        (2, "Note", "ignored_2", "ignore"),
        (3, "Salary", "annual_income_k", "numeric"),
        (4, "Visits", "visits", "numeric"),
    ]


def test_a_header_that_is_not_there_is_a_slip(connection: duckdb.DuckDBPyConnection, write: Write):
    """A mapping that names a header no file has is refused, with the headers there are."""
    with pytest.raises(InputError, match=r"mapping.toml: there is no column 'Salery' in .*; its columns are 'id', 'Salary'"):
        loaded(connection, write("id,Salary\n1,2\n"), '[columns]\nSalery = "numeric"\n')
