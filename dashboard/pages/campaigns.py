"""Campaigns: what to do with each segment, whom to address and whom to leave alone, and what earlier campaigns brought."""

import json
from datetime import date
from io import BytesIO
from typing import Any, BinaryIO

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, ctx, html
from flask import Response, abort, request, send_file

from dashboard import campaigns, export, filters, format, ids, queries
from dashboard.access.audit_log import write_down
from dashboard.access.records import Event
from dashboard.campaigns import Campaign
from dashboard.pages.campaigns_parts import LISTS, answer, playbook, results, segments_offered, split
from dashboard.shown import numbered, shown
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import MallError

_KINDS = ("csv", "parquet", "json")


def layout() -> Any:
    """The page, before its numbers are there."""
    shares = [{"value": str(share), "label": format.whole_percent(share)} for share in campaigns.SHARES]
    days = [{"value": str(window), "label": f"{window} days"} for window in campaigns.WINDOWS]
    choices = [
        dmc.Select(id=ids.CAMPAIGN_SEGMENT, label="For", data=[], value="", size="xs", w=280, allowDeselect=False),
        dmc.TextInput(id=ids.CAMPAIGN_NAME, label="Called", value=f"campaign {date.today()}", size="xs", w=180, debounce=500),
        _labelled("Held out", dmc.SegmentedControl(id=ids.CAMPAIGN_SHARE, data=shares, value="0.1", size="xs")),
        _labelled("Judged over", dmc.SegmentedControl(id=ids.CAMPAIGN_DAYS, data=days, value="28", size="xs")),
        dmc.NumberInput(
            id=ids.CAMPAIGN_RATE,
            label="Who respond anyway, %",
            placeholder="as measured",
            min=0,
            max=99,
            decimalScale=2,
            size="xs",
            w=150,
            debounce=500,
        ),
        dmc.Checkbox(id=ids.CAMPAIGN_HASHED, label="Ids as SHA-256", checked=False, size="xs", mb=8),
    ]
    builder = [
        html.H2("Build a campaign"),
        html.Div(choices, className="builder"),
        html.Div(id=ids.CAMPAIGN_SPLIT),
    ]
    return html.Div(
        [
            html.H1("What to do, and did it help?"),
            html.Div(html.P("Loading …", className="muted"), id=ids.CAMPAIGNS),
            html.Section(builder, className="panel builder-panel"),
            html.Div(id=ids.CAMPAIGN_RESULTS),
        ]
    )


def _labelled(label: str, control: Any) -> Any:
    return html.Div([html.Div(label, className="control-label"), control])


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the page, and the downloads."""
    _fill(app, warehouse)
    _build(app, warehouse)
    _serve(app, warehouse)


def _fill(app: Dash, warehouse: Warehouse) -> None:
    @app.callback(
        Output(ids.CAMPAIGNS, "children"),
        Output(ids.CAMPAIGN_RESULTS, "children"),
        Output(ids.CAMPAIGN_SEGMENT, "data"),
        Output(ids.CAMPAIGN_SEGMENT, "value"),
        Input(ids.VERSION, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        State(ids.CAMPAIGN_SEGMENT, "value"),
    )
    def fill(version: Any, segmentation: Any, algorithm: Any, segment: Any) -> tuple[Any, ...]:
        try:
            db = shown(warehouse, version)
            run = queries.known_run(db, segmentation, algorithm)
            if ctx.triggered_id in (ids.SEGMENTATION, ids.ALGORITHM):
                segment = ""  # the same number would be another segment
            return [answer(db), playbook(db, run)], results(db), *segments_offered(db, run, segment)
        except MallError as error:
            return html.P(str(error), className="error"), [], [], ""


def _build(app: Dash, warehouse: Warehouse) -> None:
    @app.callback(
        Output(ids.CAMPAIGN_SPLIT, "children"),
        Input(ids.VERSION, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
        Input(ids.FILTERS, "data"),
        Input(ids.CAMPAIGN_SEGMENT, "value"),
        Input(ids.CAMPAIGN_NAME, "value"),
        Input(ids.CAMPAIGN_SHARE, "value"),
        Input(ids.CAMPAIGN_DAYS, "value"),
        Input(ids.CAMPAIGN_RATE, "value"),
        Input(ids.CAMPAIGN_HASHED, "checked"),
    )
    def build(version: Any, segmentation: Any, algorithm: Any, chosen: Any, *asked: Any) -> Any:
        segment, name, share, days, rate, is_hashed = asked
        try:
            db = shown(warehouse, version)
            campaign = _campaign(db, segmentation, algorithm, chosen, name, segment, share)
            return split(db, campaign, days, rate, is_hashed, chosen)
        except MallError as error:
            return html.P(str(error), className="error")


def _serve(app: Dash, warehouse: Warehouse) -> None:
    @app.server.route(f"{LISTS}.<kind>")  # type: ignore[untyped-decorator]
    def send_list(kind: str) -> Response:
        if kind not in _KINDS:
            abort(404)
        with export.sent_or_refused():
            db, campaign, is_hashed = _asked(warehouse)
            ids_told = "hashed ids" if is_hashed else "ids"
            write_down(Event.EXPORTED, db.version, detail=f"campaign list as {kind}, {ids_told}")
            file = _file(db, campaign, is_hashed, kind)
        name = f"{campaign.name.replace(' ', '_')}.{kind}"
        return send_file(file, export.TYPES[kind], as_attachment=True, download_name=name)


def _asked(warehouse: Warehouse) -> tuple[Snapshot, Campaign, bool]:
    """The campaign that an address asks a list of, and whether its ids are hashed."""
    asked = request.args
    db = warehouse.version(numbered(asked.get("v")))
    chosen = json.loads(asked.get("filters") or "null")
    names = [asked.get(name) for name in ("name", "segment", "share")]
    return db, _campaign(db, asked.get("segmentation"), asked.get("algorithm"), chosen, *names), asked.get("hashed") == "1"


def _campaign(db: Snapshot, segmentation: Any, algorithm: Any, chosen: Any, name: Any, segment: Any, share: Any) -> Campaign:
    run = queries.known_run(db, segmentation, algorithm)
    clauses = filters.parse(chosen, queries.dimensions(db))
    return campaigns.campaign(db, run, clauses, name, segment, share)


def _file(db: Snapshot, campaign: Campaign, is_hashed: bool, kind: str) -> BinaryIO:
    """A list, or where it comes from, as an open file."""
    about = {} if kind == "csv" else campaigns.provenance(db, campaign, is_hashed)
    if kind == "json":
        return BytesIO(json.dumps(about, indent=2, ensure_ascii=False).encode())
    return export.file(db, campaigns.list_sql(campaign, is_hashed, kind == "csv"), kind, about)
