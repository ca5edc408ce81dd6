from collections.abc import Iterator

import duckdb
import numpy as np
import pytest

from analytics import reader
from analytics.naming import Feature
from analytics.reader import hold_customers, read_inputs, read_leaves
from tests.helpers import HEADER, featured, features_of
from warehouse.errors import InputError

ROWS = "".join(f"{i},{'MF'[i % 2]},{20 + i % 40},{i % 90},{i * i % 100}\n" for i in range(400))
FEATURES = ["annual_income_k", "spending_score"]


@pytest.fixture(scope="module")
def features_of_customers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The features of 400 customers, of which nothing is changed."""
    with features_of(tmp_path_factory.mktemp("reader"), HEADER + ROWS) as connection:
        yield connection


@pytest.fixture
def customers(features_of_customers: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """400 customers, held to be read."""
    hold_customers(features_of_customers, ["gender_is_female", "age", *FEATURES])
    return features_of_customers


def test_few_customers_are_points(customers: duckdb.DuckDBPyConnection):
    """Each customer is a point, in the order of the ids, with all of them as the sample."""
    inputs = read_inputs(customers, FEATURES)
    ids = sorted(str(i) for i in range(400))
    assert list(inputs.sample_customers) == ids
    assert inputs.features == (Feature("annual_income_k", "income", "k$"), Feature("spending_score", "score", "1–100"))
    expected = customers.execute(
        f"select {', '.join(FEATURES)} from features.customer_features_scaled order by customer_id"
    ).fetchall()
    assert inputs.points.means.tolist() == [list(row) for row in expected]
    assert np.all(inputs.points.weights == 1)
    points = customers.execute("select customer_id, point_id from customer_points order by point_id").fetchall()
    assert points == [(customer, place) for place, customer in enumerate(ids)]


def test_scaled_values_have_units_again(customers: duckdb.DuckDBPyConnection):
    """in_units undoes the scaling."""
    inputs = read_inputs(customers, FEATURES)
    values = customers.execute(f"select {', '.join(FEATURES)} from features.customer_features order by customer_id").fetchall()
    np.testing.assert_allclose(inputs.scaling.in_units(inputs.points.means), values, atol=1e-9)


def test_a_category_is_a_feature_by_its_value(customers: duckdb.DuckDBPyConnection):
    """A 0/1 column is not scaled, and is called by its column and value."""
    inputs = read_inputs(customers, ["gender_is_female", "age"])
    assert inputs.features[0] == Feature("gender_is_female", "gender Female")
    assert set(inputs.points.means[:, 0]) == {0.0, 1.0}
    assert set(inputs.scaling.in_units(inputs.points.means)[:, 0]) == {0.0, 1.0}


@pytest.mark.parametrize("features", [["annual_income_k"], FEATURES, ["age", *FEATURES]])
@pytest.mark.parametrize("most", [20_000, 100, 9])
def test_many_customers_are_cells(
    customers: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, features: list[str], most: int
):
    """Cells, or those around a coreset, add up to all customers and their means, are no more than wanted, and lose no part of the
    sum of squares.
    """
    exact = read_inputs(customers, features).points
    monkeypatch.setattr(reader, "FEW_CUSTOMERS", 399)
    monkeypatch.setattr(reader, "MOST_CELLS", most)
    monkeypatch.setattr(reader, "MICRO_CLUSTERS", most)
    monkeypatch.setattr(reader, "SAMPLE", 50)
    inputs = read_inputs(customers, features)
    points = read_leaves(customers, inputs)
    assert len(points.means) <= most
    assert points.count_customers == 400
    everyone = np.zeros(len(points.means), dtype=np.int64)
    np.testing.assert_allclose(points.centroids(everyone), exact.means.mean(axis=0, keepdims=True), atol=1e-12)
    assert points.inertia(everyone) == pytest.approx(exact.inertia(np.zeros(400, dtype=np.int64)))
    assert len(inputs.sample_customers) == len(points.sample) == len(set(inputs.sample_customers)) >= points.count_drawn
    if points is inputs.points:
        assert points.count_drawn == 50
        held_twice = np.minimum(points.weights, 2)
        assert np.all(np.bincount(points.sample_points, minlength=len(points.means)) >= held_twice)
    else:
        assert points.count_drawn == inputs.points.count_drawn <= 50
        assert np.array_equal(points.sample, inputs.points.means)
    held = customers.execute("select point_id, count(*) from customer_points group by 1 order by 1").fetchall()
    assert held == [(place, weight) for place, weight in enumerate(points.weights)]
    cells = dict(customers.execute("select customer_id, point_id from customer_points").fetchall())
    assert [cells[customer] for customer in inputs.sample_customers] == points.sample_points.tolist()
    assert inputs.sample_customers == read_inputs(customers, features).sample_customers


def test_an_unknown_feature_is_named(customers: duckdb.DuckDBPyConnection):
    """The error lists the features there are."""
    known = "age, annual_income_k, gender_is_female, gender_is_male, spending_score"
    with pytest.raises(InputError, match=f"there is no feature 'visits'; the file has {known}"):
        read_inputs(customers, ["age", "visits"])


def test_a_constant_feature_is_named(connection: duckdb.DuckDBPyConnection, write):
    """A feature that is the same for all is an error with its value."""
    featured(connection, write("id,age,income\n1,20,7.5\n2,30,7.5\n"))
    with pytest.raises(InputError, match=r"the feature 'annual_income_k' is 7\.5 for every customer, so it cannot tell them apart"):
        _read_age_and_income(connection)


def test_a_nearly_constant_feature_is_named(connection: duckdb.DuckDBPyConnection, write):
    """What differs by rounding only cannot tell customers apart, and the error does not call it the same."""
    featured(connection, write("id,age,income\n1,20,7.5\n2,30,7.500000001\n3,40,7.5\n"))
    with pytest.raises(
        InputError, match=r"'annual_income_k' differs by less than 8e-09 between customers, a billionth of its size"
    ):
        _read_age_and_income(connection)


def _read_age_and_income(connection: duckdb.DuckDBPyConnection) -> None:
    features = ["age", "annual_income_k"]
    hold_customers(connection, features)
    read_inputs(connection, features)
