"""The upper part of a dendrogram, laid out for drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard import format
from dashboard.queries import Row
from dashboard.theme import Theme, styled

SHOWN_MERGES = 29


@dataclass(frozen=True)
class Branch:
    """One merge as a bracket: up from the left group, across, and down to the right one."""

    left: float
    right: float
    left_height: float
    right_height: float
    height: float
    size: int


def lay_out(merges: Sequence[Row]) -> tuple[list[Branch], list[int]]:
    """Brackets of the highest merges of a tree, and how many customers stand at each foot from left to right.

    `merges` are the last rows of segments.merges, lowest first, with left_size and right_size.
    A group made below them is drawn as a foot at height 0.
    """
    made = {row["merge_id"]: row for row in merges}
    sizes = {row[f"{side}_id"]: row[f"{side}_size"] for row in merges for side in ("left", "right")}
    place: dict[int, float] = {}
    feet: list[int] = []
    pending = [row["merge_id"] for row in merges[-1:]]
    while pending:  # depth first, left to right, without recursion: a tree can be as deep as it has leaves
        node = pending.pop()
        if node in made:
            pending += [made[node]["right_id"], made[node]["left_id"]]
        else:
            place[node] = len(feet)
            feet.append(sizes[node])
    branches = []
    for row in merges:
        left, right = row["left_id"], row["right_id"]
        heights = [made[node]["height"] if node in made else 0.0 for node in (left, right)]
        branches.append(Branch(place[left], place[right], heights[0], heights[1], row["height"], row["size"]))
        place[row["merge_id"]] = (place[left] + place[right]) / 2
    return branches, feet


def dendrogram(merges: Sequence[Row], k: int, theme: Theme) -> go.Figure:
    """The highest merges with the cut into k segments as a dashed line; a foot is labelled with its customers."""
    branches, feet = lay_out(merges)
    figure = go.Figure()
    for branch in branches:
        figure.add_scatter(
            x=[branch.left, branch.left, branch.right, branch.right],
            y=[branch.left_height, branch.height, branch.height, branch.right_height],
            mode="lines",
            line={"color": theme.muted, "width": 1.5},
            hovertemplate=f"{format.count(branch.size)} customers, Ward distance {branch.height:.3g}<extra></extra>",
        )
    if 2 <= k <= len(merges):
        cut = (merges[-k]["height"] + merges[1 - k]["height"]) / 2
        figure.add_hline(y=cut, line={"color": theme.selected, "dash": "dash"}, annotation_text=f"cut into {k}")
    figure.update_yaxes(title="Ward distance, scaled units", rangemode="tozero")
    figure.update_xaxes(
        title="Customers in each group",
        tickmode="array",
        tickvals=list(range(len(feet))),
        ticktext=[format.count(size) for size in feet],
    )
    return styled(figure, theme, 400)
