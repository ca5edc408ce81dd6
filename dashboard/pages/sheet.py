"""What pages that are drawn on the server share: they wait, fill themselves for a clustering, and show titled charts."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import dash_ag_grid as dag
from dash import Dash, Input, Output, dcc, html

from dashboard import format, ids, queries, trust
from dashboard.palette import segment_colour
from dashboard.queries import Row
from dashboard.shown import shown
from dashboard.theme import Theme, theme
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, MallError

ROW_HEIGHT = 32
"""Of a row of a table of customers, in pixels."""
_LEAST_WIDTH, _MOST_WIDTH, _ID_WIDTH = 120, 392, 168
_NUMBER = {"function": "params.value == null ? '' : d3.format(',.7~r')(params.value).replace('-', '−')"}
GRID = {
    "theme": {"function": "themeQuartz.withParams({fontFamily: 'inherit', fontSize: 14})"},
    "rowHeight": ROW_HEIGHT,
    "headerHeight": 36,
    "enableBrowserTooltips": True,
}
"""How every table of rows looks."""
_MOST_ROWS = 2**53
"""No row lies beyond: the largest whole number that a browser counts exactly."""


def waiting(title: str, content_id: str) -> Any:
    """A page before its numbers are there."""
    return html.Div([html.H1(title), html.Div(html.P("Loading …", className="muted"), id=content_id)])


def needs_transactions(what: str) -> Any:
    """What a page shows that has no transactions: what it needs to know, and how it is given."""
    example = html.Code("make refresh CUSTOMERS=customers.csv TRANSACTIONS=purchases.csv")
    return html.P([f"This page needs to know {what}", html.Br(), example], className="answer")


def register(app: Dash, warehouse: Warehouse, content_id: str, content: Callable[[Snapshot, Row, Theme], list[Any]]) -> None:
    """Fill a page anew with every version, clustering and colour scheme."""

    @app.callback(
        Output(content_id, "children"),
        Input(ids.VERSION, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        Input(ids.SCHEME, "data"),
    )
    def fill(version: Any, segmentation: str | None, algorithm: str | None, scheme: str | None) -> Any:
        return answer(warehouse, version, lambda db: content(db, queries.known_run(db, segmentation, algorithm), theme(scheme)))


def answer(warehouse: Warehouse, version: Any, content: Callable[[Snapshot], Any]) -> Any:
    """The content of the version that is shown, or in words why there is none."""
    try:
        return content(shown(warehouse, version))
    except MallError as error:
        return html.P(str(error), className="error")


def panel(title: str, figure: Any, size: str, caption: str = "", hint: str = "", least_width: int = 0) -> Any:
    """A titled chart; the hint explains the caption to who points at it. Below its least width, in pixels, it scrolls."""
    style = {"height": figure.layout.height} | ({"minWidth": least_width} if least_width else {})
    graph: Any = dcc.Graph(figure=figure, config={"displayModeBar": False, "responsive": True}, style=style)
    graph = scrolling(graph, title) if least_width else graph
    heading = html.H2([title, html.Span(caption, className="view-caption", title=hint or None)])
    return html.Section([heading, graph], className=f"panel {size}")


def table_panel(title: str, table: Any, caption: str = "") -> Any:
    """A titled table across the page; a long one scrolls below its head."""
    heading = html.H2([title, html.Span(caption, className="view-caption")])
    return html.Section([heading, scrolling(table, title, is_tall=True)], className="panel")


def scrolling(child: Any, title: str, is_tall: bool = False) -> Any:
    """What may be wider than its panel, or with `is_tall` higher: it scrolls, by the keyboard too."""
    about = {"role": "region", "aria-label": title, "tabIndex": 0}
    return html.Div(child, className="scroll tall" if is_tall else "scroll", **about)  # type: ignore[arg-type]


def sql(statement: str) -> Any:
    """The statement that gives what is shown above, to be unfolded and copied."""
    return html.Details([html.Summary("SQL"), html.Pre(format.sql(statement) + ";")], className="sql")


def slice_of(request: Any, most: int) -> tuple[int, int]:
    """The first row that a table asks for, and how many: at most `most`. Raises InputError for what no table asks."""
    if not isinstance(request, Mapping):
        raise InputError("the table asked for no rows")
    start, end = request.get("startRow", 0), request.get("endRow", most)
    if not all(type(place) is int and 0 <= place <= _MOST_ROWS for place in (start, end)) or end < start:
        raise InputError("the table asked for rows that cannot be")
    return start, min(most, end - start)


def order_of(request: Any, columns: Collection[str]) -> list[tuple[str, bool]]:
    """The (column, is_descending) pairs that a table sorts by. Raises InputError for a column that is not there."""
    if not isinstance(request, Mapping):
        raise InputError("the table asked for no rows")
    sorts = request.get("sortModel") or []
    if not isinstance(sorts, list) or not all(isinstance(sort, Mapping) for sort in sorts):
        raise InputError("the table cannot be sorted by that")
    order = {sort.get("colId"): sort.get("sort") == "desc" for sort in sorts if isinstance(sort.get("colId"), str)}
    if len(order) != len(sorts) or not order.keys() <= set(columns):
        raise InputError("the table cannot be sorted by that")
    return list(order.items())


def table(
    table_id: str,
    columns: list[dict[str, Any]],
    page_rows: int,
    height: int,
    is_sortable: bool = True,
    can_choose: bool = False,
) -> Any:
    """A table of customers, empty: it asks for its rows itself, `page_rows` at a time. Pointing at a cell shows all of its text.

    With `can_choose` a click on a row chooses it, and another one leaves it.
    """
    choice = {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}
    return dag.AgGrid(
        id=table_id,
        rowModelType="infinite",
        columnDefs=[column | {"tooltipField": column["field"]} for column in columns],
        defaultColDef={"sortable": is_sortable, "resizable": True, "suppressMovable": True},
        style={"height": height},
        dashGridOptions={
            **GRID,
            "cacheBlockSize": page_rows,
            "maxBlocksInCache": 20,
            **({"rowSelection": choice} if can_choose else {}),
            "localeText": {"noRowsToShow": "No customers are in this selection."},
        },
    )


def column(column: Row) -> dict[str, Any]:
    """A column of the source as such a table takes it."""
    title = format.title(column["label"], column["unit"])
    least = _ID_WIDTH if column["kind"] == "id" else max(_LEAST_WIDTH, 24 + 9 * len(title))  # about 9 pixels a character
    definition = {"field": column["column_name"], "headerName": title, "flex": 1, "minWidth": least}
    return definition | {"type": "rightAligned", "valueFormatter": _NUMBER} if column["kind"] == "numeric" else definition


def formatted(name: str, title: str, width: int, pattern: Any = None, is_number: bool = False) -> dict[str, Any]:
    """A column of ours: its title, its least width in pixels, and how the browser writes its numbers, where it has any."""
    column = {
        "field": name,
        "headerName": title,
        "flex": width,
        "minWidth": width,
        "wrapHeaderText": True,
        "autoHeaderHeight": True,
    }
    column |= {"type": "rightAligned"} if pattern or is_number else {}
    return column | ({"valueFormatter": pattern} if pattern else {})


def width_of(names: Iterable[str]) -> int:
    """Pixels in which a column shows the longest of such names, as far as there is room for it."""
    return max(_LEAST_WIDTH, min(_MOST_WIDTH, 40 + 8 * max(map(len, names), default=0)))  # about 8 pixels a character


def dot(segment: Row) -> Any:
    """The mark of a segment: its colour."""
    return html.Span(className="dot", style={"background": segment_colour(segment["colour"])})


def stability(segment: Row) -> list[Any]:
    """How stable a segment is: a bar from 0 to 1, and the word."""
    width = f"{segment['stability'] or 0:.0%}"
    bar = html.Span(className="stability-bar", style={"width": width, "background": segment_colour(segment["colour"])})
    return [html.Span(bar, className="stability-track"), html.Span(trust.how_stable(segment), title=trust.STABILITY)]
