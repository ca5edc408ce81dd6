"""How good a partition is, for each number of segments, and which number wins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import silhouette_samples

from analytics.points import Floats, Labels, Points

FEWEST_SAMPLED = 30
"""A segment with fewer customers in the sample is filled up to this many, where it has them."""


@dataclass(frozen=True)
class Partition:
    """All customers divided into k segments."""

    sample_labels: Labels
    """(s,): the label, 0 … k - 1, of each customer of the points' sample."""
    sizes: Labels
    """(k,): customers of each label."""
    centroids: Floats
    """(k, d): the mean of each label's customers, scaled units."""
    inertia: float
    """Within-cluster sum of squares over all customers, scaled units."""

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
    inertia: float
    """Within-cluster sum of squares over all customers, scaled units."""
    silhouette: float
    """Mean silhouette width, -1 to 1 (Rousseeuw 1987): of all customers, or estimated from the sample."""
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


@dataclass(frozen=True)
class Choice:
    """The k that was chosen, and why."""

    k: int
    """Number of segments."""
    chosen_by: str
    """silhouette, or person."""
    reason: str
    """Why, in a sentence."""


def evaluate(points: Points, labels: Labels, partition: Partition | None = None) -> Evaluation:
    """The indices of fit of a partition; that in which customers follow the `labels` (p,) of their points unless given.

    The sample is stratified: every label has its customers in it, so a label's mean silhouette and spread are estimated from
    its own, and labels count in the mean by their sizes. What needs no sample, inertia and Calinski-Harabasz, is exact.
    """
    partition = partition or Partition.of_points(points, labels)
    drawn = draw(partition.sample_labels, points.count_sampled)
    values, sampled = points.sample[drawn], partition.sample_labels[drawn]
    silhouettes = _silhouettes(values, sampled)
    counts = np.bincount(sampled, minlength=len(partition.sizes))
    return Evaluation(
        k=len(partition.sizes),
        labels=labels,
        inertia=partition.inertia,
        silhouette=float(np.average(silhouettes, weights=(partition.sizes / np.maximum(counts, 1))[sampled])),
        davies_bouldin=_davies_bouldin(values, sampled, counts, partition.centroids),
        calinski_harabasz=_calinski_harabasz(points, partition),
        smallest_segment=int(partition.sizes.min()),
        silhouettes=silhouettes,
        drawn=drawn,
    )


def draw(sample_labels: Labels, count: int) -> Labels:
    """(m,): the first `count` places of a sample, and further ones of each label that has fewer than FEWEST_SAMPLED of them."""
    drawn = [np.arange(min(count, len(sample_labels)), dtype=np.int64)]
    further = sample_labels[count:]
    for label in np.unique(further):
        missing = FEWEST_SAMPLED - int(np.count_nonzero(sample_labels[:count] == label))
        if missing > 0:
            drawn.append(count + np.flatnonzero(further == label)[:missing])
    return np.concatenate(drawn)


def _silhouettes(values: Floats, labels: Labels) -> Floats:
    """scikit-learn's, in which a customer alone in a segment has 0; and 0 where one segment holds the whole sample."""
    if not 2 <= len(np.unique(labels)) < len(labels):
        return np.zeros(len(labels))
    widths: Floats = silhouette_samples(values, labels)
    return widths


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
    offsets = partition.centroids - np.average(points.means, axis=0, weights=points.weights)
    between = float(partition.sizes @ np.einsum("kd,kd->k", offsets, offsets))
    return between / (k - 1) * (count - k) / partition.inertia if partition.inertia else 1.0


def choose_k(evaluations: Sequence[Evaluation], fixed: int | None = None, limit: str = "") -> Choice:
    """Choose the k of the highest mean silhouette, the smaller one of equals; or take the one a person fixed.

    `limit` says why no more segments were tried than there are evaluations of; it ends the sentence.
    """
    tried = f"k = {min(e.k for e in evaluations)}…{max(e.k for e in evaluations)}"
    best, *others = sorted(evaluations, key=lambda evaluation: (-round(evaluation.silhouette, 9), evaluation.k))
    limit = f"; {limit}" if limit else ""
    if fixed is not None:
        own = next(evaluation for evaluation in evaluations if evaluation.k == fixed)
        against = f"the highest of {tried}" if best is own else f"{best.k} would score {best.silhouette:.3f}"
        separator = ", " if best is own else "; "
        reason = f"{fixed}, because a person fixed it (mean silhouette {own.silhouette:.3f}{separator}{against}){limit}"
        return Choice(fixed, "person", reason)
    runner_up = f"; {others[0].k} was next with {others[0].silhouette:.3f}" if others else ""
    reason = f"{best.k}, because its mean silhouette of {best.silhouette:.3f} is the highest of {tried}{runner_up}{limit}"
    return Choice(best.k, "silhouette", reason)
