"""BG/NBD: the published estimates, the closed form of the paper, and customers whose parameters are known."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import hyp2f1

from analytics.bgnbd import BgNbd, Histories, expected_if_alive, fit_bgnbd, log_likelihood
from tests.analytics.cdnow import cdnow

PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, log_likelihood=-9582.4)
"""Fader, Hardie & Lee 2005, table 2."""


@pytest.fixture(scope="module")
def histories() -> Histories:
    """The customers of the paper."""
    customers = cdnow()
    return Histories(*(customers[name].to_numpy(float) for name in ("x", "t_x", "T")))


def simulated(model: BgNbd, count: int, weeks: float, seed: int) -> tuple[Histories, np.ndarray]:
    """Customers who behave as the model says, observed up to `weeks` from purchases in the first third; (n,) who has not left."""
    random = np.random.default_rng(seed)
    rates = random.gamma(model.r, 1 / model.alpha, count)
    leaving = random.beta(model.a, model.b, count) if model.a else np.zeros(count)
    observed = weeks - random.uniform(0, weeks / 3, count)
    repeats, last, stays = np.zeros(count), np.zeros(count), np.ones(count, dtype=bool)
    for customer in range(count):
        at = 0.0
        while (at := at + random.exponential(1 / max(rates[customer], 1e-300))) <= observed[customer]:
            repeats[customer], last[customer] = repeats[customer] + 1, at
            if random.random() < leaving[customer]:
                stays[customer] = False
                break
    return Histories(repeats, last, observed), stays


def test_the_estimates_are_the_published_ones(histories: Histories):
    """On the data of the paper, each parameter within 1 % and the likelihood to its last published digit."""
    model = fit_bgnbd(histories)
    for name in ("r", "alpha", "a", "b"):
        assert getattr(model, name) == pytest.approx(getattr(PUBLISHED, name), rel=0.01)
    assert model.log_likelihood == pytest.approx(PUBLISHED.log_likelihood, abs=0.05)


def test_the_gradient_is_that_of_the_likelihood(histories: Histories):
    """By finite differences, at the estimates and away from them; who bought once is among the customers."""
    for point in ([0.24, 4.4, 0.8, 2.4], [2.0, 1.0, 0.1, 5.0], [0.05, 30.0, 3.0, 0.4]):
        near = approx_fprime(point, lambda parameters: log_likelihood(parameters, histories)[0], 1e-7)
        assert log_likelihood(point, histories)[1] == pytest.approx(near, rel=1e-3, abs=0.05)


def test_expectations_are_those_of_the_closed_form():
    """Equation 10 of the paper, with the hypergeometric function where that still has its digits."""
    model, horizon = PUBLISHED, 39.0
    x, observed = (grid.ravel() for grid in np.meshgrid(np.arange(12), [0.5, 10.0, 38.86]))
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    series = hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + observed + horizon))
    closed = (a + b + x - 1) / (a - 1) * (1 - ((alpha + observed) / (alpha + observed + horizon)) ** (r + x) * series)
    assert expected_if_alive(model, x, observed, horizon) == pytest.approx(closed, rel=1e-6)


def test_the_customer_of_the_papers_example():
    """x = 2, t_x = 30.43, T = 38.86: 1.23 purchases in the next 39 weeks, as the authors' spreadsheet has it."""
    (expected,) = expected_if_alive(PUBLISHED, [2], np.array([38.86]), 39.0)
    left = PUBLISHED.a / (PUBLISHED.b + 1) * ((PUBLISHED.alpha + 38.86) / (PUBLISHED.alpha + 30.43)) ** (PUBLISHED.r + 2)
    assert expected / (1 + left) == pytest.approx(1.226, abs=0.001)


def test_hundreds_of_purchases_lose_no_digits():
    """More purchases are never worth fewer, and never more than the customer's own rate gives."""
    x = np.arange(0, 2000, 7)
    observed = np.full(len(x), 104.0)
    expected = expected_if_alive(PUBLISHED, x, observed, 13.0)
    assert (np.diff(expected) > 0).all()
    assert (expected < (PUBLISHED.r + x) / (PUBLISHED.alpha + observed) * 13).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_parameters_of_made_up_customers_are_found(seed: int):
    """Of 6,000 customers: how often they buy, and how probably a purchase is the last one."""
    truth = BgNbd(r=0.8, alpha=6.0, a=0.9, b=3.5, log_likelihood=0)
    model = fit_bgnbd(simulated(truth, 6_000, 78, seed)[0])
    assert model.r / model.alpha == pytest.approx(truth.r / truth.alpha, rel=0.1)
    assert model.r == pytest.approx(truth.r, rel=0.15)
    assert model.a / (model.a + model.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.12)


def test_where_nobody_leaves_nobody_is_said_to():
    """Customers who all stay: no probability of leaving, the negative binomial model, and its own expectation."""
    truth = BgNbd(r=1.2, alpha=8.0, a=0.0, b=1.0, log_likelihood=0)
    model = fit_bgnbd(simulated(truth, 4_000, 78, seed=5)[0])
    assert (model.a, model.b) == (0.0, 1.0)
    assert model.r / model.alpha == pytest.approx(truth.r / truth.alpha, rel=0.06)
    (expected,) = expected_if_alive(model, [3], np.array([26.0]), 13.0)
    assert expected == pytest.approx((model.r + 3) / (model.alpha + 26) * 13)


def test_without_a_second_purchase_there_is_no_model():
    """The likelihood then grows without end, and nothing is made of it."""
    assert fit_bgnbd(Histories(np.zeros(500), np.zeros(500), np.linspace(1, 50, 500))) is None
