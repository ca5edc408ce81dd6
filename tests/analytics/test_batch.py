"""Many K-Means problems at once give what one at a time gives."""

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from analytics.batch import fit_batch, nearest
from tests.helpers import blobs


def test_a_batch_reaches_the_inertia_of_scikit_learn() -> None:
    """On clumped points the best of a few starts is as good as the best of scikit-learn's fifty, to a thousandth."""
    data = np.stack([blobs(seed, 120) for seed in range(4)])
    for k in (2, 3, 5):
        ours = fit_batch(data, np.ones(data.shape[:2]), k, np.random.default_rng(1), starts=20)
        for own, inertia in zip(data, ours.inertia, strict=True):
            with threadpool_limits(1):  # on more threads so few points wait for whatever else is running
                best = KMeans(k, n_init=50, random_state=0).fit(own).inertia_
            assert inertia <= best * 1.001


def test_a_weight_is_as_good_as_repeated_points() -> None:
    """A point of weight 3 pulls like three points, and one of weight 0 does not pull at all."""
    values = np.array([[0.0], [1.0], [10.0], [12.0], [500.0]])
    found = fit_batch(values, np.array([[3.0, 1.0, 1.0, 1.0, 0.0]]), 2, np.random.default_rng(1))
    assert sorted(found.centroids[0, :, 0].tolist()) == [0.25, 11.0]
    assert found.inertia.round(9).tolist() == [0.75 + 2.0]
    assert len(set(found.labels[0, :2])) == len(set(found.labels[0, 2:])) == 1


def test_fewer_different_points_than_clusters() -> None:
    """Where two points are asked for three clusters nothing breaks, and nothing is left to explain."""
    found = fit_batch(np.array([[0.0], [1.0], [1.0]]), np.ones((2, 3)), 3, np.random.default_rng(1))
    assert found.inertia.tolist() == [0.0, 0.0]


def test_the_nearest_is_the_lowest_of_equals() -> None:
    """A point halfway between two centroids belongs to the first; the squared distance is exact."""
    labels, squares = nearest(np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([[[0.0, 0.0], [2.0, 0.0]]]))
    assert (labels.tolist(), squares.tolist()) == ([[0, 1]], [[1.0, 1.0]])
