"""Explore: linked views drawn and filtered in the browser (assets/explore.js), and the customers behind them."""

import logging
from typing import Any

import dash
from dash import Dash, Input, Output, State, dcc, html

from dashboard import filters, format, ids, queries
from dashboard.browser import in_browser
from dashboard.pages import sheet
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import MallError

PAGE_ROWS = 100
_HEIGHT = 400
_SEGMENT_COLUMNS = {"kmeans_segment": "K-Means segment", "hierarchical_segment": "Ward segment"}

log = logging.getLogger(__name__)


def layout() -> Any:
    """The page, empty: the browser fills the views, and the table asks for its rows."""
    return html.Div(
        [
            html.H1("Who are the customers?"),
            html.Div(html.P("Loading the customers …", className="muted"), id=ids.EXPLORE),
            html.Section(
                [
                    html.H2(["Customers", html.Span(id=ids.TABLE_CAPTION, className="view-caption")], className="view-title"),
                    html.Div(id=ids.TABLE_FRAME),
                    dcc.Store(id=ids.TABLE_COLUMNS),
                ],
                className="panel table-panel",
            ),
        ]
    )


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the page."""
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
    in_browser(app, "refreshTable", Input(ids.SEGMENTATION, "value"), Input(ids.EXPLORE_READY, "data"))

    _make_table(app, warehouse)
    _answer_table(app, warehouse)


def _make_table(app: Dash, warehouse: Warehouse) -> None:
    """A table with the columns of the version that is shown."""

    @app.callback(
        Output(ids.TABLE_FRAME, "children"),
        Output(ids.TABLE_COLUMNS, "data"),
        Input(ids.VERSION, "data"),
        State(ids.TABLE_COLUMNS, "data"),
    )
    def make_table(version: Any, shown: Any) -> tuple[Any, Any]:
        if version is None:
            return dash.no_update, dash.no_update
        try:
            columns = table_columns(warehouse.snapshot())
        except MallError as error:
            return html.P(str(error), className="error"), None
        return (
            (dash.no_update, dash.no_update)
            if columns == shown
            else (sheet.table(ids.CUSTOMERS, columns, PAGE_ROWS, _HEIGHT), columns)
        )


def _answer_table(app: Dash, warehouse: Warehouse) -> None:
    """Send the rows that the table asks for."""

    @app.callback(
        Output(ids.CUSTOMERS, "getRowsResponse"),
        Output(ids.TABLE_CAPTION, "children"),
        Input(ids.CUSTOMERS, "getRowsRequest"),
        State(ids.FILTERS, "data"),
        State(ids.SEGMENTATION, "value"),
    )
    def send_rows(request: Any, chosen: Any, segmentation: Any) -> tuple[Any, Any]:
        if request is None:
            return dash.no_update, dash.no_update
        try:
            return rows(warehouse.snapshot(), request, chosen, segmentation)
        except MallError as error:
            log.warning("no rows for the table: %s", " ".join(str(error).split()))  # a name may hold line ends
            return {"rowData": [], "rowCount": 0}, str(error)


def rows(db: Snapshot, request: Any, chosen: Any, segmentation: Any) -> tuple[dict[str, Any], str]:
    """Answer the table's request for rows, and say in words what it shows. Raises InputError for what is not ours."""
    start, count = sheet.slice_of(request, PAGE_ROWS)
    clauses = filters.parse(chosen, queries.dimensions(db))
    sortable = {column["column_name"] for column in queries.customer_columns(db)} | set(_SEGMENT_COLUMNS)
    order = sheet.order_of(request, sortable)
    total = queries.count_customers(db, clauses)
    page = queries.customers(db, clauses, queries.known_run(db, segmentation, "kmeans")["segmentation"], order, start, count)
    return {"rowData": page, "rowCount": total}, f"{format.count(total)} customers: {filters.english(clauses)}"


def table_columns(db: Snapshot) -> list[dict[str, Any]]:
    """The columns of the customer table, as the table takes them."""
    segments = [{"field": field, "headerName": title, "flex": 2, "minWidth": 264} for field, title in _SEGMENT_COLUMNS.items()]
    return [*(sheet.column(column) for column in queries.customer_columns(db)), *segments]
