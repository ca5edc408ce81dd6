"""Forecasts of a series: literal ones, those of statsmodels, simulations, and how parts add up."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from analytics.backtest import excess, origins, widened
from analytics.forecast import (
    METHODS,
    Forecast,
    naive,
    part,
    reconciled,
    season_correlation,
    seasonal_naive,
    smoothing,
    year_on_year,
)

WEEKS = 52


def walk(seed: int, count: int, step: float = 2.0, noise: float = 8.0) -> np.ndarray:
    """(count,): a level that drifts, with noise on it."""
    random = np.random.default_rng(seed)
    return 200 + np.cumsum(random.normal(0, step, count)) + random.normal(0, noise, count)


def yearly(seed: int, count: int) -> np.ndarray:
    """(count,): weeks with a season and a peak before Christmas that return, and a level that grows a little and is noisy."""
    random = np.random.default_rng(seed)
    week = np.arange(count)
    season = 1 + 0.25 * np.sin(2 * np.pi * week / WEEKS) + 0.8 * (week % WEEKS >= 47)
    return 300 * season * np.exp(0.001 * week + random.normal(0, 0.08, count))


def test_the_naive_methods_of_literal_values():
    """The last value, with errors that add up step by step; and the year before, with those of the year before."""
    values = np.array([3.0, 5.0, 4.0, 6.0, 8.0])
    last = naive(values, 2, 3)
    assert list(last.mean) == [8, 8, 8]
    assert list(np.diag(last.covariance)) == pytest.approx([13 / 4, 2 * 13 / 4, 3 * 13 / 4])
    assert last.covariance[0, 2] == pytest.approx(13 / 4)
    before = seasonal_naive(values, 2, 2)
    assert list(before.mean) == [6, 8]
    assert np.allclose(before.covariance, np.eye(2) * (1 + 1 + 16) / 3)


def test_a_year_that_was_twice_the_last_is_expected_again():
    """The change is taken as a ratio: 100 and 300 that became 200 and 600 become 400 and 1,200, with certainty."""
    year = np.where(np.arange(12) < 6, 100.0, 300.0)
    forecast = year_on_year(np.concatenate([year, 2 * year]), 12, 12)
    assert forecast.mean == pytest.approx(4 * year)
    low, high = forecast.bounds(0.95)
    assert low == pytest.approx(forecast.mean)
    assert high == pytest.approx(forecast.mean)


def test_with_a_closed_week_the_change_is_a_difference():
    """A ratio to nothing says nothing."""
    year = np.array([0.0, *range(10, 21)])
    assert year_on_year(np.concatenate([year, year + 5]), 12, 12).mean == pytest.approx(year + 10)


@pytest.mark.parametrize("trend", [None, "add"])
def test_errors_ahead_are_those_of_statsmodels(trend: str | None):
    """Variances are statsmodels', but for dividing by the degrees of freedom; those of sums are those of its simulated paths."""
    values = walk(5, 90) if trend is None else walk(1, 90, step=0.1, noise=2) + 60 * (1 - 0.97 ** np.arange(90)) * 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = ETSModel(pd.Series(values), error="add", trend=trend, damped_trend=trend is not None).fit(disp=False)
    found = smoothing(values, WEEKS, 13)
    free = 90 / (90 - len(fitted.params))
    assert found.mean == pytest.approx(np.asarray(fitted.forecast(13)), rel=1e-3)
    variances = np.asarray(fitted.get_prediction(start=90, end=102).forecast_variance)
    assert np.diag(found.covariance) == pytest.approx(variances * free, rel=0.01)
    paths = fitted.simulate(13, repetitions=20_000, anchor="end", rng=np.random.default_rng(5))
    assert found.covariance.sum() == pytest.approx(float(np.asarray(paths).sum(axis=0).var()) * free, rel=0.05)


KINDS = [("exponential smoothing", walk), ("year on year", yearly)]


def held(forecast: Forecast, came: np.ndarray) -> list[float]:
    """The shares of what came within the 80 and the 95 % intervals of the steps, and whether the sum was in its own."""
    found = []
    for one, values in ((forecast, came), (forecast.summed(), came.sum(keepdims=True))):
        for probability in (0.8, 0.95):
            low, high = one.bounds(probability)
            found.append(float(np.mean((low <= values) & (values <= high))))
    return found


