"""Which two numbers the customers of a clustering are drawn by."""

from collections.abc import Collection, Sequence

import numpy as np

from dashboard.queries import Row

FEW_FEATURES = 3
"""Of so many features any two separate the segments; of more, those are chosen that separate them most."""


def axes(features: Collection[str], segments: Sequence[Row], profiles: Sequence[Row]) -> list[str]:
    """The names of two numbers, in the order of `profiles`; none where there are not two.

    Of few features they are the last two clustered on; the first numbers there are stand in where there are not two. Of many, the
    first is the one with the highest eta squared: the share of its variance that lies between the segments. The second is the one
    that adds most: with the highest share that does not follow from the first, so that two names for one thing are not drawn
    against each other.
    `profiles` are rows of marts.segment_feature_profiles, `segments` of marts.segment_profiles, of one clustering.
    """
    numbers = list(dict.fromkeys(row["feature"] for row in profiles))
    own = [name for name in numbers if name in features]
    if len(own) < 2:
        others = [name for name in numbers if name not in own]
        return sorted([*own, *others][:2], key=numbers.index) if len(numbers) > 1 else []
    if len(features) <= FEW_FEATURES:
        return own[-2:]
    effects = {(row["segment_id"], row["feature"]): row["effect_size"] for row in profiles}
    weighted = {
        name: np.array([segment["share"] ** 0.5 * effects[segment["segment_id"], name] for segment in segments]) for name in own
    }
    first = max(own, key=lambda name: _rounded(weighted[name] @ weighted[name]))

    def added(name: str) -> tuple[float, float]:
        whole, common = weighted[name] @ weighted[name], weighted[name] @ weighted[first]
        size = weighted[first] @ weighted[first]
        return _rounded(whole - common**2 / size if size else whole), _rounded(whole)

    second = max((name for name in own if name != first), key=added)
    return sorted((first, second), key=numbers.index)


def _rounded(value: float) -> float:
    """So that what rounding makes of equals decides nothing: the first of equals is taken."""
    return round(float(value), 9)
