"""BG/NBD: how often customers buy, and whether they still do (Fader, Hardie & Lee 2005, Marketing Science 24(2), 275-284).

A customer buys at a rate of their own, Gamma(r, alpha) over the customers, and after every purchase leaves for good with a
probability of their own, Beta(a, b). Of a customer it is enough to know x, the purchases after the first, t_x, the time from the
first to the last, and T, the time from the first to the end of what was observed. Times are in weeks.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal
from scipy.special import digamma, gammaln

from analytics.likelihood import maximise
from analytics.points import Floats

_STARTS = ((1.0, 10.0, 1.0, 2.0), (0.3, 4.0, 0.8, 2.5), (3.0, 3.0, 0.2, 5.0))
_LEAST_GAIN = 2.0
"""In log-likelihood, by which leaving must fit better than nobody leaving: Akaike's price of two more parameters."""
_NODES = 48
"""Of the quadrature over the probability of leaving: more change nothing in the ninth digit."""


@dataclass(frozen=True)
class Histories:
    """What the model knows of n customers, each (n,)."""

    repeats: Floats
    """x: purchases after the first."""
    last: Floats
    """t_x: weeks from the first to the last purchase, 0 for who bought once."""
    observed: Floats
    """T: weeks from the first purchase to the end of what was observed."""


@dataclass(frozen=True)
class BgNbd:
    """The model of a set of customers."""

    r: float
    """Shape of the gamma distribution of purchase rates."""
    alpha: float
    """Rate of it, in weeks: customers buy r / alpha times a week on average."""
    a: float
    """First parameter of the beta distribution of the probability of leaving after a purchase; 0 where nobody is seen to leave."""
    b: float
    """Second one: the mean probability is a / (a + b)."""
    log_likelihood: float
    """Natural logarithm of the likelihood of all customers."""


def fit_bgnbd(histories: Histories) -> BgNbd | None:
    """The maximum-likelihood model; None where the likelihood has no maximum within reason.

    Where leaving fits no better than that everybody stays, it is the negative binomial model of those who stay: a = 0, b = 1.
    """
    leaving, staying = _fit_leaving(histories), _fit_staying(histories)
    if staying is None or (leaving is not None and leaving.log_likelihood >= staying.log_likelihood + _LEAST_GAIN):
        return leaving
    return staying


def _fit_leaving(histories: Histories) -> BgNbd | None:
    count = len(histories.repeats)

    def likelihood(parameters: Floats) -> tuple[float, Floats]:
        value, gradient = log_likelihood(parameters, histories)
        return value / count, gradient / count

    found = maximise(likelihood, _STARTS)
    if found is None:
        return None
    (r, alpha, a, b), value = found
    return BgNbd(r, alpha, a, b, value * count)


def _fit_staying(histories: Histories) -> BgNbd | None:
    x, observed = histories.repeats, histories.observed

    def likelihood(parameters: Floats) -> tuple[float, Floats]:
        r, alpha = parameters
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + observed)
        of_r = digamma(r + x) - digamma(r) + np.log(alpha) - np.log(alpha + observed)
        of_alpha = r / alpha - (r + x) / (alpha + observed)
        return float(value.mean()), np.array([of_r.mean(), of_alpha.mean()])

    found = maximise(likelihood, [start[:2] for start in _STARTS])
    if found is None:
        return None
    (r, alpha), value = found
    return BgNbd(r, alpha, 0.0, 1.0, value * len(x))


def log_likelihood(parameters: npt.ArrayLike, histories: Histories) -> tuple[float, Floats]:
    """The log-likelihood at (r, alpha, a, b), and its gradient (4,): equation 6 of the paper."""
    r, alpha, a, b = np.asarray(parameters, dtype=np.float64)
    x, last, observed = histories.repeats, histories.last, histories.observed
    has_repeat = x > 0
    before_leaving = np.where(has_repeat, b + x - 1, 1.0)
    alive = -(r + x) * np.log(alpha + observed)
    left = np.where(has_repeat, np.log(a) - np.log(before_leaving) - (r + x) * np.log(alpha + last), -np.inf)
    both = np.logaddexp(alive, left)
    value = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x) + both
    )
    of_left = np.exp(left - both)
    of_alive = 1 - of_left
    gradient = (
        digamma(r + x) - digamma(r) + np.log(alpha) - of_alive * np.log(alpha + observed) - of_left * np.log(alpha + last),
        r / alpha - (r + x) * (of_alive / (alpha + observed) + of_left / (alpha + last)),
        digamma(a + b) - digamma(a + b + x) + of_left / a,
        digamma(a + b) + digamma(b + x) - digamma(b) - digamma(a + b + x) - of_left / before_leaving,
    )
    return float(value.sum()), np.array([part.sum() for part in gradient])


def expected_if_alive(model: BgNbd, repeats: npt.ArrayLike, observed: Floats, horizon: float) -> Floats:
    """Purchases to expect in the `horizon` weeks to come of customers who have not left.

    `repeats` and `observed`, each (n,), are x and T. Given that a customer is alive, their rate is Gamma(r + x, alpha + T) and
    their probability of leaving Beta(a, b + x), independently; the mean of (1 - exp(-rate p t)) / p over both is taken by
    Gauss-Jacobi quadrature over p. Times the probability of being alive it is equation 10 of the paper, without its
    hypergeometric function, which loses its digits for customers with many purchases.
    """
    x = np.asarray(repeats, dtype=np.int64)
    if model.a == 0:
        return (model.r + x) / (model.alpha + observed) * horizon
    expected = np.empty(len(x))
    for count in np.unique(x):
        own = x == count
        leaving, weights = _beta_quadrature(model.a, model.b + count)
        shrunk = np.log1p(leaving * horizon / (model.alpha + observed[own, None]))
        expected[own] = (-np.expm1(-(model.r + count) * shrunk) / leaving) @ weights
    return expected


def _beta_quadrature(a: float, b: float) -> tuple[Floats, Floats]:
    """Points (_NODES,) from 0 to 1 and their weights, which sum to 1, for means over Beta(a, b).

    Golub & Welsch 1969: the eigenvalues of the recurrence of the Jacobi polynomials. scipy.special.roots_jacobi overflows where
    b is 1,000 or more.
    """
    n = np.arange(_NODES, dtype=np.float64)
    both = a + b - 2 + 2 * n
    diagonal = np.empty(_NODES)
    diagonal[0] = (a - b) / (a + b)
    diagonal[1:] = (a + b - 2) * (a - b) / (both[1:] * (both[1:] + 2))
    beside = np.empty(_NODES - 1)
    beside[0] = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    k, sums = n[2:], both[2:]
    beside[1:] = 4 * k * (k + a - 1) * (k + b - 1) * (k + a + b - 2) / (sums**2 * (sums + 1) * (sums - 1))
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(beside))
    return (nodes + 1) / 2, vectors[0] ** 2
