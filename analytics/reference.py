"""Groupless data of the same shape: the yardstick for how much structure customers really have."""

import numpy as np

from analytics.points import Floats

_GRID = 400
_HALVINGS = 25
_FLAT = 1e-12
"""A change of a density below this part of its height is no slope."""
_RIDGE = 1e-9


def uniform_box(values: Floats, count: int, random: np.random.Generator) -> Floats:
    """(count, p, d): points spread evenly over the box around the values (p, d) that is aligned with their principal components.

    The reference of the gap statistic, variant b of Tibshirani, Walther & Hastie (2001).
    """
    middle = values.mean(axis=0)
    _, _, axes = np.linalg.svd(values - middle, full_matrices=False)
    turned = (values - middle) @ axes.T
    points: Floats = random.uniform(turned.min(axis=0), turned.max(axis=0), size=(count, len(values), len(axes))) @ axes + middle
    return points


def unimodal(values: Floats, weights: Floats, count: int, random: np.random.Generator) -> Floats:
    """(count, p, d): points with one mode in each feature, and the spreads and correlations of the values (p, d).

    Each feature is a smoothed bootstrap with Silverman's (1981) critical bandwidth, the smallest that leaves one mode, shrunk to
    the variance it had; a Gaussian copula ties the features together (Helgeson, Vock & Bair 2021, Biometrics 77, 1215-1226).
    """
    size, features = values.shape
    shares = weights / weights.sum()
    order = (random.normal(size=(count, size, features)) @ _root_of_correlations(values).T).argsort(axis=1).argsort(axis=1)
    drawn = np.empty((count, size, features))
    for feature, column in enumerate(values.T):
        width = critical_bandwidth(column, weights)
        mean = float(shares @ column)
        variance = float(shares @ (column - mean) ** 2)
        smooth = random.choice(column, (count, size), p=shares) + width * random.normal(size=(count, size))
        shrunk = np.sort(mean + (smooth - mean) / np.sqrt(1 + (width**2 / variance if variance else 0)), axis=1)
        drawn[..., feature] = np.take_along_axis(shrunk, order[..., feature], axis=1)
    return drawn


def _root_of_correlations(values: Floats) -> Floats:
    """(d, d): the Cholesky factor of the correlations of the values (p, d); a constant feature has none."""
    offsets = values - values.mean(axis=0)
    sizes = np.sqrt((offsets**2).sum(axis=0))
    offsets /= np.where(sizes > 0, sizes, 1)
    return np.linalg.cholesky(offsets.T @ offsets + np.diag(np.where(sizes > 0, _RIDGE, 1.0)))


def critical_bandwidth(column: Floats, weights: Floats) -> float:
    """The smallest bandwidth of a Gaussian kernel that gives the values (p,) a density of one mode (Silverman 1981).

    0 where all values are one.
    """
    spread = float(column.std())
    if spread == 0:
        return 0.0
    grid = np.linspace(column.min() - spread, column.max() + spread, _GRID)
    low, high = 1e-3 * spread, 3 * spread
    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        density = np.exp(-0.5 * ((grid[:, None] - column) / middle) ** 2) @ weights
        low, high = (low, middle) if _count_modes(density) <= 1 else (middle, high)
    return float(high)


def _count_modes(density: Floats) -> int:
    slopes = np.diff(density)
    signs = np.sign(slopes[np.abs(slopes) > _FLAT * density.max()])
    return int(np.count_nonzero((signs[:-1] > 0) & (signs[1:] < 0)))
