"""Names for segments: what sets each apart, in words made from its features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.points import Floats

_CLEAR = 0.5
"""From this many standard deviations from everyone a segment is high or low in a feature."""
_EXTREME = 1.5
"""From this many it is very high or very low."""
_ADJECTIVES = {"age": ("young", "older")}
"""Features whose low and high have words of their own."""


@dataclass(frozen=True)
class Feature:
    """A feature that segments are named by."""

    name: str
    """Its column."""
    short: str
    """Its short label, e.g. income."""
    unit: str = ""
    """Its unit, e.g. k$."""


def name_segments(features: Sequence[Feature], scaled: Floats, values: Floats) -> list[str]:
    """A readable name per segment, unique among them, e.g. "High income · low score".

    `scaled` (k, d) are the centroids as the models see them: numbers in standard deviations from everyone, a category's 0/1
    column as the share that has the value. `values` (k, d) are the same in ordinary units.
    The names depend on nothing else, so equal segments get equal names.
    """
    for describe in (_outstanding, _all_levels, _graded):
        names = [describe(features, row) for row in scaled]
        if len(set(names)) == len(names):
            break
    return [_capital(name) for name in _told_apart(features, names, scaled, values)]


def _outstanding(features: Sequence[Feature], row: Floats) -> str:
    """Only the features in which the segment differs; all of them where it differs in none."""
    clear = [(feature, score) for feature, score in zip(features, row, strict=True) if abs(score) >= _CLEAR]
    return " · ".join(_level(feature, score) for feature, score in clear) or _all_levels(features, row)


def _all_levels(features: Sequence[Feature], row: Floats) -> str:
    return " · ".join(_level(feature, score) for feature, score in zip(features, row, strict=True))


def _graded(features: Sequence[Feature], row: Floats) -> str:
    parts = [
        ("very " if abs(score) >= _EXTREME else "") + _level(feature, score) for feature, score in zip(features, row, strict=True)
    ]
    return " · ".join(parts)


def _level(feature: Feature, score: float) -> str:
    low, high = _ADJECTIVES.get(feature.name, (f"low {feature.short}", f"high {feature.short}"))
    if score >= _CLEAR:
        return high
    return low if score <= -_CLEAR else f"average {feature.short}"


def _told_apart(features: Sequence[Feature], names: Sequence[str], scaled: Floats, values: Floats) -> list[str]:
    """Add to equal names the value of the feature in which their segments differ most, then a number if need be."""
    told = list(names)
    for name in {name for name in names if names.count(name) > 1}:
        alike = [index for index, other in enumerate(names) if other == name]
        widest = int(np.argmax(np.ptp(scaled[alike], axis=0)))
        feature = features[widest]
        for index in alike:
            told[index] = f"{name} ({feature.short} {values[index, widest]:.3g}{' ' + feature.unit if feature.unit else ''})"
        for number, index in enumerate(alike, start=1):
            if sum(told[other] == told[index] for other in alike) > 1:
                told[index] = f"{told[index]} {number}"
    return told


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