@pytest.mark.parametrize("count", [30, pytest.param(100, marks=pytest.mark.soak)])
@pytest.mark.parametrize(("method", "make"), KINDS)
def test_intervals_hold_what_they_say(method: str, make, count: int):
    """Of simulated series 80 and 95 % of what comes lie within, and what comes is on the whole what was expected: the mean."""
    series = [make(seed, 156 + 13) for seed in range(count)]
    forecasts = [METHODS[method](values[:156], WEEKS, 13) for values in series]
    found = [held(forecast, values[156:]) for forecast, values in zip(forecasts, series, strict=True)]
    assert np.mean(found, axis=0)[:2] == pytest.approx([0.8, 0.95], abs=0.04)
    ratios = [values[156:].sum() / forecast.mean.sum() for forecast, values in zip(forecasts, series, strict=True)]
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)


@pytest.mark.soak
@pytest.mark.parametrize(("method", "make"), KINDS)
def test_intervals_of_sums_hold_once_they_are_widened(method: str, make):
    """The errors of a sum lie in the parameters too, which the method takes for known: what its trial shows makes up for that."""
    found = []
    for seed in range(120):
        values = make(seed, 156 + 13)
        known = origins(156, WEEKS, 13, [method])
        past = [METHODS[method](values[:origin], WEEKS, 13) for origin in known]
        found.append(held(widened(METHODS[method](values[:156], WEEKS, 13), excess(values, known, past)), values[156:]))
    print(method, np.mean(found, axis=0).round(3))
    assert np.mean(found, axis=0) == pytest.approx([0.8, 0.95, 0.8, 0.95], abs=0.06)


def test_what_never_changes_is_expected_with_certainty():
    """Constant sales, and none at all."""
    for value in (7.0, 0.0):
        forecast = smoothing(np.full(30, value), WEEKS, 4)
        assert list(forecast.mean) == [value] * 4
        assert not forecast.covariance.any()


def test_nothing_below_zero_is_expected_where_nothing_was():
    """Means and intervals end at 0; where returns made values negative again and again they do not."""
    values = np.abs(walk(3, 40, step=30, noise=90)) - 5
    values[values < 0] = 0
    low, _ = naive(values, WEEKS, 13).bounds(0.95)
    assert low.min() == 0
    values[::5] = -300
    assert naive(values, WEEKS, 13).bounds(0.95)[0].min() < 0


def test_a_part_has_the_season_of_everything():
    """A tenth of everything is forecast as a tenth of it, however the season goes; its intervals are at least a tenth as wide."""
    whole = yearly(4, 140)
    total = year_on_year(whole, WEEKS, 13)
    found = part(whole / 10, whole, total)
    assert found.mean == pytest.approx(total.mean / 10)
    assert np.diag(found.covariance) == pytest.approx(np.diag(total.covariance) / 100)
    random = np.random.default_rng(8)
    noisy = part(whole * random.normal(0.1, 0.03, 140), whole, total)
    assert (np.diag(noisy.covariance) > np.diag(total.covariance) / 100).all()
    assert part(np.zeros(20), np.zeros(20), total).mean.sum() == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), min_size=1, max_size=6), st.floats(0, 500))
def test_parts_add_up_and_none_is_below_its_least(parts: list[tuple[float, float]], target: float):
    """Whatever is missing or too much, and however sure each part is."""
    total = Forecast(np.array([target]), np.eye(1), False, 0)
    found = reconciled(total, [Forecast(np.array([mean]), np.array([[variance]]), False, 0) for mean, variance in parts])
    assert sum(forecast.mean[0] for forecast in found) == pytest.approx(target, abs=1e-6)
    assert all(forecast.mean[0] >= 0 for forecast in found)


def test_the_least_sure_part_gives_most():
    """8 are missing: of variances 1 and 3 the second takes 6 of them."""
    total = Forecast(np.array([28.0]), np.eye(1), False, 0)
    parts = [Forecast(np.array([10.0]), np.array([[variance]]), False, 0) for variance in (1.0, 3.0)]
    assert [forecast.mean[0] for forecast in reconciled(total, parts)] == [12, 16]


def test_a_season_is_told_from_a_drift():
    """Weeks that return go along with the year before; of 200 drifting series without a season hardly any do so by half."""
    assert all(season_correlation(yearly(seed, 104), WEEKS) > 0.8 for seed in range(20))
    drifting = [season_correlation(walk(seed, 104), WEEKS) for seed in range(200)]
    assert np.mean(np.array(drifting) >= 0.5) < 0.05
    assert season_correlation(walk(1, 70), WEEKS) is None
    assert season_correlation(np.full(104, 3.0), WEEKS) is None
