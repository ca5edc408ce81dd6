"""How firmly segments stand: when customers are drawn anew, and when the random starts are others."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from analytics.batch import fit_batch
from analytics.evidence import Evaluation
from analytics.methods import METHODS, Method
from analytics.points import Floats, Labels
from analytics.support import Material

RESAMPLES = 100
"""Times the customers are drawn anew, as in fpc's clusterboot."""
RESEEDED = 10
"""Runs from other random starts."""


_SPREAD = float(np.exp(1) - 1)
"""How many times the variance over resamples the variance over other customers is (see Bootstrap)."""
STABLE = 0.75
"""From this stability on a segment counts as stable: fpc's band (Hennig 2007)."""


@dataclass(frozen=True)
class Bootstrap:
    """What became of the segments of a partition when the customers were drawn anew and partitioned again.

    The errors are those of a partition of as many customers as were asked. A resample has each of them with probability
    p = 1 - 1/e, none twice, and the standard deviation of a number over such resamples is smaller than over other customers: the
    variance is multiplied by p / (1 - p) = e - 1, as of the delete-d jackknife (Shao & Wu 1989, Annals of Statistics 17).
    """

    similarity: Floats
    """(k,): how alike each segment comes out, 0 to 1; NaN where nobody of it is drawn, as of the errors below."""
    similarity_error: Floats
    """(k,): the standard error of that."""
    share_error: Floats
    """(k,): the standard error of the segment's share of the customers."""
    mean_error: Floats
    """(k, d): the standard errors of its means, in the units of the values."""


@dataclass(frozen=True)
class Stability:
    """How firmly the segments of one partition stand, and the standard errors of what is told of them, for all customers."""

    segments: Floats
    """(k,): how alike each comes out when the customers are drawn anew, 0 to 1; NaN where too few of its customers were asked."""
    seeds: float | None
    """How alike runs from other random starts are, at most 1; None where nothing is random."""
    segments_error: Floats
    """(k,): the standard error of `segments`."""
    share_error: Floats
    """(k,): that of each segment's share of all customers."""
    mean_error: Floats
    """(k, d): that of its centroid, scaled units."""


def measure_stability(
    given: Material, chosen: Evaluation, algorithm: str, count_customers: int, random: np.random.Generator
) -> Stability:
    """The stability of the chosen partition of all customers, on those that the evidence is asked of.

    The errors of shares and means are carried over to all `count_customers`: of K-Means they shrink with the root of their number
    (Pollard 1982, Annals of Probability 10: a central limit theorem for its centroids). That holds where one partition is the
    best: where one of the segments is not stable, and of Ward's method, for which there is no such theorem, they stay what they
    are of the customers asked: too large rather than too small.
    """
    labels = chosen.sample_labels[given.places]
    ones = np.ones(len(given.values))
    found = bootstrap(given.values, ones, labels, chosen.k, METHODS[algorithm], random)
    seeds = seed_stability(given.values, ones, chosen.k, random) if algorithm == "kmeans" else None
    is_regular = algorithm == "kmeans" and bool((found.similarity >= STABLE).all())
    shrink = min(1.0, np.sqrt(len(given.values) / count_customers)) if is_regular else 1.0
    return Stability(found.similarity, seeds, found.similarity_error, found.share_error * shrink, found.mean_error * shrink)


def bootstrap(
    values: Floats,
    weights: Floats,
    labels: Labels,
    k: int,
    method: Method,
    random: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Bootstrap:
    """How alike each segment comes out when the customers are drawn anew: the mean Jaccard similarity (Hennig 2007); and errors.

    Each time the customers are drawn with replacement, those drawn are partitioned into k, and each segment is compared with the
    part of the new partition that is most like it. Who is drawn twice counts once, as in fpc's clusterboot: a customer is drawn
    with probability 1 - 1/e. `values` are (p, d), with the whole numbers of customers they stand for, `weights` (p,), and their
    segments, `labels` (p,), 0 … k - 1. NaN for a segment of which nobody is drawn.
    """
    drawn = random.binomial(np.rint(weights).astype(np.int64), 1 - np.exp(-1), (resamples, len(values))).astype(np.float64)
    drawn = drawn[(drawn > 0).sum(axis=1) >= k]
    if not len(drawn):
        unknown = np.full(k, np.nan)
        return Bootstrap(unknown, unknown, unknown, np.full((k, values.shape[1]), np.nan))
    found = method(values, drawn, [k], random)[k]
    cells = (np.arange(len(drawn))[:, None] * k + labels) * k + found.labels
    shared = np.bincount(cells.ravel(), drawn.ravel(), minlength=len(drawn) * k * k).reshape(-1, k, k)
    own, others = shared.sum(axis=2), shared.sum(axis=1)
    either = own[:, :, None] + others[:, None, :] - shared
    best = (shared / np.where(either > 0, either, 1)).max(axis=2)
    is_told = own > 0  # a resample without any of a segment's customers says nothing of it
    match = np.array([linear_sum_assignment(-each)[1] for each in shared])  # one to one, as segments are from run to run
    shares = np.take_along_axis(others, match, axis=1) / own.sum(axis=1, keepdims=True)
    means = np.take_along_axis(found.centroids, match[:, :, None], axis=1)
    return Bootstrap(_mean(best, is_told), _error(best, is_told), _error(shares, is_told), _error(means, is_told[:, :, None]))


def _mean(numbers: Floats, is_told: NDArray[np.bool_]) -> Floats:
    """Over resamples (r, …) those that are told; NaN where none is."""
    times = is_told.sum(axis=0)
    return np.where(times > 0, np.where(is_told, numbers, 0).sum(axis=0) / np.maximum(times, 1), np.nan)


def _error(numbers: Floats, is_told: NDArray[np.bool_]) -> Floats:
    """The standard error of a number that is (r, …) over resamples, of those that are told; NaN where fewer than two are."""
    variance = _mean((numbers - _mean(numbers, is_told)) ** 2, is_told)
    return np.where(is_told.sum(axis=0) > 1, np.sqrt(_SPREAD * variance), np.nan)


def seed_stability(values: Floats, weights: Floats, k: int, random: np.random.Generator, runs: int = RESEEDED) -> float:
    """How alike K-Means runs from other random starts are: the mean adjusted Rand index over all pairs of them, at most 1.

    `values` are (p, d), with the customers they stand for, `weights` (p,). Each run takes the best of a few starts, fewer than a
    refresh takes, and so depends on them more.
    """
    labels = fit_batch(values, np.broadcast_to(weights, (runs, len(weights))), k, random).labels
    return float(np.mean([adjusted_rand(first, second, weights) for first, second in combinations(labels, 2)]))


def adjusted_rand(first: Labels, second: Labels, weights: Floats) -> float:
    """The adjusted Rand index (Hubert & Arabie 1985) of two partitions (p,) of points that stand for `weights` (p,) customers."""
    width = int(second.max()) + 1
    counts = np.bincount(first * width + second, weights, minlength=(int(first.max()) + 1) * width)
    shared = counts.astype(np.float64).reshape(-1, width)
    together, of_first, of_second = (_pairs(sizes) for sizes in (shared, shared.sum(axis=1), shared.sum(axis=0)))
    by_chance = of_first * of_second / _pairs(weights.sum(keepdims=True))
    at_most = (of_first + of_second) / 2
    return 1.0 if at_most == by_chance else float((together - by_chance) / (at_most - by_chance))


def _pairs(sizes: Floats) -> float:
    return float(np.sum(sizes * (sizes - 1) / 2))
