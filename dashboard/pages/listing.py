"""What pages with a list of customers share: they follow a selection of Explore, the list asks for its rows and is downloaded."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import dash
from dash import Dash, Input, Output, State, html
from flask import Response, request

from dashboard import filters, ids, queries
from dashboard.access.audit_log import write_down
from dashboard.access.records import Event
from dashboard.export import csv_response, sent_or_refused
from dashboard.filters import Clause
from dashboard.pages import sheet
from dashboard.queries import Row
from dashboard.shown import numbered, shown
from dashboard.theme import Theme, theme
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import MallError

Rows = Callable[[Snapshot, Any, Any, Any, Any], dict[str, Any]]
"""From what a table asks for, the filters, the segmentation and the algorithm to its rows."""
Export = Callable[[Snapshot, Sequence[Clause], str, str], Iterator[str]]
"""From the filters, the segmentation and the algorithm to the lines of a CSV file."""


Content = Callable[[Snapshot, Row, Sequence[Clause], Theme], list[Any]]
"""From the clustering, the filters and the colours to what stands above the list."""
Heading = Callable[[Snapshot, Row, Sequence[Clause], Any], list[Any]]
"""From the clustering, the filters and these as the browser has them to the heading of the list and the list, empty."""


def layout(title: str, content_id: str, list_id: str) -> Any:
    """A page, before its numbers are there."""
    return html.Div([sheet.waiting(title, content_id), html.Section(id=list_id, className="panel table-panel")])


def fill(app: Dash, warehouse: Warehouse, content_id: str, content: Content, list_id: str, heading: Heading) -> None:
    """Fill a page for the clustering, the filters and the colours that are chosen, or say in words why it cannot be."""

    @app.callback(
        Output(content_id, "children"),
        Output(list_id, "children"),
        Input(ids.VERSION, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        Input(ids.SCHEME, "data"),
        Input(ids.FILTERS, "data"),
    )
    def show(version: Any, segmentation: Any, algorithm: Any, scheme: Any, chosen: Any) -> tuple[Any, Any]:
        try:
            db = shown(warehouse, version)
            run = queries.known_run(db, segmentation, algorithm)
            clauses = filters.parse(chosen, queries.dimensions(db))
            return content(db, run, clauses, theme(scheme)), heading(db, run, clauses, chosen)
        except MallError as error:
            return html.P(str(error), className="error"), []


def answer(app: Dash, warehouse: Warehouse, table_id: str, rows: Rows, path: str, export: Export) -> None:
    """Answer a table that asks for its rows, and serve the download at `path`, whose last part names the file."""
    _list(app, warehouse, table_id, rows)
    serve(app, warehouse, path, export)


def download(path: str, db: Snapshot, run: dict[str, Any], chosen: Any) -> Any:
    """The link to all rows of a list, as the page has it."""
    chosen = json.dumps(chosen or {})
    query = {"segmentation": run["segmentation"], "algorithm": run["algorithm"], "filters": chosen, "v": db.version}
    return html.A("Download as CSV", href=f"{path}?{urlencode(query)}", download=_name(path))


def _list(app: Dash, warehouse: Warehouse, table_id: str, rows: Rows) -> None:
    @app.callback(
        Output(table_id, "getRowsResponse"),
        Input(table_id, "getRowsRequest"),
        State(ids.FILTERS, "data"),
        State(ids.SEGMENTATION, "value"),
        State(ids.ALGORITHM, "value"),
        State(ids.VERSION, "data"),
    )
    def send_rows(asked: Any, chosen: Any, segmentation: Any, algorithm: Any, version: Any) -> Any:
        if asked is None:
            return dash.no_update
        try:
            return rows(shown(warehouse, version), asked, chosen, segmentation, algorithm)
        except MallError:
            return {"rowData": [], "rowCount": 0}


def serve(app: Dash, warehouse: Warehouse, path: str, export: Export) -> None:
    """Serve a download at `path`, whose last part names the file."""

    @app.server.route(path, endpoint=path)  # type: ignore[untyped-decorator]
    def send() -> Response:
        asked = request.args
        with sent_or_refused():
            db = warehouse.version(numbered(asked.get("v")))
            clauses = filters.parse(json.loads(asked.get("filters") or "null"), queries.dimensions(db))
            run = queries.known_run(db, asked.get("segmentation"), asked.get("algorithm"))
            write_down(Event.EXPORTED, db.version, detail=f"{_name(path)} where {filters.where(clauses)[0]}")
            lines = list(export(db, clauses, run["segmentation"], run["algorithm"]))
        return csv_response(lines, _name(path))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
