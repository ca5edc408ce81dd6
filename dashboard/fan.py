"""What was sold and what is expected: pure functions from rows to a figure."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

import plotly.graph_objects as go

from dashboard import format
from dashboard.queries import Row
from dashboard.theme import Theme, styled

HEIGHT = 300
_BANDS = (("low_95", "high_95", "95 %", 0.14), ("low_80", "high_80", "80 %", 0.22))


def fan(periods: Sequence[Row], colour: str, unit: str, theme: Theme, height: int = HEIGHT) -> go.Figure:
    """A line of what was sold, and from there on what is expected, with the bands that hold 80 and 95 % where there are any."""
    past = [row for row in periods if not row["is_forecast"]]
    ahead = [row for row in periods if row["is_forecast"]]
    figure = go.Figure()
    for low, high, _, opacity in _BANDS:
        if ahead and low in ahead[0]:
            figure.add_scatter(
                x=_there_and_back([row["period_start"] for row in ahead]),
                y=[*(row[high] for row in ahead), *(row[low] for row in reversed(ahead))],
                mode="lines",
                fill="toself",
                fillcolor=_clear(colour, opacity),
                line={"width": 0},
                hoverinfo="skip",
            )
    _add_sold(figure, past, unit, theme)
    joint = past[-1:] if ahead else []
    figure.add_scatter(
        x=[row["period_start"] for row in [*joint, *ahead]],
        y=[*(row["amount"] for row in joint), *(row["expected"] for row in ahead)],
        mode="lines",
        line={"color": colour, "width": 2},
        text=[*("" for _ in joint), *(_foreseen(row, unit) for row in ahead)],
        hovertemplate="%{text}<extra></extra>",
    )
    return _framed(figure, theme, height)


def trial(past: Sequence[Row], tried: Sequence[Row], unit: str, theme: Theme) -> go.Figure:
    """What was sold, and what was forecast at several earlier times: a line from each."""
    figure = go.Figure()
    amounts = {row["period_start"]: row["amount"] for row in past}
    for last, rows in groupby(tried, key=lambda row: row["last_period"]):
        forecast = list(rows)
        figure.add_scatter(
            x=[last, *(row["period_start"] for row in forecast)],
            y=[amounts[last], *(row["expected"] for row in forecast)],
            mode="lines",
            line={"color": theme.selected, "width": 1.2},
            opacity=0.7,
            text=[
                "",
                *(f"{format.period(row['period_start'], unit)}<br>forecast {format.count(row['expected'])}" for row in forecast),
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    _add_sold(figure, past, unit, theme)
    return _framed(figure, theme, HEIGHT)


def _add_sold(figure: go.Figure, past: Sequence[Row], unit: str, theme: Theme) -> None:
    figure.add_scatter(
        x=[row["period_start"] for row in past],
        y=[row["amount"] for row in past],
        mode="lines",
        line={"color": theme.ink, "width": 1.5},
        text=[f"{format.period(row['period_start'], unit)}<br>sold {format.count(row['amount'])}" for row in past],
        hovertemplate="%{text}<extra></extra>",
    )


def _framed(figure: go.Figure, theme: Theme, height: int) -> go.Figure:
    figure = styled(figure, theme, height)
    figure.update_layout(margin={"l": 56, "r": 16, "t": 8, "b": 32}, hovermode="closest")
    return figure.update_yaxes(rangemode="tozero", tickformat="~s")


def _there_and_back(days: Sequence[date]) -> list[date]:
    return [*days, *reversed(days)]


def _foreseen(row: Row, unit: str) -> str:
    told = f"{format.period(row['period_start'], unit)}<br>expected {format.count(row['expected'])}"
    ranges = [
        f"<br>{name} between {format.count(row[low])} and {format.count(row[high])}" for low, high, name, _ in _BANDS if low in row
    ]
    return told + "".join(reversed(ranges))


def _clear(colour: str, opacity: float) -> str:
    """#RRGGBB with an opacity."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
