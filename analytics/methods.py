"""The two algorithms as the evidence asks for them: many problems of the same size, each partitioned into every k."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from analytics.batch import Batch, fit_batch, in_each_problem, means_by_label, nearest
from analytics.hierarchical import Tree, linkage_of
from analytics.points import Floats

Method = Callable[[Floats, Floats, Sequence[int], np.random.Generator], Mapping[int, Batch]]
"""From values (p, d) or (r, p, d), weights (r, p) and the numbers of clusters wanted, by each of these the partitions."""


def kmeans(values: Floats, weights: Floats, ks: Sequence[int], random: np.random.Generator) -> Mapping[int, Batch]:
    """K-Means, from random starts."""
    return {k: fit_batch(values, weights, k, random) for k in ks}


def ward(values: Floats, weights: Floats, ks: Sequence[int], _: np.random.Generator) -> Mapping[int, Batch]:
    """Ward's method on the points that have a weight; the others are labelled by the nearest centroid."""
    found: dict[int, list[Batch]] = {k: [] for k in ks}
    for own, all_weights in zip(in_each_problem(values, weights), weights, strict=True):
        is_there = all_weights > 0
        means, own_weights = own[is_there], all_weights[is_there]
        tree = Tree(linkage_of(means, own_weights), np.arange(len(means), dtype=np.int64))
        for k in ks:
            labels = tree.cut(min(k, len(means)))
            centroids = means_by_label(means[None], own_weights[None], labels[None], np.zeros((1, k, means.shape[1])))
            all_labels, _squares = nearest(own, centroids)
            all_labels[0, is_there] = labels
            offsets = means - centroids[0, labels]
            inertia = own_weights @ np.einsum("pd,pd->p", offsets, offsets)
            found[k].append(Batch(all_labels, centroids, np.array([inertia])))
    return {k: Batch.joined(parts) for k, parts in found.items()}


METHODS: Mapping[str, Method] = {"kmeans": kmeans, "hierarchical": ward}
"""By the name of the algorithm."""
