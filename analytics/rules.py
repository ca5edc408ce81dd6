"""A plain rule per segment: a few conditions in ordinary units that catch most of it and little else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from sklearn.tree import DecisionTreeClassifier

from analytics.draw import COUNT, number_of
from analytics.naming import Feature
from analytics.points import Floats, Labels
from warehouse.connection import literal

MOST_CONDITIONS = 3
"""Depth of the trees, and so the most conditions of a rule."""
DRAWN_PER_SEGMENT = 2_000
"""Customers of each segment that the trees are grown from; of a smaller one all."""
_AS_GOOD = 0.01
"""A rule with fewer conditions is taken where none is better than it by more than this F1."""
_SEED = 0
_NO_BOUNDS = (-np.inf, np.inf)

Category = tuple[str, str]
"""What a 0/1 column stands for: a category column and its value."""
Bounds = Mapping[int, tuple[float, float]]
"""By the column of a feature, where it lies: at the first or above it, and below the second."""


@dataclass(frozen=True)
class Rule:
    """Who is in a segment, roughly."""

    words: str
    """In plain words: "income ≥ 70 k$ and score ≥ 62"."""
    sql: str
    """The same as a condition on features.customer_features."""


def find_rules(
    features: Sequence[Feature], categories: Mapping[str, Category], values: Floats, labels: Labels, weights: Floats
) -> list[Rule]:
    """A rule per label 0 … k - 1.

    `values` (n, d) are customers in ordinary units, `labels` (n,) their segments, `weights` (n,) how many each stands for;
    `categories` has the features that are 0/1 columns. A rule is a node of a decision tree (Breiman et al. 1984) of depth 3 or
    less, one segment against the others: that with the highest F1, the harmonic mean of coverage and purity, or one of fewer
    conditions that is nearly as good. Two trees are grown, by the weights and with both sides made equal: the second finds small
    segments.
    """
    return [_rule(features, categories, _best(values, labels == label, weights)) for label in range(int(labels.max()) + 1)]


def write_rules(connection: duckdb.DuckDBPyConnection, segmentation: str, algorithm: str, features: Sequence[Feature]) -> None:
    """Give the segments of the newest run, whose assignments must be written, their rules; the caller has them counted."""
    encoded = connection.execute("select encoded_column, column_name, value from features.category_encoding").fetchall()
    categories = {name: (column, value) for name, column, value in encoded}
    drawn = _draw(connection, segmentation, algorithm, [_sql_of(feature.name, categories) for feature in features])
    values = np.column_stack([drawn[f"feature_{place}"] for place in range(len(features))])
    segment_ids, labels = np.unique(drawn["segment_id"], return_inverse=True)
    rules = find_rules(features, categories, values, labels, drawn["weight"])
    connection.executemany(
        "update segments.segments set rule = $rule, rule_sql = $rule_sql "
        "where run_id = (select max(run_id) from segments.runs) "
        "and segmentation = $segmentation and algorithm = $algorithm and segment_id = $segment_id",
        [
            {
                "rule": rule.words,
                "rule_sql": rule.sql,
                "segmentation": segmentation,
                "algorithm": algorithm,
                "segment_id": int(segment_id),
            }
            for segment_id, rule in zip(segment_ids, rules, strict=True)
        ],
    )


def _draw(connection: duckdb.DuckDBPyConnection, segmentation: str, algorithm: str, columns: Sequence[str]) -> Mapping[str, Any]:
    """Customers of every segment, the same ones every time: segment_id, weight, and their features feature_0, feature_1, …"""
    selected = ", ".join(f"cast({column} as double) as feature_{place}" for place, column in enumerate(columns))
    return connection.execute(
        f"""
        with members as (
            select segment_id, customer_id, {number_of("customer_id")} as place
            from segments.assignments
            where segmentation = $segmentation and algorithm = $algorithm
        ),

        sizes as (
            select segment_id, count(*) as size
            from members
            group by segment_id
        ),

        -- most of a large segment are passed over before the first are looked for
        drawn as (
            select segment_id, size, unnest(arg_min(customer_id, place, {DRAWN_PER_SEGMENT})) as customer_id
            from members
            inner join sizes using (segment_id)
            where place <= {COUNT * 3 * DRAWN_PER_SEGMENT}e0 / size
            group by segment_id, size
        )

        select
            drawn.segment_id,
            drawn.size / count(*) over (partition by drawn.segment_id) as weight,
            {selected}
        from drawn
        inner join features.customer_features as customers using (customer_id)
        order by customer_id
        """,
        {"segmentation": segmentation, "algorithm": algorithm},
    ).fetchnumpy()


def _sql_of(feature: str, categories: Mapping[str, Category]) -> str:
    if feature not in categories:
        return feature
    column, value = categories[feature]
    return f"{column} = {literal(value)}"


def _best(values: Floats, is_own: np.ndarray, weights: Floats) -> Bounds:
    """The bounds of the node that serves best."""
    # Trees see ranks, which they cut as they would the values: scikit-learn's single precision cannot tell all values apart.
    ranks = np.column_stack([np.unique(column, return_inverse=True)[1] for column in values.T])
    found: list[tuple[float, Bounds]] = []
    for balance in (None, "balanced"):
        tree = DecisionTreeClassifier(max_depth=MOST_CONDITIONS, class_weight=balance, random_state=_SEED)
        tree.fit(ranks, is_own, sample_weight=weights)
        for caught, bounds in _nodes(tree, ranks, values):
            hits = weights[caught & is_own].sum()
            found.append((2 * hits / (weights[caught].sum() + weights[is_own].sum()), bounds))
    best = max(score for score, _ in found)
    good = [(score, bounds) for score, bounds in found if score >= best - _AS_GOOD]
    return min(good, key=lambda each: (_count(each[1]), -each[0]))[1]


def _nodes(tree: DecisionTreeClassifier, ranks: np.ndarray, values: Floats) -> Iterator[tuple[np.ndarray, Bounds]]:
    """Every node but the root: who is in it (n,), and its bounds, each as short a number as the customers at the split allow."""
    grown = tree.tree_
    open_nodes: list[tuple[int, np.ndarray, Bounds]] = [(0, np.ones(len(values), dtype=bool), {})]
    while open_nodes:
        node, inside, bounds = open_nodes.pop()
        if bounds:
            yield inside, bounds
        if grown.children_left[node] == grown.children_right[node]:  # a leaf
            continue
        column = int(grown.feature[node])
        is_left = ranks[:, column] <= grown.threshold[node]
        cut = shortest(values[inside & is_left, column].max(), values[inside & ~is_left, column].min())
        low, high = bounds.get(column, _NO_BOUNDS)
        open_nodes.append((grown.children_right[node], inside & ~is_left, {**bounds, column: (cut, high)}))
        open_nodes.append((grown.children_left[node], inside & is_left, {**bounds, column: (low, cut)}))


def shortest(below: float, above: float) -> float:
    """The number with the fewest digits that is greater than `below` and at most `above`; the nearest to the middle of such."""
    middle = (below + above) / 2
    coarsest = -int(np.floor(np.log10(max(abs(below), abs(above))))) - 1
    for digits in range(coarsest, coarsest + 18):
        unit = 10.0**-digits
        near = [round((round(middle / unit) + step) * unit, max(digits, 0)) for step in (-1, 0, 1)]
        fitting = [number for number in near if below < number <= above]
        if fitting:
            return float(min(fitting, key=lambda number: abs(number - middle)))
    return above


def _count(bounds: Bounds) -> int:
    return sum(bool(np.isfinite(bound)) for pair in bounds.values() for bound in pair)


def _rule(features: Sequence[Feature], categories: Mapping[str, Category], bounds: Bounds) -> Rule:
    """The bounds in words and in SQL, in the order of the features."""
    words, sql = [], []
    for column, (low, high) in sorted(bounds.items()):
        feature = features[column]
        if feature.name in categories:
            name, value = categories[feature.name]
            has_it = np.isfinite(low)
            words.append(f"{feature.short.removesuffix(value)}is {'' if has_it else 'not '}{value}")
            sql.append(f"{name} {'=' if has_it else '<>'} {literal(value)}")
            continue
        conditions = [(sign, bound) for sign, bound in ((">=", low), ("<", high)) if np.isfinite(bound)]
        told = " and ".join(f"{sign.replace('>=', '≥')} {bound:,.15g}".replace("-", "−") for sign, bound in conditions)
        unit = f" {feature.unit}" if feature.unit and "–" not in feature.unit else ""
        words.append(f"{feature.short} {told}{unit}")
        sql += [f"{feature.name} {sign} {np.format_float_positional(bound, trim='-')}" for sign, bound in conditions]
    return Rule(" and ".join(words), " and ".join(sql))
