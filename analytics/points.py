"""What an algorithm sees: points with weights. A customer is a point of weight 1; a cell stands for many customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_DECIMALS = 9


def matrix(read: Mapping[str, Any], names: Sequence[str]) -> Floats:
    """(n, d): the columns `names` of n rows that DuckDB's fetchnumpy returned."""
    return np.column_stack([read[name] for name in names]).astype(np.float64)


@dataclass(frozen=True)
class Points:
    """p points of d scaled features, and s customers from whom the sample for the indices of fit is drawn."""

    means: Floats
    """(p, d): the mean of each point's customers, scaled units."""
    weights: Floats
    """(p,): how many customers each point stands for."""
    scatter_within: float
    """Sum over customers of the squared distance to the mean of their point; 0 when every customer is a point."""
    sample: Floats
    """(s, d): the customers to draw from, scaled units; all of them when every customer is a point."""
    sample_points: Labels
    """(s,): the point that holds each customer of the sample."""
    count_drawn: int | None = None
    """The first so many customers of the sample are drawn always, the others where a segment has too few; None: all of them."""
    is_sample: bool = False
    """Whether the points are customers drawn, who stand for others that are in no point: sums over them are estimates."""

    @property
    def count_customers(self) -> int:
        """How many customers the points stand for."""
        return round(float(self.weights.sum()))

    @property
    def count_sampled(self) -> int:
        """How many customers of the sample are drawn always."""
        return len(self.sample) if self.count_drawn is None else self.count_drawn

    @property
    def rounded(self) -> Floats:
        """(p, d): the means to nine decimals, on which partitions are decided.

        Sums depend on the order of the rows they are taken of, so that customers who are equally far from two groups would
        otherwise go to one or the other by the order of the file; beyond this size order does not reach.
        """
        return self.means.round(_DECIMALS)

    @property
    def rounded_sample(self) -> Floats:
        """(c, d): the customers of the sample that are drawn always, to nine decimals as well."""
        return self.sample[: self.count_sampled].round(_DECIMALS)

    @property
    def distinct(self) -> Floats:
        """(u, d): the different means; no partition can have more segments."""
        return np.unique(self.means, axis=0)

    @property
    def are_customers(self) -> bool:
        """Whether every customer is a point."""
        return len(self.means) == self.count_customers

    @classmethod
    def of_customers(cls, values: Floats) -> "Points":
        """Every customer, a row of `values` (n, d), as a point of weight 1."""
        return cls(values, np.ones(len(values)), 0.0, values, np.arange(len(values), dtype=np.int64))

    def centroids(self, labels: Labels) -> Floats:
        """(k, d): the weighted mean of the points of each label 0 … k - 1."""
        totals = np.bincount(labels, self.weights)
        sums = [np.bincount(labels, self.weights * feature) for feature in self.means.T]
        return np.column_stack(sums) / totals[:, None]

    def inertia(self, labels: Labels) -> float:
        """Sum over customers of the squared distance to the centroid of their label."""
        offsets = self.means - self.centroids(labels)[labels]
        return self.scatter_within + float(self.weights @ np.einsum("pd,pd->p", offsets, offsets))

    def sizes(self, labels: Labels) -> Labels:
        """(k,): customers per label."""
        return np.bincount(labels, self.weights).round().astype(np.int64)
