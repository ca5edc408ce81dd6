"""How good a partition is, for each number of segments, and which number wins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

from analytics.points import Floats, Labels, Points


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
    """Mean silhouette width of the sample, -1 to 1 (Rousseeuw 1987)."""
    davies_bouldin: float
    """Davies-Bouldin index of the sample (1979); lower is better."""
    calinski_harabasz: float
    """Calinski-Harabasz index of the sample (1974); higher is better."""
    smallest_segment: int
    """Customers in the smallest segment."""
    silhouettes: Floats
    """(s,): the silhouette width of each customer of the sample."""


@dataclass(frozen=True)
class Choice:
    """The k that was chosen, and why."""

    k: int
    """Number of segments."""
    chosen_by: str
    """silhouette, or person."""
    reason: str
    """Why, in a sentence."""


def evaluate(points: Points, labels: Labels) -> Evaluation:
    """The indices of fit of a partition; those by scikit-learn are computed on the sample of customers."""
    sample_labels = labels[points.sample_points]
    silhouettes = silhouette_samples(points.sample, sample_labels)
    sizes = points.sizes(labels)
    return Evaluation(
        k=len(sizes),
        labels=labels,
        inertia=points.inertia(labels),
        silhouette=float(np.mean(silhouettes)),
        davies_bouldin=float(davies_bouldin_score(points.sample, sample_labels)),
        calinski_harabasz=float(calinski_harabasz_score(points.sample, sample_labels)),
        smallest_segment=int(sizes.min()),
        silhouettes=silhouettes,
    )


def choose_k(evaluations: Sequence[Evaluation], fixed: int | None = None) -> Choice:
    """Choose the k of the highest mean silhouette, the smaller one of equals; or take the one a person fixed."""
    tried = f"k = {min(e.k for e in evaluations)}…{max(e.k for e in evaluations)}"
    best, *others = sorted(evaluations, key=lambda evaluation: (-round(evaluation.silhouette, 9), evaluation.k))
    runner_up = f"; {others[0].k} was next with {others[0].silhouette:.3f}" if others else ""
    if fixed is not None:
        own = next(evaluation for evaluation in evaluations if evaluation.k == fixed)
        reason = (
            f"{fixed}, because a person fixed it (mean silhouette {own.silhouette:.3f}; {best.k} would score {best.silhouette:.3f})"
        )
        return Choice(fixed, "person", reason)
    reason = f"{best.k}, because its mean silhouette of {best.silhouette:.3f} is the highest of {tried}{runner_up}"
    return Choice(best.k, "silhouette", reason)
