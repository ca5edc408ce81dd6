"""How good a partition is, for each number of segments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.points import Floats, Labels, Points
from analytics.silhouette import silhouette_widths

FEWEST_SAMPLED = 30
"""A segment with fewer customers in the sample is filled up to this many, as far as the sample has customers in reserve."""


@dataclass(frozen=True)
class Partition:
    """All customers divided into k segments."""

    sample_labels: Labels
    """(s,): the label, 0 … k - 1, of each customer of the points' sample."""
    sizes: Labels
    """(k,): customers of each label."""
    centroids: Floats
    """(k, d): the mean of each label's customers, scaled units; of very many nearly so (see analytics.assign.polish)."""
    inertia: float
    """Sum over all customers of the squared distance to the centroid of their label, scaled units; estimated of points that are a
    sample."""

    @classmethod
    def of_points(cls, points: Points, labels: Labels) -> "Partition":
        """The partition in which every customer has the label of their point, `labels` (p,)."""
        return cls(labels[points.sample_points], points.sizes(labels), points.centroids(labels), points.inertia(labels))


@dataclass(frozen=True)
class Evaluation:
    """One partition of the points into k segments, and its indices of fit."""

    k: int
    """Number of segments."""
    labels: Labels
    """(p,): the segment of each point, 0 … k - 1."""
    sample_labels: Labels
    """(s,): that of each customer of the points' sample."""
    inertia: float
    """Within-cluster sum of squares over all customers, scaled units."""
    silhouette: float
    """Mean silhouette width, -1 to 1 (Rousseeuw 1987): of all customers, or estimated from the sample."""
    silhouette_error: float
    """Its standard error; 0 where it is that of all customers."""
    davies_bouldin: float
    """Davies-Bouldin index (1979), of all customers or estimated from the sample; lower is better."""
    calinski_harabasz: float
    """Calinski-Harabasz index of all customers (1974); higher is better."""
    smallest_segment: int
    """Customers in the smallest segment."""
    silhouettes: Floats
    """(m,): the silhouette width of each customer drawn from the sample."""
    drawn: Labels
    """(m,): their places in the points' sample."""


def evaluate(points: Points, labels: Labels, partition: Partition | None = None) -> Evaluation:
    """The indices of fit of a partition; that in which customers follow the `labels` (p,) of their points unless given."""
    return _evaluate_each(points, [(labels, partition or Partition.of_points(points, labels))])[0]


def evaluate_all(points: Points, partitions: Sequence[Labels]) -> list[Evaluation]:
    """The indices of fit of several partitions, in which customers follow the labels (p,) of their points."""
    return _evaluate_each(points, [(labels, Partition.of_points(points, labels)) for labels in partitions])


def _evaluate_each(points: Points, partitions: Sequence[tuple[Labels, Partition]]) -> list[Evaluation]:
    """The sample is stratified: every label has its customers in it, so a label's mean silhouette and spread are estimated from
    its own, and labels count in the mean by their sizes. What needs no sample, inertia and Calinski-Harabasz, is exact, unless
    the points are a sample themselves.
    """
    all_drawn = [draw(partition.sample_labels, points.count_sampled) for _, partition in partitions]
    places = np.unique(np.concatenate(all_drawn))
    taking_part = []
    for (_, partition), drawn in zip(partitions, all_drawn, strict=True):
        own = np.full(len(points.sample), -1, dtype=np.int64)
        own[drawn] = partition.sample_labels[drawn]
        taking_part.append(own[places])
    widths = silhouette_widths(points.sample[places], taking_part)
    return [
        _evaluation(points, labels, partition, drawn, own[np.searchsorted(places, drawn)])
        for (labels, partition), drawn, own in zip(partitions, all_drawn, widths, strict=True)
    ]


def _evaluation(points: Points, labels: Labels, partition: Partition, drawn: Labels, silhouettes: Floats) -> Evaluation:
    values, sampled = points.sample[drawn], partition.sample_labels[drawn]
    counts = np.bincount(sampled, minlength=len(partition.sizes))
    return Evaluation(
        k=len(partition.sizes),
        labels=labels,
        sample_labels=partition.sample_labels,
        inertia=partition.inertia,
        silhouette=float(np.average(silhouettes, weights=(partition.sizes / np.maximum(counts, 1))[sampled])),
        silhouette_error=stratified_error(silhouettes, sampled, partition.sizes),
        davies_bouldin=_davies_bouldin(values, sampled, counts, partition.centroids),
        calinski_harabasz=_calinski_harabasz(points, partition),
        smallest_segment=int(partition.sizes.min()),
        silhouettes=silhouettes,
        drawn=drawn,
    )


def stratified_error(values: Floats, labels: Labels, sizes: Labels) -> float:
    """Standard error of the mean of a stratified sample, `values` (m,) of strata `labels` (m,) (Cochran 1977, equation 5.9).

    `sizes` (k,) are the strata's customers: 0 where all of them are in the sample. A stratum with a single value tells no spread.
    """
    counts = np.bincount(labels, minlength=len(sizes))
    means = np.bincount(labels, values, minlength=len(sizes)) / np.maximum(counts, 1)
    variances = np.bincount(labels, (values - means[labels]) ** 2, minlength=len(sizes)) / np.maximum(counts - 1, 1)
    left_out = np.maximum(0, 1 - counts / sizes)  # sizes may be estimates
    return float(np.sqrt(np.sum((sizes / sizes.sum()) ** 2 * variances * left_out / np.maximum(counts, 1))))


def draw(sample_labels: Labels, count: int) -> Labels:
    """(m,): the first `count` places of a sample, and further ones of each label that has fewer than FEWEST_SAMPLED of them."""
    drawn = [np.arange(min(count, len(sample_labels)), dtype=np.int64)]
    further = sample_labels[count:]
    for label in np.unique(further):
        missing = FEWEST_SAMPLED - int(np.count_nonzero(sample_labels[:count] == label))
        if missing > 0:
            drawn.append(count + np.flatnonzero(further == label)[:missing])
    return np.concatenate(drawn)


def _davies_bouldin(values: Floats, labels: Labels, counts: Labels, centroids: Floats) -> float:
    """Over labels the mean of the worst (spread + other's spread) / distance of centroids, a spread being a mean distance."""
    distances = np.linalg.norm(values - centroids[labels], axis=1)
    spreads = np.bincount(labels, distances, minlength=len(counts)) / np.maximum(counts, 1)
    apart = np.linalg.norm(centroids[:, None] - centroids[None], axis=2)
    apart[apart == 0] = np.inf
    return float(np.mean(np.max((spreads[:, None] + spreads) / apart, axis=1)))


def _calinski_harabasz(points: Points, partition: Partition) -> float:
    """(Scatter between / (k - 1)) / (scatter within / (n - k)); 1 where nothing scatters within, as scikit-learn has it."""
    count, k = points.count_customers, len(partition.sizes)
    offsets = partition.centroids - np.average(partition.centroids, axis=0, weights=partition.sizes)
    between = float(partition.sizes @ np.einsum("kd,kd->k", offsets, offsets))
    return between / (k - 1) * (count - k) / partition.inertia if partition.inertia else 1.0
