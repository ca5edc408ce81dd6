"""At risk: who may have left, what they are worth, and how good that forecast was when it could be held against what came."""

import json
from typing import Any

import dash
from dash import Dash, Input, Output, State, html
from flask import Response, abort, request

from dashboard import filters, ids, queries, retention
from dashboard.pages import sheet
from dashboard.pages.retention_parts import EXPORT, content, customers, rows
from dashboard.theme import theme
from warehouse.connection import Warehouse
from warehouse.errors import MallError


def layout() -> Any:
    """The page, before its numbers are there."""
    return html.Div(
        [
            sheet.waiting("Who is at risk of leaving?", ids.RETENTION),
            html.Section(id=ids.RETENTION_LIST, className="panel table-panel"),
        ]
    )


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the page, and the download."""
    _fill(app, warehouse)
    _list_customers(app, warehouse)
    _serve_export(app, warehouse)


def _fill(app: Dash, warehouse: Warehouse) -> None:
    @app.callback(
        Output(ids.RETENTION, "children"),
        Output(ids.RETENTION_LIST, "children"),
        Input(ids.VERSION, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        Input(ids.SCHEME, "data"),
        Input(ids.FILTERS, "data"),
    )
    def fill(_: Any, segmentation: Any, algorithm: Any, scheme: Any, chosen: Any) -> tuple[Any, Any]:
        try:
            db = warehouse.snapshot()
            run = queries.known_run(db, segmentation, algorithm)
            clauses = filters.parse(chosen, queries.dimensions(db))
            return content(db, run, clauses, theme(scheme)), customers(db, run, clauses, chosen)
        except MallError as error:
            return html.P(str(error), className="error"), []


def _list_customers(app: Dash, warehouse: Warehouse) -> None:
    @app.callback(
        Output(ids.RETENTION_TABLE, "getRowsResponse"),
        Input(ids.RETENTION_TABLE, "getRowsRequest"),
        State(ids.FILTERS, "data"),
        State(ids.SEGMENTATION, "value"),
        State(ids.ALGORITHM, "value"),
    )
    def send_rows(asked: Any, chosen: Any, segmentation: Any, algorithm: Any) -> Any:
        if asked is None:
            return dash.no_update
        try:
            return rows(warehouse.snapshot(), asked, chosen, segmentation, algorithm)
        except MallError:
            return {"rowData": [], "rowCount": 0}


def _serve_export(app: Dash, warehouse: Warehouse) -> None:
    @app.server.route(EXPORT)  # type: ignore[untyped-decorator]
    def send_customers_at_risk() -> Response:
        asked = request.args
        try:
            db = warehouse.snapshot()
            clauses = filters.parse(json.loads(asked.get("filters") or "null"), queries.dimensions(db))
            run = queries.known_run(db, asked.get("segmentation"), asked.get("algorithm"))
            lines = list(retention.export(db, clauses, run["segmentation"], run["algorithm"]))
        except (MallError, json.JSONDecodeError, RecursionError):
            abort(400)
        return Response(lines, mimetype="text/csv", headers={"Content-Disposition": "attachment; filename=customers_at_risk.csv"})
