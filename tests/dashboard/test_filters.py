"""A filter as data: what the browser may send, as SQL with bound values and as English."""

import pytest

from dashboard.filters import Dimension, english, parse, where
from warehouse.errors import InputError

DIMENSIONS = {
    "age": Dimension("age", "numeric", "Age", "years"),
    "income": Dimension("income", "numeric", "Annual income", "k$"),
    "score": Dimension("score", "numeric", "Score", "1–100"),
    "gender": Dimension("gender", "category", "Gender"),
    "spending_kmeans": Dimension("spending_kmeans", "segment", "Spending segment", names={2: "Low income"}),
}


@pytest.mark.parametrize(
    ("filters", "sql", "values", "words"),
    [
        ({}, "true", [], "everyone"),
        (None, "true", [], "everyone"),
        ({"age": {"op": "between", "value": [20, 34]}}, "(age >= ? and age < ?)", [20, 34], "age 20 to under 34 years"),
        ({"gender": {"op": "in", "value": ["F", "M"]}}, "gender in (?, ?)", ["F", "M"], "gender F or M"),
        (
            {"spending_kmeans": {"op": "in", "value": [2, 9]}},
            "spending_kmeans in (?, ?)",
            [2, 9],
            "spending segment Low income or segment 9",
        ),
        (
            {"income": {"op": "between", "value": [1234567.5, 3 * 0.1]}},
            "(income >= ? and income < ?)",
            [1234567.5, 3 * 0.1],
            "annual income 1,234,567.5 to under 0.3 k$",
        ),
        ({"score": {"op": "between", "value": [-1, 3]}}, "(score >= ? and score < ?)", [-1, 3], "score −1 to under 3"),
        (
            {"age*income": {"op": "box", "value": [[20, 30], [0, 40]]}, "gender": {"op": "in", "value": ["F"]}},
            "((age >= ? and age < ?) and (income >= ? and income < ?)) and gender in (?)",
            [20, 30, 0, 40, "F"],
            "age 20 to under 30 years and annual income 0 to under 40 k$, gender F",
        ),
    ],
)
def test_a_filter_is_sql_values_and_words(filters, sql, values, words):
    """Every operator gives its SQL, its values and its English."""
    clauses = parse(filters, DIMENSIONS)
    assert where(clauses) == (sql, values)
    assert english(clauses) == words


@pytest.mark.parametrize(
    "filters",
    [
        "age > 3",
        [1],
        {"age": None},
        {"age": {"op": "drop", "value": [1, 2]}},
        {"age": {"op": ["between"], "value": [1, 2]}},
        {"age": {"op": "between", "value": [1]}},
        {"age": {"op": "between", "value": ["a", "b"]}},
        {"age": {"op": "between", "value": None}},
        {"age": {"op": "between", "value": ["1", "2"]}},
        {"age": {"op": "between", "value": [True, 2]}},
        {"age": {"op": "between", "value": [10**400, 2]}},
        {"age": {"op": "between", "value": [float("nan"), 2]}},
        {"age": {"op": "between", "value": [1, float("inf")]}},
        {"age": {"op": "in", "value": [1]}},
        {"gender": {"op": "between", "value": [1, 2]}},
        {"gender": {"op": "in", "value": []}},
        {"gender": {"op": "in", "value": [1]}},
        {"gender": {"op": "in", "value": "Female"}},
        {"gender": {"op": "in", "value": ["\ud800"]}},
        {"spending_kmeans": {"op": "in", "value": ["1 or true"]}},
        {"spending_kmeans": {"op": "in", "value": [True]}},
        {"spending_kmeans": {"op": "in", "value": [10**30]}},
        {"spending_kmeans": {"op": "in", "value": [-1]}},
        {"age*gender": {"op": "box", "value": [[1, 2], [1, 2]]}},
        {"age*income": {"op": "box", "value": [[1, 2]]}},
        {"1=1; drop table marts.customers": {"op": "in", "value": ["x"]}},
    ],
)
def test_what_is_not_ours_is_refused(filters):
    """Nothing that the browser makes up reaches the SQL; it is refused as bad input."""
    with pytest.raises(InputError):
        parse(filters, DIMENSIONS)
