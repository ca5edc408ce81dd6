"""What a group buys more than everyone: pure functions from rows to a figure."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard import format
from dashboard.figures import plain, wrapped
from dashboard.queries import Row
from dashboard.theme import Theme, styled

_ROW = 28
"""Pixels of an item."""
_MARKS = (0.05, 0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100)


def lifts(items: Sequence[Row], colour: str, span: tuple[float, float], theme: Theme) -> go.Figure:
    """A dot per item where its lift is, with its 95 % interval, on a log scale over `span`; everyone stands at 1."""
    figure = go.Figure(
        go.Scatter(
            x=[row["lift"] for row in items],
            y=list(range(len(items))),
            mode="markers",
            marker={"color": colour, "size": 9, "line": {"color": theme.surface, "width": 1}},
            error_x={
                "array": [row["lift_high"] - row["lift"] for row in items],
                "arrayminus": [row["lift"] - row["lift_low"] for row in items],
                "color": theme.muted,
                "thickness": 1.2,
                "width": 3,
            },
            text=[_told(row) for row in items],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure = styled(figure, theme, 64 + _ROW * len(items))
    figure.update_layout(margin={"l": 8, "r": 16, "t": 8, "b": 32})
    figure.add_vline(x=1, line={"color": theme.everyone, "width": 1.5, "dash": "dash"})
    marks = [mark for mark in _MARKS if span[0] <= mark <= span[1]]
    figure.update_xaxes(
        type="log", range=[math.log10(edge) for edge in span], tickvals=marks, ticktext=[f"{mark:g} ×" for mark in marks]
    )
    return figure.update_yaxes(
        tickvals=list(range(len(items))),
        ticktext=[wrapped(row["item_name"], 26, 1) for row in items],
        range=[len(items) - 0.5, -0.5],
        showgrid=False,
    )


def span_of(items: Sequence[Row]) -> tuple[float, float]:
    """The least and the greatest lift that all pictures of a page have room for: with their intervals, and always 0.8 to 1.3."""
    low, high = min([0.8, *(row["lift_low"] for row in items)]), max([1.3, *(row["lift_high"] for row in items)])
    return max(low, 0.05) / 1.05, high * 1.05


def _told(row: Row) -> str:
    bought = f"{format.count(row['count_customers'])} customers, {format.percent(row['share'])}"
    return (
        f"{plain(row['item_name'])}<br>{bought}, against {format.percent(row['everyone_share'])} of everyone<br>"
        f"{format.number(row['lift'])} times ({format.number(row['lift_low'])} to {format.number(row['lift_high'])})"
    )
