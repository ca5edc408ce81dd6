"""History: who moved between two runs, why, and what became of the segments."""

import json
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html
from flask import Response, request

from dashboard import ids, moves, queries
from dashboard.access.audit_log import write_down
from dashboard.access.records import Event
from dashboard.export import csv_response, sent_or_refused
from dashboard.pages.history_parts import EXPORT, content, customers, rows
from dashboard.shown import numbered, shown
from dashboard.theme import theme
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, MallError


def layout() -> Any:
    """The page, before its numbers are there."""
    return html.Div(
        [
            html.H1("Who moved, and why?"),
            html.Div(
                [
                    dmc.Select(id=ids.HISTORY_SINCE, label="From run", allowDeselect=False, size="xs", w=208),
                    dmc.Select(id=ids.HISTORY_VERSION, label="To version", allowDeselect=False, size="xs", w=208),
                ],
                className="history-choices",
            ),
            html.Div(html.P("Loading …", className="muted"), id=ids.HISTORY),
            html.Section(id=ids.HISTORY_CUSTOMERS, className="panel table-panel"),
            dcc.Store(id=ids.HISTORY_FLOW),
        ]
    )


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the page, and the download."""
    _offer_runs(app, warehouse)
    _fill(app, warehouse)
    _list_customers(app, warehouse)
    _serve_export(app, warehouse)


def _offer_runs(app: Dash, warehouse: Warehouse) -> None:
    """The two choices; the later one follows a new version where the newest was shown."""

    @app.callback(
        Output(ids.HISTORY_VERSION, "data"),
        Output(ids.HISTORY_VERSION, "value"),
        Input(ids.VERSION, "data"),
        State(ids.HISTORY_VERSION, "data"),
        State(ids.HISTORY_VERSION, "value"),
    )
    def offer_versions(version: Any, offered: Any, chosen: Any) -> tuple[Any, Any]:
        try:
            kept = [str(number) for number in moves.versions(warehouse)]
            own = str(shown(warehouse, version).version)
        except MallError:
            return [], None
        newest = offered[0] if isinstance(offered, list) and offered else None
        was_newest = isinstance(newest, dict) and chosen == newest.get("value")
        options = [{"value": number, "label": f"version {number}{' (now)' if number == kept[0] else ''}"} for number in kept]
        return options, own if was_newest or chosen not in kept else chosen

    @app.callback(
        Output(ids.HISTORY_SINCE, "data"),
        Output(ids.HISTORY_SINCE, "value"),
        Input(ids.HISTORY_VERSION, "value"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        State(ids.HISTORY_SINCE, "value"),
    )
    def offer_runs(number: Any, segmentation: Any, algorithm: Any, chosen: Any) -> tuple[Any, Any]:
        try:
            db = warehouse.version(numbered(number))
            runs = moves.earlier_runs(db, *_key(db, segmentation, algorithm))
        except MallError:
            return [], None
        options = [
            {"value": str(run["run_id"]), "label": f"run {run['run_id']}, {run['created_at']:%-d %b %Y %H:%M}"} for run in runs
        ]
        offered = [option["value"] for option in options]
        return options, chosen if chosen in offered else next(iter(offered), None)


def _fill(app: Dash, warehouse: Warehouse) -> None:
    @app.callback(
        Output(ids.HISTORY, "children"),
        Input(ids.HISTORY_VERSION, "value"),
        Input(ids.HISTORY_SINCE, "value"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        Input(ids.SCHEME, "data"),
        Input(ids.VERSION, "data"),
    )
    def fill(number: Any, since: Any, segmentation: Any, algorithm: Any, scheme: Any, _: Any) -> Any:
        try:
            db = warehouse.version(numbered(number))
            return content(db, numbered(since), _key(db, segmentation, algorithm), theme(scheme))
        except MallError as error:
            return html.P(str(error), className="error")


def _list_customers(app: Dash, warehouse: Warehouse) -> None:
    """The table of a flow, anew with every choice, and the rows that it asks for."""
    choices = [(ids.HISTORY_VERSION, "value"), (ids.HISTORY_SINCE, "value"), (ids.SEGMENTATION, "value"), (ids.ALGORITHM, "value")]

    @app.callback(
        Output(ids.HISTORY_CUSTOMERS, "children"), Input(ids.HISTORY_FLOW, "data"), *(Input(*choice) for choice in choices)
    )
    def make_table(asked: Any, number: Any, since: Any, segmentation: Any, algorithm: Any) -> Any:
        try:
            db = warehouse.version(numbered(number))
            key = _key(db, segmentation, algorithm)
            return customers(db, _run(db, since, key), key, moves.flow(asked))
        except MallError:
            return []  # the page above says what is wrong, or what is needed

    @app.callback(
        Output(ids.HISTORY_TABLE, "getRowsResponse"),
        Input(ids.HISTORY_TABLE, "getRowsRequest"),
        State(ids.HISTORY_FLOW, "data"),
        *(State(*choice) for choice in choices),
    )
    def send_rows(asked: Any, flow: Any, number: Any, since: Any, segmentation: Any, algorithm: Any) -> Any:
        if asked is None:
            return dash.no_update
        try:
            db = warehouse.version(numbered(number))
            key = _key(db, segmentation, algorithm)
            return rows(db, asked, _run(db, since, key), key, moves.flow(flow))
        except MallError:
            return {"rowData": [], "rowCount": 0}


def _serve_export(app: Dash, warehouse: Warehouse) -> None:
    @app.server.route(EXPORT)  # type: ignore[untyped-decorator]
    def send_movers() -> Response:
        asked = request.args
        with sent_or_refused():
            db = warehouse.version(numbered(asked.get("version")))
            key = _key(db, asked.get("segmentation"), asked.get("algorithm"))
            chosen = moves.flow(json.loads(asked.get("flow") or "null"))
            since = _run(db, asked.get("since"), key)
            write_down(Event.EXPORTED, db.version, detail=f"moved_customers.csv since {since}")
            lines = list(moves.export(db, since, key, chosen))
        return csv_response(lines, "moved_customers.csv")


def _key(db: Snapshot, segmentation: Any, algorithm: Any) -> tuple[str, str]:
    run = queries.known_run(db, segmentation, algorithm)
    return run["segmentation"], run["algorithm"]


def _run(db: Snapshot, since: Any, key: tuple[str, str]) -> int:
    """The earlier run chosen. Raises InputError where the clustering has none such."""
    number = numbered(since)
    if number not in [run["run_id"] for run in moves.earlier_runs(db, *key)]:
        raise InputError(f"there is no run {number} before this version")
    return int(number or 0)
