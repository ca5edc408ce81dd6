"""The maximum of a likelihood over parameters that are all above 0."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize

from analytics.points import Floats

LEAST, MOST = 1e-4, 1e5
"""Where a parameter may lie. One that rests on an edge is not told by the data."""
_PRECISE = {"ftol": 1e-13, "gtol": 1e-8}

Likelihood = Callable[[Any], tuple[float, Floats]]
"""From d parameters to the mean log-likelihood of an observation and its gradient (d,)."""


def maximise(likelihood: Likelihood, starts: Sequence[Sequence[float]]) -> tuple[list[float], float] | None:
    """The d parameters at the maximum and the value there, from the best of some starts; None where it lies on an edge."""

    def loss(logs: Any) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        value, gradient = likelihood(parameters)
        return -value, -gradient * parameters

    low, high = np.log(LEAST), np.log(MOST)
    found: list[Any] = [
        minimize(loss, np.log(start), jac=True, method="L-BFGS-B", bounds=[(low, high)] * len(start), options=_PRECISE)  # type: ignore[call-overload]
        for start in starts
    ]
    best = min(found, key=lambda each: float(each.fun))
    is_inside = bool(np.all((best.x > low + 1e-6) & (best.x < high - 1e-6)))
    return (np.exp(best.x).tolist(), -float(best.fun)) if is_inside else None
