"""Explore: linked views drawn and filtered in the browser (assets/explore.js), and the customers behind them."""

from typing import Any

import dash
import dash_ag_grid as dag
from dash import Dash, Input, Output, State, html

from dashboard import filters, format, ids, queries
from dashboard.browser import in_browser
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, MallError

PAGE_ROWS = 100
_LEAST_WIDTH, _ID_WIDTH = 96, 168
_SEGMENT_COLUMNS = {"kmeans_segment": "K-Means segment", "hierarchical_segment": "Ward segment"}


def layout() -> Any:
    """The page, empty: the browser fills the views, and the table asks for its rows."""
    return html.Div(
        [
            html.H1("Who are the customers?"),
            html.Div(html.P("Loading the customers …", className="muted"), id=ids.EXPLORE),
            html.Section(
                [
                    html.H2(["Customers", html.Span(id=ids.TABLE_CAPTION, className="view-caption")], className="view-title"),
                    html.Div(id="customers-frame"),
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

    @app.callback(Output("customers-frame", "children"), Input(ids.VERSION, "data"), State("customers-frame", "children"))
    def make_table(version: dict[str, Any] | None, table: Any) -> Any:
        return dash.no_update if version is None or table else _table(warehouse.snapshot())

    @app.callback(
        Output(ids.CUSTOMERS, "getRowsResponse"),
        Output(ids.TABLE_CAPTION, "children"),
        Input(ids.CUSTOMERS, "getRowsRequest"),
        State(ids.FILTERS, "data"),
        State(ids.SEGMENTATION, "value"),
    )
    def send_rows(request: dict[str, Any] | None, chosen: Any, segmentation: str | None) -> tuple[Any, Any]:
        if request is None:
            return dash.no_update, dash.no_update
        try:
            return rows(warehouse.snapshot(), request, chosen, segmentation)
        except MallError as error:
            return {"rowData": [], "rowCount": 0}, str(error)


def rows(db: Snapshot, request: dict[str, Any], chosen: Any, segmentation: str | None) -> tuple[dict[str, Any], str]:
    """Answer the table's request for rows, and say in words what it shows. Raises InputError for what is not ours."""
    clauses = filters.parse(chosen, queries.dimensions(db))
    known = {column["column_name"] for column in queries.customer_columns(db)} | set(_SEGMENT_COLUMNS)
    order = [(str(sort.get("colId")), sort.get("sort") == "desc") for sort in request.get("sortModel") or []]
    if any(column not in known for column, _ in order):
        raise InputError("the table cannot be sorted by that")
    start = max(0, int(request.get("startRow") or 0))
    count = min(PAGE_ROWS, max(0, int(request.get("endRow") or PAGE_ROWS) - start))
    total = queries.count_customers(db, clauses)
    page = queries.customers(db, clauses, queries.known_run(db, segmentation, "kmeans")["segmentation"], order, start, count)
    return {"rowData": page, "rowCount": total}, f"{format.count(total)} customers: {filters.english(clauses)}"


def _table(db: Snapshot) -> Any:
    columns = [_column(column) for column in queries.customer_columns(db)]
    columns += [{"field": field, "headerName": title, "flex": 2, "minWidth": 264} for field, title in _SEGMENT_COLUMNS.items()]
    return dag.AgGrid(
        id=ids.CUSTOMERS,
        rowModelType="infinite",
        columnDefs=columns,
        defaultColDef={"sortable": True, "resizable": True, "suppressMovable": True},
        style={"height": 400},
        dashGridOptions={
            "theme": {"function": "themeQuartz.withParams({fontFamily: 'inherit', fontSize: 14})"},
            "rowHeight": 32,
            "headerHeight": 36,
            "cacheBlockSize": PAGE_ROWS,
            "maxBlocksInCache": 20,
            "localeText": {"noRowsToShow": "No customers are in this selection."},
        },
    )


def _column(column: queries.Row) -> dict[str, Any]:
    title = format.title(column["label"], column["unit"])
    least = _ID_WIDTH if column["kind"] == "id" else max(_LEAST_WIDTH, 24 + 9 * len(title))  # about 9 pixels a character
    definition = {"field": column["column_name"], "headerName": title, "flex": 1, "minWidth": least}
    return definition | {"type": "rightAligned"} if column["kind"] == "numeric" else definition
