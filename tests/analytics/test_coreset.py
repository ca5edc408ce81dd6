"""Many features: what a weighted sample tells of all customers, and the cells around it."""

import duckdb
import numpy as np
import pytest

from analytics.cells import make_cells
from analytics.coreset import draw_coreset, fold
from tests.analytics.shop import HOLD_GIVEN

COUNT = 20_000
NAMES = [f"f{place}" for place in range(8)]


@pytest.fixture
def values(connection: duckdb.DuckDBPyConnection) -> np.ndarray:
    """20,000 customers of four groups in eight features, and ten of a fifth, far out; in the order of their ids."""
    random = np.random.default_rng(5)
    values = random.normal(size=(4, 8))[random.integers(0, 4, COUNT)] * 2 + random.normal(size=(COUNT, 8))
    values[:10] = 40 + random.normal(size=(10, 8))
    ids = np.array([f"{place:05}" for place in range(COUNT)], dtype=object)
    connection.register("given", {"customer_id": ids, **dict(zip(NAMES, np.ascontiguousarray(values.T), strict=True))})
    connection.execute(HOLD_GIVEN)
    connection.unregister("given")
    return values


def _inertia(values: np.ndarray, centres: np.ndarray, weights: np.ndarray) -> float:
    return float(weights @ ((values[:, None] - centres) ** 2).sum(axis=2).min(axis=1))


def test_sums_over_the_sample_estimate_sums_over_all(connection: duckdb.DuckDBPyConnection, values: np.ndarray):
    """The inertia around any centres is that of all customers to a few percent, and the weights add up to them."""
    drawn = draw_coreset(connection, NAMES, 2_000)
    assert 1_500 < len(drawn.values) == len(set(drawn.customers)) < 2_100
    assert drawn.count_even == pytest.approx(1_000, rel=0.1)
    assert drawn.weights.sum() == pytest.approx(COUNT)
    np.testing.assert_array_equal(drawn.values, values[np.array(drawn.customers, dtype=int)])
    random = np.random.default_rng(1)
    for k in (1, 3, 6):
        centres = values[random.integers(10, COUNT, k)]
        exact = _inertia(values, centres, np.ones(COUNT))
        assert _inertia(drawn.values, centres, drawn.weights) == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("name", ["weight", "code", "place", "square", "scatter", "chance"])
def test_a_feature_may_be_called_as_we_call_things(connection: duckdb.DuckDBPyConnection, name: str):
    """Its values are its own, in cells of bins as in those around a coreset."""
    random = np.random.default_rng(2)
    ids = np.array([f"{place:04}" for place in range(3_000)], dtype=object)
    connection.register("given", {"customer_id": ids, name: random.normal(size=3_000), "other": random.normal(size=3_000)})
    connection.execute(HOLD_GIVEN)
    drawn = draw_coreset(connection, [name, "other"], 400)
    for cells in (
        lambda: make_cells(connection, [name, "other"], 1_500),
        lambda: fold(connection, [name, "other"], drawn.values, drawn.weights, 200),
    ):
        cells()
        found = connection.execute(
            f"select max(abs(told.{name} - cells.{name})), count(*) "
            f"from (select point_id, avg({name}) as {name} from customer_points group by point_id) as told "
            "inner join cells using (point_id)"
        ).fetchall()
        ((apart, count),) = found
        assert apart < 1e-9
        assert count > 100


def test_a_few_far_out_are_among_the_sample(connection: duckdb.DuckDBPyConnection, values: np.ndarray):
    """Ten of 20,000 would be drawn evenly once in a sample of 2,000: by distance nearly all of them are."""
    drawn = draw_coreset(connection, NAMES, 2_000)
    far = [weight for customer, weight in zip(drawn.customers, drawn.weights, strict=True) if int(customer) < 10]
    assert len(far) >= 8
    assert sum(far) == pytest.approx(10, abs=3)


def test_the_same_customers_are_drawn_whatever_their_order(connection: duckdb.DuckDBPyConnection, values: np.ndarray):
    """Nothing depends on how the rows lie, or on how many threads read them."""
    first = draw_coreset(connection, NAMES, 500)
    connection.execute("create or replace table scratch.scaled_customers as from scratch.scaled_customers order by f0")
    connection.execute("set threads = 1")
    second = draw_coreset(connection, NAMES, 500)
    assert first.customers == second.customers
    np.testing.assert_allclose(first.weights, second.weights, rtol=1e-9)


def test_everyone_is_in_a_cell_near_by(connection: duckdb.DuckDBPyConnection, values: np.ndarray):
    """Cells number all customers, have their means, and are about as tight as if everyone were in the nearest."""
    drawn = draw_coreset(connection, NAMES, 2_000)
    fold(connection, NAMES, drawn.values, drawn.weights, 300)
    rows = connection.execute("select customer_id, point_id from customer_points order by customer_id").fetchnumpy()
    cell = np.asarray(rows["point_id"])
    assert [*map(int, rows["customer_id"])] == list(range(COUNT))
    cells = connection.execute(f"select _weight, _scatter, {', '.join(NAMES)} from cells order by point_id").fetchnumpy()
    means = np.column_stack([cells[name] for name in NAMES])
    assert len(means) <= 300
    np.testing.assert_array_equal(np.bincount(cell), cells["_weight"])
    np.testing.assert_allclose(means, [values[cell == place].mean(axis=0) for place in range(len(means))], atol=1e-9)
    within = float(((values - means[cell]) ** 2).sum())
    assert cells["_scatter"].sum() == pytest.approx(within)
    nearest = sum(_inertia(part, means, np.ones(len(part))) for part in np.array_split(values, 20))
    assert nearest <= within < 1.1 * nearest
