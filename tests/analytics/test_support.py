"""What supports a number of segments: known answers, and data whose answer is known."""

import numpy as np
import pytest

from analytics.methods import METHODS
from analytics.reference import critical_bandwidth, uniform_box, unimodal
from analytics.support import gap_statistic, prediction_strengths

TWO = np.concatenate([np.linspace(0, 1, 20), np.linspace(9, 10, 20)])[:, None]


def test_the_gap_statistic_by_hand() -> None:
    """Log inertias 2 and 4 of the references against 1: the gap is 2, its error 1 x sqrt(1 + 1/2)."""
    gap, error = gap_statistic(np.e, np.exp([2.0, 4.0]))
    assert (gap, error) == pytest.approx((2.0, 1.5**0.5))


@pytest.mark.parametrize("algorithm", METHODS)
def test_two_far_groups_predict_each_other(algorithm: str) -> None:
    """Halves of two groups far apart agree entirely on two segments, and not on five."""
    found = prediction_strengths(TWO, np.ones(40), [2, 5], METHODS[algorithm], np.random.default_rng(1))
    (two, error), (five, _) = found[2], found[5]
    assert (two, error) == (1.0, 0.0)
    assert five is not None
    assert five < 0.6


def test_too_few_customers_predict_nothing() -> None:
    """Halves of one customer say nothing."""
    found = prediction_strengths(TWO[:3], np.ones(3), [2], METHODS["kmeans"], np.random.default_rng(1))
    assert found == {2: (None, None)}


def test_groupless_data_has_one_mode_and_the_same_shape() -> None:
    """Of two far groups the critical bandwidth just joins the modes; what is drawn keeps spread and correlation."""
    random = np.random.default_rng(1)
    width = critical_bandwidth(TWO[:, 0], np.ones(40))
    assert 4 < width < 5  # two equal groups at distance 9 join where the bandwidth nears half of it
    values = np.column_stack([TWO[:, 0], TWO[:, 0] + random.normal(size=40)])
    drawn = unimodal(values, np.ones(40), 200, random)
    assert drawn.std(axis=1).mean(axis=0) == pytest.approx(values.std(axis=0), rel=0.1)
    correlations = [np.corrcoef(one.T)[0, 1] for one in drawn]
    assert np.mean(correlations) > 0.8


def test_a_constant_feature_stays_constant() -> None:
    """A feature that all of a sample share is the same in groupless data."""
    values = np.column_stack([TWO[:, 0], np.full(40, 7.0)])
    assert (unimodal(values, np.ones(40), 3, np.random.default_rng(1))[..., 1] == 7).all()


def test_the_box_is_turned_with_the_data() -> None:
    """Points on a line at 45 degrees have references on that line, not in the square around it."""
    line = np.linspace(-1, 1, 50)
    drawn = uniform_box(np.column_stack([line, line]), 5, np.random.default_rng(1))
    assert drawn[..., 0] == pytest.approx(drawn[..., 1], abs=1e-9)
    assert np.abs(drawn).max() <= 1 + 1e-9
