"""Customers by two numbers, with the means of the segments: a pure function from rows to a figure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard import format, labels, scales
from dashboard.figures import LETTER, plain, wrapped
from dashboard.palette import segment_colour
from dashboard.queries import Row
from dashboard.theme import Theme, styled

HEIGHT = 440
_AROUND_PLOT = 72
"""At most so many pixels of the height are taken by the axis and its title."""
_LINE, _PADDING = 16, 1
"""The height of a line and the room around a name, in pixels."""
_MOST_MARKS = 8
"""Values marked along an axis on a log scale."""
_SHAPES = ((32, 2), (24, 2), (24, 1), (16, 1))
"""Letters in a line and lines of a name, the shape that cuts least first."""


def segment_scatter(customers: Mapping[str, Sequence[float]], segments: Sequence[Row], x: Row, y: Row, theme: Theme) -> go.Figure:
    """Customers as dots in their segment's colour, and every segment's mean as a ringed dot with its name.

    `customers` holds columns x, y and segment_id; `x` and `y` are columns with column_name, label, unit and scale.
    """
    figure = go.Figure()
    at = f"{plain(x['label'])} %{{customdata[0]}}<br>{plain(y['label'])} %{{customdata[1]}}<extra></extra>"
    ids = np.asarray(customers["segment_id"])
    values = np.column_stack([customers["x"], customers["y"]])
    across, up = scales.seen(values[:, 0], x["scale"]), scales.seen(values[:, 1], y["scale"])
    for segment in segments:
        own = ids == segment["segment_id"]
        figure.add_scatter(
            x=across[own],
            y=up[own],
            customdata=values[own],
            mode="markers",
            marker={"color": segment_colour(segment["colour"]), "size": 6, "opacity": 0.75},
            hovertemplate=f"{plain(segment['segment_name'])}<br>{at}",
        )
    spans = _span(across), _span(up)
    means = [(segment[f"mean_{x['column_name']}"], segment[f"mean_{y['column_name']}"]) for segment in segments]
    places = [(float(scales.seen(mean[0], x["scale"])), float(scales.seen(mean[1], y["scale"]))) for mean in means]
    _mark_means(figure, segments, means, places, x, y, theme)
    _name_means(figure, segments, places, spans, theme)
    figure.update_xaxes(title=format.title(x["label"], x["unit"]), range=spans[0], **_marks(spans[0], x))
    figure.update_yaxes(title=format.title(y["label"], y["unit"]), range=spans[1], **_marks(spans[1], y))
    return styled(figure, theme, HEIGHT)


def _marks(span: Sequence[float], column: Row) -> dict[str, Any]:
    """What is written along an axis on a log scale; on a linear one Plotly knows."""
    if column["scale"] != scales.LOG:
        return {}
    marked = scales.marks(span[0], span[1], _MOST_MARKS)
    return {"tickmode": "array", "tickvals": scales.seen(marked, scales.LOG), "ticktext": scales.short(marked)}


def _span(values: NDArray[np.float64]) -> tuple[float, float]:
    """The ends of an axis: Plotly by itself would make room for the names, however long."""
    low, high = float(min(values)), float(max(values))
    margin = (high - low) / 16 or 1.0
    return low - margin, high + margin


def _mark_means(
    figure: go.Figure,
    segments: Sequence[Row],
    means: Sequence[tuple[float, float]],
    places: Sequence[tuple[float, float]],
    x: Row,
    y: Row,
    theme: Theme,
) -> None:
    """A ringed dot at the mean of every segment; its whole name is told to who points at it."""
    figure.add_scatter(
        x=[place[0] for place in places],
        y=[place[1] for place in places],
        mode="markers",
        marker={
            "color": [segment_colour(segment["colour"]) for segment in segments],
            "size": 16,
            "line": {"color": theme.ink, "width": 2},
        },
        customdata=[(wrapped(segment["segment_name"], 48), *mean) for segment, mean in zip(segments, means, strict=True)],
        hovertemplate=f"%{{customdata[0]}}<br>mean {plain(format.inline(x['label']))} %{{customdata[1]:,.3~r}}"
        f"<br>mean {plain(format.inline(y['label']))} %{{customdata[2]:,.3~r}}<extra></extra>",
        cliponaxis=False,
    )


def _name_means(
    figure: go.Figure,
    segments: Sequence[Row],
    means: Sequence[tuple[float, float]],
    spans: tuple[tuple[float, float], tuple[float, float]],
    theme: Theme,
) -> None:
    """The name of every segment at its mean, with a line to it where it stands apart; none where there is no room."""
    (left, right), (bottom, top) = spans
    marks = [((across - left) / (right - left), (up - bottom) / (top - bottom)) for across, up in means]
    texts, found = _placed([segment["segment_name"] for segment in segments], marks)
    for segment, mean, text, place in zip(segments, means, texts, found, strict=True):
        if place is None:
            continue
        figure.add_annotation(
            x=mean[0],
            y=mean[1],
            text=text,
            hovertext=wrapped(segment["segment_name"], 48),
            captureevents=True,
            xanchor=place.anchor,
            yanchor="bottom" if place.up > 0 else "top" if place.up < 0 else "middle",
            **_line(place, theme),
            bgcolor=theme.surface,
            opacity=0.9,
            borderpad=_PADDING,
            font={"color": theme.ink, "size": 12},
        )


def _placed(names: Sequence[str], marks: Sequence[tuple[float, float]]) -> tuple[list[str], list[labels.Place | None]]:
    """The names, cut as little as need be for all to have a place, and their places."""
    best: tuple[list[str], list[labels.Place | None]] = [], [None] * (len(names) + 1)
    for letters, lines in _SHAPES:
        texts = [wrapped(name, letters, lines) for name in names]
        rows = [text.split("<br>") for text in texts]
        sizes = [(LETTER * max(map(len, each)) + 2 * _PADDING, _LINE * len(each) + 2 * _PADDING) for each in rows]
        found = labels.places(marks, sizes, HEIGHT - _AROUND_PLOT)
        if found.count(None) < best[1].count(None):
            best = texts, found
        if None not in found:
            break
    return best


def _line(place: labels.Place, theme: Theme) -> dict[str, object]:
    """A line from the mark to its name where they are apart, and otherwise only how far apart they are, as Plotly takes it."""
    if not place.is_apart:
        return {"showarrow": False, "xshift": place.aside, "yshift": place.up}
    look = {"arrowhead": 0, "arrowwidth": 1, "arrowcolor": theme.muted, "standoff": 8}
    return {"showarrow": True, "ax": place.aside, "ay": -place.up, **look}
