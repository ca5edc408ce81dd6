"""How often chance alone gives an alert: customers drawn again and again from populations in which nothing changes."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import duckdb
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from analytics.alert_words import Told
from analytics.alerts import DEVIATIONS, FALSE_ALARMS, FEWEST, SHARE_OF_ALL, SHARE_OF_SEGMENT, Change, beyond_chance
from analytics.hierarchical import fit_ward
from analytics.kmeans import fit_kmeans
from analytics.methods import METHODS
from analytics.points import Floats, Points
from analytics.run import Segmentation, run
from analytics.stability import RESAMPLES, bootstrap
from tests.helpers import HEADER, featured
from warehouse.build import build

Draw = Callable[[np.random.Generator, int], Floats]


def _clumps(centres: list[tuple[float, float]], shares: list[float], spread: float) -> Draw:
    def draw(random: np.random.Generator, count: int) -> Floats:
        own = random.choice(len(centres), count, p=shares)
        return np.array(centres)[own] + random.normal(0, spread, (count, 2))

    return draw


CROSS = [(55, 50), (25, 80), (25, 20), (88, 80), (88, 20)]
POPULATIONS: dict[str, tuple[Draw, int]] = {
    "cross": (_clumps(CROSS, [0.4, 0.12, 0.12, 0.18, 0.18], 7), 5),
    "overlapping": (_clumps([(40, 40), (60, 40), (50, 58)], [1 / 3] * 3, 6), 3),
    "square": (lambda random, count: random.uniform(1, 99, (count, 2)), 5),
    "one crowd": (lambda random, count: random.normal(50, 12, (count, 2)), 4),
}
"""How customers are drawn, and into how many segments they are cut: groups that are there, and none."""


def _estimates(values: Floats, k: int, algorithm: str, random: np.random.Generator) -> tuple[Floats, Floats]:
    """(k, 1 + d) twice: share and means of each segment in ordinary units, and their errors."""
    deviations = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / deviations
    points = Points.of_customers(scaled)
    labels = fit_kmeans(points, k, 7) if algorithm == "kmeans" else fit_ward(points).cut(k)
    found = bootstrap(scaled, np.ones(len(scaled)), labels, k, METHODS[algorithm], random)
    means = np.array([values[labels == label].mean(axis=0) for label in range(k)])
    shares = np.bincount(labels) / len(labels)
    return np.column_stack([shares, means]), np.column_stack([found.share_error, found.mean_error * deviations])


def _changes(before: tuple[Floats, Floats], now: tuple[Floats, Floats], count: int, deviations: Floats) -> list[Change]:
    """Every share and mean of two draws, the segments matched by their centres."""
    apart = np.linalg.norm((before[0][:, None, 1:] - now[0][None, :, 1:]) / deviations, axis=2)
    found = []
    for first, second in zip(*linear_sum_assignment(apart), strict=True):
        asked = min(before[0][first, 0], now[0][second, 0]) * count
        smallest = [max(SHARE_OF_ALL, SHARE_OF_SEGMENT * before[0][first, 0]), *(DEVIATIONS * deviations)]
        errors = np.hypot(before[1][first], now[1][second])
        differences = now[0][second] - before[0][first]
        for difference, error, least in zip(differences.tolist(), errors.tolist(), smallest, strict=True):
            if asked >= FEWEST:
                found.append(Change(Told("size", 1, 0, 0), difference, error, min(RESAMPLES, asked) - 1, least))
    return found


@pytest.mark.parametrize("algorithm", METHODS)
@pytest.mark.parametrize("name", POPULATIONS)
def test_the_errors_are_those_of_other_customers(name: str, algorithm: str) -> None:
    """Differences of independent draws are about as large as their errors say, at most a fifth larger, and none is an alert."""
    draw, k = POPULATIONS[name]
    random = np.random.default_rng(4)
    draws = [draw(random, 300) for _ in range(13)]
    estimates = [_estimates(values, k, algorithm, random) for values in draws]
    ratios = []
    for before, now in pairwise(estimates):
        changes = _changes(before, now, 300, draws[0].std(axis=0))
        ratios += [change.difference / change.error for change in changes]
        assert [change for change, _ in beyond_chance(changes, FALSE_ALARMS / 2) if abs(change.difference) >= change.smallest] == []
    assert 0.4 < float(np.sqrt(np.mean(np.square(ratios)))) < 1.2


@pytest.mark.soak
@pytest.mark.parametrize("share_new", [1.0, 0.1])
@pytest.mark.parametrize("name", POPULATIONS)
def test_chance_alone_is_rarely_told(connection: duckdb.DuckDBPyConnection, write, name: str, share_new: float) -> None:
    """Runs of 400 customers, all of them others than before or a tenth: hardly any is alarmed, whatever k is chosen."""
    draw, _ = POPULATIONS[name]
    random, runs, kinds, alarmed = np.random.default_rng(8), 60, Counter[str](), 0
    people: list[str] = []
    for run_id in range(1, runs + 2):
        fresh = [f"{x:.3f},{y:.3f}" for x, y in draw(random, 400)]
        people = [
            new if not people or random.random() < share_new else people[place] for place, new in enumerate(_named(fresh, run_id))
        ]
        featured(connection, write(HEADER + "".join(people)))
        if run_id == 1:
            build(connection, ["segments"])
        connection.execute("delete from segments.assignments; delete from segments.merges")
        run(connection, run_id, [Segmentation("spending", "Spending", ("annual_income_k", "spending_score"))])
        told = connection.execute("select kind from segments.alerts where run_id = ?", [run_id]).fetchall()
        kinds.update(kind for (kind,) in told)
        alarmed += any(kind in ("size", "profile", "rejects") for (kind,) in told)
    print(f"\n{name}, {share_new:.0%} new: {alarmed} of {runs} runs with a size or mean; {dict(kinds)}")
    assert alarmed <= 2


def _named(values: list[str], run_id: int) -> list[str]:
    return [f"{run_id}-{place},Male,30,{each}\n" for place, each in enumerate(values)]
