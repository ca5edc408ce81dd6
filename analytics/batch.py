"""Many small weighted K-Means problems at once: what the evidence asks of resampled, halved and groupless data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.points import Floats, Labels

STARTS = 5
"""Random starts per problem; the best by inertia wins."""
_CANDIDATES = 3
"""Points of which a start takes the best as its next centroid."""
_MOST_STEPS = 100
_SMALL_GAIN = 1e-4
"""A start ends once a step lowers its inertia by less than this part: what is averaged over problems needs no more."""
_CHUNK = 200_000
"""Distances held at a time: so many fit into a core's cache."""


@dataclass(frozen=True)
class Batch:
    """The partitions of r problems of p points into k clusters."""

    labels: Labels
    """(r, p): the cluster of each point, that of the nearest centroid."""
    centroids: Floats
    """(r, k, d): the centroids."""
    inertia: Floats
    """(r,): the weighted sum of squared distances to them."""

    @classmethod
    def joined(cls, parts: Sequence["Batch"]) -> "Batch":
        """The problems of several batches, one after another."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "centroids", "inertia")))


def fit_batch(values: Floats, weights: Floats, k: int, random: np.random.Generator, starts: int = STARTS) -> Batch:
    """Solve r problems by Lloyd's algorithm from greedy k-means++ starts (Arthur & Vassilvitskii 2007).

    `values` are (p, d), the same points in each problem, or (r, p, d). `weights` (r, p) are 0 or more; a point of weight 0 is
    labelled and counts for nothing.
    """
    count, count_points = weights.shape
    values = in_each_problem(values, weights)
    size = max(1, _CHUNK // (k * count_points * starts))
    chunks = [slice(first, first + size) for first in range(0, count, size)]
    return Batch.joined([_fit(values[own], weights[own], k, random, starts) for own in chunks])


def in_each_problem(values: Floats, weights: Floats) -> Floats:
    """(r, p, d): the points of each problem, where `values` are those or (p, d), the same in all. `weights` are (r, p)."""
    return np.broadcast_to(values, (*weights.shape, values.shape[-1]))


def nearest(values: Floats, centroids: Floats) -> tuple[Labels, Floats]:
    """(r, p): the nearest of the centroids (r, k, d), the lowest of equals, and the squared distance to it.

    `values` are (r, p, d), or (p, d), the same points in each problem.
    """
    halves = np.einsum("rkd,rkd->rk", centroids, centroids) / 2
    products = np.matmul(centroids, np.swapaxes(values, -1, -2))
    closest = halves[:, :1] - products[:, 0]
    labels = np.zeros(closest.shape, dtype=np.int16)
    for label in range(1, centroids.shape[1]):  # argmin over a middle axis and writing through a mask are several times slower
        other = halves[:, label, None] - products[:, label]
        np.maximum(labels, (other < closest) * np.int16(label), out=labels)
        np.minimum(closest, other, out=closest)
    return labels.astype(np.int64), np.maximum(np.einsum("...d,...d->...", values, values) + 2 * closest, 0)


def _fit(values: Floats, weights: Floats, k: int, random: np.random.Generator, starts: int) -> Batch:
    count = len(weights)
    weights = np.repeat(weights, starts, axis=0)
    values = np.repeat(values, starts, axis=0)
    centroids = _seeds(values, weights, k, random)
    labels = np.full(weights.shape, -1, dtype=np.int64)
    inertia = np.full(len(weights), np.inf)
    moving = np.arange(len(weights))
    for _ in range(_MOST_STEPS):
        found, squares = nearest(values[moving], centroids[moving])
        reached = np.einsum("rp,rp->r", weights[moving], squares)
        is_moving = inertia[moving] - reached > _SMALL_GAIN * reached
        labels[moving], inertia[moving] = found, reached
        moving = moving[is_moving]
        if not len(moving):
            break
        centroids[moving] = means_by_label(values[moving], weights[moving], labels[moving], centroids[moving])
    best = inertia.reshape(count, starts).argmin(axis=1) + starts * np.arange(count)
    return Batch(labels[best], centroids[best], inertia[best])


def _seeds(values: Floats, weights: Floats, k: int, random: np.random.Generator) -> Floats:
    """(r, k, d): points drawn one by one, by weight times squared distance to those before: of a few the one that helps most."""
    rows = np.arange(len(weights))
    centroids = np.empty((len(weights), k, values.shape[-1]))
    squares = np.ones_like(weights)
    for place in range(k):
        sums = (weights * squares).cumsum(axis=1)
        thresholds = sums[:, -1:] * random.random((len(weights), _CANDIDATES if place else 1))
        drawn = np.stack([(sums <= threshold[:, None]).sum(axis=1) for threshold in thresholds.T])
        drawn = np.minimum(drawn, weights.shape[1] - 1)
        tried = [values[rows, candidate] for candidate in drawn]
        left = [nearest(values, candidate[:, None])[1] for candidate in tried]
        left = [np.minimum(squares, own) for own in left] if place else left
        best = np.argmin([np.einsum("rp,rp->r", weights, own) for own in left], axis=0)
        centroids[:, place] = np.stack(tried)[best, rows]
        squares = np.stack(left)[best, rows]
    return centroids


def means_by_label(values: Floats, weights: Floats, labels: Labels, before: Floats) -> Floats:
    """(r, k, d): the weighted mean of the points (r, p, d) of each label (r, p); where it has none, the centroid `before`."""
    count, k, _ = before.shape
    cells = (labels + k * np.arange(count)[:, None]).ravel()
    totals = np.bincount(cells, weights.ravel(), minlength=count * k).reshape(count, k)
    sums = [
        np.bincount(cells, (weights * values[..., feature]).ravel(), minlength=count * k).reshape(count, k)
        for feature in range(before.shape[2])
    ]
    is_empty = (totals == 0)[..., None]
    return np.where(is_empty, before, np.stack(sums, axis=-1) / np.where(is_empty, 1, totals[..., None]))
