import numpy as np
import pytest
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info, threadpool_limits

import analytics.kmeans
from analytics.kmeans import fit_kmeans
from analytics.points import Points
from tests.helpers import blobs, celled, same_groups


def _points(seed: int, count: int = 200) -> Points:
    return Points.of_customers(blobs(seed, count))


def test_three_clumps_are_found():
    """Clumps far apart are the segments."""
    values = np.array([[0.0], [0.1], [10.0], [10.1], [20.0]])
    assert same_groups(fit_kmeans(Points.of_customers(values), 3, seed=1), [0, 0, 1, 1, 2])


@pytest.mark.parametrize("k", [2, 3, 6])
def test_a_seed_is_repeatable(k: int):
    """The same seed gives the same labels, number by number."""
    assert np.array_equal(fit_kmeans(_points(0), k, seed=5), fit_kmeans(_points(0), k, seed=5))


@pytest.mark.parametrize(("k", "within"), [(2, 1e-4), (3, 1e-4), (5, 0.02)])  # at 5 there are many optima almost as good
@pytest.mark.parametrize("seed", range(3))
def test_it_is_as_good_as_scikit_learn(seed: int, k: int, within: float):
    """Inertia is that of scikit-learn's best of many starts, and every point has its nearest centroid."""
    points = _points(seed)
    labels = fit_kmeans(points, k, seed=1)
    with threadpool_limits(1):  # on more threads so few points wait for whatever else is running
        best = KMeans(k, n_init=100, random_state=seed).fit(points.means)
    assert points.inertia(labels) == pytest.approx(best.inertia_, rel=within)
    distances = np.linalg.norm(points.means[:, None] - points.centroids(labels), axis=2)
    assert np.array_equal(distances.argmin(axis=1), labels)


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_repeated_points(seed: int):
    """A point of weight 3 is three points in one place."""
    means = np.vstack([blobs(seed, 40) + shift for shift in ([0, 0], [25, 0], [0, 25])])
    weights = np.random.default_rng(seed).integers(1, 6, len(means))
    weighted = Points(means, weights.astype(float), 0.0, means, np.arange(len(means)))
    repeated = Points.of_customers(np.repeat(means, weights, axis=0))
    for k in (2, 3):
        labels = fit_kmeans(weighted, k, seed=2)
        assert same_groups(np.repeat(labels, weights), fit_kmeans(repeated, k, seed=3))
        assert weighted.inertia(labels) == pytest.approx(repeated.inertia(np.repeat(labels, weights)))


def test_cells_find_nearly_the_best():
    """Fitted on cells, the inertia over all customers is within 1 % of a fit on the customers."""
    customers = blobs(4, 2000)
    cells, cell_of = celled(customers, width=0.2)
    exact = Points.of_customers(customers)
    labels = fit_kmeans(cells, 3, seed=1)[cell_of]
    assert exact.inertia(labels) == pytest.approx(exact.inertia(fit_kmeans(exact, 3, seed=1)), rel=0.01)


@pytest.mark.parametrize(("few", "starts"), [(200, 50), (199, 25)])
def test_many_points_have_fewer_starts(few: int, starts: int, monkeypatch: pytest.MonkeyPatch):
    """50 starts up to FEW_POINTS points, 25 above; and one thread, as more only wait for each other on a busy machine."""
    seen = []

    class Watched(KMeans):
        def fit(self, *arguments, **named):
            seen.append((self.n_init, {pool["num_threads"] for pool in threadpool_info()}))
            return super().fit(*arguments, **named)

    monkeypatch.setattr(analytics.kmeans, "KMeans", Watched)
    monkeypatch.setattr(analytics.kmeans, "FEW_POINTS", few)
    fit_kmeans(_points(0), 2, seed=1)
    assert seen == [(starts, {1})]
