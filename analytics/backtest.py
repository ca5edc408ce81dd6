"""The trial of forecasts: made again at several past times, each from what was known then, and held against what came.

It chooses the method, and says how far its intervals hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analytics.forecast import METHODS, Forecast, needs, season_correlation
from analytics.points import Floats

PROBABILITIES = (0.8, 0.95)
"""Of the intervals."""
SEASONAL_FROM = 0.5
"""Correlation with the year before from which values are taken to have a season: beyond what drifting ones without one show."""
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


@dataclass(frozen=True)
class Trial:
    """How one method did on one series."""

    method: str
    known: Sequence[int]
    """(o,) values known at each time it was tried from."""
    forecasts: Sequence[Forecast]
    """(o,) with intervals as wide as the other times made them."""
    excess: float
    """How much more than the method says its forecasts are off as a whole."""
    score: Score


@dataclass(frozen=True)
class Model:
    """How a series is forecast."""

    correlation: float | None
    """With the year before."""
    is_seasonal: bool
    trials: Sequence[Trial]
    """Of the methods that come into question."""
    chosen: Trial
    benchmark: Trial

    def forecast(self, values: Floats, season: int, horizon: int) -> Forecast:
        """By the chosen method, as wide as its trial makes it."""
        return widened(METHODS[self.chosen.method](values, season, horizon), self.chosen.excess)


def choose(values: Floats, season: int, horizon: int) -> Model:
    """Try the methods that come into question on (n,) values, and choose the one with the smallest error."""
    correlation = season_correlation(values, season)
    is_seasonal = correlation is not None and correlation >= SEASONAL_FROM
    known, methods = _plan(len(values), season, horizon, is_seasonal)
    trials = [tried(values, season, known, method, past(values, season, horizon, known, method)) for method in methods]
    chosen = min(trials, key=lambda trial: np.inf if trial.score.mase is None else trial.score.mase)
    benchmark = next(trial for name in ("seasonal naive", "naive") for trial in trials if trial.method == name)
    return Model(correlation, is_seasonal, trials, chosen, benchmark)


def past(values: Floats, season: int, horizon: int, known: Sequence[int], method: str) -> list[Forecast]:
    """What a method forecast when as many values were known."""
    return [METHODS[method](values[:origin], season, horizon) for origin in known]


def tried(values: Floats, season: int, known: Sequence[int], method: str, forecasts: Sequence[Forecast]) -> Trial:
    """The trial of forecasts that were made when as many values were known."""
    fair = widened_by_others(values, known, forecasts)
    return Trial(method, known, fair, excess(values, known, forecasts), score(values, season, known, fair))


def _plan(count: int, season: int, horizon: int, is_seasonal: bool) -> tuple[list[int], Sequence[str]]:
    """The times to try from and the methods that may be chosen: the most that the time is long enough for."""
    seasonal = [("seasonal naive", "year on year"), ("seasonal naive",)] if is_seasonal else []
    flat = ("naive", "exponential smoothing")
    return next(
        (known, methods)
        for methods in (*seasonal, (*flat, "seasonal naive"), flat)
        if (known := origins(count, season, horizon, methods))
    )


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
