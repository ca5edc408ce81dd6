"""The trial of forecasts, by hand."""

import numpy as np
import pytest

from analytics.backtest import excess, origins, score, widened, widened_by_others
from analytics.forecast import Forecast


def flat(level: float, variance: float = 1.0, steps: int = 2) -> Forecast:
    """The same at each step, with independent errors."""
    return Forecast(np.full(steps, level), np.eye(steps) * variance, False, -np.inf)


VALUES = np.array([1.0, 3.0, 2.0, 4.0, 6.0, 5.0, 9.0])


def test_the_score_of_literal_forecasts():
    """Errors 1 and 0 when 4 values were known, whose steps are 2, 1 and 2; and 2 and 2 when 5 were, whose last step is 2."""
    found = score(VALUES, 52, [4, 5], [flat(5), flat(7)])
    assert found.mase == pytest.approx(((1 + 0) / 2 / (5 / 3) + (2 + 2) / 2 / (7 / 4)) / 2)
    assert found.bias == pytest.approx((1 + 0 - 2 + 2) / (6 + 5 + 5 + 9))
    assert found.coverage == (2 / 4, 2 / 4)  # 1.28 and 1.96 standard deviations hold the errors 1 and 0, but not 2


def test_with_a_year_the_error_is_scaled_by_the_year_before():
    """A season of 2: the values known differ from those two before by 1, 1 and 4."""
    found = score(VALUES, 2, [5], [flat(6)])
    assert found.mase == pytest.approx((1 + 3) / 2 / 2)


def test_what_cannot_be_scaled_is_not():
    """Where nothing ever changed there is no error to measure by, and of nothing no share."""
    found = score(np.array([4.0, 4, 4, 5, 5]), 52, [3], [flat(4)])
    assert found.mase is None
    assert score(np.zeros(5), 52, [3], [flat(0)]).bias is None


@pytest.mark.parametrize(
    ("count", "methods", "expected"),
    [
        (104, ["seasonal naive", "year on year"], [65, 70, 75, 81, 86, 91]),
        (52, ["naive", "exponential smoothing"], [26, 29, 31, 34, 36, 39]),
        (67, ["seasonal naive"], []),
        (68, ["seasonal naive"], [53, 54, 55]),
    ],
)
def test_when_it_is_tried(count: int, methods: list[str], expected: list[int]):
    """From the latter half, where every method has what it needs, up to where 13 values are left; not from fewer than 3 times."""
    assert origins(count, 52, 13, methods) == expected


def test_what_was_off_as_a_whole_widens_the_rest():
    """Sums of 20 and 24 where 10 and 12 were said, with a variance of 2 each: ten standard deviations too far, so a factor of 1."""
    values = np.array([9.0, 9, 9, 10, 10, 12, 12])
    forecasts = [flat(5), flat(6)]
    assert excess(values, [3, 5], forecasts) == pytest.approx(((100 - 2) / 100 + (144 - 2) / 144) / 2)
    assert excess(values, [3], [flat(10)]) == 0
    wide = widened(flat(5), 0.5)
    assert np.allclose(wide.covariance, [[1 + 12.5, 12.5], [12.5, 1 + 12.5]])
    fair = widened_by_others(values, [3, 5], forecasts)
    assert fair[0].covariance[0, 1] == pytest.approx(25 * (144 - 2) / 144)
    assert fair[1].covariance[0, 1] == pytest.approx(36 * (100 - 2) / 100)
