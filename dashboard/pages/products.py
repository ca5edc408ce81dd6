"""Products: what each segment, or a selection of Explore, buys more than everyone, and what customers may buy next."""

from typing import Any

from dash import Dash, Input, Output, html

from dashboard import filters, ids, products, queries
from dashboard.pages import listing, sheet
from dashboard.pages.products_parts import EXPORT, content, customers, rows
from dashboard.theme import theme
from warehouse.connection import Warehouse
from warehouse.errors import MallError


def layout() -> Any:
    """The page, before its numbers are there."""
    return html.Div(
        [
            sheet.waiting("What do they buy, and what next?", ids.PRODUCTS),
            html.Section(id=ids.PRODUCTS_LIST, className="panel table-panel"),
        ]
    )


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the page, and the download."""
    listing.register(app, warehouse, ids.PRODUCTS_TABLE, rows, EXPORT, products.export)

    @app.callback(
        Output(ids.PRODUCTS, "children"),
        Output(ids.PRODUCTS_LIST, "children"),
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
