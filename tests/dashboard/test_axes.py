"""Which two numbers a clustering is drawn by, from literal profiles."""

import pytest

from dashboard.axes import axes

THIRDS = [{"segment_id": each, "share": 1 / 3} for each in (1, 2, 3)]


def profiles(**effects: list[float]) -> list[dict]:
    """Rows by feature and segment."""
    return [
        {"feature": name, "segment_id": place, "effect_size": effect}
        for name, row in effects.items()
        for place, effect in enumerate(row, start=1)
    ]


FOUR = profiles(a=[0, 0, 0], b=[1, -1, 0], c=[0, 0.6, -0.6], d=[0.9, -0.9, 0])


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ("ab", ["a", "b"]),
        ("cab", ["b", "c"]),
        ("c", ["a", "c"]),
        ("", ["a", "b"]),
        ("abcd", ["b", "c"]),
        (["a", "b", "state_is_x", "state_is_y"], ["a", "b"]),
    ],
)
def test_the_axes_of_few_and_of_many_features(features, expected):
    """Few: the last two, in the order of the source. Many: the one that separates most, and the one that adds most to it."""
    assert axes(list(features), THIRDS, FOUR) == expected


def test_two_segments_lie_on_a_line_so_the_two_most_apart_are_drawn():
    """Nothing adds to the first where two segments differ; what separates them most by itself is drawn then."""
    halves = [{"segment_id": each, "share": 0.5} for each in (1, 2)]
    assert axes("abcd", halves, profiles(a=[0.1, -0.1], b=[0.3, -0.3], c=[1, -1], d=[-2, 2])) == ["c", "d"]


def test_one_number_has_no_pair():
    """There is nothing to draw it against."""
    assert axes(["a"], THIRDS, profiles(a=[1, 0, -1])) == []
