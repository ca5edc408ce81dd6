"""What pages that are drawn on the server share: they wait, fill themselves for a clustering, and show titled charts."""

from collections.abc import Callable
from typing import Any

from dash import Dash, Input, Output, dcc, html

from dashboard import ids, queries
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
        try:
            db = warehouse.snapshot()
        except MallError as error:
            return html.P(str(error), className="error")
        return content(db, queries.known_run(db, segmentation, algorithm), theme(scheme))


def panel(title: str, figure: Any, size: str, caption: str = "") -> Any:
    """A titled chart."""
    graph = dcc.Graph(figure=figure, config={"displayModeBar": False, "responsive": True}, style={"height": figure.layout.height})
    return html.Section([html.H2([title, html.Span(caption, className="view-caption")]), graph], className=f"panel {size}")
