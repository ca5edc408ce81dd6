import numpy as np
import pytest

from analytics.points import Points
from tests.helpers import blobs, celled


def test_customers_are_points_of_weight_one():
    """Where each customer is a point, nothing is folded."""
    points = Points.of_customers(np.array([[0.0, 1.0], [2.0, 3.0], [2.0, 3.0]]))
    assert points.count_customers == 3
    assert points.scatter_within == 0
    assert points.distinct.tolist() == [[0, 1], [2, 3]]
    assert points.sample_points.tolist() == [0, 1, 2]


def test_centroids_sizes_and_inertia_of_a_literal():
    """Weights count: a point of weight 3 pulls the centroid three times as hard."""
    points = Points(np.array([[0.0], [4.0], [9.0]]), np.array([3.0, 1.0, 2.0]), 0.5, np.zeros((0, 1)), np.zeros(0, dtype=np.int64))
    labels = np.array([0, 0, 1])
    assert points.centroids(labels).tolist() == [[1.0], [9.0]]
    assert points.sizes(labels).tolist() == [4, 2]
    assert points.inertia(labels) == 0.5 + 3 * 1 + 1 * 9


@pytest.mark.parametrize("seed", range(5))
def test_cells_have_the_inertia_of_their_customers(seed: int):
    """Folding customers into cells loses nothing of the sum of squares: what is lost between means is in scatter_within."""
    customers = blobs(seed, 300, features=3)
    cells, cell_of = celled(customers, width=0.8)
    assert len(cells.means) < 200
    labels = np.random.default_rng(seed).integers(0, 4, len(cells.means))
    assert cells.count_customers == 300
    exact = Points.of_customers(customers)
    assert cells.inertia(labels) == pytest.approx(exact.inertia(labels[cell_of]), rel=1e-12)
    np.testing.assert_allclose(cells.centroids(labels), exact.centroids(labels[cell_of]), atol=1e-12)
    assert cells.sizes(labels).tolist() == exact.sizes(labels[cell_of]).tolist()
