"""The dendrogram: from merges to brackets."""

from dashboard.dendrogram import Branch, dendrogram, lay_out
from dashboard.theme import LIGHT

# Leaves 0, 1, 2; group 3 joins 0 and 1, group 4 joins 2 and 3.
MERGES = [
    {"merge_id": 3, "left_id": 0, "right_id": 1, "height": 1.0, "size": 5, "left_size": 2, "right_size": 3},
    {"merge_id": 4, "left_id": 2, "right_id": 3, "height": 4.0, "size": 9, "left_size": 4, "right_size": 5},
]


def test_a_whole_tree_is_drawn_from_its_leaves():
    """Feet stand in the order of the tree, and a bracket joins the middles of what it merges."""
    branches, feet = lay_out(MERGES)
    assert feet == [4, 2, 3]
    assert branches == [Branch(1, 2, 0.0, 0.0, 1.0, 5), Branch(0, 1.5, 0.0, 1.0, 4.0, 9)]


def test_groups_below_the_shown_merges_are_feet():
    """With only the highest merge shown, both of its groups stand on the ground with their customers."""
    branches, feet = lay_out(MERGES[1:])
    assert feet == [4, 5]
    assert branches == [Branch(0, 1, 0.0, 0.0, 4.0, 9)]


def test_the_cut_lies_between_the_merges_it_separates():
    """The line that cuts into two lies between the two highest merges."""
    (line,) = dendrogram(MERGES, 2, LIGHT).layout.shapes
    assert MERGES[0]["height"] < line.y0 < MERGES[1]["height"]
