"""Ward's hierarchical clustering (Ward 1963): scipy's where every customer is a point, on micro-clusters beyond."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage

from analytics.kmeans import fit_in_order
from analytics.points import Floats, Labels, Points

MOST_LEAVES = 5_000
"""Up to this many points of weight 1 each is a leaf, and the tree is scipy's."""
MICRO_CLUSTERS = 2_000
"""Otherwise the points are folded into this many micro-clusters, which are the leaves."""
_STEPS = 20


@dataclass(frozen=True)
class Tree:
    """A dendrogram of m leaves. Leaves are 0 … m - 1; row i of `merges` makes node m + i."""

    merges: NDArray[np.float64]
    """(m - 1, 4): the two nodes merged, the height and the number of customers, as scipy's linkage returns them."""
    leaves: Labels
    """(p,): the leaf that holds each point."""

    def cut(self, k: int) -> Labels:
        """Label each of p points 0 … k - 1, by undoing the last k - 1 merges. `k` is from 1 to the number of leaves."""
        count_leaves = len(self.merges) + 1
        kept = self.merges[: count_leaves - k, :2].astype(np.int64)
        above = np.arange(2 * count_leaves - 1)
        above[kept] = count_leaves + np.arange(len(kept))[:, None]
        while not np.array_equal(above, higher := above[above]):  # each round doubles the way up, until every node is at its top
            above = higher
        return np.unique(above[self.leaves], return_inverse=True)[1].astype(np.int64)


def fit_ward(points: Points) -> Tree:
    """Build the dendrogram of p points. Nothing is drawn at random; ties are broken by the order of the points."""
    points = replace(points, means=points.rounded)
    count = len(points.means)
    is_exact = count <= MOST_LEAVES and np.all(points.weights == 1)
    leaves = np.arange(count, dtype=np.int64) if is_exact else _micro_clusters(points)
    return Tree(linkage_of(points.centroids(leaves), np.bincount(leaves, points.weights).astype(np.float64)), leaves)


def linkage_of(means: Floats, weights: Floats) -> NDArray[np.float64]:
    """The merges of groups given by their means (m, d) and weights (m,): scipy's where all weigh 1."""
    return linkage(means, method="ward") if np.all(weights == 1) else weighted_ward(means, weights)


def _micro_clusters(points: Points) -> Labels:
    """(p,): the micro-cluster of each point."""
    if len(points.means) <= MICRO_CLUSTERS:
        return np.arange(len(points.means), dtype=np.int64)
    labels = fit_in_order(points.means, points.weights, MICRO_CLUSTERS, _STEPS).labels_
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)  # an emptied cluster leaves no gap


def weighted_ward(means: Floats, weights: Floats) -> NDArray[np.float64]:
    """Ward's tree of m groups given by their means (m, d) and weights (m,), in the form of scipy's linkage.

    With all weights 1 it is scipy's tree. The nearest-neighbour chain (Murtagh 1983) needs m steps of m distances;
    the squared height of a merge is 2 a b / (a + b) times the squared distance of the means, for weights a and b.
    """
    means, weights = means.copy(), weights.astype(np.float64)
    active = np.ones(len(means), dtype=bool)
    chain: list[int] = []
    found: list[tuple[int, int, float, float]] = []
    while len(found) < len(means) - 1:
        if not chain:
            chain = [int(np.argmax(active))]
        tip = chain[-1]
        offsets = means - means[tip]
        heights = 2 * weights * weights[tip] / (weights + weights[tip]) * np.einsum("md,md->m", offsets, offsets)
        heights[~active] = np.inf
        heights[tip] = np.inf
        nearest = int(np.argmin(heights))
        if len(chain) > 1 and heights[chain[-2]] <= heights[nearest]:
            kept = chain[-2]
            del chain[-2:]
            found.append((kept, tip, np.sqrt(heights[kept]), weights[kept] + weights[tip]))
            means[kept] = np.average(means[[kept, tip]], axis=0, weights=weights[[kept, tip]])
            weights[kept] += weights[tip]
            active[tip] = False
        else:
            chain.append(nearest)
    return _in_order_of_height(found, len(means))


def _in_order_of_height(found: list[tuple[int, int, float, float]], count_leaves: int) -> NDArray[np.float64]:
    """Number the merges by height: a chain finds them in another order, and names a group by one of its leaves."""
    group = np.arange(count_leaves)  # union-find: leaf -> representative leaf
    node = np.arange(count_leaves)  # representative leaf -> its node in the tree

    def representative(leaf: int) -> int:
        while group[leaf] != leaf:
            group[leaf] = leaf = group[group[leaf]]
        return leaf

    merges = np.empty((count_leaves - 1, 4))
    for row, (one, other, height, weight) in enumerate(sorted(found, key=lambda merge: merge[2])):
        first, second = representative(one), representative(other)
        merges[row] = (*sorted((node[first], node[second])), height, weight)
        group[second] = first
        node[first] = count_leaves + row
    return merges
