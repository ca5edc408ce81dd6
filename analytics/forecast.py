"""Forecasts of one series of sales, and how several are made to add up to their total.

Exponential smoothing is statsmodels' (ETS: Hyndman, Koehler, Ord & Snyder 2008). A forecast is a mean and a covariance over the
steps ahead, so that it says how sure it is of a step and of a sum of steps alike: the errors of one forecast go together.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from analytics.points import Floats

FEWEST_TO_SMOOTH = 10
"""Values without which statsmodels finds no start for a smoothing."""
_SELDOM = 0.025
"""Share of values below 0, as returns make them, that does not yet count."""
LEVEL: Sequence[str | None] = (None,)
TRENDS: Sequence[str | None] = (None, "add")
"""None, and a damped one."""


@dataclass(frozen=True)
class Forecast:
    """What is expected of the next h steps."""

    mean: Floats
    """(h,) expected values."""
    covariance: Floats
    """(h, h) of the errors."""
    is_log: bool
    """Whether values are distributed log-normally about it, else normally."""
    least: float
    """Nothing is taken to lie below: 0, or minus infinity."""

    def bounds(self, probability: float) -> tuple[Floats, Floats]:
        """(h,) lower and (h,) upper ends of the intervals that hold a value with a probability, 0 to 1."""
        z = stats.norm.ppf((1 + probability) / 2)
        deviation = np.sqrt(np.diag(self.covariance))
        low, high = self.mean - z * deviation, self.mean + z * deviation
        if self.is_log:
            above = self.mean > 0
            mean = np.where(above, self.mean, 1.0)
            spread = np.sqrt(np.log1p((deviation / mean) ** 2))
            median = mean * np.exp(-(spread**2) / 2)
            low = np.where(above, median * np.exp(-z * spread), low)
            high = np.where(above, median * np.exp(z * spread), high)
        return np.maximum(low, self.least), np.maximum(high, self.least)

    def summed(self) -> "Forecast":
        """The forecast of the sum of all steps: one step; a log-normal sum is taken for log-normal (Fenton 1960)."""
        return replace(self, mean=self.mean.sum(keepdims=True), covariance=self.covariance.sum(keepdims=True).reshape(1, 1))


def smoothing(values: Floats, season: int, horizon: int) -> Forecast:
    """Exponential smoothing of the level, with a damped trend where that fits better by Akaike's corrected criterion."""
    del season
    mean, covariance = _smoothed(values, horizon, TRENDS)
    return _forecast(values, mean, covariance)


def year_on_year(values: Floats, season: int, horizon: int) -> Forecast:
    """The year before, and a smoothed change against it: a ratio, or where values are not all above 0 a difference."""
    before = values[-season:][:horizon]
    if values.min() <= 0:
        mean, covariance = _smoothed(values[season:] - values[:-season], horizon, TRENDS)
        return _forecast(values, before + mean, covariance)
    mean, covariance = _smoothed(np.log(values[season:] / values[:-season]), horizon, TRENDS)
    expected = before * np.exp(mean + np.diag(covariance) / 2)
    return _forecast(values, expected, np.outer(expected, expected) * np.expm1(covariance), is_log=True)


def naive(values: Floats, season: int, horizon: int) -> Forecast:
    """The last value, for ever."""
    del season
    steps = np.arange(1, horizon + 1)
    return _forecast(values, np.full(horizon, values[-1]), np.mean(np.diff(values) ** 2) * np.minimum.outer(steps, steps))


def seasonal_naive(values: Floats, season: int, horizon: int) -> Forecast:
    """The values of the year before; at most a year of them."""
    error = np.mean((values[season:] - values[:-season]) ** 2)
    return _forecast(values, values[-season:][:horizon], error * np.eye(horizon))


Method = Callable[[Floats, int, int], Forecast]
"""From (n,) values, the periods of a year and the steps ahead to a forecast."""

METHODS: Mapping[str, Method] = {
    "naive": naive,
    "seasonal naive": seasonal_naive,
    "exponential smoothing": smoothing,
    "year on year": year_on_year,
}


