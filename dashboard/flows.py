"""Pictures of movement: pure functions from rows to figures."""

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard import format
from dashboard.figures import plain, wrapped
from dashboard.palette import segment_colour
from dashboard.queries import Row
from dashboard.theme import Theme, styled

JOINED, LEFT = "Joined the file", "Left the file"
_FAINT, _STRONG = 0.2, 0.55
"""How much of its colour a flow shows: of those who stayed, and of the others."""


def sankey(rows: Sequence[Row], before: Sequence[Row], after: Sequence[Row], theme: Theme) -> go.Figure:
    """Customers from their segments of before (left) to those of now (right); who joined or left comes from and goes to nowhere.

    `rows` have previous_segment_id, segment_id, movement and count_customers; the segments have id, name and colour.
    """
    ends = [("before", segment) for segment in before] + [("after", segment) for segment in after]
    places = {(side, segment["segment_id"]): place for place, (side, segment) in enumerate(ends)}
    places |= {("before", None): len(ends), ("after", None): len(ends) + 1}
    names = [wrapped(segment["segment_name"], 28, 2) for _, segment in ends] + [JOINED, LEFT]
    colours = [segment_colour(segment["colour"]) for _, segment in ends] + [theme.everyone] * 2
    pairs: dict[tuple[int, int], int] = {}
    for row in rows:
        pair = places["before", row["previous_segment_id"]], places["after", row["segment_id"]]
        pairs[pair] = pairs.get(pair, 0) + row["count_customers"]
    stayed = {
        (places["before", row["previous_segment_id"]], places["after", row["segment_id"]])
        for row in rows
        if row["movement"] == "stayed"
    }
    shown = sorted({place for pair in pairs for place in pair})  # a node without a flow would be drawn somewhere
    at = {place: index for index, place in enumerate(shown)}
    figure = go.Figure(
        go.Sankey(
            node={
                "label": [names[place] for place in shown],
                "color": [colours[place] for place in shown],
                "pad": 16,
                "thickness": 16,
                "line": {"width": 0},
                "hovertemplate": "%{label}: %{value:,.0f} customers<extra></extra>",
            },
            link={
                "source": [at[source] for source, _ in pairs],
                "target": [at[target] for _, target in pairs],
                "value": list(pairs.values()),
                "color": [_faded(colours[source], _FAINT if (source, target) in stayed else _STRONG) for source, target in pairs],
                "hovertemplate": "%{source.label} → %{target.label}<br>%{value:,.0f} customers<extra></extra>",
            },
            textfont={"color": theme.ink, "size": 12},
        )
    )
    return styled(figure, theme, 120 + 48 * max(len(before), len(after))).update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 16})


def _faded(colour: str, strength: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{strength})"


def sizes(rows: Sequence[Row], theme: Theme) -> go.Figure:
    """The share of every segment in every run, a line each, named at its end.

    `rows` have run_id, segment_id, size, share, segment_name and colour, in the order of segments and runs.
    """
    figure = go.Figure()
    runs = sorted({row["run_id"] for row in rows})
    for segment in dict.fromkeys(row["segment_id"] for row in rows):
        own = [row for row in rows if row["segment_id"] == segment]
        figure.add_scatter(
            x=[runs.index(row["run_id"]) for row in own],
            y=[row["share"] for row in own],
            mode="lines+markers",
            name=plain(own[0]["segment_name"]),
            line={"color": segment_colour(own[0]["colour"]), "width": 2},
            customdata=[[row["run_id"], format.count(row["size"]), format.percent(row["share"])] for row in own],
            hovertemplate=f"{plain(own[0]['segment_name'])}<br>run %{{customdata[0]}}: %{{customdata[1]}} customers, "
            "%{customdata[2]}<extra></extra>",
        )
    figure.update_xaxes(title="Run", tickmode="array", tickvals=list(range(len(runs))), ticktext=runs, nticks=12)
    figure.update_yaxes(title="Share of customers", tickformat=".0%", rangemode="tozero")
    figure = styled(figure, theme, 320)
    return figure.update_layout(
        showlegend=True, legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.25, "yanchor": "top"}, margin={"b": 96}
    )
