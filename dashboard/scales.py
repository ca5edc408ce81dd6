"""Where values stand on an axis: as they are or, on a log scale, by a logarithm that knows zero and what is below."""

from collections.abc import Iterable, Sequence
from math import floor, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOG = "log"
_DIGITS = ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
"""The first digits of what is marked, the closest first."""
_POWERS = range(18)


def seen(values: ArrayLike, scale: str | None) -> NDArray[np.float64]:
    """Values as an axis places them: on a log scale sign(x) ln(1 + |x|), which is how the models see them too."""
    numbers = np.asarray(values, dtype=float)
    return np.sign(numbers) * np.log1p(np.abs(numbers)) if scale == LOG else numbers


def marks(low: float, high: float, most: int) -> list[float]:
    """At most so many round values for an axis on a log scale between two places, as `seen` gives them."""
    for digits in _DIGITS:
        above = [float(digit * 10**power) for power in _POWERS for digit in digits]
        round_values = np.array([*(-value for value in reversed(above)), 0.0, *above])
        places = seen(round_values, LOG)
        within = round_values[(places >= low) & (places <= high)]
        if len(within) <= most:
            return _list(within)
    step = -(-len(within) // most)
    is_kept = np.arange(len(within)) - int(np.argmin(np.abs(within)))  # counted from what is nearest to zero
    return _list(within[is_kept % step == 0])


def are_edges(values: Iterable[float]) -> bool:
    """Whether values can be edges of the bins on a log scale: a linear one has others, but for the fewest bins."""
    return all(value == 0 or round(abs(value) / 10 ** floor(log10(abs(value)) + 1e-9), 9) in _DIGITS[0] for value in values)


def _list(values: NDArray[np.float64]) -> list[float]:
    return [float(value) for value in values]


def short(values: Sequence[float]) -> list[str]:
    """Round values as an axis writes them: 1,000 but 10k and 2M."""
    return [_short(value) for value in values]


def _short(value: float) -> str:
    size = abs(value)
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= max(unit, 1e4):
            return f"{value / unit:,.12g}{letter}".replace("-", "−")
    return f"{value:,.12g}".replace("-", "−")
