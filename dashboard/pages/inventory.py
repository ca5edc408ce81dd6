"""Inventory: how much of each product or category to have in stock, for how long and how surely it shall last."""

from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html
from flask import Response, request

from dashboard import format, ids, inventory, queries
from dashboard.access.audit_log import write_down
from dashboard.access.records import Event
from dashboard.export import csv_response, sent_or_refused
from dashboard.pages.inventory_parts import DEFAULTS, EXPORT, content, items, periods_offered, rows
from dashboard.shown import numbered, shown
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import MallError

_CHOICES = ((ids.INVENTORY_KIND, "value"), (ids.INVENTORY_PERIODS, "value"), (ids.INVENTORY_LEVEL, "value"))
_CLUSTERING = ((ids.SEGMENTATION, "value"), (ids.ALGORITHM, "value"))


def layout() -> Any:
    """The page, before its numbers are there."""
    kinds = [{"value": "product", "label": "Products"}, {"value": "category", "label": "Categories"}]
    levels = [{"value": str(level), "label": format.whole_percent(level)} for level in inventory.LEVELS]
    choices = [
        dmc.SegmentedControl(id=ids.INVENTORY_KIND, data=kinds, value=DEFAULTS.kind, size="xs"),
        html.Span("to last", className="muted"),
        dmc.Select(id=ids.INVENTORY_PERIODS, data=[], size="xs", w=120, allowDeselect=False, **{"aria-label": "For how long"}),
        html.Span("with a probability of", className="muted"),
        dmc.SegmentedControl(id=ids.INVENTORY_LEVEL, data=levels, value=str(DEFAULTS.level), size="xs"),
    ]
    return html.Div(
        [
            html.H1("How much to have in stock?"),
            html.Div(dmc.Group(choices, gap=8), id=ids.INVENTORY_CHOICES, className="choices", hidden=True),
            html.Div(html.P("Loading …", className="muted"), id=ids.INVENTORY),
            html.Section(id=ids.INVENTORY_LIST, className="panel table-panel"),
        ]
    )


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the page, and the download."""
    _offer(app, warehouse)
    _fill(app, warehouse)
    _list(app, warehouse)
    _serve(app, warehouse)


def _offer(app: Dash, warehouse: Warehouse) -> None:
    """What can be chosen: kinds that the transactions name, and periods up to the horizon."""

    @app.callback(
        Output(ids.INVENTORY_KIND, "data"),
        Output(ids.INVENTORY_KIND, "value"),
        Output(ids.INVENTORY_PERIODS, "data"),
        Output(ids.INVENTORY_PERIODS, "value"),
        Output(ids.INVENTORY_CHOICES, "hidden"),
        Input(ids.VERSION, "data"),
        State(ids.INVENTORY_KIND, "value"),
        State(ids.INVENTORY_PERIODS, "value"),
    )
    def offer(version: Any, kind: Any, periods: Any) -> tuple[Any, ...]:
        try:
            return periods_offered(shown(warehouse, version), kind, periods)
        except MallError:
            return dash.no_update, dash.no_update, dash.no_update, dash.no_update, True


def _fill(app: Dash, warehouse: Warehouse) -> None:
    @app.callback(
        Output(ids.INVENTORY, "children"),
        Output(ids.INVENTORY_LIST, "children"),
        Input(ids.VERSION, "data"),
        *(Input(*choice) for choice in (*_CHOICES, *_CLUSTERING)),
    )
    def fill(version: Any, kind: Any, periods: Any, level: Any, segmentation: Any, algorithm: Any) -> tuple[Any, Any]:
        try:
            db = shown(warehouse, version)
            key = _key(db, segmentation, algorithm)
            return content(db, kind, periods, level), items(db, kind, periods, level, key)
        except MallError as error:
            return html.P(str(error), className="error"), []


def _list(app: Dash, warehouse: Warehouse) -> None:
    @app.callback(
        Output(ids.INVENTORY_TABLE, "getRowsResponse"),
        Input(ids.INVENTORY_TABLE, "getRowsRequest"),
        *(State(*choice) for choice in (*_CHOICES, *_CLUSTERING)),
        State(ids.VERSION, "data"),
    )
    def send_rows(asked: Any, kind: Any, periods: Any, level: Any, segmentation: Any, algorithm: Any, version: Any) -> Any:
        if asked is None:
            return dash.no_update
        try:
            db = shown(warehouse, version)
            return rows(db, asked, inventory.choice(db, kind, periods, level), _key(db, segmentation, algorithm))
        except MallError:
            return {"rowData": [], "rowCount": 0}


def _serve(app: Dash, warehouse: Warehouse) -> None:
    @app.server.route(EXPORT)  # type: ignore[untyped-decorator]
    def send_plan() -> Response:
        asked = request.args
        with sent_or_refused():
            db = warehouse.version(numbered(asked.get("v")))
            chosen = inventory.choice(db, *(asked.get(name) for name in ("kind", "periods", "level")))
            write_down(Event.EXPORTED, db.version, detail="inventory_plan.csv")
            lines = list(inventory.export(db, chosen, *_key(db, asked.get("segmentation"), asked.get("algorithm"))))
        return csv_response(lines, "inventory_plan.csv")


def _key(db: Snapshot, segmentation: Any, algorithm: Any) -> tuple[str, str]:
    run = queries.known_run(db, segmentation, algorithm)
    return run["segmentation"], run["algorithm"]
