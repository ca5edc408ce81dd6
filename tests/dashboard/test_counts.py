"""The counts that viewers get: what DuckDB says, but for what is of few customers."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import queries
from dashboard.app import create_app
from dashboard.counts import counts, frame, hidden, hidden_table, told
from dashboard.filters import parse, where
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError
from warehouse.settings import Settings

AGES, WOMEN = {"age": {"op": "between", "value": [30, 40]}}, {"gender": {"op": "in", "value": ["Female"]}}
SOME = [
    {},
    AGES,
    WOMEN,
    {"gender": {"op": "not_in", "value": ["Female"]}},
    {"spending_kmeans": {"op": "in", "value": [1, 2]}},
    AGES | WOMEN,
    {"annual_income_k*spending_score": {"op": "box", "value": [[40, 80], [40, 60]]}} | WOMEN,
]


def asked(db: Snapshot, chosen: dict, own: str | None = None) -> tuple[str, list]:
    """The condition of the filters on marts.customers, but for one."""
    return where(parse({name: each for name, each in chosen.items() if name != own}, queries.dimensions(db)))


@pytest.mark.parametrize("chosen", SOME, ids=json.dumps)
def test_what_is_told_is_what_duckdb_says(sample, chosen):
    """Every number of every view, under every filter but its own, by the customers themselves; what is not told is small, or would
    give away what is."""
    smallest = 20
    found = counts(sample, chosen, smallest)
    condition, values = asked(sample, chosen)
    total = sample.value("select count(*) from marts.customers")
    assert found["count"] == sample.value(f"select count(*) from marts.customers where {condition}", values)
    assert found["means"]["age"] == pytest.approx(sample.value(f"select avg(age) from marts.customers where {condition}", values))
    for name, told_of in found["bins"].items():
        condition, values = asked(sample, chosen, own=name)
        bins = sample.rows("from marts.crossfilter_bins where dimension = ? order by bin", (name,))
        kinds = {"lower_edge": f"{name} >= ? and {name} < ?", "category": f"{name} = ?", "segment_id": f"{name} = ?"}
        own = next(kind for kind in kinds if bins[0][kind] is not None)
        exact = [
            sample.value(
                f"select count(*) from marts.customers where {condition} and {kinds[own]}",
                [*values, row[own], *([row["upper_edge"]] if own == "lower_edge" else [])],
            )
            for row in bins
        ]
        assert told_of == (hidden(exact, smallest) if told(sum(exact), total, smallest) is not None else [None] * len(exact))
        assert all(count is None or count == 0 or count >= smallest for count in told_of)


def test_few_customers_are_told_nothing_of(sample):
    """Neither where few are left, nor where few are left out."""
    (youngest,) = sample.rows("select min(age) as age from marts.customers")
    edges = frame(sample, 5)["dimensions"][0]["edges"]
    assert edges[0] <= youngest["age"]
    few = sample.value("select count(*) from marts.customers where age < ?", (edges[1],))
    assert few > 0
    for limits in (edges[:2], [edges[1], edges[-1]]):
        found = counts(sample, {"age": {"op": "between", "value": limits}}, few + 1)
        assert found["count"] is None
        assert set(found["means"].values()) == {None}
        assert set(found["bins"]["gender"]) == {None}


def test_the_frame_has_no_cells(sample):
    """Neither the bins of cells nor their sums, nor a mean of a segment."""
    text = frame(sample, 5)
    assert (text["count"], set(map(len, text["bins"].values())), set(map(len, text["sums"].values()))) == ([], {0}, {0})
    assert all(segment["means"] == {} for one in text["clusterings"] for segment in one["segments"])
    assert text["everyone"]["count"] == text["customers"]


def is_safe(exact: list[int], shown: list[int | None], smallest: int) -> bool:
    """Whether nothing small can be told from these and their sum: a small one that is not told has a larger one with it."""
    assert all(count in (None, each) for count, each in zip(shown, exact, strict=True))
    away = [each for each, count in zip(exact, shown, strict=True) if count is None]
    assert not any(0 < (count or 0) < smallest for count in shown)
    return all(each >= smallest for each in away) or max(away, default=0) >= smallest or not any(shown)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=12), st.integers(1, 12))
def test_nothing_small_can_be_told_from_sums(bins, smallest):
    """Of all bins, of those that a filter of their dimension leaves, and of the others."""
    exact, chosen = [count for count, _ in bins], np.array([is_chosen for _, is_chosen in bins], dtype=bool)
    found = hidden(exact, smallest, chosen)
    parts = [[place for place, is_chosen in enumerate(chosen) if is_chosen is np.bool_(wanted)] for wanted in (True, False)]
    for part in [*parts, list(range(len(exact)))]:
        assert is_safe([exact[place] for place in part], [found[place] for place in part], smallest)
    if all(count == 0 or count >= smallest for count in exact):
        assert found == exact


def test_small_bins_alone_have_a_larger_one_hidden_with_them():
    """Five hidden bins whose sum is five are one customer each, and two whose sum is eight four each."""
    assert hidden([1, 1, 1, 1, 1, 100, 200], 5) == [None, None, None, None, None, None, 200]
    assert hidden([4, 4, 100], 5) == [None, None, None]
    assert hidden([0, 7, 9], 5) == [0, 7, 9]


def test_the_count_of_a_selection_does_not_tell_a_bin_of_it(sample):
    """The bins of a filtered dimension add up to the count, so that one that is small takes another one of the selection along."""
    edges = next(each for each in frame(sample, 5)["dimensions"] if each["name"] == "annual_income_k")["edges"]
    for place in range(1, len(edges)):
        found = counts(sample, {"annual_income_k": {"op": "between", "value": [edges[0], edges[place]]}}, 30)
        told_of = found["bins"]["annual_income_k"][:place]
        assert found["count"] is None or None not in told_of or told_of.count(None) > 1


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 30), min_size=3, max_size=3), st.booleans()), min_size=2, max_size=6),
    st.integers(2, 12),
)
def test_nothing_small_can_be_told_from_a_table(rows, smallest):
    """Neither along a row nor along a column, whose sums are known, also where rows are left out."""
    exact, is_told = [row for row, _ in rows], [told for _, told in rows]
    found = hidden_table(exact, smallest, is_told)
    assert all(not any(row) for row, told in zip(found, is_told, strict=True) if not told)
    for line, shown in [*zip(exact, found, strict=True), *zip(zip(*exact, strict=True), zip(*found, strict=True), strict=True)]:
        assert is_safe(list(line), list(shown), smallest)


@pytest.mark.parametrize(
    "chosen", [3, [], {"age": 3}, {"nothing": {"op": "in", "value": ["x"]}}, {"age": {"op": "between", "value": ["a", 1]}}]
)
def test_filters_that_are_none_of_ours_are_refused(sample, published, chosen):
    """By the function, and by the address."""
    with pytest.raises(InputError):
        counts(sample, chosen, 5)
    client = create_app(Settings(warehouse=published)).server.test_client()
    assert client.post("/cube/1/counts", json={"filters": chosen}).status_code == 400
    assert client.post("/cube/1/counts", json=[]).status_code == 200
    assert client.get("/cube/99/frame.json").status_code == 404


def test_a_version_keeps_its_cells_once(published):
    """They are read for the first question, and not again."""
    db = Warehouse(published).snapshot()
    counts(db, None, 5)
    assert db.once("cells", lambda _: None) is not None
