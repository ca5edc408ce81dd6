"""How firmly segments stand: when customers are drawn anew, and when the random starts are others."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analytics.batch import fit_batch
from analytics.evidence import Evaluation
from analytics.methods import METHODS, Method
from analytics.points import Floats, Labels
from analytics.support import Material

RESAMPLES = 100
"""Times the customers are drawn anew, as in fpc's clusterboot."""
RESEEDED = 10
"""Runs from other random starts."""


@dataclass(frozen=True)
class Stability:
    """How firmly the segments of one partition stand."""

    segments: Floats
    """(k,): how alike each comes out when the customers are drawn anew, 0 to 1; NaN where too few of its customers were asked."""
    seeds: float | None
    """How alike runs from other random starts are, at most 1; None where nothing is random."""


def measure_stability(given: Material, chosen: Evaluation, algorithm: str, random: np.random.Generator) -> Stability:
    """The stability of the chosen partition, on the customers that the evidence is asked of."""
    labels = chosen.sample_labels[given.places]
    ones = np.ones(len(given.values))
    segments = bootstrap_jaccard(given.values, ones, labels, chosen.k, METHODS[algorithm], random)
    seeds = seed_stability(given.values, ones, chosen.k, random) if algorithm == "kmeans" else None
    return Stability(segments, seeds)


def bootstrap_jaccard(
    values: Floats,
    weights: Floats,
    labels: Labels,
    k: int,
    method: Method,
    random: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Floats:
    """(k,): how alike each segment comes out when the customers are drawn anew, 0 to 1: the mean Jaccard similarity (Hennig 2007).

    Each time the customers are drawn with replacement, those drawn are partitioned into k, and each segment is compared with the
    part of the new partition that is most like it. Who is drawn twice counts once, as in fpc's clusterboot: a customer is drawn
    with probability 1 - 1/e. `values` are (p, d), with the whole numbers of customers they stand for, `weights` (p,), and their
    segments, `labels` (p,), 0 … k - 1. NaN for a segment of which nobody is drawn.
    """
    drawn = random.binomial(np.rint(weights).astype(np.int64), 1 - np.exp(-1), (resamples, len(values))).astype(np.float64)
    drawn = drawn[(drawn > 0).sum(axis=1) >= k]
    if not len(drawn):
        return np.full(k, np.nan)
    found = method(values, drawn, [k], random)[k].labels
    cells = (np.arange(len(drawn))[:, None] * k + labels) * k + found
    shared = np.bincount(cells.ravel(), drawn.ravel(), minlength=len(drawn) * k * k).reshape(-1, k, k)
    own, others = shared.sum(axis=2), shared.sum(axis=1)
    either = own[:, :, None] + others[:, None, :] - shared
    best = (shared / np.where(either > 0, either, 1)).max(axis=2)
    times = (own > 0).sum(axis=0)  # a resample without any of a segment's customers says nothing of it
    return np.where(times > 0, best.sum(axis=0) / np.maximum(times, 1), np.nan)


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
