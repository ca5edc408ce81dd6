"""The dendrogram of Ward's method: the top of the tree, lying on its side so that names can stand beside its groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from dashboard.format import count
from dashboard.palette import segment_colour
from dashboard.report.data import Clustering, Merge, Segment, Tree
from dashboard.report.look import INK, QUIET, blank, plain_numbers, segment_label, styled

MOST_BRANCHES = 30
"""Branches at the end of the picture; what merged below them is not drawn."""


@dataclass(frozen=True)
class Node:
    """A merge or the end of a branch, laid out."""

    place: float
    """Where it stands along the branches, 0 at the top."""
    height: float
    """Distance at which it was formed; 0 at the end of a branch, where what lies below is not drawn."""
    is_end: bool
    """Whether it is the end of a branch."""
    segment_id: int | None
    """The segment that holds it; None above the cut."""
    customers: int
    """Customers in it."""


def cut_height(tree: Tree, k: int) -> float:
    """The distance at which the tree has k branches: halfway between the last merge kept and the first one undone."""
    heights = [0.0, *(merge.height for merge in tree.merges)]
    return (heights[-k] + heights[1 - k]) / 2


def lay_out(tree: Tree, branches: int) -> dict[int, Node]:
    """Give every node of the top of the tree its place, by node id; the ends of branches stand at 0, 1, 2 …"""
    below = _groups(tree)
    drawn = {merge.merge_id: merge for merge in tree.merges[len(tree.merges) + 1 - branches :]}
    nodes: dict[int, Node] = {}
    pending = [tree.merges[-1].merge_id]
    ends = 0
    while pending:
        node = pending.pop()
        merge = drawn.get(node)
        if merge is None:
            nodes[node] = Node(ends, 0.0, True, *below[node])
            ends += 1
        elif merge.left_id in nodes and merge.right_id in nodes:
            middle = (nodes[merge.left_id].place + nodes[merge.right_id].place) / 2
            nodes[node] = Node(middle, merge.height, False, *below[node])
        else:
            pending += [node, merge.right_id, merge.left_id]
    return nodes


@styled
def dendrogram(tree: Tree, clustering: Clustering) -> Figure:
    """The last merges of Ward's tree, coloured by segment below the cut, with the customers of every branch."""
    segments = {each.segment_id: each for each in clustering.segments if each.size}  # the others' customers were erased
    branches = min(max(MOST_BRANCHES, len(segments)), len(tree.merges) + 1)
    nodes = lay_out(tree, branches)
    ends = sorted((node for node in nodes.values() if node.is_end), key=lambda node: node.place)
    figure = blank(9.2, max(4.2, 1.6 + 0.2 * branches), f"{clustering.title} segments, Ward: how the groups merge")
    axes = figure.subplots()
    cut = cut_height(tree, len(segments))
    _draw_merges(axes, tree.merges, nodes, segments, cut)
    axes.axvline(cut, color=INK, linestyle="dashed", linewidth=1)
    axes.text(cut, 1.01, f"cut: {len(segments)} segments", transform=axes.get_xaxis_transform(), ha="center", va="bottom")
    axes.set_xlim(max(node.height for node in nodes.values()) * 1.03, 0)
    axes.set_ylim(branches - 0.4, -0.6)
    axes.set_xlabel("distance at which two groups merge (Ward), scaled units")
    axes.set_ylabel(f"last {branches} branches, with their customers")
    axes.yaxis.tick_right()
    axes.set_yticks([node.place for node in ends], [count(node.customers) for node in ends])
    axes.tick_params(axis="y", length=0)
    plain_numbers(axes.xaxis)
    _name_groups(axes, ends, segments)
    return figure


def _groups(tree: Tree) -> dict[int, tuple[int | None, int]]:
    """By node: the segment that holds all of it, if one does, and its customers."""
    found: dict[int, tuple[int | None, int]] = dict(tree.leaves)
    for merge in tree.merges:
        (left, left_size), (right, right_size) = found[merge.left_id], found[merge.right_id]
        found[merge.merge_id] = (left if left == right else None, left_size + right_size)
    return found


def _draw_merges(
    axes: Axes, merges: Sequence[Merge], nodes: Mapping[int, Node], segments: Mapping[int, Segment], cut: float
) -> None:
    for merge in merges:
        node = nodes.get(merge.merge_id)
        if node is None or node.is_end:
            continue
        left, right = nodes[merge.left_id], nodes[merge.right_id]
        for child in (left, right):
            turn = node.height if child.segment_id == node.segment_id else cut  # the branch of a segment ends at the cut
            axes.plot([child.height, turn], [child.place] * 2, color=_colour(child, segments), linewidth=1.6)
            axes.plot([turn, node.height], [child.place] * 2, color=QUIET, linewidth=1.6)
        axes.plot([node.height] * 2, [left.place, right.place], color=_colour(node, segments), linewidth=1.6)


def _colour(node: Node, segments: Mapping[int, Segment]) -> str:
    return QUIET if node.segment_id is None else segment_colour(segments[node.segment_id].colour)


def _name_groups(axes: Axes, ends: Sequence[Node], segments: Mapping[int, Segment]) -> None:
    """Beside the branches of each segment: a bar in its colour and its name."""
    widest = max(len(count(node.customers)) for node in ends)
    beside = offset_copy(axes.get_yaxis_transform(), axes.get_figure(root=True), x=14 + 6.5 * widest, units="points")
    for segment_id, segment in segments.items():
        places = [node.place for node in ends if node.segment_id == segment_id]
        bar = [min(places) - 0.35, max(places) + 0.35]
        axes.plot([1, 1], bar, color=segment_colour(segment.colour), linewidth=4, transform=beside, clip_on=False)
        axes.text(1.02, sum(bar) / 2, segment_label(segment), transform=beside, va="center")
