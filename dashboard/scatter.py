"""Customers by two numbers, with the means of the segments: a pure function from rows to a figure."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard import format, labels
from dashboard.figures import LETTER, plain, wrapped
from dashboard.palette import segment_colour
from dashboard.queries import Row
from dashboard.theme import Theme, styled

HEIGHT = 440
_AROUND_PLOT = 72
"""At most so many pixels of the height are taken by the axis and its title."""
_LINE, _PADDING = 16, 1
"""The height of a line and the room around a name, in pixels."""
_SHAPES = ((32, 2), (24, 2), (24, 1), (16, 1))
"""Letters in a line and lines of a name, the shape that cuts least first."""


def segment_scatter(customers: Mapping[str, Sequence[float]], segments: Sequence[Row], x: Row, y: Row, theme: Theme) -> go.Figure:
    """Customers as dots in their segment's colour, and every segment's mean as a ringed dot with its name.

    `customers` holds columns x, y and segment_id; `x` and `y` are columns with column_name, label and unit.
    """
    figure = go.Figure()
    at = f"{plain(x['label'])} %{{x}}<br>{plain(y['label'])} %{{y}}<extra></extra>"
    ids = np.asarray(customers["segment_id"])
    for segment in segments:
        own = ids == segment["segment_id"]
        figure.add_scatter(
            x=np.asarray(customers["x"])[own],
            y=np.asarray(customers["y"])[own],
            mode="markers",
            marker={"color": segment_colour(segment["colour"]), "size": 6, "opacity": 0.75},
            hovertemplate=f"{plain(segment['segment_name'])}<br>{at}",
        )
    spans = _span(customers["x"]), _span(customers["y"])
    _mark_means(figure, segments, x, y, theme)
    _name_means(figure, segments, x["column_name"], y["column_name"], spans, theme)
    figure.update_xaxes(title=format.title(x["label"], x["unit"]), range=spans[0])
    figure.update_yaxes(title=format.title(y["label"], y["unit"]), range=spans[1])
    return styled(figure, theme, HEIGHT)


def _span(values: Sequence[float]) -> list[float]:
    """The ends of an axis: Plotly by itself would make room for the names, however long."""
    low, high = float(min(values)), float(max(values))
    margin = (high - low) / 16 or 1.0
    return [low - margin, high + margin]


def _mark_means(figure: go.Figure, segments: Sequence[Row], x: Row, y: Row, theme: Theme) -> None:
    """A ringed dot at the mean of every segment; its whole name is told to who points at it."""
    figure.add_scatter(
        x=[segment[f"mean_{x['column_name']}"] for segment in segments],
        y=[segment[f"mean_{y['column_name']}"] for segment in segments],
        mode="markers",
        marker={
            "color": [segment_colour(segment["colour"]) for segment in segments],
            "size": 16,
            "line": {"color": theme.ink, "width": 2},
        },
        customdata=[wrapped(segment["segment_name"], 48) for segment in segments],
        hovertemplate=f"%{{customdata}}<br>mean {plain(format.inline(x['label']))} %{{x:,.3~r}}"
        f"<br>mean {plain(format.inline(y['label']))} %{{y:,.3~r}}<extra></extra>",
        cliponaxis=False,
    )


def _name_means(
    figure: go.Figure, segments: Sequence[Row], x: str, y: str, spans: tuple[Sequence[float], Sequence[float]], theme: Theme
) -> None:
    """The name of every segment at its mean, with a line to it where it stands apart; none where there is no room."""
    means = [(segment[f"mean_{x}"], segment[f"mean_{y}"]) for segment in segments]
    marks: list[tuple[float, float]] = [
        tuple((value - low) / (high - low) for value, (low, high) in zip(mean, spans, strict=True)) for mean in means
    ]
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
