"""Plain rules: what they say, that it is true of all customers, and that short numbers change nothing."""

import numpy as np
import pandas as pd
import pytest

from analytics.naming import Feature
from analytics.rules import MOST_CONDITIONS, find_rules, shortest
from warehouse.connection import Snapshot

INCOME, SCORE = Feature("annual_income_k", "income", "k$"), Feature("spending_score", "score", "1–100")


def rules(features, values, labels, weights=None, categories=None):
    """(words, SQL) of every label."""
    given = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=float)
    found = find_rules(features, categories or {}, np.asarray(values, dtype=float), np.asarray(labels), given)
    return [(rule.words, rule.sql) for rule in found]


def test_a_rule_is_a_few_conditions_in_ordinary_units():
    """Corners of a grid are told by two conditions each; a unit that is a range is not repeated."""
    values = [(income, score) for income in (20, 30, 70, 90) for score in (10, 20, 62, 80)]
    labels = [2 * (income >= 70) + (score >= 62) for income, score in values]
    assert rules([INCOME, SCORE], values, labels) == [
        ("income < 50 k$ and score < 40", "annual_income_k < 50 and spending_score < 40"),
        ("income < 50 k$ and score ≥ 40", "annual_income_k < 50 and spending_score >= 40"),
        ("income ≥ 50 k$ and score < 40", "annual_income_k >= 50 and spending_score < 40"),
        ("income ≥ 50 k$ and score ≥ 40", "annual_income_k >= 50 and spending_score >= 40"),
    ]


def test_what_lies_between_has_both_bounds():
    """Two conditions on one feature are one phrase, and large numbers are written out."""
    values = [[value] for value in (-3_000, -2_000, -500, 1_000, 1_500_000, 2_000_000)]
    assert rules([Feature("profit", "profit", "$")], values, [0, 0, 1, 1, 2, 2]) == [
        ("profit < −1,000 $", "profit < -1000"),
        ("profit ≥ −1,000 and < 1,000,000 $", "profit >= -1000 and profit < 1000000"),
        ("profit ≥ 1,000,000 $", "profit >= 1000000"),
    ]


def test_a_category_is_named_by_its_value():
    """A 0/1 column is told by the column it comes from; a quote in the value stays a value."""
    gender = Feature("gender_is_o_neill", "gender O'Neill")
    found = rules([gender], [[1], [1], [0], [0]], [0, 0, 1, 1], categories={gender.name: ("gender", "O'Neill")})
    assert found == [("gender is O'Neill", "gender = 'O''Neill'"), ("gender is not O'Neill", "gender <> 'O''Neill'")]


def test_weights_count():
    """Of two conditions that are each wrong about one customer, the one that is wrong about the lighter is taken."""
    values, labels = [(1, 1), (1, 9), (9, 1), (9, 9)], [0, 0, 1, 1]
    corners = [(1, 1), (1, 9), (9, 1), (9, 9), (1, 9), (9, 1)]
    assert rules([INCOME, SCORE], values, labels)[0] == ("income < 5 k$", "annual_income_k < 5")
    by_score = rules([INCOME, SCORE], corners, [0, 1, 0, 1, 0, 1], [9, 9, 9, 9, 1, 1])
    assert by_score[0] == ("score < 5", "spending_score < 5")


def test_values_that_single_precision_cannot_tell_apart_are_told_apart():
    """Trees see ranks, so a difference of a billionth is a difference."""
    ((_, below), (_, above)) = rules([INCOME], [[1.0], [1.0], [1.0 + 1e-9], [1.0 + 1e-9]], [0, 0, 1, 1])
    assert below.startswith("annual_income_k < 1.00000000")
    assert above == below.replace("<", ">=")


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [(69, 70, 70), (40, 41, 41), (39.2, 40.7, 40), (56.1, 56.4, 56.2), (-3, 5, 0), (0, 1, 1), (-5, -4, -4), (1234, 5678, 3000)],
)
def test_bounds_are_short(below, above, expected):
    """The fewest digits that separate two values; the upper one may be the bound itself, the lower one not."""
    assert shortest(below, above) == expected


def test_short_bounds_separate_what_they_came_from():
    """However close two values are, the bound lies above one and at most at the other."""
    random = np.random.default_rng(3)
    for scale in 10.0 ** np.arange(-6, 13):
        for below in random.normal(size=50) * scale:
            above = np.nextafter(below, np.inf) if random.random() < 0.3 else below + abs(random.normal()) * scale * 1e-3
            assert below < shortest(below, above) <= above


@pytest.fixture(params=["sample", "mall"])
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Each of the two warehouses in turn."""
    return request.getfixturevalue(request.param)


def test_coverage_and_purity_are_what_pandas_counts(snapshot: Snapshot):
    """The stored condition, asked of all customers in pandas, gives the stored coverage and purity to the last bit."""
    customers = snapshot.frame("from features.customer_features")
    assignments = snapshot.frame("select customer_id, segmentation, algorithm, segment_id from segments.assignments")
    segments = snapshot.rows("from segments.segments")
    for segment in segments:
        members = set(
            assignments.loc[
                (assignments["segmentation"] == segment["segmentation"])
                & (assignments["algorithm"] == segment["algorithm"])
                & (assignments["segment_id"] == segment["segment_id"]),
                "customer_id",
            ]
        )
        caught = set(customers.query(segment["rule_sql"])["customer_id"])
        assert segment["rule_coverage"] == len(caught & members) / len(members)
        assert segment["rule_purity"] == len(caught & members) / len(caught)
        assert segment["rule_sql"].count(" and ") < MOST_CONDITIONS
    assert len(segments) == len(snapshot.rows("from marts.segment_profiles where rule <> '' and rule_sql <> ''"))


def test_the_rules_of_the_kaggle_file_say_who_is_meant(mall: Snapshot):
    """All five spending segments are caught by nine in ten, and nine in ten of those caught belong there."""
    rows = mall.frame("from segments.segments where segmentation = 'spending' and algorithm = 'kmeans'")
    assert len(rows) == 5
    assert pd.concat([rows["rule_coverage"], rows["rule_purity"]]).min() > 0.9
