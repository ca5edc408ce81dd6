"""Customers whose true number of groups is known: blobs of every kind, and none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.points import Floats


@dataclass(frozen=True)
class Planted:
    """A data set with a known answer."""

    name: str
    """What it is like."""
    k: int
    """The true number of groups; 1 where there are none."""
    values: Floats
    """(n, d): the customers, each feature scaled to mean 0 and standard deviation 1."""


def planted(seed: int) -> list[Planted]:
    """The data sets, drawn with a seed: blobs of equal and unequal size and spread, overlapping, elongated, and none."""
    random = np.random.default_rng(seed)

    def blobs(
        name: str, centres: Sequence[Sequence[float]] | Floats, sizes: Sequence[int], spreads: Sequence[float | Sequence[float]]
    ) -> Planted:
        clouds = [
            random.normal(size=(size, len(centre))) * np.asarray(spread) + np.asarray(centre)
            for centre, size, spread in zip(centres, sizes, spreads, strict=True)
        ]
        return Planted(name, len(sizes), _scaled(np.concatenate(clouds)))

    def none(name: str, values: Floats) -> Planted:
        return Planted(name, 1, _scaled(values))

    corners = [(0, 0), (6, 0), (0, 6), (6, 6)]
    cube = random.permutation(np.array([(0, 0, 0), (5, 0, 0), (0, 5, 0), (0, 0, 5), (5, 5, 0), (5, 5, 5.0)]))
    leaning = np.array([[1, 0.8, 0.3], [0, 1, 0.5], [0, 0, 0.5]])
    cross = [(0, 0), (3.5, 3.5), (-3.5, 3.5), (3.5, -3.5), (-3.5, -3.5)]
    return [
        blobs("3 alike", [(0, 0), (6, 0), (3, 5)], [100] * 3, [1] * 3),
        blobs("4 at corners", corners, [80] * 4, [1] * 4),
        blobs("5 in a cross, unequal", cross, [80, 35, 22, 35, 23], [0.75, 0.9, 0.7, 0.9, 0.7]),
        blobs("4 of unequal size", [(0, 0), (7, 0), (0, 7), (7, 7)], [400, 100, 60, 30], [1] * 4),
        blobs("3 of unequal spread", [(0, 0), (8, 0), (4, 7)], [150] * 3, [0.5, 1, 2]),
        blobs("3 overlapping", [(0, 0), (4, 0), (2, 3.5)], [150] * 3, [1] * 3),
        blobs("2 close", [(0, 0), (4, 0)], [150] * 2, [1] * 2),
        blobs("2 elongated", [(0, 0), (0, 6)], [150] * 2, [(3, 0.7)] * 2),
        blobs("3 elongated, 3 features", [(0, 0, 0), (0, 7, 0), (0, 0, 7)], [120] * 3, [(2.5, 0.8, 0.8)] * 3),
        blobs("6, 3 features", cube, [60] * 6, [1] * 6),
        blobs("8 on a grid", [(place % 4 * 5, place // 4 * 5) for place in range(8)], [60] * 8, [1] * 8),
        blobs("7, 5 features", random.normal(size=(7, 5)) * 4, [60] * 7, [1] * 7),
        blobs("4, 10 features", random.normal(size=(4, 10)) * 2, [80] * 4, [1] * 4),
        blobs("8 unequal, 10 features", random.normal(size=(8, 10)) * 3, [120, 100, 80, 60, 50, 40, 30, 25], [1] * 8),
        blobs("2 pairs far apart", [(0, 0), (3.8, 0), (14, 0), (17.8, 0)], [100] * 4, [0.8] * 4),
        blobs("2, 900 against 100", [(0, 0), (7, 0)], [900, 100], [1, 1]),
        none("uniform, 2 features", random.uniform(size=(300, 2))),
        none("uniform, 5 features", random.uniform(size=(300, 5))),
        none("one Gaussian, 2 features", random.normal(size=(300, 2))),
        none("one Gaussian, correlated", random.normal(size=(300, 3)) @ leaning),
        none("one Gaussian, 10 features", random.normal(size=(400, 10))),
        none("one lognormal", np.exp(random.normal(size=(400, 2)) * 0.7)),
        none("uniform, 60 customers", random.uniform(size=(60, 2))),
    ]


def _scaled(values: Floats) -> Floats:
    scaled: Floats = (values - values.mean(axis=0)) / values.std(axis=0)
    return scaled
