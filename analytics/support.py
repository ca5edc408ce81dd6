"""How far customers support each number of segments: against groupless data of the same shape, and when split in halves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.batch import Batch, nearest
from analytics.methods import Method
from analytics.points import Floats, Labels, Points
from analytics.reference import uniform_box, unimodal
from analytics.silhouette import silhouette_widths

MOST = 1_000
"""Customers the evidence is asked of at a time; of more, so many are drawn."""
REFERENCES = 20
"""Groupless data sets of each kind."""
SPLITS, SPLITS_MANY = 15, 40
"""Times the customers are split in halves; the second where others can be drawn each time."""
_LEAST = 1e-12


@dataclass(frozen=True)
class Material:
    """What the support of every k is measured on: customers, and groupless data of their shape."""

    sample: Floats
    """(s, d): all customers that can be drawn, scaled units."""
    places: Labels
    """(p,): places in the sample of those drawn of it."""
    values: Floats
    """(p, d): these, scaled units."""
    boxes: Floats
    """(b, p, d): data spread evenly over the box around the points."""
    groupless: Floats
    """(b, p, d): data of one mode a feature, with the spreads and correlations of the points."""


@dataclass(frozen=True)
class Support:
    """How far the customers support one number of segments."""

    gap: float
    """Gap statistic (Tibshirani, Walther & Hastie 2001)."""
    gap_error: float
    """Its standard error, the simulation's included."""
    prediction_strength: float | None
    """Prediction strength, 0 to 1 (Tibshirani & Walther 2005); None where halves of the customers are too small to tell."""
    prediction_strength_error: float | None
    """Its standard error over the splits."""
    silhouette_groupless: float
    """Mean silhouette of groupless data of the same shape, cut into as many segments."""
    silhouette_deviation: float
    """Standard deviation of that over the groupless data sets."""


def material(points: Points, random: np.random.Generator, references: int = REFERENCES) -> Material:
    """Draw at most MOST customers, and groupless data of their shape."""
    sample = points.rounded_sample
    chosen = np.sort(random.permutation(len(sample))[:MOST])
    values = sample[chosen]
    boxes, groupless = uniform_box(values, references, random), unimodal(values, np.ones(len(values)), references, random)
    return Material(sample, chosen, values, boxes, groupless)


def measure(
    given: Material, method: Method, inertia_per_customer: Mapping[int, float], random: np.random.Generator
) -> dict[int, Support]:
    """The support of each k of `inertia_per_customer`, which holds that of the customers' own partition.

    1 is among them for the gap statistic's sake: it has a gap, and nothing else to tell.
    """
    ks = sorted(inertia_per_customer)
    several = [k for k in ks if k > 1]
    ones = np.ones(given.boxes.shape[:2])
    in_boxes = method(given.boxes, ones, ks, random)
    strengths = prediction_strengths(given.sample, np.ones(len(given.sample)), several, method, random)
    widths = _silhouettes(given.groupless, method(given.groupless, ones, several, random))
    found = {}
    for k in ks:
        gap, error = gap_statistic(inertia_per_customer[k], in_boxes[k].inertia / given.boxes.shape[1])
        groupless = widths.get(k, np.zeros(1))
        strength, strength_error = strengths.get(k, (1.0, 0.0))
        found[k] = Support(gap, error, strength, strength_error, float(groupless.mean()), float(groupless.std()))
    return found


def gap_statistic(inertia: float, references: Floats) -> tuple[float, float]:
    """Mean log inertia of b reference data sets (b,) minus that of the data, and its standard error: sd x sqrt(1 + 1/b)."""
    logs = np.log(np.maximum(references, _LEAST))
    return float(logs.mean() - np.log(max(inertia, _LEAST))), float(logs.std() * np.sqrt(1 + 1 / len(logs)))


def prediction_strengths(
    values: Floats, weights: Floats, ks: Sequence[int], method: Method, random: np.random.Generator
) -> dict[int, tuple[float | None, float | None]]:
    """By k how surely one half of the customers predicts who belongs together in the other (Tibshirani & Walther 2005).

    Customers of a half who share a segment count as predicted when the centroids of the other half put them together too; a
    split is as strong as its weakest segment; the mean over all splits, both ways, is returned, and its standard error. `values`
    (p, d) with whole `weights` (p,), which are split as well; of more than MOST customers, so many are drawn anew for each split,
    so that it is not one draw that decides. A segment of a single customer says nothing; None where none does.
    """
    whole = np.rint(weights).astype(np.int64)
    are_many = int(whole.sum()) > MOST
    half, splits = (MOST // 2, SPLITS_MANY) if are_many else (int(whole.sum()) // 2, SPLITS)
    if half <= 1:
        return dict.fromkeys(ks, (None, None))
    first = random.multivariate_hypergeometric(whole, half, size=splits, method="marginals")
    rest = whole - first
    if are_many:
        rest = np.stack([random.multivariate_hypergeometric(left, half, method="marginals") for left in rest])
    halves = np.concatenate([first, rest]).astype(np.float64)
    most = int((halves > 0).sum(axis=1).max())
    places = np.argsort(halves == 0, axis=1, kind="stable")[:, :most]  # the points of each half, none of the others but to fill up
    own_values, own_weights = values[places], np.take_along_axis(halves, places, axis=1)
    return {k: _strength(own_values, own_weights, batch) for k, batch in method(own_values, own_weights, ks, random).items()}


def _strength(values: Floats, halves: Floats, batch: Batch) -> tuple[float | None, float | None]:
    count, k, _ = batch.centroids.shape
    predicted, _squares = nearest(values, np.roll(batch.centroids, count // 2, axis=0))
    cells = (np.arange(count)[:, None] * k + batch.labels) * k + predicted
    together = np.bincount(cells.ravel(), halves.ravel(), minlength=count * k * k).reshape(count, k, k)
    sizes = together.sum(axis=2)
    pairs = sizes * (sizes - 1)
    kept = (together * (together - 1)).sum(axis=2) / np.where(sizes > 1, pairs, 1)
    weakest = np.where(sizes > 1, kept, np.inf).min(axis=1)
    splits = weakest.reshape(2, -1).mean(axis=0)  # both ways
    told = splits[np.isfinite(splits)]
    return (float(told.mean()), float(told.std() / np.sqrt(len(told)))) if len(told) else (None, None)


def _silhouettes(data: Floats, batches: Mapping[int, Batch]) -> dict[int, Floats]:
    """By k the mean silhouette (b,) of each data set (b, p, d)."""
    widths = [silhouette_widths(values, [batch.labels[place] for batch in batches.values()]) for place, values in enumerate(data)]
    means = np.array([[own.mean() for own in of_all] for of_all in widths])
    return dict(zip(batches, means.T, strict=True))
