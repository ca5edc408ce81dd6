"""K-Means on weighted points (Lloyd's algorithm with k-means++ starts; Arthur & Vassilvitskii 2007), by scikit-learn."""

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from analytics.points import Floats, Labels, Points

STARTS = 50
"""Random starts up to FEW_POINTS points; the best by inertia wins."""
STARTS_MANY = 25
"""Random starts above."""
FEW_POINTS = 5_000


def fit_kmeans(points: Points, k: int, seed: int) -> Labels:
    """Label each of p points 0 … k - 1, by the nearest of k centroids. The same seed gives the same labels."""
    starts = STARTS if len(points.means) <= FEW_POINTS else STARTS_MANY
    model = KMeans(n_clusters=k, init="k-means++", n_init=starts, random_state=seed, tol=1e-9, max_iter=500)
    labels: Labels = _fit(model, points.rounded, points.weights).labels_.astype(np.int64)
    return labels


def fit_in_order(values: Floats, weights: Floats, count: int, steps: int) -> KMeans:
    """Fit `count` centroids, fewer than the values (m, d), by a few steps from values evenly spaced in their order."""
    in_order = np.lexsort(values.T[::-1])
    starts = values[in_order[np.linspace(0, len(in_order) - 1, count).astype(np.int64)]]
    return _fit(KMeans(n_clusters=count, init=starts, n_init=1, max_iter=steps), values, weights)


def _fit(model: KMeans, values: Floats, weights: Floats) -> KMeans:
    with threadpool_limits(1):  # so few points are no faster on more threads, and 15 times slower where other work is running
        return model.fit(values, sample_weight=weights)
