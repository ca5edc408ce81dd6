"""What the Segments page tells where no number of few customers may be told."""

import json

import pytest

from dashboard import queries
from dashboard.counts import hidden
from dashboard.pages import segments
from dashboard.theme import LIGHT
from warehouse.connection import Snapshot


def page(db: Snapshot, smallest: int | None) -> str:
    content = segments.content(db, queries.known_run(db, "spending", "kmeans"), LIGHT, smallest=smallest)
    return json.dumps(content, default=lambda part: part.to_plotly_json(), ensure_ascii=False)


@pytest.mark.parametrize("smallest", [5, 23, 30])
def test_small_segments_are_left_out_and_so_is_what_would_give_them_away(mall: Snapshot, smallest: int):
    """Of the others there are cards, and no rules, quartiles or pictures of customers; the page says how many are not shown."""
    rows = queries.segments(mall, "spending", "kmeans")
    sizes = hidden([row["size"] for row in rows], smallest)
    told = page(mall, smallest)
    for row, size in zip(rows, sizes, strict=True):
        assert (f'"{row["segment_name"]}"' in told) is (size is not None)
    gone = sizes.count(None)
    assert ("not shown: of few customers nothing is told" in told) is (gone > 0)
    assert not any(word in told for word in ("middle half", "every customer", "belong to it"))


def test_whoever_may_see_customers_sees_all_of_it(mall: Snapshot):
    """Every segment, with its rule and its quartiles."""
    told = page(mall, None)
    assert all(f'"{row["segment_name"]}"' in told for row in queries.segments(mall, "spending", "kmeans"))
    assert all(word in told for word in ("middle half", "every customer", "belong to it"))


def test_where_nothing_may_be_told_the_page_says_so(mall: Snapshot):
    """No empty cards and charts."""
    assert "nothing is told of them" in page(mall, 1_000)