def needs(method: str, season: int) -> int:
    """Values without which a method is not used."""
    return {
        "naive": 2,
        "seasonal naive": season + 1,
        "exponential smoothing": FEWEST_TO_SMOOTH,
        "year on year": season + max(FEWEST_TO_SMOOTH, season // 4),
    }[method]


def part(values: Floats, whole: Floats, total: Forecast) -> Forecast:
    """The forecast of a part of what is forecast in total: a smoothed share of it, so that the season is that of the total.

    values: (n,) of the part; whole: (n,) of everything.
    """
    is_sold = whole > 0
    horizon = len(total.mean)
    if not is_sold.any():
        return _forecast(values, np.zeros(horizon), np.zeros((horizon, horizon)))
    share, spread = _smoothed(values[is_sold] / whole[is_sold], horizon, LEVEL)
    both = spread * (np.outer(total.mean, total.mean) + total.covariance) + np.outer(share, share) * total.covariance
    return _forecast(values, share * total.mean, both)


def reconciled(total: Forecast, parts: Sequence[Forecast]) -> list[Forecast]:
    """The parts, so that they add up to the total, which stays as it is.

    What is missing is shared by the variances: the least sure part gives or takes most (minimum trace with a diagonal covariance
    and an immutable total: Wickramasuriya, Athanasopoulos & Hyndman 2019; Zhang, Kang, Panagiotelis & Li 2023). Nothing is pushed
    below its least value.
    """
    means = np.array([part.mean for part in parts])
    variances = np.array([np.diag(part.covariance) for part in parts])
    least = np.array([part.least for part in parts])
    for step, target in enumerate(total.mean):
        means[:, step] = _shared(means[:, step], variances[:, step], least, target)
    return [replace(part, mean=mean) for part, mean in zip(parts, means, strict=True)]


def season_correlation(values: Floats, season: int) -> float | None:
    """How far values go along with those of the year before, -1 to 1, beyond a trend; None for less than a year and a half.

    Of the logarithms where all are above 0.
    """
    if len(values) < season + max(FEWEST_TO_SMOOTH, season // 2):
        return None
    levels = np.log(values) if values.min() > 0 else values
    steps = np.arange(len(values))
    rest = levels - np.polyval(np.polyfit(steps, levels, 1), steps)
    before, after = rest[:-season], rest[season:]
    if np.ptp(before) == 0 or np.ptp(after) == 0:
        return None
    return float(np.corrcoef(before, after)[0, 1])


def error_covariance(parameters: Mapping[str, float], horizon: int) -> Floats:
    """(h, h) covariance of the errors ahead, by the variance of one: what each error leaves in the steps that follow it."""
    damping = parameters.get("damping_trend", 1.0) ** np.arange(1, horizon)
    left = parameters["smoothing_level"] + parameters.get("smoothing_trend", 0.0) * np.cumsum(damping)
    weights = np.eye(horizon)
    for step in range(1, horizon):
        weights[step, :step] = left[:step][::-1]
    return weights @ weights.T


def _forecast(values: Floats, mean: Floats, covariance: Floats, is_log: bool = False) -> Forecast:
    least = 0.0 if np.mean(values < 0) <= _SELDOM else -np.inf
    return Forecast(np.maximum(mean, least), covariance, is_log, least)


def _smoothed(values: Floats, horizon: int, trends: Sequence[str | None]) -> tuple[Floats, Floats]:
    """(h,) means and (h, h) covariance of the smoothing that fits best, of those with one of the trends."""
    # Imported here: a refresh without transactions would wait a second for nothing.
    import pandas as pd
    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    if np.ptp(values) == 0:
        return np.full(horizon, values[-1]), np.zeros((horizon, horizon))
    middle, size = float(np.mean(values)), float(np.std(values))  # the search for the parameters wants values near 1
    scaled = pd.Series((values - middle) / size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = [ETSModel(scaled, error="add", trend=trend, damped_trend=trend is not None).fit(disp=False) for trend in trends]
        fitted = min(found, key=lambda result: result.aicc)
        mean = np.asarray(fitted.forecast(horizon))
    parameters = dict(zip(fitted.model.param_names, np.asarray(fitted.params), strict=True))
    free = max(1, len(values) - len(parameters))
    return middle + mean * size, fitted.sse / free * size**2 * error_covariance(parameters, horizon)


def _shared(means: Floats, variances: Floats, least: Floats, target: float) -> Floats:
    """Means that add up to the target."""
    found = means.copy()
    free = np.ones(len(means), dtype=bool)
    while free.any():
        weights = np.where(free, variances, 0.0)
        weights = weights / weights.sum() if weights.sum() > 0 else free / free.sum()
        found = found + weights * (target - found.sum())
        below = free & (found < least)
        if not below.any():
            break
        found[below] = least[below]
        free &= ~below
    return found
