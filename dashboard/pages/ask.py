"""SQL: an editor with the schema beside it, the rows of what is asked, and a plot of them (assets/ask.js)."""

import logging
from typing import Any

import dash
import dash_ag_grid as dag
from dash import Dash, Input, Output, State, dcc, html
from flask import Response, abort, jsonify, request, send_file

from dashboard import export, ids
from dashboard.access.audit_log import names, shape, write_down
from dashboard.access.records import Event
from dashboard.access.roles import Role, current, may
from dashboard.browser import in_browser
from dashboard.guard import is_asked_as_ourselves
from dashboard.listening import is_this_machine
from dashboard.pages import sheet
from dashboard.schema import schema
from dashboard.shown import shown
from warehouse.connection import Warehouse
from warehouse.errors import BusyError, InputError, MallError
from warehouse.sandbox import Limits, Sandbox
from warehouse.settings import Settings
from warehouse.statement_error import StatementError

ROWS = "/sql/rows"
"""Where the rows are downloaded, but for the kind of the file."""
_KINDS = ("csv", "parquet")
_HEIGHT, _PLOT_HEIGHT = 400, 360
_OFF = (
    "SQL is off here. Whoever starts the dashboard allows it with ALLOW_SQL=1; where nothing is said, those may ask "
    "who have signed in as analysts, or who sit at the dashboard's own machine."
)

log = logging.getLogger(__name__)


def is_allowed(settings: Settings) -> bool:
    """Whether the request that is being answered may ask in SQL.

    Where nothing is set, analysts may who have said who they are, and otherwise who asks from this machine.
    """
    if settings.allow_sql is not None or current().name:
        return settings.allow_sql is not False and may(Role.ANALYST)
    return is_this_machine(settings.host) and is_asked_as_ourselves()


def layout(settings: Settings) -> Any:
    """The page, empty: the browser makes the editor, and fills the table and the plot."""
    title = html.H1("What do you want to know?")
    if not is_allowed(settings):
        return html.Div([title, html.P(_OFF, className="answer")])
    limits = Limits()
    said = (
        f"Ask the tables in SQL. They can only be read: a statement has {limits.seconds} seconds and "
        f"{limits.memory_mb / 1024:g} GB of memory, the page shows {limits.most_rows:,} rows, and a download has all of them."
    )
    table = dag.AgGrid(
        id=ids.ASK_GRID,
        columnDefs=[],
        rowData=[],
        defaultColDef={"sortable": True, "resizable": True, "suppressMovable": True},
        style={"height": _HEIGHT},
        dashGridOptions={
            **sheet.GRID,
            "headerHeight": 44,  # two lines: name and type
            "enableCellTextSelection": True,
            "localeText": {"noRowsToShow": "No rows: nothing is like that."},
        },
    )
    plot: Any = dcc.Graph(
        id=ids.ASK_PLOT, figure={}, config={"displayModeBar": False, "responsive": True}, style={"height": _PLOT_HEIGHT}
    )
    return html.Div(
        [
            title,
            html.P(said, className="answer"),
            html.Div(id=ids.ASK),
            html.Div(
                [
                    html.Section([html.Div(id="ask-caption"), html.Div(table, id="ask-table")], className="panel"),
                    html.Section([html.Div(id="ask-axes"), html.Div(plot, id="ask-drawn")], className="panel"),
                ],
                id="ask-found",
                hidden=True,
            ),
            dcc.Store(id=ids.ASK_SCHEMA),
            dcc.Store(id=ids.ASK_READY),
        ]
    )


def register(app: Dash, warehouse: Warehouse, settings: Settings) -> None:
    """The callbacks of the page, and the downloads."""
    sandbox = Sandbox()
    in_browser(app, "showAsk", Output(ids.ASK_READY, "data"), Input(ids.ASK_SCHEMA, "data"), State(ids.SCHEME, "data"))
    in_browser(app, "showAnswer", Input(ids.ASK_ANSWER, "data"))
    in_browser(app, "paintAsk", Input(ids.SCHEME, "data"))
    _tell_schema(app, warehouse, settings)
    _run(app, warehouse, settings, sandbox)
    _stop(app, sandbox)
    _serve(app, warehouse, settings, sandbox)


def _tell_schema(app: Dash, warehouse: Warehouse, settings: Settings) -> None:
    @app.callback(Output(ids.ASK_SCHEMA, "data"), Input(ids.VERSION, "data"))
    def tell(version: Any) -> Any:
        if version is None or not is_allowed(settings):
            return dash.no_update
        try:
            db = shown(warehouse, version)
            return {"version": db.version, **schema(db)}
        except MallError as error:
            return {"error": str(error)}


def _run(app: Dash, warehouse: Warehouse, settings: Settings, sandbox: Sandbox) -> None:
    @app.callback(Output(ids.ASK_ANSWER, "data"), Input(ids.ASK_RUN, "data"), State(ids.VERSION, "data"), prevent_initial_call=True)
    def run(asked: Any, version: Any) -> Any:
        try:
            sql, token = _asked(asked, settings)
            db = shown(warehouse, version)
            write_down(Event.ASKED, db.version, detail=shape(sql, names(db)))
            found = sandbox.rows(db, sql, token, current().name)
        except MallError as error:
            said = asked.get("token") if isinstance(asked, dict) else None
            return {"token": said if isinstance(said, str) else None, **_failure(error)}
        return {
            "token": token,
            "version": db.version,
            "columns": found.columns,
            "rows": found.rows,
            "has_more": found.has_more,
            "seconds": found.seconds,
        }


def _stop(app: Dash, sandbox: Sandbox) -> None:
    @app.callback(Output(ids.ASK_STOPPED, "data"), Input(ids.ASK_STOP, "data"), prevent_initial_call=True)
    def stop(asked: Any) -> Any:
        if isinstance(asked, dict) and isinstance(asked.get("token"), str):
            sandbox.stop(asked["token"])
        return dash.no_update


def _serve(app: Dash, warehouse: Warehouse, settings: Settings, sandbox: Sandbox) -> None:
    """All rows of a statement as a file. Only a page of ours can post JSON: one elsewhere would have to ask the browser first."""

    @app.server.route(f"{ROWS}.<kind>", methods=["POST"])  # type: ignore[untyped-decorator]
    def send_rows(kind: str) -> Response:
        if kind not in _KINDS:
            abort(404)
        asked = request.get_json()
        try:
            sql, token = _asked(asked, settings)
            db = warehouse.version(asked["version"] if type(asked.get("version")) is int else None)
            about = {"statement": sql, "version": str(db.version)}
            write_down(Event.EXPORTED, db.version, detail=f"{kind} of {shape(sql, names(db))}")
            file = sandbox.file(db, sql, token, kind, about, export.FORMULA, current().name)
        except MallError as error:
            answer: Response = jsonify(_failure(error))
            answer.status_code = 503 if isinstance(error, BusyError) else 400
            return answer
        return send_file(file, export.TYPES[kind], as_attachment=True, download_name=f"rows_of_version_{db.version}.{kind}")


def _asked(asked: Any, settings: Settings) -> tuple[str, str]:
    """The statement and its token, as a browser sends them. Raises InputError for anything else, and where SQL is off."""
    if not is_allowed(settings):
        raise InputError(_OFF)
    if not isinstance(asked, dict) or not isinstance(asked.get("sql"), str) or not isinstance(asked.get("token"), str):
        raise InputError("that is no statement")
    return asked["sql"], asked["token"]


def _failure(error: MallError) -> dict[str, Any]:
    """An error as the page shows it: its words, and what it marks."""
    return {"error": str(error), "span": error.span if isinstance(error, StatementError) else None}
