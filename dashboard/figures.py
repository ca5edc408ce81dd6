"""The Plotly figures: pure functions from rows to a figure."""

import textwrap
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard import format
from dashboard.palette import segment_colour
from dashboard.queries import ALGORITHM_TITLES, Row
from dashboard.theme import DIVERGING, Theme, styled

DASHES = {"kmeans": "solid", "hierarchical": "dot"}
HEAD_LETTERS = 11
"""Letters in a line of a name above a narrow column."""
LETTER = 7
"""About the width of a letter, in pixels."""
MOST_SIDE_BY_SIDE = 6
"""Numbers that fit beside one another in half a page."""


def profile_heat_map(profiles: Sequence[Row], segments: Sequence[Row], theme: Theme) -> go.Figure:
    """Segments and numbers: colour is the difference from everyone in standard deviations, text the mean in its unit.

    Few numbers stand side by side; where they are many, the segments do, and a cell has two lines.
    """
    features = list({row["feature"]: row for row in profiles}.values())
    is_wide = len(features) <= MOST_SIDE_BY_SIDE
    by_cell = {(row["segment_id"], row["feature"]): row for row in profiles}
    rows = [[by_cell[segment["segment_id"], feature["feature"]] for feature in features] for segment in segments]
    colours = np.array([*([cell["effect_size"] for cell in row] for row in rows), [0.0] * len(features)])
    everyone = [feature["mean_everyone"] for feature in features]
    texts = np.array([*([_cell(c, is_wide) for c in row] for row in rows), [format.level(each, each) for each in everyone]])
    titles = [plain(f["label"]) + ("<br>" if is_wide else ", ") * bool(f["unit"]) + plain(f["unit"]) for f in features]
    names = [*(segment["segment_name"] for segment in segments), "Everyone"]
    whole = [wrapped(name, 48) for name in names]
    columns, lines = (titles, whole) if is_wide else (whole, titles)
    figure = go.Figure(
        go.Heatmap(
            z=(colours if is_wide else colours.T).tolist(),
            text=(texts if is_wide else texts.T).tolist(),
            texttemplate="%{text}",
            textfont={"size": 12},
            x=list(range(len(columns))),  # places, not names: two long names may be cut alike
            y=list(range(len(lines))),
            customdata=[[f"{line}<br>{column}" for column in columns] for line in lines],
            colorscale=[list(stop) for stop in DIVERGING],
            zmid=0,
            zmin=-2,
            zmax=2,
            xgap=2,
            ygap=2,
            colorbar={"thickness": 12, "outlinewidth": 0},
            hovertemplate="%{customdata}<br>%{text}<br>%{z:.2f} standard deviations from everyone<extra></extra>",
        )
    )
    height = max(440, 120 + 40 * len(segments)) if is_wide else 144 + 36 * len(features)
    figure = styled(figure, theme, height).update_layout(margin={"t": 48 if is_wide else 104, "b": 8})
    heads = titles if is_wide else [wrapped(name, max(HEAD_LETTERS, 60 // len(names)), 5) for name in names]
    sides = [plain(name) for name in names] if is_wide else titles
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="", tickvals=list(range(len(sides))), ticktext=sides)
    figure.update_xaxes(tickvals=list(range(len(heads))), ticktext=heads)
    return figure.update_xaxes(side="top", tickangle=0, ticks="", showline=False)


def heat_map_width(count_features: int, count_segments: int) -> int:
    """The pixels that a heat map needs at least; what has no more scrolls. 0: any width will do."""
    return 0 if count_features <= MOST_SIDE_BY_SIDE else 288 + HEAD_LETTERS * LETTER * (count_segments + 1)


def _cell(cell: Row, is_wide: bool) -> str:
    everyone = cell["mean_everyone"]
    mean, difference = format.level(cell["mean"], everyone), format.difference(cell["difference"], everyone)
    return f"{mean} ({difference})" if is_wide else f"{mean}<br>{difference}"


def quartile_ranges(profiles: Sequence[Row], segments: Sequence[Row], theme: Theme) -> go.Figure:
    """Per segment the median and the middle half of its customers; a line marks everyone's median. One feature's rows."""
    by_segment = {row["segment_id"]: row for row in profiles}
    rows = [by_segment[segment["segment_id"]] for segment in segments]
    feature = rows[0]
    places = list(range(len(rows)))  # places, not names: two long names may be cut alike
    colours = [segment_colour(segment["colour"]) for segment in segments]
    figure = go.Figure(
        go.Bar(
            base=[row["lower_quartile"] for row in rows],
            x=[row["upper_quartile"] - row["lower_quartile"] for row in rows],
            y=places,
            orientation="h",
            marker={"color": colours},
            opacity=0.55,
            width=0.5,
            customdata=[
                [
                    plain(segment["segment_name"]),
                    *(format.number(row[name]) for name in ("median", "lower_quartile", "upper_quartile")),
                ]
                for segment, row in zip(segments, rows, strict=True)
            ],
            hovertemplate="%{customdata[0]}<br>median %{customdata[1]}, half %{customdata[2]}–%{customdata[3]}<extra></extra>",
        )
    )
    figure.add_scatter(
        x=[row["median"] for row in rows],
        y=places,
        mode="markers",
        marker={"color": colours, "size": 12, "line": {"color": theme.ink, "width": 1.5}},
        hoverinfo="skip",
    )
    figure.add_vline(x=feature["median_everyone"], line={"color": theme.everyone, "dash": "dash"})
    figure = styled(figure, theme, 56 + 36 * len(segments)).update_layout(margin={"b": 24})
    names = [wrapped(segment["segment_name"], 24, 2) for segment in segments]
    figure.update_yaxes(autorange="reversed", showgrid=False, tickmode="array", tickvals=places, ticktext=names)
    return figure.update_xaxes(showgrid=True, nticks=6, tickangle=0)


def index_by_k(evaluations: Sequence[Row], index: str, title: str, theme: Theme) -> go.Figure:
    """An index of fit against k, a line per algorithm, the chosen k ringed."""
    figure = go.Figure()
    for algorithm, name in ALGORITHM_TITLES.items():
        rows = [row for row in evaluations if row["algorithm"] == algorithm]
        colour = theme.ink if algorithm == "kmeans" else theme.everyone
        figure.add_scatter(
            x=[row["k"] for row in rows],
            y=[row[index] for row in rows],
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": DASHES[algorithm]},
            marker={
                "size": [12 if row["is_chosen"] else 6 for row in rows],
                "color": [theme.selected if row["is_chosen"] else colour for row in rows],
            },
            hovertemplate=f"{name}, k = %{{x}}: %{{y:.4g}}<extra></extra>",
        )
    figure.update_xaxes(title="Number of segments, k", dtick=1)
    figure.update_yaxes(title=title)
    figure = styled(figure, theme, 288)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"})
    return figure.update_layout(margin={"t": 32})


def silhouette_plot(silhouettes: Sequence[Row], segments: Sequence[Row], theme: Theme) -> go.Figure:
    """Every customer's silhouette width, widest first within each segment; the dashed line is the mean."""
    figure = go.Figure()
    start = 0
    for segment in segments:
        widths = [row["silhouette"] for row in silhouettes if row["segment_id"] == segment["segment_id"]]
        places = list(range(start, start + len(widths)))
        figure.add_scatter(
            x=widths,
            y=places,
            mode="lines",
            fill="tozerox",
            line={"width": 0.5, "color": segment_colour(segment["colour"])},
            hovertemplate=f"{plain(segment['segment_name'])}: %{{x:.2f}}<extra></extra>",
        )
        if widths:
            figure.add_annotation(
                x=0,
                y=start + len(widths) / 2,
                text=wrapped(segment["segment_name"], 28, 3),
                align="right",
                showarrow=False,
                xanchor="right",
                xshift=-8,
            )
        start += len(widths) + max(1, len(silhouettes) // 100)
    mean = float(np.mean([row["silhouette"] for row in silhouettes]))
    figure.add_vline(
        x=mean, line={"color": theme.ink, "dash": "dash"}, annotation_text=f"mean {mean:.3f}", annotation_position="bottom right"
    )
    figure.update_xaxes(title="Silhouette width (1: well inside its segment, below 0: nearer to another)", range=[-1, 1])
    figure = styled(figure, theme, 440)
    figure.update_yaxes(visible=False, autorange="reversed")
    return figure.update_layout(margin={"l": 16, "t": 24})


def cross_table(cells: Sequence[Row], kmeans: Sequence[Row], ward: Sequence[Row], theme: Theme) -> go.Figure:
    """Customers per pair of K-Means and Ward segments."""
    counts = {(row["kmeans_segment_id"], row["hierarchical_segment_id"]): row["count_customers"] for row in cells}
    table = [[counts.get((row["segment_id"], column["segment_id"]), 0) for column in ward] for row in kmeans]
    figure = go.Figure(
        go.Heatmap(
            z=table,
            text=[[format.count(count) if count else "" for count in row] for row in table],
            texttemplate="%{text}",
            x=list(range(len(ward))),
            y=list(range(len(kmeans))),
            customdata=[[[plain(row["segment_name"]), plain(column["segment_name"])] for column in ward] for row in kmeans],
            colorscale=[[0, theme.surface], [1, theme.everyone]],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="K-Means: %{customdata[0]}<br>Ward: %{customdata[1]}<br>%{text} customers<extra></extra>",
        )
    )
    figure = styled(figure, theme, 160 + 40 * len(kmeans))
    figure.update_traces(textfont={"color": theme.ink})
    columns = [wrapped(row["segment_name"], max(12, 120 // len(ward)), 4) for row in ward]
    figure.update_xaxes(tickmode="array", tickvals=list(range(len(ward))), ticktext=columns, tickangle=0)
    rows = [wrapped(row["segment_name"], 32, 2) for row in kmeans]
    return figure.update_yaxes(
        autorange="reversed", showgrid=False, tickmode="array", tickvals=list(range(len(kmeans))), ticktext=rows
    )


def elbow_and_silhouette(evaluations: Sequence[Row], algorithm: str, theme: Theme) -> tuple[go.Figure, go.Figure]:
    """The two pictures people look for first; with the silhouette that of groupless data, cut by one of the algorithms."""
    elbow = index_by_k(evaluations, "inertia", "Within-cluster sum of squares", theme).update_yaxes(rangemode="tozero")
    silhouette = index_by_k(evaluations, "silhouette", "Mean silhouette width", theme)
    own = [row for row in evaluations if row["algorithm"] == algorithm]
    silhouette.add_scatter(
        x=[row["k"] for row in own],
        y=[row["silhouette_groupless"] for row in own],
        error_y={"type": "data", "array": [row["silhouette_deviation"] for row in own], "thickness": 1, "width": 3},
        name=f"without groups, {ALGORITHM_TITLES[algorithm]}",
        mode="lines",
        line={"color": theme.muted, "width": 1},
        hovertemplate="data without groups, k = %{x}: %{y:.3f}<extra></extra>",
    )
    return elbow, silhouette.update_yaxes(rangemode="tozero")


def plain(text: str) -> str:
    """Text for Plotly, which reads some HTML and templates like %{x}: a name must stay a name."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "%&#123;")


def wrapped(name: str, width: int, lines: int | None = None) -> str:
    """A name for Plotly in lines of at most `width` letters, and at most so many lines."""
    return "<br>".join(plain(line) for line in textwrap.wrap(name, width, max_lines=lines, placeholder=" …"))
