"""Callbacks that run in the browser, in the functions of assets/."""

from dash import ClientsideFunction, Dash
from dash.dependencies import DashDependency


def in_browser(app: Dash, function: str, *dependencies: DashDependency) -> None:
    """Call a function of window.dash_clientside.mall when one of the dependencies changes."""
    app.clientside_callback(ClientsideFunction("mall", function), *dependencies)  # type: ignore[no-untyped-call]
