"""Above 5,000 customers: extreme ones, many features, and what is exact all the same."""

from pathlib import Path

import duckdb
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score

import analytics.reader
from analytics.cells import make_cells
from analytics.run import Segmentation, run
from etl.customers import load_customers
from etl.mapping import read_mapping
from tests.analytics.shop import HOLD_GIVEN
from tests.helpers import HEADER, featured
from warehouse.build import build
from warehouse.errors import InputError

SPENDING = ("annual_income_k", "spending_score")


def _scaled(connection: duckdb.DuckDBPyConnection, values: np.ndarray) -> list[str]:
    """Make scratch.scaled_customers of values (n, d); returns the features' names."""
    names = [f"f{place}" for place in range(values.shape[1])]
    scaled = {name: (column - column.mean()) / (column.std() or 1) for name, column in zip(names, values.T, strict=True)}
    connection.register("given", {"customer_id": np.arange(len(values)).astype(str).astype(object), **scaled})
    connection.execute(HOLD_GIVEN)
    connection.unregister("given")
    return names


def _cells(connection: duckdb.DuckDBPyConnection) -> int:
    return (connection.execute("select count(distinct point_id) from customer_points").fetchone() or (0,))[0]


@pytest.mark.parametrize("outlier", [1e2, 1e6, 1e15, 1e150])
def test_cells_are_as_fine_as_the_bulk(connection: duckdb.DuckDBPyConnection, outlier: float):
    """However far out one customer is, the others stay apart in many cells."""
    values = np.random.default_rng(0).normal(size=(6000, 2))
    values[0, 0] = outlier
    make_cells(connection, _scaled(connection, values), 2000)
    assert 500 <= _cells(connection) <= 2000


@pytest.mark.parametrize("features", [8, 17])
def test_many_features_have_no_cells(connection: duckdb.DuckDBPyConnection, features: int):
    """Bins that leave few cells would have to be as wide as what they are to tell apart: that is said, and soon."""
    names = _scaled(connection, np.random.default_rng(0).standard_t(2, size=(6000, features)))
    assert not make_cells(connection, names, 500)


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_different_customers_are_told_apart(connection: duckdb.DuckDBPyConnection, most: int):
    """Nearly all at one value, a few in a narrow range and one far out: as many cells as different values, or as allowed."""
    values = np.zeros((6000, 1))
    values[:50, 0] = np.arange(50) * 1e-3
    values[50, 0] = 1e9
    is_folded = make_cells(connection, _scaled(connection, values), most)
    assert is_folded == (most > 3)
    assert most < 51 or _cells(connection) == 51


def _loaded(connection: duckdb.DuckDBPyConnection, tmp_path: Path, last: str, count: int = 20_000) -> None:
    random = np.random.default_rng(1)
    centres = np.array([(25, 80), (25, 20), (55, 50), (88, 82), (88, 18)])
    rows = (centres[random.integers(0, 5, count)] + random.normal(0, 6, (count, 2))).clip(1, 99).round(2)
    lines = [f"{place},Male,40,{x},{y}\n" for place, (x, y) in enumerate(rows)]
    path = tmp_path / "customers.csv"
    path.write_text(HEADER + "".join(lines) + last)
    featured(connection, path)
    build(connection, ["segments"])


@pytest.mark.parametrize("income", [pytest.param("15000", marks=pytest.mark.soak), "1e11"])
def test_one_extreme_customer_is_no_error(connection: duckdb.DuckDBPyConnection, tmp_path: Path, income: str):
    """20,000 customers and one of a huge income are clustered: no ValueError, no talk of two different customers."""
    _loaded(connection, tmp_path, f"x,Male,40,{income},50\n")
    run(connection, 1, [Segmentation("spending", "Spending", SPENDING, 2, 3)])
    alone = connection.execute("select algorithm, size from segments.segments where size = 1 order by 1").fetchall()
    assert alone == [("hierarchical", 1), ("kmeans", 1)]
    silhouettes = connection.execute("select distinct silhouette from segments.assignments where customer_id = 'x'").fetchall()
    assert silhouettes == [(0.0,)]
    # Of two segments, the one and the rest; the rule may choose three, as the rest falls into groups of its own.
    (least,) = connection.execute("select min(silhouette) from segments.k_evaluation where k = 2").fetchone() or (0,)
    assert least > 0.9


