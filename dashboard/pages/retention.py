"""At risk: who may have left, what they are worth, and how good that forecast was when it could be held against what came."""

from typing import Any

from dash import Dash

from dashboard import ids, retention
from dashboard.pages import listing
from dashboard.pages.retention_parts import EXPORT, content, customers, rows
from warehouse.connection import Warehouse


def layout() -> Any:
    """The page, before its numbers are there."""
    return listing.layout("Who is at risk of leaving?", ids.RETENTION, ids.RETENTION_LIST)


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the page, and the download."""
    listing.fill(app, warehouse, ids.RETENTION, content, ids.RETENTION_LIST, customers)
    listing.answer(app, warehouse, ids.RETENTION_TABLE, rows, EXPORT, retention.export)
