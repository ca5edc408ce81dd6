from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score

import analytics.hierarchical
from analytics.hierarchical import Tree, fit_ward, weighted_ward
from analytics.points import Points
from tests.helpers import blobs, celled, same_groups

SETS = [(seed, count, features) for seed, (count, features) in enumerate([(2, 1), (3, 2), (10, 1), (40, 2), (150, 3), (300, 5)])]
"""Seed, number of points and number of features of some random sets."""


def _identity(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int64)


@pytest.mark.parametrize(("seed", "count", "features"), SETS)
def test_unit_weights_give_the_tree_of_scipy(seed: int, count: int, features: int):
    """With all weights 1, weighted_ward has scipy's heights and sizes, and cuts into scipy's groups for every k."""
    means = blobs(seed, count, features)
    merges, expected = weighted_ward(means, np.ones(count)), linkage(means, method="ward")
    np.testing.assert_allclose(merges[:, 2:], expected[:, 2:], rtol=1e-9)
    for k in range(1, count + 1, max(1, count // 25)):
        assert same_groups(Tree(merges, _identity(count)).cut(k), fcluster(expected, k, criterion="maxclust"))


@pytest.mark.parametrize(("seed", "count", "features"), SETS)
def test_a_cut_is_that_of_fcluster(seed: int, count: int, features: int):
    """Tree.cut groups as scipy's fcluster with maxclust does, for every k: the adjusted Rand index is 1."""
    tree = fit_ward(Points.of_customers(blobs(seed, count, features)))
    for k in range(1, count + 1):
        labels = tree.cut(k)
        assert np.unique(labels).tolist() == list(range(k))
        assert adjusted_rand_score(fcluster(tree.merges, k, criterion="maxclust"), labels) == 1


@pytest.mark.parametrize("seed", range(4))
def test_whole_weights_are_repeated_points(seed: int):
    """A point of weight 3 is three points in one place: same groups, and the same heights but for those of 0."""
    random = np.random.default_rng(seed)
    means, weights = blobs(seed, 60), random.integers(1, 6, 60)
    repeated = linkage(np.repeat(means, weights, axis=0), method="ward")
    merges = weighted_ward(means, weights.astype(float))
    np.testing.assert_allclose(merges[:, 2], repeated[repeated[:, 2] > 1e-9, 2], rtol=1e-9)
    assert merges[-1, 3] == weights.sum()
    for k in (2, 3, 5, 8, 13, 60):
        labels = Tree(merges, _identity(60)).cut(k)
        assert same_groups(np.repeat(labels, weights), fcluster(repeated, k, criterion="maxclust"))


def test_a_literal_tree():
    """Four points on a line: the near pairs merge first, and a merge refers to the groups it joins."""
    merges = weighted_ward(np.array([[0.0], [1.0], [10.0], [12.0]]), np.ones(4))
    assert merges.tolist() == [[0, 1, 1, 2], [2, 3, 2, 2], [4, 5, pytest.approx(10.5 * 2**0.5), 4]]


def test_the_inputs_are_left_alone():
    """weighted_ward does not change the arrays it is given."""
    means, weights = blobs(0, 20), np.ones(20)
    before = means.copy()
    weighted_ward(means, weights)
    assert np.array_equal(means, before)
    assert np.array_equal(weights, np.ones(20))


def test_points_in_one_place():
    """Equal points merge at height 0 before anything else, and any k can be cut."""
    tree = fit_ward(Points.of_customers(np.array([[0.0], [0.0], [5.0], [5.0], [5.0]])))
    assert (tree.merges[:, 2] == 0).sum() == 3
    assert same_groups(tree.cut(2), [0, 0, 1, 1, 1])
    assert sorted(Counter(tree.cut(5).tolist()).values()) == [1] * 5


@pytest.mark.parametrize("seed", range(3))
def test_many_points_are_folded_into_few_leaves(seed: int, monkeypatch: pytest.MonkeyPatch):
    """Above the number of leaves, the tree of micro-clusters cuts nearly as the exact tree does, and repeatably."""
    customers = np.vstack([np.add(blobs(seed, 600), [20, 0]), np.subtract(blobs(seed + 9, 600), [20, 0]), blobs(seed + 17, 600)])
    exact = fit_ward(Points.of_customers(customers))
    monkeypatch.setattr(analytics.hierarchical, "MOST_LEAVES", 500)
    monkeypatch.setattr(analytics.hierarchical, "MICRO_CLUSTERS", 200)
    points = Points.of_customers(customers)
    tree = fit_ward(points)
    assert len(tree.merges) == tree.leaves.max() <= 199
    assert tree.merges[-1, 3] == 1800
    assert adjusted_rand_score(tree.cut(3), exact.cut(3)) > 0.95
    again = fit_ward(points)
    assert np.array_equal(tree.leaves, again.leaves)
    assert np.array_equal(tree.merges, again.merges)


def test_cells_are_leaves_with_weights():
    """Cells few enough are leaves as they are, and their weights count."""
    cells, _ = celled(blobs(3, 400), width=0.7)
    tree = fit_ward(cells)
    assert np.array_equal(tree.leaves, _identity(len(cells.means)))
    assert tree.merges[-1, 3] == 400
    assert np.array_equal(tree.merges, weighted_ward(replace(cells, means=cells.rounded).centroids(tree.leaves), cells.weights))
