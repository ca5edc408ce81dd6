"""The two ways of seeing customers, one by one or as weighted cells, lead to the same segments."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score

from analytics import hierarchical, reader
from analytics.hierarchical import Tree, weighted_ward
from analytics.points import Points
from analytics.run import Segmentation, run
from etl.sample import BUNDLED
from tests.helpers import featured
from warehouse.build import build
from warehouse.connection import Warehouse


def blobs(seed: int, count: int = 120) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 2)) + 4 * random.integers(0, 3, size=(count, 1))


@pytest.mark.parametrize("seed", range(5))
def test_unit_weights_give_scipys_tree(seed):
    """With all weights 1 the nearest-neighbour chain finds the heights and every cut of scipy's linkage."""
    values = blobs(seed)
    ours, scipys = weighted_ward(values, np.ones(len(values))), linkage(values, method="ward")
    assert ours[:, 2:] == pytest.approx(scipys[:, 2:])
    tree = Tree(ours, np.arange(len(values)))
    for k in range(1, 12):
        assert adjusted_rand_score(tree.cut(k), fcluster(scipys, k, "maxclust")) == 1


def test_whole_weights_are_repeated_customers():
    """A point of weight 3 is three customers at one place: the heights above 0 are scipy's on the repeated points."""
    values = blobs(9, 40)
    weights = np.random.default_rng(9).integers(1, 5, size=40)
    heights = linkage(np.repeat(values, weights, axis=0), method="ward")[:, 2]
    assert weighted_ward(values, weights.astype(float))[:, 2] == pytest.approx(heights[heights > 1e-9])


def test_cells_have_the_inertia_of_their_customers():
    """What the means of cells leave out is their scatter within: together they give the sum over the customers."""
    values = blobs(1)
    cells = np.repeat(np.arange(40), 3)
    customers = Points.of_customers(values)
    means = np.array([values[cells == cell].mean(axis=0) for cell in range(40)])
    scatter = ((values - means[cells]) ** 2).sum()
    points = Points(means, np.full(40, 3.0), scatter, values, cells)
    labels = np.arange(40) % 4
    assert points.inertia(labels) == pytest.approx(customers.inertia(labels[cells]))
    assert points.centroids(labels) == pytest.approx(customers.centroids(labels[cells]))


def test_cells_find_the_segments_of_the_customers(published, connection, monkeypatch):
    """Seen as cells and micro-clusters, the sample falls into nearly the same segments, at nearly the same inertia."""
    monkeypatch.setattr(reader, "FEW_CUSTOMERS", 500)
    monkeypatch.setattr(reader, "MOST_CELLS", 600)
    monkeypatch.setattr(reader, "SAMPLE", 800)
    monkeypatch.setattr(hierarchical, "MICRO_CLUSTERS", 200)
    featured(connection, BUNDLED)
    build(connection, ["segments"])
    run(connection, 1, [Segmentation("spending", "Spending", ("annual_income_k", "spending_score"))])
    exact = Warehouse(published).snapshot()
    runs = "select n_points, k, inertia from segments.runs where segmentation = 'spending' order by algorithm"
    for (n_points, k, inertia), by_customers in zip(connection.execute(runs).fetchall(), exact.rows(runs), strict=True):
        assert n_points <= 600 < by_customers["n_points"]
        assert k == by_customers["k"] == 5
        assert inertia == pytest.approx(by_customers["inertia"], rel=0.01)
    members = "select segment_id from segments.assignments where segmentation = 'spending' and algorithm = ? order by customer_id"
    for algorithm in ("kmeans", "hierarchical"):
        by_cells = [segment for (segment,) in connection.execute(members, [algorithm]).fetchall()]
        assert adjusted_rand_score(by_cells, exact.columns(members, [algorithm])["segment_id"]) > 0.95
