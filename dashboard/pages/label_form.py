"""Names and descriptions that people give to segments: what a card says of them, and the form, where editing is allowed."""

from collections.abc import Mapping
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html

from dashboard import ids, queries
from dashboard.access.audit_log import write_down
from dashboard.access.records import Event
from dashboard.access.roles import current
from dashboard.queries import Row
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, MallError
from warehouse.label import MOST_DESCRIPTION, MOST_NAME, Label, label


def layout() -> Any:
    """The form, closed."""
    return dmc.Modal(
        [
            dcc.Store(id=ids.LABEL_ASKED),
            dmc.TextInput(
                id=ids.LABEL_NAME, label="Name", description=f"Left empty, the automatic name stands. {_most(MOST_NAME)}"
            ),
            dmc.Textarea(
                id=ids.LABEL_DESCRIPTION, label="Description", description=_most(MOST_DESCRIPTION), autosize=True, minRows=2, mt=12
            ),
            dmc.TextInput(
                id=ids.LABEL_BY,
                label="Your name",
                description="It is kept, with the time and the name that was shown before.",
                persistence=True,
                persistence_type="local",
                mt=12,
                style={"display": "none"} if current().name else {},  # whoever signed in has one
            ),
            html.Div(id=ids.LABEL_ERROR, className="error label-error", role="alert"),
            dmc.Button("Save", id=ids.LABEL_SAVE, size="sm"),
        ],
        id=ids.LABEL_FORM,
        title="Name the segment",
        keepMounted=True,
        closeButtonProps={"aria-label": "Close"},
    )


def _most(characters: int) -> str:
    return f"At most {characters} characters."


def said(segment: Row) -> list[Any]:
    """What people say of a segment, and who did; nothing where nobody has."""
    description = [html.P(segment["description"], className="description")] if segment["description"] else []
    if segment["labelled_by"] is None:
        return description
    done = "Named" if segment["segment_name"] != segment["automatic_name"] else "Described"
    by = html.Div(
        f"{done} by {segment['labelled_by']}, {segment['labelled_at']:%-d %B %Y}",
        className="muted small",
        title=f"Automatic name: {segment['automatic_name']}",
    )
    return [*description, by]


def button(segment: Row) -> Any:
    """What opens the form for a segment (assets/label.js)."""
    which = {f"data-{key}": str(segment[key]) for key in ("segmentation", "algorithm", "segment_id")}
    return html.Button("Rename", className="rename", **which)  # type: ignore[arg-type]


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the form. Call it only where editing is allowed: what is not registered cannot be asked for."""

    @app.callback(
        Output(ids.LABEL_FORM, "opened"),
        Output(ids.LABEL_FORM, "title"),
        Output(ids.LABEL_NAME, "value"),
        Output(ids.LABEL_NAME, "placeholder"),
        Output(ids.LABEL_DESCRIPTION, "value"),
        Output(ids.LABEL_ERROR, "children"),
        Input(ids.LABEL_ASKED, "data"),
    )
    def open_form(asked: Any) -> tuple[Any, ...]:
        if asked is None:
            return (dash.no_update,) * 6
        try:
            segment = known(warehouse.snapshot(), asked)
        except MallError as error:
            return True, "Name the segment", "", "", "", str(error)
        title = f"Name segment {segment['segment_id']}"
        return True, title, given_name(segment), segment["automatic_name"], segment["description"] or "", ""

    @app.callback(
        Output(ids.LABEL_FORM, "opened", allow_duplicate=True),
        Output(ids.LABEL_ERROR, "children", allow_duplicate=True),
        Output(ids.CLOCK, "n_intervals"),
        Input(ids.LABEL_SAVE, "n_clicks"),
        Input(ids.LABEL_NAME, "n_submit"),
        Input(ids.LABEL_BY, "n_submit"),
        State(ids.LABEL_ASKED, "data"),
        State(ids.LABEL_NAME, "value"),
        State(ids.LABEL_DESCRIPTION, "value"),
        State(ids.LABEL_BY, "value"),
        State(ids.CLOCK, "n_intervals"),
        prevent_initial_call=True,
    )
    def save(_: Any, __: Any, ___: Any, asked: Any, name: Any, description: Any, by: Any, ticks: Any) -> tuple[Any, ...]:
        try:
            segment = known(warehouse.snapshot(), asked)
            given = _label(segment, name, description, current().name or by)
            which = f"segment {given.segment_id} of {given.segmentation}, {given.algorithm}"
            write_down(Event.EDITED, warehouse.snapshot().version, detail=f"name or description of {which}")
            _label_or_write_down(warehouse, given, which)
        except MallError as error:
            return dash.no_update, str(error), dash.no_update
        return False, "", ticks + 1 if isinstance(ticks, int) else 1  # a tick: every page looks for what is new


def _label_or_write_down(warehouse: Warehouse, given: Label, which: str) -> None:
    """Give the label; where that is refused it is written down, after what was to be done."""
    try:
        label(warehouse.directory, given)
    except MallError:
        write_down(Event.REFUSED, detail=f"name or description of {which}")
        raise


def known(db: Snapshot, asked: Any) -> Row:
    """The segment that a store asks for. Raises InputError where there is none such."""
    if isinstance(asked, Mapping):
        which = [str(asked.get(key)) for key in ("segmentation", "algorithm", "segment_id")]
        for segment in queries.segments(db, *which[:2]):
            if str(segment["segment_id"]) == which[2]:
                return segment
    raise InputError("that segment is not in this version; close the form and choose another")


def given_name(segment: Row) -> str:
    """The name that a person gave; empty where the automatic one stands."""
    name, automatic = segment["segment_name"], segment["automatic_name"]
    return str(name) if name != automatic else ""


def _label(segment: Row, name: Any, description: Any, by: Any) -> Label:
    """What the form says; a field never touched is empty. Raises InputError for what is no text."""
    texts = ["" if typed is None else typed for typed in (by, name, description)]
    if not all(isinstance(text, str) for text in texts):
        raise InputError("the form holds something that is no text")
    return Label(segment["segmentation"], segment["algorithm"], segment["segment_id"], *texts)
