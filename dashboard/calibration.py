"""Forecasts held against what came: pure functions from rows to a figure."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard import format
from dashboard.queries import Row
from dashboard.theme import Theme, styled

HEIGHT = 280
_Z = 1.96
"""Standard errors on either side that hold 95 %."""


def shares(groups: Sequence[Row], title: str, theme: Theme) -> go.Figure:
    """Per group the predicted share of customers who buy (a line) and the one that did (dots, with their 95 % interval)."""
    intervals = [wilson(row["share_actual"], row["count_customers"]) for row in groups]
    actual = [row["share_actual"] for row in groups]
    figure = _figure(
        groups,
        [100 * row["share_predicted"] for row in groups],
        [100 * share for share in actual],
        [100 * (high - share) for share, (_, high) in zip(actual, intervals, strict=True)],
        [100 * (share - low) for share, (low, _) in zip(actual, intervals, strict=True)],
        [_told(row, format.percent(row["share_predicted"]), format.percent(row["share_actual"])) for row in groups],
        theme,
    )
    figure.update_xaxes(title=title)
    return figure.update_yaxes(ticksuffix=" %", range=[0, 104], title="bought again")


def purchases(groups: Sequence[Row], title: str, theme: Theme) -> go.Figure:
    """Per group the predicted purchases of a customer (a line) and those that came (dots, with their 95 % interval)."""
    errors = [_Z * (row["purchases_error"] or 0) for row in groups]
    figure = _figure(
        groups,
        [row["purchases_predicted"] for row in groups],
        [row["purchases_actual"] for row in groups],
        errors,
        errors,
        [_told(row, format.number(row["purchases_predicted"]), format.number(row["purchases_actual"])) for row in groups],
        theme,
    )
    figure.update_xaxes(title=title)
    return figure.update_yaxes(rangemode="tozero", title="purchases per customer")


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of `count` (Wilson 1927), each from 0 to 1."""
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def _figure(
    groups: Sequence[Row],
    predicted: Sequence[float],
    actual: Sequence[float],
    above: Sequence[float],
    below: Sequence[float],
    told: Sequence[str],
    theme: Theme,
) -> go.Figure:
    labels = [row["label"] for row in groups]
    figure = go.Figure(
        go.Scatter(
            x=labels,
            y=list(predicted),
            mode="lines+markers",
            line={"color": theme.everyone, "width": 2, "dash": "dash"},
            marker={"size": 5},
            hoverinfo="skip",
        )
    )
    figure.add_scatter(
        x=labels,
        y=list(actual),
        mode="markers",
        marker={"color": theme.ink, "size": 8},
        error_y={"array": list(above), "arrayminus": list(below), "color": theme.ink, "thickness": 1.2, "width": 3},
        text=list(told),
        hovertemplate="%{text}<extra></extra>",
    )
    figure = styled(figure, theme, HEIGHT)
    figure.update_layout(margin={"l": 56, "r": 8, "t": 8, "b": 48})
    return figure.update_xaxes(type="category")


def _told(row: Row, predicted: str, actual: str) -> str:
    return f"{row['label']}: {format.count(row['count_customers'])} customers<br>predicted {predicted}<br>came {actual}"
