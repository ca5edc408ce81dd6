"""Explore: linked views drawn and filtered in the browser (assets/explore.js), what is different, and the customers behind them."""

import json
import logging
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import urlencode

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html
from flask import Response, abort, request, send_file

from dashboard import export, filters, format, ids, queries, selection, statements
from dashboard.access.audit_log import write_down
from dashboard.access.records import Event
from dashboard.access.roles import Role, may
from dashboard.browser import in_browser
from dashboard.pages import ask, sheet
from dashboard.pages.explore_parts import differences, segment_mix, sql_button
from dashboard.selection import SEGMENT_COLUMNS
from dashboard.shown import numbered, shown
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, MallError
from warehouse.settings import Settings

PAGE_ROWS = 100
EXPORT = "/explore/customers"
"""Where the customers are downloaded, but for the kind of the file."""
_HEIGHT = 400
_LINKS = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet", "json": "where they come from (JSON)"}
_LONGEST_SEARCH = 200
_LOADING = html.P("Loading the customers …", className="muted")

log = logging.getLogger(__name__)


def layout(smallest_cell: int) -> Any:
    """The page, empty: the browser fills the views, and the table asks for its rows. Viewers have counts, and no table."""
    title = html.H1("Who are the customers?")
    if not may(Role.ANALYST):
        said = (
            f"Numbers of fewer than {smallest_cell} customers, and those that would give them away, are not told: they read “few”."
        )
        views = html.Div(_LOADING, id=ids.EXPLORE, **{"data-is-counted": "true"})  # type: ignore[arg-type]
        return html.Div([title, html.P(said, className="answer muted"), views])
    search = dmc.TextInput(
        id=ids.TABLE_SEARCH,
        placeholder="Search ids, categories, segments",
        value="",
        debounce=300,
        size="xs",
        w=240,
        **{"aria-label": "Search the customers"},
    )
    return html.Div(
        [
            title,
            html.Div(_LOADING, id=ids.EXPLORE),
            html.Div(id=ids.DIFFERENCE, className="panels difference"),
            html.Section(
                [
                    html.Div(
                        [
                            html.H2(["Customers", html.Span(id=ids.TABLE_CAPTION, className="view-caption", role="status")]),
                            html.Div([search, html.Span(id=ids.TABLE_LINKS), sql_button(statements.TABLE, "the customers")]),
                        ],
                        className="table-head",
                    ),
                    html.Div(id=ids.TABLE_FRAME),
                    dcc.Store(id=ids.TABLE_COLUMNS),
                ],
                className="panel table-panel",
            ),
            dcc.Store(id=ids.SQL_ASKED),
            dmc.Modal(
                html.Div(id=ids.SQL_TEXT),
                id=ids.SQL_DIALOG,
                title="",
                size="xl",
                lockScroll=False,
                closeButtonProps={"aria-label": "Close"},
            ),
        ]
    )


