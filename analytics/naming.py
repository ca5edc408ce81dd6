"""Names for segments: what sets each apart, in words made from its features."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.points import Floats
from warehouse.names import folded
from warehouse.words import with_unit

MOST_PARTS = 3
"""Of more features than this, a name holds only those that tell most."""
_CLEAR = 0.5
"""From this many standard deviations from everyone a segment is high or low in a feature."""
_EXTREME = 1.5
"""From this many it is very high or very low."""
_SLIGHT = 0.2
"""Below this it is like everyone: Cohen (1988) calls 0.2 a small difference, 0.5 a medium one."""
_LIKE_EVERYONE = "close to average"
"""What a segment is called that differs from everyone in none of many features."""
_ADJECTIVES = {"age": ("young", "older"), "recency_days": ("recent", "lapsed"), "frequency": ("infrequent", "frequent")}
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


def name_segments(features: Sequence[Feature], scaled: Floats, values: Floats, everyone: Floats | None = None) -> list[str]:
    """A readable name per segment, unique among them, e.g. "High income · low score".

    `scaled` (k, d) are the centroids as the models see them: numbers in standard deviations from everyone, a category's 0/1
    column as the share that has the value. `values` (k, d) are the same in ordinary units. `everyone` (d,) is the mean of all
    customers in scaled units, 0 where it is not given: of many features only those in which a segment is furthest from it are
    named, so that a name can be read. The names depend on nothing else, so equal segments get equal names.
    """
    if len(features) > MOST_PARTS:
        names = _most_telling(features, scaled if everyone is None else scaled - everyone)
        return [_capital(name) for name in _told_apart(features, names, scaled, values, _plain)]
    for describe in (_outstanding, _all_levels, _graded):
        names = [describe(features, row) for row in scaled]
        if len(set(names)) == len(names):
            break
    return [_capital(name) for name in _told_apart(features, names, scaled, values)]


def with_given(automatic: Sequence[str], given: Mapping[int, str]) -> tuple[list[str], list[str]]:
    """The names that are shown, (k,), and the automatic ones, (k,): by place the name a person gave, the newest first.

    A person's name is shown as it was given, unless a newer one reads alike; an automatic name that reads like one gives way.
    """
    called: dict[int, str] = {}
    for place, name in given.items():
        called[place] = _free(name, called.values())
    told = list(automatic)
    for place, name in enumerate(automatic):
        others = [other for at, other in called.items() if at != place]
        if folded(name) in map(folded, others):
            told[place] = _free(name, [*others, *(other for at, other in enumerate(told) if at != place)])
    return [called.get(place, name) for place, name in enumerate(told)], told


def _free(name: str, taken: Iterable[str]) -> str:
    """The name, with the lowest number from 2 that makes it differ from the names taken, if need be."""
    known = set(map(folded, taken))
    numbered = (f"{name} {number}" for number in range(2, len(known) + 3))
    return next(each for each in (name, *numbered) if folded(each) not in known)


def _most_telling(features: Sequence[Feature], differences: Floats) -> list[str]:
    """At most three features each, and one more where names would be alike; `differences` (k, d) are those from everyone."""
    chosen = [_furthest(row) for row in differences]
    names = [_parts(features, row, places) for row, places in zip(differences, chosen, strict=True)]
    for name in {name for name in names if names.count(name) > 1}:
        alike = [index for index, other in enumerate(names) if other == name]
        for index, longer in zip(alike, _longer(features, differences[alike], chosen[alike[0]]), strict=True):
            names[index] = longer
    return names


def _longer(features: Sequence[Feature], differences: Floats, places: tuple[int, ...]) -> list[str]:
    """Names of segments that are alike in the features at `places`: by degree, else with one feature more, if that helps."""
    spreads = np.ptp(differences, axis=0)
    others = sorted(set(range(len(features))).difference(places), key=lambda place: -spreads[place])
    wider = [places, *(tuple(sorted((*places, place))) for place in others)]
    options = [[_parts(features, row, places) for row in differences]]
    options += [[_parts(features, row, named, is_graded=True) for row in differences] for named in wider]
    return max(options, key=lambda names: len(set(names)))  # the first of equals: the shortest, then the widest apart


def _furthest(differences: Floats) -> tuple[int, ...]:
    """The places of the features in which a segment is furthest from everyone, in their order; none where it is like everyone."""
    sizes = np.abs(differences)
    least = _CLEAR if sizes.max() >= _CLEAR else _SLIGHT
    order = np.argsort(-sizes, kind="stable")[:MOST_PARTS]
    return tuple(sorted(int(place) for place in order if sizes[place] >= least))


def _parts(features: Sequence[Feature], differences: Floats, places: Sequence[int], *, is_graded: bool = False) -> str:
    parts = []
    for place in places:
        size = abs(differences[place])
        degree = "somewhat " if _SLIGHT <= size < _CLEAR else "very " if is_graded and size >= _EXTREME else ""
        toward = 0.0 if size < _SLIGHT else _CLEAR * np.sign(differences[place])
        parts.append(degree + _level(features[place], toward))
    return " · ".join(parts) or _LIKE_EVERYONE


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


def _told_apart(
    features: Sequence[Feature],
    names: Sequence[str],
    scaled: Floats,
    values: Floats,
    written: Callable[[float], str] = "{:.3g}".format,
) -> list[str]:
    """Add to equal names the value of the feature in which their segments differ most, then a number if need be."""
    told = list(names)
    for name in {name for name in names if names.count(name) > 1}:
        alike = [index for index, other in enumerate(names) if other == name]
        widest = int(np.argmax(np.ptp(scaled[alike], axis=0)))
        feature = features[widest]
        for index in alike:
            told[index] = f"{name} ({feature.short} {with_unit(written(values[index, widest]), feature.unit)})"
        for number, index in enumerate(alike, start=1):
            if sum(told[other] == told[index] for other in alike) > 1:
                told[index] = f"{told[index]} {number}"
    return told


def _plain(value: float) -> str:
    """Three significant digits, without an exponent where the number is large."""
    text = f"{value:.3g}"
    return f"{value:,.0f}" if "e+" in text else text


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
