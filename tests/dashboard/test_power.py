"""The smallest lift that shows: by the library's power of the same tests, and by simulated campaigns."""

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower

from dashboard.power import POWER, smallest_difference, smallest_lift


@pytest.mark.parametrize(
    ("rate", "treated", "held"), [(0.05, 1800, 200), (0.3, 500, 500), (0.01, 20_000, 5_000), (0.9, 5000, 5000)]
)
def test_a_lift_that_size_is_found_four_times_of_five(rate: float, treated: int, held: int):
    """Of 4,000 simulated campaigns with that lift, a two-sided test of two shares at 5 % finds 80 %, but for what is discrete."""
    lift = smallest_lift(rate, treated, held)
    assert lift is not None
    random = np.random.default_rng(5)
    ones, others = random.binomial(treated, rate + lift, 4_000), random.binomial(held, rate, 4_000)
    mean = (ones + others) / (treated + held)
    errors = np.sqrt(mean * (1 - mean) * (1 / treated + 1 / held))
    found = np.abs(ones / treated - others / held) > 1.959964 * errors
    assert found.mean() == pytest.approx(POWER, abs=0.06)


def test_of_amounts_as_the_library_has_it():
    """The same as statsmodels finds for a difference of means in standard deviations."""
    library = NormalIndPower().solve_power(nobs1=900, ratio=100 / 900, alpha=0.05, power=0.8)
    assert smallest_difference(12.5, 900, 100) == pytest.approx(12.5 * library, rel=1e-4)


def test_more_held_out_shows_less_up_to_half():
    """With as many customers, the smallest lift shrinks up to halves and grows beyond."""
    lifts = [smallest_lift(0.1, 1000 - held, held) for held in (50, 100, 300, 500, 700, 950)]
    assert lifts[:4] == sorted(lifts[:4], reverse=True)
    assert lifts[3:] == sorted(lifts[3:])


def test_what_can_never_show():
    """An empty group, everybody who responds anyway, and groups too small for any lift."""
    assert smallest_lift(0.5, 10, 0) is None
    assert smallest_lift(1.0, 10, 10) is None
    assert smallest_lift(0.5, 2, 1) is None
    assert smallest_difference(1, 0, 5) is None
    assert smallest_difference(0, 5, 5) is None


def test_where_nobody_responds_anyway():
    """A lift is still needed: so many that they are not told from nobody."""
    lift = smallest_lift(0, 1_000, 100)
    assert lift is not None
    assert 0.02 < lift < 0.2
