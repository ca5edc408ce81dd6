"""Who belongs to which segment, against numpy."""

import duckdb
import numpy as np
import pytest

import analytics.assign
from analytics.assign import polish
from analytics.points import Points


def _points(connection: duckdb.DuckDBPyConnection, values: np.ndarray) -> Points:
    """Customers (n, 2), each a point, where `polish` looks for them; their ids are their places, of seven digits."""
    ids = np.array([f"{place:07}" for place in range(len(values))], dtype=object)
    connection.register("given", {"customer_id": ids, "point_id": np.arange(len(values)), "x": values[:, 0], "y": values[:, 1]})
    connection.execute("create or replace temporary table customer_points as from given")
    connection.execute("create or replace table scratch.scaled_customers as select customer_id, x, y from given")
    connection.execute("create or replace temporary table sampled as select customer_id, point_id as place from given")
    connection.unregister("given")
    return Points.of_customers(values)


def _labels(connection: duckdb.DuckDBPyConnection) -> np.ndarray:
    return connection.execute("select label from labelled_customers order by customer_id").fetchnumpy()["label"]


@pytest.mark.parametrize("work", [0, 10**9])
def test_labels_are_those_of_the_nearest_centroid(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, work: int
):
    """Whether it ends early, as with very many customers, or at rest: nobody is nearer to another of the centroids it returns."""
    monkeypatch.setattr(analytics.assign, "_WORK", work)
    values = np.random.default_rng(3).uniform(-1.7, 1.7, (40_000, 2))  # without groups centroids move for long
    partition = polish(connection, ["x", "y"], _points(connection, values), np.arange(len(values)) % 6)
    assert partition is not None
    labels = _labels(connection)
    distances = np.linalg.norm(values[:, None] - partition.centroids, axis=2)
    assert np.array_equal(distances.argmin(axis=1), labels)
    assert np.array_equal(np.bincount(labels), partition.sizes)
    assert partition.inertia == pytest.approx((distances.min(axis=1) ** 2).sum())
    means = np.array([values[labels == label].mean(axis=0) for label in range(6)])
    apart = np.abs(means - partition.centroids).max()
    assert (apart > 1e-6) if work == 0 else (apart < 1e-9)
