"""Gamma-Gamma: what a purchase of a customer is worth (Fader, Hardie & Lee 2005, Journal of Marketing Research 42(4), 415-430).

The amounts of a customer vary around a mean of their own, and the means vary over the customers; a customer of few purchases is
expected to be more like the others. It takes for granted that how much people spend has nothing to do with how often they buy.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from analytics.likelihood import maximise
from analytics.points import Floats

_ALIKE = 1e-9
"""Mean amounts that differ by less than this part of them are the same."""
_SHARP = 1e4
"""Shape of a distribution in which nearly all is at its mean."""


@dataclass(frozen=True)
class GammaGamma:
    """The model of a set of customers."""

    p: float
    """Shape of the gamma distribution of the amounts of a customer."""
    q: float
    """Shape of the gamma distribution over the customers of the rate of that."""
    gamma: float
    """Rate of the latter, in the money of the source: the mean amount over all customers is p gamma / (q - 1)."""


def fit_gamma_gamma(repeats: Floats, means: Floats) -> GammaGamma | None:
    """The maximum-likelihood model of customers with `repeats` purchases of a mean amount of `means`, each (n,) and above 0.

    None where the likelihood has no maximum within reason, or there is no mean: q of 1 or less.
    """
    size = float(means.mean())
    if np.ptp(means) <= _ALIKE * size:  # the likelihood grows without end: where a search gives up depends on the machine
        return GammaGamma(_SHARP, _SHARP, size * (_SHARP - 1) / _SHARP)
    x, m = repeats, means / size

    def likelihood(parameters: Floats) -> tuple[float, Floats]:
        p, q, gamma = parameters
        total = np.log(gamma + m * x)
        value = (
            *(gammaln(p * x + q), -gammaln(p * x), -gammaln(q) + q * np.log(gamma)),
            *((p * x - 1) * np.log(m), p * x * np.log(x), -(p * x + q) * total),
        )
        gradient = (
            x * (digamma(p * x + q) - digamma(p * x) + np.log(m) + np.log(x) - total),
            digamma(p * x + q) - digamma(q) + np.log(gamma) - total,
            q / gamma - (p * x + q) / (gamma + m * x),
        )
        return float(sum(part.mean() for part in value)), np.array([part.mean() for part in gradient])

    found = maximise(likelihood, [(2.0, 4.0, 1.5)])
    if found is None or found[0][1] <= 1:
        return None
    p, q, gamma = found[0]
    return GammaGamma(p, q, gamma * size)
