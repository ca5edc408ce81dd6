"""Products: what each segment, or a selection of Explore, buys more than everyone, and what customers may buy next."""

from typing import Any

from dash import Dash

from dashboard import ids, products
from dashboard.pages import listing
from dashboard.pages.products_parts import EXPORT, content, customers, rows
from warehouse.connection import Warehouse


def layout() -> Any:
    """The page, before its numbers are there."""
    return listing.layout("What do they buy, and what next?", ids.PRODUCTS, ids.PRODUCTS_LIST)


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the page, and the download."""
    listing.fill(app, warehouse, ids.PRODUCTS, content, ids.PRODUCTS_LIST, customers)
    listing.answer(app, warehouse, ids.PRODUCTS_TABLE, rows, EXPORT, products.export)
