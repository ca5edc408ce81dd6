"""Files that a cluster is to read, looked at before there is one: what is refused, and what a look tells."""

import gzip
import os
from pathlib import Path
from typing import cast

import duckdb
import pytest

from etl.headers import match
from etl.lake import open_in_lake, read_in_lake
from etl.parquet import as_text
from etl.source import open_source
from tests.helpers import FOUR, HEADER
from warehouse.connection import literal
from warehouse.errors import InputError
from warehouse.lake_connection import LakeConnection

TEXT = (HEADER + FOUR).encode()


def _refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with duckdb.connect() as connection, pytest.raises(InputError) as refused:
        open_in_lake(connection, path, path.name)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (gzip.compress(TEXT), "ENGINE=spark reads Parquet and plain CSV files; unpack it"),
        (b"PK\x03\x04" + TEXT, "ENGINE=spark reads Parquet and plain CSV files"),
        ((HEADER + FOUR).encode("utf-16"), "is written in utf-16-le; ENGINE=spark reads text in UTF-8 only"),
        ((HEADER + FOUR).replace("Male", "Männlich").encode("latin-1"), "is not UTF-8 text"),
        (b"PAR1" + TEXT, "is a damaged Parquet file"),
        (TEXT + b"\x00\x01\x02" * 500, "is not a text file"),
    ],
    ids=["empty", "gzip", "workbook", "utf-16", "latin-1", "damaged", "binary"],
)
def test_what_it_does_not_read(tmp_path: Path, content: bytes, said: str):
    assert said in _refused(tmp_path / "customers.csv", content)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("_customers.csv", "begin with a point or an underscore"),
        (".customers.csv", "begin with a point or an underscore"),
        ("customers[1].csv", "cannot read a path with [ in it"),
        ("customers*.csv", "cannot read a path with * in it"),
        ("customers 10:00.csv", "cannot read a path with : in it"),
        (os.fsdecode(b"customers\xff.csv"), "its name is no text"),
    ],
)
def test_names_that_it_does_not_find(tmp_path: Path, name: str, said: str):
    assert said in _refused(tmp_path / name, TEXT)


def test_a_look_tells_the_same(tmp_path: Path):
    """As reading all of a file does: headers and how it is written."""
    path = tmp_path / "customers.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace(b",", b";"))
    with duckdb.connect() as connection:
        looked_at, read = (look(connection, path, path.name) for look in (open_in_lake, open_source))
    assert (looked_at.headers, looked_at.dialect) == (read.headers, read.dialect)


def test_a_file_that_was_changed_is_another(tmp_path: Path):
    """Also where its ends and its size are the same."""
    path = tmp_path / "customers.csv"
    path.write_bytes(TEXT)
    with duckdb.connect() as connection:
        before = open_in_lake(connection, path, path.name)
        assert open_in_lake(connection, path, path.name).fingerprint == before.fingerprint
        os.utime(path, ns=(1, 1))
        assert open_in_lake(connection, path, path.name).fingerprint != before.fingerprint


def test_numbers_are_written_out(tmp_path: Path):
    """As DuckDB does by itself, whatever the engine."""
    with duckdb.connect() as connection:
        numbers = "select (random() - 0.5) * power(10, cast(random() * 18 - 3 as integer)) as number from range(20000)"
        connection.execute(
            f"create table numbers as {numbers}; insert into numbers values (0.1), (12345678.5), (1e20), (1e-7), (null)"
        )
        for type_ in ("DOUBLE", "FLOAT"):
            values = f"(select cast(number as {type_}) as number from numbers)"
            by_itself, by_digits = (as_text("number", type_, by_digits=digits) for digits in (False, True))
            told = connection.execute(
                f"select {by_itself}, {by_digits} from {values} where {by_itself} is distinct from {by_digits}"
            )
            assert told.fetchall() == []


def test_columns_of_its_own(tmp_path: Path):
    path = tmp_path / "customers.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 'C1' as customer_id, 'a' as _source_file) to {literal(path)} (format parquet)")
        with pytest.raises(InputError, match="ENGINE=spark has a column '_source_file' of its own"):
            open_in_lake(connection, path, path.name)


def test_types_that_both_engines_write_differently(tmp_path: Path):
    """Are refused before anything is read, and the column is named."""
    path = tmp_path / "customers.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select 'C1' as customer_id, 20 as age, 15 as annual_income_k, 39 as spending_score, [1, 2] as visits) "
            f"to {literal(path)} (format parquet)"
        )
        source = open_in_lake(connection, path, path.name)
        with pytest.raises(InputError, match="column 'visits' is of type INTEGER\\[\\], which ENGINE=spark does not read"):
            read_in_lake(cast(LakeConnection, connection), [source], [match(source.headers)])