def test_many_customers_are_fitted_to_the_last(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """Centroids are the means of their members, everyone is in the nearest segment, and the evidence is of these labels."""
    _loaded(connection, tmp_path, "")
    run(connection, 1, [Segmentation("spending", "Spending", SPENDING, 5, 5)])
    apart = connection.execute(
        f"""
        with means as (
            select algorithm, segment_id, {", ".join(f"avg({name}) as {name}" for name in SPENDING)}, count(*) as size
            from segments.assignments inner join features.customer_features_scaled using (customer_id)
            group by all
        )
        select max(abs(scaled_value - if(feature = 'annual_income_k', annual_income_k, spending_score)))
        from means inner join segments.centroids using (algorithm, segment_id)
        """
    ).fetchone()
    assert apart is not None
    assert apart[0] < 1e-9
    assert connection.execute("select min(margin) >= 0 from segments.assignments where algorithm = 'kmeans'").fetchone() == (True,)
    for row in connection.execute(
        """
        select runs.inertia, evaluation.inertia, sum(distance * distance), evaluation.smallest_segment,
            (select min(size) from segments.segments where segments.algorithm = runs.algorithm),
            n_silhouettes, count(silhouettes.silhouette)
        from segments.runs as runs
        inner join segments.k_evaluation as evaluation using (segmentation, algorithm, k)
        inner join segments.assignments as silhouettes using (segmentation, algorithm)
        group by all
        """
    ).fetchall():
        assert row[0] == row[1] == pytest.approx(row[2])
        assert row[3] == row[4]
        assert row[5] == row[6]


def test_infinite_values_are_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """A value whose square is no number is named; nothing is fitted."""
    _loaded(connection, tmp_path, "", 100)
    connection.execute("update features.scaling set standard_deviation = 'infinity' where feature = 'spending_score'")
    with pytest.raises(InputError, match="the feature 'spending_score' has values too large to compute with"):
        run(connection, 1, [Segmentation("spending", "Spending", SPENDING)])


def test_many_features_find_the_planted_groups(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """By a sample and cells around it both algorithms find them; what is told of the chosen k is that of all customers."""
    monkeypatch.setattr(analytics.reader, "MOST_CELLS", 2_000)
    random = np.random.default_rng(3)
    planted = random.integers(0, 3, 6_000)
    values = random.normal(size=(3, 8))[planted] * 3 + random.normal(size=(6_000, 8))
    names = tuple(f"f{place}" for place in range(8))
    path, mapping = tmp_path / "customers.csv", tmp_path / "mapping.toml"
    lines = [",".join([f"{place:04}", *(f"{value:.4f}" for value in row)]) for place, row in enumerate(values)]
    path.write_text("id," + ",".join(names) + "\n" + "\n".join(lines) + "\n")
    mapping.write_text("[columns]\n" + "".join(f'{name} = "numeric"\n' for name in names))
    load_customers(connection, path, read_mapping(mapping))
    build(connection, ["features", "segments"])
    run(connection, 1, [Segmentation("many", "Many", names, 2, 5)])
    for algorithm in ("kmeans", "hierarchical"):
        rows = connection.execute(
            "select segment_id, distance from segments.assignments where algorithm = ? order by customer_id", [algorithm]
        ).fetchnumpy()
        assert adjusted_rand_score(planted, rows["segment_id"]) > 0.95
        told = connection.execute(
            "select n_customers, inertia, calinski_harabasz, k from segments.runs where algorithm = ?", [algorithm]
        ).fetchall()
        scaled = (values - values.mean(axis=0)) / values.std(axis=0)
        exact = calinski_harabasz_score(scaled, rows["segment_id"])
        assert told == [(6_000, pytest.approx((rows["distance"] ** 2).sum()), pytest.approx(exact, rel=1e-3), 3)]
    left = connection.execute("select table_name from duckdb_tables() where database_name = 'scratch'").fetchall()
    assert left == []
