"""The Dash app: the shell, its stores, and the callbacks that join the browser to the warehouse."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import dash
from dash import Dash, Input, Output, State, ctx, html

from dashboard import alerts, ids, shell, trust
from dashboard.access.door import Door
from dashboard.access.headers import protect
from dashboard.access.roles import Role, current, may
from dashboard.access.rules import of_page
from dashboard.browser import in_browser
from dashboard.compression import compressing_server
from dashboard.counts import serve_counts
from dashboard.cube_route import serve_cube
from dashboard.guard import guard
from dashboard.health import answer_for_health
from dashboard.pages import ask, campaigns, data, evidence, explore, forecast, history, inventory, products, retention, segments
from dashboard.queries import Row, clusterings, known_run, provenance
from dashboard.shown import shown, wanted
from warehouse.connection import Warehouse
from warehouse.errors import MallError
from warehouse.memory import ReaderLimits
from warehouse.settings import Settings

log = logging.getLogger(__name__)


def create_app(settings: Settings, limits: ReaderLimits | None = None) -> Dash:
    """The dashboard of the warehouse in `settings.warehouse`, which need not be published yet; `limits` bound its memory."""
    warehouse = Warehouse(settings.warehouse, limits)
    app = Dash(
        __name__,
        server=compressing_server(__name__),  # type: ignore[arg-type]  # Dash has a Flask as a bool or a function
        title="Mall segments",
        update_title="",
        suppress_callback_exceptions=True,  # a page's components are there only while it is shown
        compress=True,
        on_error=_log_error,
    )
    app.index_string = app.index_string.replace("<html>", '<html lang="en">')
    app.layout = lambda: shell.layout(_options(warehouse), current())
    Door(settings).hang(app)
    guard(app, settings)
    serve_cube(app, warehouse)
    serve_counts(app, warehouse, settings.smallest_cell)
    answer_for_health(app, warehouse)
    _follow_version(app, warehouse, settings)
    _follow_clarity(app, warehouse)
    _follow_address(app, settings)
    explore.register(app, warehouse, settings)
    segments.register(app, warehouse, settings.smallest_cell, settings.allow_edit or settings.is_asked_who)
    evidence.register(app, warehouse)
    history.register(app, warehouse)
    retention.register(app, warehouse)
    products.register(app, warehouse)
    forecast.register(app, warehouse)
    inventory.register(app, warehouse)
    campaigns.register(app, warehouse)
    data.register(app, warehouse)
    ask.register(app, warehouse, settings)
    protect(app)
    _set_up(app)
    return app


def _set_up(app: Dash) -> None:
    """Answer a request: Dash sets itself up with the first one, and others at that moment would find no scripts or callbacks."""
    app.server.test_client().get("/healthz")


def _options(warehouse: Warehouse) -> list[Row]:
    try:
        return clusterings(warehouse.snapshot())
    except MallError:
        return []


def _follow_version(app: Dash, warehouse: Warehouse, settings: Settings) -> None:
    """Look for a new version with every tick, unless the address wants an older one; only another one changes the page."""

    @app.callback(
        Output(ids.VERSION, "data"),
        Output(ids.HEADER_SOURCE, "children"),
        Output(ids.SEGMENTATION, "data"),
        Input(ids.CLOCK, "n_intervals"),
        Input(ids.WANTED_VERSION, "data"),
        State(ids.VERSION, "data"),
    )
    def tick(_: int, asked: Any, has: dict[str, Any] | None) -> tuple[Any, Any, Any]:
        try:
            db, notice = wanted(warehouse, asked)
            about = provenance(db)
            line = shell.source_line(about, notice, db.stands_in_for, db is warehouse.snapshot(), settings.expected_age)
            version = {"version": about["version"], "built": f"{about['built_at']} {db.edition}"}
            if version == has and ctx.triggered_id != ids.WANTED_VERSION:  # who asked for a version waits for an answer
                return dash.no_update, line, dash.no_update
            return version, line, shell.segmentation_options(clusterings(db))
        except MallError as error:
            return dash.no_update, html.Span(str(error), className="error"), dash.no_update


def _follow_clarity(app: Dash, warehouse: Warehouse) -> None:
    """Every page says when the clustering that is shown is not clear, and what changed in it."""

    @app.callback(
        Output(ids.HEADER_NOTICE, "children"),
        Input(ids.VERSION, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
    )
    def say(version: Any, segmentation: str | None, algorithm: str | None) -> Any:
        if version is None:
            return dash.no_update
        try:
            db = shown(warehouse, version)
            run = known_run(db, segmentation, algorithm)
            known = alerts.read(db) if may(Role.ANALYST) else []  # they may tell of few customers
            told = alerts.header(known, run["segmentation"], run["algorithm"])
        except MallError:
            return ""  # the header says what is wrong
        said = trust.notice(run)
        return [*([html.Span(said, className="notice", title=f"{run['k_reason']}.")] if said else []), *told]


def _follow_address(app: Dash, settings: Settings) -> None:
    """The page follows the path; filters, segmentation and algorithm follow the query string, and it them."""
    pages: dict[str, Callable[[], Any]] = {
        "/": partial(explore.layout, settings.smallest_cell),
        "/segments": segments.layout,
        "/evidence": evidence.layout,
        "/history": history.layout,
        "/retention": retention.layout,
        "/products": products.layout,
        "/forecast": forecast.layout,
        "/inventory": inventory.layout,
        "/campaigns": campaigns.layout,
        "/data": data.layout,
        "/sql": partial(ask.layout, settings),
    }

    @app.callback(
        Output(ids.PAGE, "children"),
        *(Output(link, "className") for link in shell.LINKS),
        Output(ids.ACTIONS, "className"),
        Input(ids.LOCATION, "pathname"),
    )
    def open_page(asked: Any) -> tuple[Any, ...]:
        path = asked if isinstance(asked, str) else "/"
        layout = pages.get(path)
        if layout is None:
            page: Any = html.Div([html.H1("No such page"), html.A("Back to Explore", href="/")])
        elif not may(of_page(path)):
            page = html.Div(
                [html.H1("This page is for analysts"), html.P("It shows single customers. Whoever runs the dashboard gives roles.")]
            )
        else:
            page = layout()
        is_action = any(path == shell.LINKS[link] for link in shell.ACTIONS)
        links = ("active" if path == own else "" for own in shell.LINKS.values())
        return page, *links, "nav-menu active" if is_action else "nav-menu"

    in_browser(
        app,
        "readAddress",
        Output(ids.FILTERS, "data"),
        Output(ids.SEGMENTATION, "value"),
        Output(ids.ALGORITHM, "value"),
        Output(ids.AXES, "data"),
        Output(ids.WANTED_VERSION, "data"),
        Input(ids.LOCATION, "search"),
        State(ids.FILTERS, "data"),
        State(ids.SEGMENTATION, "value"),
        State(ids.ALGORITHM, "value"),
        State(ids.AXES, "data"),
        State(ids.VERSION, "data"),
    )
    in_browser(
        app,
        "writeAddress",
        *(Output(link, "href") for link in shell.LINKS),
        Input(ids.FILTERS, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        Input(ids.AXES, "data"),
        Input(ids.VERSION, "data"),
    )
    in_browser(app, "watchScheme", Input(ids.PAGE, "id"))


def _log_error(error: Exception) -> None:
    log.error("a callback failed: %s", type(error).__name__, exc_info=error)
