"""The smallest lift that a split can show: what a campaign must bring so that a test at 5 % finds it four times of five."""

import math

from scipy import optimize, stats

LEVEL, POWER = 0.95, 0.8
"""Of the test, two-sided, and the probability with which it finds the lift."""
_TEST = float(stats.norm.ppf((1 + LEVEL) / 2))
_FIND = float(stats.norm.ppf(POWER))
_LEAST = 1e-12


def smallest_lift(rate: float, treated: int, held: int) -> float | None:
    """Of a share: `rate` of those held out respond. None where even everybody's response would not be found.

    Sample size of two proportions (Fleiss, Levin & Paik 2003, chapter 4), solved for the difference.
    """
    if not (treated and held and 0 <= rate < 1):
        return None

    def lacks(lift: float) -> float:
        other = rate + lift
        mean = (treated * other + held * rate) / (treated + held)
        chance = _TEST * math.sqrt(mean * (1 - mean) * (1 / treated + 1 / held))
        return lift - chance - _FIND * math.sqrt(other * (1 - other) / treated + rate * (1 - rate) / held)

    most = 1 - rate
    return float(optimize.brentq(lacks, _LEAST, most)) if lacks(most) > 0 else None  # where nobody responds anyway 0 lacks nothing


def smallest_difference(deviation: float, treated: int, held: int) -> float | None:
    """Of a mean of amounts, from the standard deviation of a customer's. None where that is 0, or a group empty."""
    return (_TEST + _FIND) * deviation * math.sqrt(1 / treated + 1 / held) if deviation and treated and held else None
