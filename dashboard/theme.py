"""How Plotly figures look: the colours of the page, in light and in dark."""

from dataclasses import dataclass

import plotly.graph_objects as go


@dataclass(frozen=True)
class Theme:
    """The colours that are not a segment's."""

    ink: str
    """Text and marks."""
    muted: str
    """Axes and captions."""
    line: str
    """Grid lines."""
    surface: str
    """The panel behind."""
    everyone: str
    """All customers together."""
    selected: str
    """What is chosen."""


LIGHT = Theme("#1f2328", "#5b6470", "#e3e6ea", "#ffffff", "#9aa3ad", "#2563eb")
DARK = Theme("#e6e9ee", "#a2abb7", "#33393f", "#1e2226", "#7c8590", "#6ea0ff")
DIVERGING = ((0.0, "#b35806"), (0.5, "#f7f7f7"), (1.0, "#542788"))
"""Below and above everyone; apart for any colour vision, and neither the blue of a selection nor the red of an error."""


def theme(scheme: str | None) -> Theme:
    """The theme of a colour scheme, light or dark."""
    return DARK if scheme == "dark" else LIGHT


def styled(figure: go.Figure, theme: Theme, height: int) -> go.Figure:
    """Give a figure the look of the page; titles of axes carry the units."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 56, "r": 16, "t": 8, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 12, "color": theme.muted},
        hoverlabel={"bgcolor": theme.surface, "font": {"color": theme.ink}},
        showlegend=False,
        dragmode=False,
    )
    figure.update_xaxes(title_font_size=12)
    figure.update_yaxes(title_font_size=12)
    figure.update_xaxes(gridcolor=theme.line, zeroline=False, linecolor=theme.muted, showgrid=False, automargin=True)
    figure.update_yaxes(gridcolor=theme.line, zeroline=False, automargin=True)
    return figure
