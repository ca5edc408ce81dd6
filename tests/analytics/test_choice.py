"""The rule that chooses the number of segments, on data whose number is known."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from analytics.batch import fit_batch
from analytics.choice import Choice, choose_k
from analytics.evidence import Evaluation, evaluate
from analytics.methods import METHODS
from analytics.points import Floats, Points
from analytics.support import Support, material, measure
from tests.analytics.planted import Planted, planted


def chosen(values: Floats, fixed: int | None = None, k_max: int = 10) -> Choice:
    """What the rule says of customers (n, d) by K-Means."""
    points, random = Points.of_customers(values), np.random.default_rng(7)
    ones = np.ones((1, len(values)))
    evaluations = [evaluate(points, fit_batch(values, ones, k, random, starts=10).labels[0]) for k in range(2, k_max + 1)]
    inertia = {1: points.inertia(np.zeros(len(values), dtype=np.int64)), **{one.k: one.inertia for one in evaluations}}
    supports = measure(material(points, random), METHODS["kmeans"], {k: sum_ / len(values) for k, sum_ in inertia.items()}, random)
    return choose_k(evaluations, supports, fixed)


def answers(one: Planted) -> dict[str, int]:
    """The number of groups by the rule, and by each index alone; 1 where it sees none."""
    choice = chosen(one.values)
    return {"rule": choice.k if choice.is_clear else 1, **choice.alone}


def right(sets: Sequence[Planted], found: Sequence[dict[str, int]]) -> Counter[str]:
    """How often the rule, and each index alone, find the number that was planted; none is right where there is none."""
    return Counter(by for one, own in zip(sets, found, strict=True) for by, k in own.items() if k == one.k)


@pytest.mark.soak
def test_the_rule_is_right_more_often_than_any_index() -> None:
    """On the smaller data sets, with none to 6 groups, the rule finds the truth more often than each of five indices alone."""
    sets = [one for one in planted(0) if len(one.values) <= 360]
    assert len(sets) >= 12
    found = right(sets, [answers(one) for one in sets])
    assert found.pop("rule") > max(found.values())


@pytest.mark.soak
def test_the_rule_is_right_more_often_over_many_draws() -> None:
    """The same on three draws of all 23 sets, with up to 8 groups and 10 features; every answer is printed."""
    sets = [one for seed in range(3) for one in planted(seed)]
    found = [answers(one) for one in sets]
    print(
        "",
        ("planted", "groups", *found[0]),
        *((one.name, one.k, *own.values()) for one, own in zip(sets, found, strict=True)),
        sep="\n",
    )
    count = right(sets, found)
    print(f"right of {len(sets)}: {count.most_common()}")
    assert count.pop("rule") > max(count.values())


def test_noise_is_not_clear_and_is_offered_all_the_same() -> None:
    """Of customers spread evenly the rule says that there are no clear segments, and still offers a partition."""
    choice = chosen(np.random.default_rng(3).uniform(size=(150, 2)), k_max=4)
    assert not choice.is_clear
    assert 2 <= choice.k <= 4
    assert choice.reason.startswith(f"{choice.k}, the most reproducible of 2 to 4, but there are no clear segments: ")


def test_a_person_decides_and_hears_the_evidence() -> None:
    """A fixed k is taken and said to be a person's; what the evidence would choose stands beside it."""
    corners = next(one for one in planted(1) if one.name == "4 at corners")
    choice = chosen(corners.values, fixed=3, k_max=5)
    assert (choice.k, choice.chosen_by) == (3, "person")
    assert choice.reason.startswith("3, because a person fixed it (silhouette ")
    assert "the evidence would choose 4, because its silhouette of " in choice.reason


def told(*rows: tuple[int, float, float]) -> tuple[list[Evaluation], dict[int, Support]]:
    """The evidence for some k: the silhouette, with an error of 0.01, 0.2 without groups, and the strength, with one of 0.02."""
    support = Support(0, 0, 1, 0, 0.2, 0.01)
    nothing = np.zeros(0)
    evaluations = [Evaluation(k, nothing, nothing, 0, silhouette, 0.01, 0, 0, 9, nothing, nothing) for k, silhouette, _ in rows]
    strengths = {k: replace(support, prediction_strength=strength, prediction_strength_error=0.02) for k, _, strength in rows}
    return evaluations, {1: support, **strengths}


def test_one_customer_is_no_clear_segment() -> None:
    """However far out they are."""
    evaluations, supports = told((2, 0.9, 0.95), (3, 0.5, 0.9))
    lonely = [replace(evaluations[0], smallest_segment=1), evaluations[1]]
    assert (choose_k(evaluations, supports).k, choose_k(lonely, supports).k) == (2, 3)
    choice = choose_k(lonely[:1], supports)
    assert not choice.is_clear
    assert "every partition that would be one, such as 2, has a segment of a single customer" in choice.reason


@pytest.mark.parametrize(
    ("rows", "alone", "after"),
    [
        ([(4, 0.40, 0.90), (6, 0.45, 0.79)], 6, 4),  # 6 is reproducible within its error only
        ([(4, 0.40, 0.90), (6, 0.45, 0.81)], 6, 6),
        ([(4, 0.40, 0.90), (6, 0.42, 0.81)], 6, 4),  # and not higher beyond two errors
        ([(4, 0.40, 0.77), (6, 0.42, 0.90)], 6, 4),  # 4 is reproducible within two errors still
        ([(4, 0.40, 0.70), (6, 0.41, 0.79)], 6, 6),  # 4 is clear no more
        ([(4, 0.40, 0.70), (6, 0.45, 0.72)], 6, 4),  # neither is clear
        ([(4, 0.40, 0.60), (6, 0.45, 0.72)], 6, 6),
        ([(6, 0.45, 0.90), (7, 0.40, 0.90)], 6, 6),  # 4 was not tried
    ],
)
def test_the_last_k_stays_unless_another_is_surely_better(rows: list[tuple[int, float, float]], alone: int, after: int) -> None:
    """Four segments before: what the customers alone say, and what comes of it."""
    evaluations, supports = told(*rows)
    assert choose_k(evaluations, supports).k == alone
    choice = choose_k(evaluations, supports, last=4)
    assert choice.k == after
    assert choice.is_clear == any(strength > 0.76 for k, _, strength in rows if k == after)
    assert choice.reason.startswith("4, as in the run before") == (after == 4)
    assert choose_k(evaluations, supports, fixed=6, last=4).k == 6
