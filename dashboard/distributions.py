"""How customers are distributed now (filled) and were before (an outline): pure functions from rows to a figure."""

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard import format, scales
from dashboard.figures import plain
from dashboard.queries import Row
from dashboard.theme import Theme, styled
from warehouse.words import with_unit

HEIGHT = 184
MOST_CATEGORIES = 8
"""Values of a category that are drawn; rarer ones share one more bar."""


def numeric(now: Sequence[Row], before: Sequence[Row], unit: str, theme: Theme, scale: str = "linear") -> go.Figure:
    """Bins of a number. Each run has edges of its own; where their widths differ, heights are per the wider width.

    `now` and `before` are rows of marts.distribution_history in order of their bins; `before` may be empty.
    """
    if scale == scales.LOG:
        return _logarithmic(now, before, theme)
    width = max(_width(rows) for rows in (now, before) if rows)
    is_same = not before or abs(_width(now) / _width(before) - 1) < 0.01
    heights = [100 * row["share"] * width / _width(now) for row in now]
    figure = go.Figure(
        go.Bar(
            x=[row["lower_edge"] for row in now],
            y=heights,
            width=_width(now),
            offset=0,
            marker={"color": theme.everyone, "line": {"width": 0}},
            customdata=[[_range(row), format.count(row["count_customers"]), format.percent(row["share"])] for row in now],
            hovertemplate="%{customdata[0]}: %{customdata[1]} customers (%{customdata[2]})<extra></extra>",
        )
    )
    if before:
        across, up = _outline(before, width)
        figure.add_scatter(x=across, y=up, mode="lines", line={"color": theme.ink, "width": 1.5}, hoverinfo="skip")
    figure = styled(figure, theme, HEIGHT)
    figure.update_layout(margin={"l": 40, "r": 8, "t": 8, "b": 24}, bargap=0)
    if not is_same:
        per = f"per {with_unit(format.exact(width), unit)}"
        figure.add_annotation(
            text=plain(per), xref="paper", yref="paper", x=1, y=1, xanchor="right", yanchor="top", showarrow=False
        )
    figure.update_xaxes(nticks=6)
    return figure.update_yaxes(ticksuffix=" %", rangemode="tozero", nticks=4)


def _logarithmic(now: Sequence[Row], before: Sequence[Row], theme: Theme) -> go.Figure:
    """Bins of a number on a log scale, one beside the other, equally wide: every run on such a scale has the same edges."""
    before = before if scales.are_edges(row["lower_edge"] for row in before) else []
    edges = sorted({edge for row in [*now, *before] for edge in (row["lower_edge"], row["upper_edge"])})
    places = {edge: place for place, edge in enumerate(edges)}
    figure = go.Figure(
        go.Bar(
            x=[places[row["lower_edge"]] for row in now],
            y=[100 * row["share"] for row in now],
            width=1,
            offset=0,
            marker={"color": theme.everyone, "line": {"width": 0}},
            customdata=[[_range(row), format.count(row["count_customers"]), format.percent(row["share"])] for row in now],
            hovertemplate="%{customdata[0]}: %{customdata[1]} customers (%{customdata[2]})<extra></extra>",
        )
    )
    if before:
        ends = [place for row in before for place in (places[row["lower_edge"]], places[row["upper_edge"]])]
        heights = [100 * row["share"] for row in before for _ in range(2)]
        across, up = [ends[0], *ends, ends[-1]], [0.0, *heights, 0.0]
        figure.add_scatter(x=across, y=up, mode="lines", line={"color": theme.ink, "width": 1.5}, hoverinfo="skip")
    figure = styled(figure, theme, HEIGHT)
    figure.update_layout(margin={"l": 40, "r": 8, "t": 8, "b": 24}, bargap=0)
    low, high = scales.seen([edges[0], edges[-1]], scales.LOG)
    marked = [edge for edge in scales.marks(float(low), float(high), 6) if edge in places]
    figure.update_xaxes(tickmode="array", tickvals=[places[edge] for edge in marked], ticktext=scales.short(marked))
    return figure.update_yaxes(ticksuffix=" %", rangemode="tozero", nticks=4)


def categories(now: Sequence[Row], before: Sequence[Row], theme: Theme) -> go.Figure:
    """Values of a category, the most frequent on top; the outline is the share before."""
    shares = {row["category"]: 100 * row["share"] for row in now}
    earlier = {row["category"]: 100 * row["share"] for row in before}
    names = sorted(shares | earlier, key=lambda name: (-max(shares.get(name, 0), earlier.get(name, 0)), name))
    shown, rest = names[:MOST_CATEGORIES], names[MOST_CATEGORIES:]
    labels = [plain(_short(name)) for name in shown] + [f"{format.count(len(rest))} others"] * bool(rest)
    places = list(range(len(labels)))  # places, not names: two long names may be cut alike
    figure = go.Figure(
        go.Bar(
            y=places,
            x=_with_rest(shares, shown, rest),
            orientation="h",
            marker={"color": theme.everyone, "line": {"width": 0}},
            hovertemplate="%{x:.3g} % of customers<extra></extra>",
        )
    )
    if before:
        outline = {"color": "rgba(0,0,0,0)", "line": {"color": theme.ink, "width": 1.5}}
        figure.add_bar(y=places, x=_with_rest(earlier, shown, rest), orientation="h", marker=outline, hoverinfo="skip")
    figure = styled(figure, theme, max(HEIGHT, 48 + 24 * len(labels)))
    figure.update_layout(barmode="overlay", bargap=0.3, margin={"l": 40, "r": 8, "t": 8, "b": 24})
    figure.update_yaxes(autorange="reversed", showgrid=False, tickmode="array", tickvals=places, ticktext=labels)
    return figure.update_xaxes(ticksuffix=" %", rangemode="tozero", nticks=6)


def _width(rows: Sequence[Row]) -> float:
    return float((rows[-1]["upper_edge"] - rows[0]["lower_edge"]) / len(rows))


def _range(row: Row) -> str:
    return f"{format.exact(row['lower_edge'])} to under {format.exact(row['upper_edge'])}"


def _outline(rows: Sequence[Row], width: float) -> tuple[list[float], list[float]]:
    """The upper edge of a histogram, from zero to zero."""
    heights = [100 * row["share"] * width / _width(rows) for row in rows]
    across = [edge for row in rows for edge in (row["lower_edge"], row["upper_edge"])]
    up = [height for height in heights for _ in range(2)]
    return [across[0], *across, across[-1]], [0.0, *up, 0.0]


def _with_rest(shares: dict[str, float], shown: Sequence[str], rest: Sequence[str]) -> list[float]:
    bars = [shares.get(name, 0.0) for name in shown]
    return [*bars, sum(shares.get(name, 0.0) for name in rest)] if rest else bars


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
