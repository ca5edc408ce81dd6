"""The trial of forecasts: made again at several past times, each from what was known then, and held against what came."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analytics.forecast import Forecast, needs
from analytics.points import Floats

PROBABILITIES = (0.8, 0.95)
"""Of the intervals."""
MOST_ORIGINS = 6
FEWEST_ORIGINS = 3


@dataclass(frozen=True)
class Score:
    """How the forecasts of a series did."""

    mase: float | None
    """Mean absolute scaled error (Hyndman & Koehler 2006): 1 is the mean error of the naive method on the values known at the time;
    None where that has none."""
    bias: float | None
    """By how much too little was forecast, as a share of what came; None where nothing came."""
    coverage: tuple[float, ...]
    """Shares of the values within the intervals of PROBABILITIES."""


def origins(count: int, season: int, horizon: int, methods: Sequence[str]) -> list[int]:
    """How many values are known at each origin of a trial of methods: MOST_ORIGINS, evenly spread over the latter half.

    None where fewer than FEWEST_ORIGINS leave every method what it needs and `horizon` values to be held against.
    """
    first = max((count + 1) // 2, *(needs(method, season) for method in methods))
    last = count - horizon
    if last - first + 1 < FEWEST_ORIGINS:
        return []
    return sorted({round(origin) for origin in np.linspace(first, last, MOST_ORIGINS)})


def excess(values: Floats, known: Sequence[int], forecasts: Sequence[Forecast]) -> float:
    """How much more than they say forecasts are off as a whole: the variance of a factor on all of their steps, by moments."""
    found = [0.0]
    for origin, forecast in zip(known, forecasts, strict=True):
        if total := forecast.mean.sum():
            error = values[origin : origin + len(forecast.mean)].sum() - total
            found.append((error**2 - forecast.covariance.sum()) / total**2)
    return max(0.0, sum(found) / max(1, len(found) - 1))


def widened(forecast: Forecast, variance: float) -> Forecast:
    """A forecast that may be off as a whole, by a factor of such a variance."""
    return replace(forecast, covariance=forecast.covariance + variance * np.outer(forecast.mean, forecast.mean))


def widened_by_others(values: Floats, known: Sequence[int], forecasts: Sequence[Forecast]) -> list[Forecast]:
    """The forecasts of a trial, each widened by what the others show, so that it can be told how far intervals hold."""
    every = range(len(known))
    return [
        widened(forecasts[place], excess(values, *zip(*((known[i], forecasts[i]) for i in every if i != place), strict=True)))
        for place in every
    ]


def score(values: Floats, season: int, known: Sequence[int], forecasts: Sequence[Forecast]) -> Score:
    """The score of forecasts of (n,) values, each made when as many were known."""
    errors, scaled, came, inside = [], [], [], []
    for origin, forecast in zip(known, forecasts, strict=True):
        actual = values[origin : origin + len(forecast.mean)]
        error = actual - forecast.mean
        errors.append(error)
        came.append(actual)
        if scale := _naive_error(values[:origin], season):
            scaled.append(np.abs(error).mean() / scale)
        inside.append([_within(actual, *forecast.bounds(probability)) for probability in PROBABILITIES])
    total = float(np.sum(came))
    return Score(
        float(np.mean(scaled)) if scaled else None,
        float(np.sum(errors)) / total if total else None,
        tuple(float(share) for share in np.mean(inside, axis=(0, 2))),
    )


def _naive_error(values: Floats, season: int) -> float:
    lag = season if len(values) > season else 1
    return float(np.abs(values[lag:] - values[:-lag]).mean())


def _within(actual: Floats, low: Floats, high: Floats) -> npt.NDArray[np.bool_]:
    return (low <= actual) & (actual <= high)
