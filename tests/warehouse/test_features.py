import math
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from tests.helpers import HEADER, featured
from warehouse.connection import Snapshot

Write = Callable[..., Path]
NUMERIC = "age, annual_income_k, spending_score"


@pytest.mark.parametrize("name", ["sample", "mall"])
def test_z_scaling_is_that_of_scikit_learn(name: str, request: pytest.FixtureRequest):
    """features.customer_features_scaled equals StandardScaler on features.customer_features, to 1e-12."""
    snapshot: Snapshot = request.getfixturevalue(name)
    values = snapshot.frame(f"select {NUMERIC} from features.customer_features order by customer_id")
    scaled = snapshot.frame(f"select {NUMERIC} from features.customer_features_scaled order by customer_id")
    scaler = StandardScaler().fit(values)
    np.testing.assert_allclose(scaled, scaler.transform(values), rtol=0, atol=1e-12)
    stored = snapshot.columns("select mean, standard_deviation from features.scaling order by feature")
    np.testing.assert_allclose(stored["mean"], scaler.mean_, rtol=1e-14)
    np.testing.assert_allclose(stored["standard_deviation"], scaler.scale_, rtol=1e-14)


def test_missing_values_are_filled_in_and_flagged(connection: duckdb.DuckDBPyConnection, write: Write):
    """A missing number becomes the median, a missing gender 'Unknown', both flagged; in staging they are null."""
    featured(connection, write(HEADER + "1,Male,20,10,5\n2,,?,11,\n3,Female,30,n/a,7\n4,NaN,44,90,8\n"))
    staged = connection.execute("from staging.customers order by customer_id").fetchall()
    assert staged == [
        ("1", "Male", 20.0, 10.0, 5.0),
        ("2", None, None, 11.0, None),
        ("3", "Female", 30.0, None, 7.0),
        ("4", None, 44.0, 90.0, 8.0),
    ]
    complete = connection.execute("from features.customer_features order by customer_id").fetchall()
    assert complete == [
        ("1", "Male", 20.0, 10.0, 5.0, False, False, False, False),
        ("2", "Unknown", 30.0, 11.0, 7.0, True, True, False, True),
        ("3", "Female", 30.0, 11.0, 7.0, False, False, True, False),
        ("4", "Unknown", 44.0, 90.0, 8.0, True, False, False, False),
    ]
    imputed = connection.execute("from features.imputation").fetchall()
    assert imputed == [("age", 30.0, 1), ("annual_income_k", 11.0, 1), ("spending_score", 7.0, 1)]


def test_what_counts_as_missing(connection: duckdb.DuckDBPyConnection, write: Write):
    """The usual ways to say nothing are null in staging, and no reason to reject a row."""
    texts = ["", " ", "NA", "n/a", "NaN", "null", "None", "?", "??", "-"]
    rows = "".join(f"{place},{text},{text},10,{place}\n" for place, text in enumerate(texts, start=1))
    featured(connection, write(HEADER + rows + "x,Male,30,11,50\n"))
    found = connection.execute("select spending_score, gender, age from staging.customers order by 1").fetchall()
    assert found == [*((place, None, None) for place in range(1, len(texts) + 1)), (50, "Male", 30.0)]
    assert connection.execute("select count(*) from raw.rejects").fetchone() == (0,)


def test_genders_are_spelled_one_way(connection: duckdb.DuckDBPyConnection, write: Write):
    """The short and the long spellings of two genders become one; any other word stays as it is."""
    genders = {
        "M": "Male",
        "male": "Male",
        " FEMALE ": "Female",
        "f": "Female",
        "Non-binary": "Non-binary",
        "mle": "mle",
    }
    featured(connection, write(HEADER + "".join(f"{place},{text},20,10,5\n" for place, text in enumerate(genders))))
    found = connection.execute("select gender from staging.customers order by customer_id").fetchall()
    assert dict(zip(genders, (gender for (gender,) in found), strict=True)) == genders


