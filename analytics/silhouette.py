"""Silhouette widths (Rousseeuw 1987) of many partitions of the same points, whose distances are measured once."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from analytics.points import Floats, Labels

_BLOCK = 4_000_000
"""Distances held at a time."""


def silhouette_widths(values: Floats, partitions: Sequence[Labels]) -> list[Floats]:
    """Per partition the silhouette width of each of p points, `values` (p, d), -1 to 1.

    A partition is the labels (p,) of the points, 0 … k - 1, with -1 for points that take no part; their width is 0. It is 0 too
    for a point alone with its label, and where there is but one label.
    """
    members = [(labels[:, None] == np.arange(labels.max(initial=0) + 1)).astype(np.float64) for labels in partitions]
    ends = np.cumsum([own.shape[1] for own in members])[:-1]
    all_members = np.concatenate(members, axis=1)
    rows = max(1, _BLOCK // len(values))
    blocks = [cdist(values[first : first + rows], values) @ all_members for first in range(0, len(values), rows)]
    sums = np.split(np.concatenate(blocks), ends, axis=1)
    return [_widths(own_sums, labels) for own_sums, labels in zip(sums, partitions, strict=True)]


def _widths(sums: Floats, labels: Labels) -> Floats:
    """(p,): the widths of points with labels (p,), from the sums (p, k) of a point's distances to those of each label."""
    sizes = np.bincount(labels[labels >= 0], minlength=sums.shape[1])
    rows = np.arange(len(labels))
    own = sums[rows, labels] / np.maximum(sizes[labels] - 1, 1)
    means = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)
    means[rows, labels] = np.inf
    other = means.min(axis=1)
    largest = np.maximum(own, other)
    is_told = (labels >= 0) & (sizes[labels] > 1) & np.isfinite(other) & (largest > 0)
    widths: Floats = np.where(is_told, (other - own) / np.where(is_told, largest, 1), 0)
    return widths