def register(app: Dash, warehouse: Warehouse, settings: Settings) -> None:
    """The callbacks of the page, and the downloads."""
    in_browser(
        app,
        "show",
        Output(ids.EXPLORE_READY, "data"),
        Input(ids.PAGE, "children"),
        Input(ids.VERSION, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        State(ids.FILTERS, "data"),
    )
    in_browser(app, "follow", Input(ids.FILTERS, "data"))
    in_browser(app, "followAxes", Input(ids.AXES, "data"))
    in_browser(app, "find", Input(ids.CUSTOMERS, "selectedRows"))
    in_browser(app, "refreshTable", Input(ids.SEGMENTATION, "value"), Input(ids.EXPLORE_READY, "data"))
    in_browser(app, "refreshTable", Input(ids.TABLE_SEARCH, "value"))  # it is not on other pages

    _make_table(app, warehouse)
    _answer_table(app, warehouse)
    _say_what_is_different(app, warehouse)
    _show_sql(app, warehouse, settings)
    _serve(app, warehouse)


def _make_table(app: Dash, warehouse: Warehouse) -> None:
    """A table with the columns of the version that is shown."""

    @app.callback(
        Output(ids.TABLE_FRAME, "children"),
        Output(ids.TABLE_COLUMNS, "data"),
        Input(ids.VERSION, "data"),
        State(ids.TABLE_COLUMNS, "data"),
    )
    def make_table(version: Any, made: Any) -> tuple[Any, Any]:
        if version is None:
            return dash.no_update, dash.no_update
        try:
            columns = table_columns(shown(warehouse, version))
        except MallError as error:
            return html.P(str(error), className="error"), None
        return (
            (dash.no_update, dash.no_update)
            if columns == made
            else (sheet.table(ids.CUSTOMERS, columns, PAGE_ROWS, _HEIGHT, can_choose=True), columns)
        )


def _answer_table(app: Dash, warehouse: Warehouse) -> None:
    """Send the rows that the table asks for."""

    @app.callback(
        Output(ids.CUSTOMERS, "getRowsResponse"),
        Output(ids.TABLE_CAPTION, "children"),
        Output(ids.TABLE_LINKS, "children"),
        Input(ids.CUSTOMERS, "getRowsRequest"),
        State(ids.FILTERS, "data"),
        State(ids.SEGMENTATION, "value"),
        State(ids.VERSION, "data"),
        State(ids.TABLE_SEARCH, "value"),
    )
    def send_rows(request: Any, chosen: Any, segmentation: Any, version: Any, search: Any) -> tuple[Any, Any, Any]:
        if request is None:
            return dash.no_update, dash.no_update, dash.no_update
        try:
            db = shown(warehouse, version)
            return *rows(db, request, chosen, segmentation, search), links(db, request, chosen, segmentation, search)
        except MallError as error:
            log.warning("no rows for the table: %s", type(error).__name__)  # its words may be a customer's
            return {"rowData": [], "rowCount": 0}, str(error), []


def _say_what_is_different(app: Dash, warehouse: Warehouse) -> None:
    @app.callback(
        Output(ids.DIFFERENCE, "children"),
        Input(ids.VERSION, "data"),
        Input(ids.FILTERS, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
    )
    def compare(version: Any, chosen: Any, segmentation: Any, algorithm: Any) -> Any:
        if version is None:
            return dash.no_update
        try:
            db = shown(warehouse, version)
            run = queries.known_run(db, segmentation, algorithm)
            clauses = filters.parse(chosen, queries.dimensions(db))
            return [differences(db, clauses, list(chosen or {})), segment_mix(db, clauses, run)]
        except MallError as error:
            return html.P(str(error), className="error")


def _show_sql(app: Dash, warehouse: Warehouse, settings: Settings) -> None:
    @app.callback(
        Output(ids.SQL_DIALOG, "opened"),
        Output(ids.SQL_DIALOG, "title"),
        Output(ids.SQL_TEXT, "children"),
        Input(ids.SQL_ASKED, "data"),
        State(ids.FILTERS, "data"),
        State(ids.SEGMENTATION, "value"),
        State(ids.ALGORITHM, "value"),
        State(ids.VERSION, "data"),
        State(ids.TABLE_SEARCH, "value"),
        State(ids.CUSTOMERS, "getRowsRequest"),
        prevent_initial_call=True,
    )
    def show_sql(
        asked: Any, chosen: Any, segmentation: Any, algorithm: Any, version: Any, search: Any, rows_asked: Any
    ) -> tuple[Any, Any, Any]:
        if not isinstance(asked, dict) or not isinstance(asked.get("of"), str):
            return dash.no_update, dash.no_update, dash.no_update
        try:
            db = shown(warehouse, version)
            run = queries.known_run(db, segmentation, algorithm)
            order = sheet.order_of(rows_asked or {}, _sortable(db))
            key = (run["segmentation"], run["algorithm"])
            text = statements.statement(db, asked["of"], chosen, *key, _search(search), order)
        except MallError as error:
            return True, "SQL", html.P(str(error), className="error")
        client = "make sql" if db.version == warehouse.snapshot().version else f"make sql VERSION={db.version}"
        buttons = {"Copy": "data-copy"} | ({"Run it on the SQL page": "data-run"} if ask.is_allowed(settings) else {})
        tools = [html.Button(name, className="tool", **{key: "true"}) for name, key in buttons.items()]  # type: ignore[arg-type]
        told = html.P(["Run it in the client that ", html.Code(client), " opens. ", *tools], className="muted")
        title = asked["title"] if isinstance(asked.get("title"), str) else "SQL"
        return True, title[:_LONGEST_SEARCH], [told, html.Pre(text, className="statement", tabIndex=0)]


def _serve(app: Dash, warehouse: Warehouse) -> None:
    """The customers on the page as a file: all of them, in its order and with its columns."""

    @app.server.route(f"{EXPORT}.<kind>")  # type: ignore[untyped-decorator]
    def send_customers(kind: str) -> Response:
        if kind not in _LINKS:
            abort(404)
        asked = request.args
        with export.sent_or_refused():
            db = warehouse.version(numbered(asked.get("v")))
            body = json.loads(asked.get("asked") or "{}")
            file, name = download(db, kind, body, asked.get("segmentation"))
        return send_file(file, export.TYPES[kind], as_attachment=True, download_name=name)


def rows(db: Snapshot, request: Any, chosen: Any, segmentation: Any, search: Any = "") -> tuple[dict[str, Any], str]:
    """Answer the table's request for rows, and say in words what it shows. Raises InputError for what is not ours."""
    start, count = sheet.slice_of(request, PAGE_ROWS)
    clauses, name = _asked(db, chosen, segmentation, search)
    total = selection.count(db, clauses)
    page = selection.page(db, clauses, name, sheet.order_of(request, _sortable(db)), start, count)
    return {"rowData": page, "rowCount": total}, f"{format.customers(total)}: {filters.english(clauses)}"


def links(db: Snapshot, request: Any, chosen: Any, segmentation: Any, search: Any = "") -> list[Any]:
    """The links to the customers as files, in the order of the table."""
    asked = {"filters": chosen or {}, "search": _search(search), "sortModel": request.get("sortModel") or []}
    name = queries.known_run(db, segmentation, "kmeans")["segmentation"]
    query = urlencode({"v": db.version, "segmentation": name, "asked": json.dumps(asked)})
    return [html.A(title, href=f"{EXPORT}.{kind}?{query}", download="") for kind, title in _LINKS.items()]


def download(db: Snapshot, kind: str, asked: Any, segmentation: Any) -> tuple[BinaryIO, str]:
    """The customers that an address asks for as an open file, or where they come from (json), and its name. Raises InputError."""
    if not isinstance(asked, dict):
        raise InputError("the address asks for no customers")
    clauses, segments = _asked(db, asked.get("filters"), segmentation, asked.get("search", ""))
    order = sheet.order_of(asked, _sortable(db))
    about = selection.provenance(db, clauses, selection.statement(db, clauses, segments, order))
    name = f"customers_{about['rows']}_of_{about['of_customers']}_version_{db.version}.{kind}"
    if kind == "xlsx" and about["rows"] > export.MOST_IN_SHEET:
        raise InputError(
            f"a sheet of Excel holds {export.MOST_IN_SHEET:,} rows, and these are {about['rows']:,}: take CSV or Parquet"
        )
    write_down(Event.EXPORTED, db.version, about["rows"], f"{name} where {filters.where(clauses)[0]}")
    if kind == "json":
        return BytesIO(json.dumps(about, indent=2, ensure_ascii=False).encode()), name
    return export.file(db, selection.statement(db, clauses, segments, order, kind == "csv"), kind, about), name


def table_columns(db: Snapshot) -> list[dict[str, Any]]:
    """The columns of the customer table, as the table takes them."""
    segments = [{"field": field, "headerName": title, "flex": 2, "minWidth": 264} for field, title in SEGMENT_COLUMNS.items()]
    return [*(sheet.column(column) for column in queries.customer_columns(db)), *segments]


def _asked(db: Snapshot, chosen: Any, segmentation: Any, search: Any) -> tuple[list[filters.Clause], str]:
    """The filters and the search as clauses, and the segmentation whose segments are named."""
    name = queries.known_run(db, segmentation, "kmeans")["segmentation"]
    return [*filters.parse(chosen, queries.dimensions(db)), *selection.matching(db, _search(search), name)], name


def _search(text: Any) -> str:
    """What was typed into the search. Raises InputError for what is no text."""
    if text is None:
        return ""
    if not isinstance(text, str) or len(text) > _LONGEST_SEARCH or text != text.encode(errors="replace").decode():
        raise InputError("nobody can be searched for by that")
    return text


def _sortable(db: Snapshot) -> set[str]:
    return {column["column_name"] for column in queries.customer_columns(db)} | set(SEGMENT_COLUMNS)
