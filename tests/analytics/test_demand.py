"""The demand for items: by hand, against scipy, and over simulated items."""

import numpy as np
import pytest
from scipy import stats

from analytics.demand import LEVELS, SMOOTHINGS, Demand, forecast, smoothed
from analytics.forecast import Forecast


def certain(level: float, steps: int) -> Forecast:
    """Everything is known to be the same at each step."""
    return Forecast(np.full(steps, level), np.zeros((steps, steps)), False, 0)


def test_shares_are_smoothed_by_the_rate_that_errs_least():
    """One that jumps and stays is followed quickly, one that only jitters slowly; levels and errors are those of the recursion."""
    random = np.random.default_rng(2)
    jumped = np.concatenate([np.full(30, 0.1), np.full(30, 0.4)])
    jitters = 0.2 + random.normal(0, 0.05, 60)
    level, variance, place = smoothed(np.column_stack([jumped, jitters]))
    assert [SMOOTHINGS[number] for number in place] == [0.5, 0.02]
    for column, shares in enumerate((jumped, jitters)):
        at, squares = shares[:8].mean(), 0.0
        for share in shares:
            squares += (share - at) ** 2
            at += SMOOTHINGS[place[column]] * (share - at)
        assert level[column] == pytest.approx(at)
        assert variance[column] == pytest.approx(squares / 58)


def test_a_constant_share_is_that_share_of_everything():
    """A quarter of pieces that are known for certain, summed up step by step, is needed for certain."""
    whole = np.full(40, 80.0)
    found = forecast(np.full((40, 1), 20.0), whole, certain(80, 3))
    assert found.expected[0] == pytest.approx([20, 40, 60])
    assert found.deviation[0] == pytest.approx([0, 0, 0])
    assert found.needed(0.99)[0] == pytest.approx([20, 40, 60])


def test_the_error_of_everything_is_that_of_an_item_too():
    """Of errors of everything with variances 16 and 16 and a covariance of 8 an item of a quarter has a sixteenth."""
    total = Forecast(np.array([80.0, 80.0]), np.array([[16.0, 8.0], [8.0, 16.0]]), False, 0)
    found = forecast(np.full((40, 1), 20.0), np.full(40, 80.0), total)
    assert found.deviation[0] == pytest.approx([1, np.sqrt((16 + 16 + 8 + 8) / 16)])


def test_what_is_needed_is_a_quantile_of_the_gamma_distribution():
    """With its mean and deviation; and never less than is expected, however seldom anything is sold."""
    demand = Demand(np.array([[20.0, 0.2, 0.0]]), np.array([[6.0, 1.0, 0.0]]))
    for level in LEVELS:
        usual, seldom, never = demand.needed(level)[0]
        assert usual == pytest.approx(stats.gamma(a=(20 / 6) ** 2, scale=36 / 20).ppf(level))
        assert seldom == pytest.approx(max(0.2, stats.gamma(a=0.04, scale=5).ppf(level)))
        assert never == 0
    assert demand.needed(0.8)[0, 1] == 0.2


def test_pieces_last_as_often_as_they_should():
    """Of 1,500 simulated items, sold by chance at rates that drift, about as many last as were asked for, for any time."""
    random = np.random.default_rng(5)
    weeks, items, steps = 80, 1_500, 8
    rates = 40 * np.exp(np.cumsum(random.normal(0, 0.04, (weeks + steps, items)), axis=0))
    pieces = random.poisson(rates).astype(float)
    whole = pieces.sum(axis=1)
    total = certain(float(whole[weeks:].mean()), steps)
    found = forecast(pieces[:weeks], whole[:weeks], total)
    came = pieces[weeks:].cumsum(axis=0).T
    for level in LEVELS:
        lasted = (came <= np.ceil(found.needed(level))).mean(axis=0)
        assert lasted == pytest.approx(np.full(steps, level), abs=0.05)


def test_nothing_sold_is_nothing_needed():
    """Where nothing was ever sold nothing is expected."""
    found = forecast(np.zeros((20, 2)), np.zeros(20), certain(5, 4))
    assert not found.expected.any()
    assert not found.needed(0.99).any()
