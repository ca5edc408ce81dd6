"""What pages that are drawn on the server share: they wait, fill themselves for a clustering, and show titled charts."""

from collections.abc import Callable
from typing import Any

from dash import Dash, Input, Output, dcc, html

from dashboard import ids, queries, trust
from dashboard.palette import segment_colour
from dashboard.queries import Row
from dashboard.theme import Theme, theme
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import MallError


def waiting(title: str, content_id: str) -> Any:
    """A page before its numbers are there."""
    return html.Div([html.H1(title), html.Div(html.P("Loading …", className="muted"), id=content_id)])


def register(app: Dash, warehouse: Warehouse, content_id: str, content: Callable[[Snapshot, Row, Theme], list[Any]]) -> None:
    """Fill a page anew with every version, clustering and colour scheme."""

    @app.callback(
        Output(content_id, "children"),
        Input(ids.VERSION, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        Input(ids.SCHEME, "data"),
    )
    def fill(_: Any, segmentation: str | None, algorithm: str | None, scheme: str | None) -> Any:
        return answer(warehouse, lambda db: content(db, queries.known_run(db, segmentation, algorithm), theme(scheme)))


def answer(warehouse: Warehouse, content: Callable[[Snapshot], Any]) -> Any:
    """The content of the newest version, or in words why there is none."""
    try:
        return content(warehouse.snapshot())
    except MallError as error:
        return html.P(str(error), className="error")


def panel(title: str, figure: Any, size: str, caption: str = "", hint: str = "", least_width: int = 0) -> Any:
    """A titled chart; the hint explains the caption to who points at it. Below its least width, in pixels, it scrolls."""
    style = {"height": figure.layout.height} | ({"minWidth": least_width} if least_width else {})
    graph: Any = dcc.Graph(figure=figure, config={"displayModeBar": False, "responsive": True}, style=style)
    graph = html.Div(graph, className="scroll") if least_width else graph
    heading = html.H2([title, html.Span(caption, className="view-caption", title=hint or None)])
    return html.Section([heading, graph], className=f"panel {size}")


def table_panel(title: str, table: Any, caption: str = "") -> Any:
    """A titled table across the page; a long one scrolls below its head."""
    heading = html.H2([title, html.Span(caption, className="view-caption")])
    return html.Section([heading, html.Div(table, className="scroll tall")], className="panel")


def dot(segment: Row) -> Any:
    """The mark of a segment: its colour."""
    return html.Span(className="dot", style={"background": segment_colour(segment["colour"])})


def stability(segment: Row) -> list[Any]:
    """How stable a segment is: a bar from 0 to 1, and the word."""
    width = f"{segment['stability'] or 0:.0%}"
    bar = html.Span(className="stability-bar", style={"width": width, "background": segment_colour(segment["colour"])})
    return [html.Span(bar, className="stability-track"), html.Span(trust.how_stable(segment), title=trust.STABILITY)]
