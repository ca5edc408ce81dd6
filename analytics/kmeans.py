"""K-Means on weighted points (Lloyd's algorithm with k-means++ starts; Arthur & Vassilvitskii 2007), by scikit-learn."""

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from analytics.points import Labels, Points

STARTS = 50
"""Random starts up to FEW_POINTS points; the best by inertia wins."""
STARTS_MANY = 25
"""Random starts above."""
FEW_POINTS = 5_000


def fit_kmeans(points: Points, k: int, seed: int) -> Labels:
    """Label each of p points 0 … k - 1, by the nearest of k centroids. The same seed gives the same labels."""
    starts = STARTS if len(points.means) <= FEW_POINTS else STARTS_MANY
    model = KMeans(n_clusters=k, init="k-means++", n_init=starts, random_state=seed, tol=1e-9, max_iter=500)
    with threadpool_limits(1):  # so few points are no faster on more threads, and 15 times slower where other work is running
        labels: Labels = model.fit(points.rounded, sample_weight=points.weights).labels_.astype(np.int64)
    return labels
