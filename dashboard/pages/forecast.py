"""Forecast: what will be sold, by everyone and by each segment, and how such forecasts did on the past."""

from typing import Any

from dash import Dash

from dashboard import ids, sales
from dashboard.pages import listing
from dashboard.pages.forecast_parts import EXPORT, content, periods
from warehouse.connection import Warehouse


def layout() -> Any:
    """The page, before its numbers are there."""
    return listing.layout("What will be sold?", ids.FORECAST, ids.FORECAST_LIST)


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the page, and the download."""
    listing.fill(app, warehouse, ids.FORECAST, content, ids.FORECAST_LIST, periods)
    listing.serve(app, warehouse, EXPORT, sales.export)