def test_numbers_are_read_as_they_are_written(connection: duckdb.DuckDBPyConnection, write: Write):
    """Blanks, decimals and exponents are part of a number."""
    numbers = {"19": 19.0, " 19.5 ": 19.5, "1e1": 10.0, "0": 0.0, "+7": 7.0}
    featured(connection, write(HEADER + "".join(f"{place},Male,{text},10,5\n" for place, text in enumerate(numbers))))
    found = connection.execute("select age from staging.customers order by customer_id").fetchall()
    assert dict(zip(numbers, (number for (number,) in found), strict=True)) == numbers


def test_further_columns_are_carried_as_text(connection: duckdb.DuckDBPyConnection, write: Write):
    """A column the product does not know is in staging, trimmed, and in no feature."""
    featured(connection, write('CustomerID,Age,Visits per week\n1,20," 3 "\n2,30,\n'))
    assert connection.execute("select customer_id, visits_per_week from staging.customers order by 1").fetchall() == [
        ("1", "3"),
        ("2", None),
    ]
    named = connection.execute("select column_name from duckdb_columns() where schema_name = 'features'").fetchall()
    assert not any("visits" in name for (name,) in named)


def test_categories_become_numbers(connection: duckdb.DuckDBPyConnection, write: Write):
    """Codes follow the alphabet; each value has a 0/1 column of its own, also when two names would be one."""
    featured(connection, write(HEADER + "1,Non binary,20,10,5\n2,non-binary,21,11,6\n3,M,22,12,7\n4,,23,13,8\n5,Genré,24,14,9\n"))
    assert connection.execute("from features.category_encoding").fetchall() == [
        ("gender", "Genré", 0, "gender_is_genre"),
        ("gender", "Male", 1, "gender_is_male"),
        ("gender", "Non binary", 2, "gender_is_non_binary_2"),
        ("gender", "Unknown", 3, "gender_is_unknown"),
        ("gender", "non-binary", 4, "gender_is_non_binary_4"),
    ]
    flags = "gender_is_male, gender_is_non_binary_2, gender_is_unknown, gender_is_non_binary_4"
    rows = connection.execute(f"select {flags} from features.customer_features_scaled order by customer_id").fetchall()
    assert rows == [(0, 1, 0, 0), (0, 0, 0, 1), (1, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 0)]


def test_a_file_without_categories(connection: duckdb.DuckDBPyConnection, write: Write):
    """Without a gender column there is an empty encoding, and the features are complete all the same."""
    featured(connection, write("CustomerID,Age\n1,20\n2,40\n"))
    assert connection.execute("select count(*) from features.category_encoding").fetchone() == (0,)
    assert connection.execute("from features.customer_features_scaled order by 1").fetchall() == [("1", -1.0), ("2", 1.0)]


def test_a_constant_is_scaled_to_nought(connection: duckdb.DuckDBPyConnection, write: Write):
    """As with scikit-learn, a feature that is the same for all is 0, not missing and not infinite."""
    featured(connection, write("CustomerID,Age,Income\n1,20,7\n2,40,7\n"))
    scaled = connection.execute("select annual_income_k from features.customer_features_scaled").fetchall()
    assert scaled == [(0.0,), (0.0,)]
    assert StandardScaler().fit_transform([[7.0], [7.0]]).tolist() == [[0.0], [0.0]]


def test_the_median_of_an_even_number(connection: duckdb.DuckDBPyConnection, write: Write):
    """It lies between the two middle values (the third customer has an income, or the row would say nothing)."""
    featured(connection, write("CustomerID,Age,Income\n1,20,1\n2,30,2\n3,,3\n"))
    assert connection.execute("select age from features.customer_features where customer_id = '3'").fetchone() == (25.0,)
    deviation = connection.execute("select standard_deviation from features.scaling where feature = 'age'").fetchone()
    assert deviation == (pytest.approx(math.sqrt(50 / 3)),)
