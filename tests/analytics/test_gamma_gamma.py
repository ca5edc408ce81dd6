"""Gamma-Gamma: the published estimates, and customers whose parameters are known."""

import numpy as np
import pytest

from analytics.gamma_gamma import fit_gamma_gamma
from tests.analytics.cdnow import cdnow


def test_the_estimates_are_the_published_ones():
    """On the 946 customers of CDNOW with a repeat purchase, within 1 % of Fader & Hardie 2013, "The Gamma-Gamma model"."""
    customers = cdnow()
    customers = customers[customers["x"] > 0]
    assert len(customers) == 946
    model = fit_gamma_gamma(customers["x"].to_numpy(float), customers["zbar"].to_numpy(float))
    assert (model.p, model.q, model.gamma) == pytest.approx((6.25, 3.74, 15.44), rel=0.01)


def made_up(p: float, q: float, gamma: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Purchases of customers who spend as the model says, and the mean amount of each."""
    random = np.random.default_rng(3)
    repeats = 1.0 + random.poisson(4, count)
    rates = random.gamma(q, 1 / gamma, count)
    return repeats, random.gamma(p * repeats, 1 / rates) / repeats


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e7])
def test_the_parameters_of_made_up_customers_are_found(scale: float):
    """In whatever money: cents or rupiahs."""
    model = fit_gamma_gamma(*made_up(3.0, 5.0, 40.0 * scale, 200_000))
    assert (model.p, model.q, model.gamma / scale) == pytest.approx((3.0, 5.0, 40.0), rel=0.03)
    assert model.p * model.gamma / (model.q - 1) == pytest.approx(30 * scale, rel=0.02)


def test_where_everybody_spends_the_same_so_much_is_expected():
    """Though the likelihood then grows without end."""
    model, repeats = fit_gamma_gamma(np.arange(1.0, 200.0), np.full(199, 9.9)), np.array([0, 1, 50])
    expected = model.p * (model.gamma + repeats * 9.9) / (model.p * repeats + model.q - 1)
    assert expected == pytest.approx([9.9] * 3, rel=0.001)


def test_a_mean_that_does_not_exist_is_no_model():
    """With tails so heavy that q is below 1 there is no amount to expect."""
    assert fit_gamma_gamma(*made_up(3.0, 0.6, 1.0, 20_000)) is None
