"""Names beside marks: whole, and none over another, however wide the page is."""

import random
from itertools import combinations

import pytest

from dashboard.labels import WIDTHS, Place, _box, _mark, _Plot, overlap, places

SIZE = (200, 34)


def test_a_name_with_room_stands_above_its_mark():
    """Near an edge it grows away from it; below where there is no room above."""
    marks = [(0.1, 0.5), (0.5, 0.2), (0.9, 0.3), (0.5, 0.99)]
    found = places(marks, [SIZE] * 4, 376)
    assert found == [Place("left", 0, 8), Place("center", 0, 8), Place("right", 0, 8), Place("center", 0, -8)]


@pytest.mark.parametrize("seed", range(20))
def test_no_name_is_cut_or_covers_another(seed: int):
    """Ten marks in a corner: every name that has a place is inside the plot and off all others at every width."""
    hand = random.Random(seed)
    marks = [(hand.uniform(0, 0.2), hand.uniform(0, 0.3)) for _ in range(10)]
    found = places(marks, [SIZE] * 10, 376)
    assert sum(place is not None for place in found) >= 5
    for width in WIDTHS:
        boxes = [_box(place, mark, SIZE, width, 376) for place, mark in zip(found, marks, strict=True) if place]
        assert all(left >= 0 and bottom >= 0 and right <= width and top <= 376 for left, bottom, right, top in boxes)
        assert not any(overlap(*pair) for pair in combinations(boxes, 2))
        owners = [mark for place, mark in zip(found, marks, strict=True) if place]
        assert not any(
            overlap(box, _mark(mark, width, 376))
            for box, owner in zip(boxes, owners, strict=True)
            for mark in marks
            if mark != owner
        )


def test_a_name_apart_is_not_taken_for_that_of_another_mark():
    """Two marks, one right above the other: the lower one's name stands beside or below, not behind the upper mark."""
    upper, lower = (0.1, 0.2), (0.1, 0.1)
    found = places([lower, upper], [SIZE, SIZE], 376)
    assert all(found)
    for width in WIDTHS:
        plot = _Plot(width, 376, [_mark(lower, width, 376), _mark(upper, width, 376)])
        for place, mark, other in ((found[0], lower, plot.marks[1]), (found[1], upper, plot.marks[0])):
            assert not any(overlap(part, other) for part in plot.line(place, mark))


def test_a_name_without_room_is_left_out():
    """Rather no name than one over another: who points at the mark is told it."""
    assert places([(0.5, 0.5)], [(1_000, 34)], 376) == [None]
