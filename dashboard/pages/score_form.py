"""The form "Which segment would this customer be?": drawn in the browser (assets/score.js), answered by SQL."""

from collections.abc import Mapping
from typing import Any

import dash
from dash import Dash, Input, Output, dcc, html

from dashboard import format, ids, queries, scoring
from dashboard.browser import in_browser
from dashboard.pages import sheet
from dashboard.scoring import Field, Score
from dashboard.shown import shown
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, MallError

_HINT = "Type what you know of a customer, one of the file or not."


def layout() -> Any:
    """The form, before it knows what to ask."""
    return html.Section(
        [
            html.H2("Which segment would this customer be?"),
            html.Div(id=ids.SCORE_FORM, className="score-form"),
            html.Div(_HINT, id=ids.SCORE_ANSWER, className="score-answer muted", role="status"),
            dcc.Store(id=ids.SCORE_FIELDS),
            dcc.Store(id=ids.SCORE_ASKED),
        ],
        className="panel score",
    )


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callbacks of the form."""
    in_browser(app, "drawScoreForm", Input(ids.SCORE_FIELDS, "data"))

    @app.callback(Output(ids.SCORE_FIELDS, "data"), Input(ids.VERSION, "data"), Input(ids.SEGMENTATION, "value"))
    def send_fields(version: Any, segmentation: Any) -> Any:
        if version is None:
            return dash.no_update
        try:
            db = shown(warehouse, version)
            return [_field(each) for each in scoring.fields(db, queries.known_run(db, segmentation, "kmeans")["segmentation"])]
        except MallError:
            return []  # the page above says what is wrong

    @app.callback(
        Output(ids.SCORE_ANSWER, "children"),
        Output(ids.SCORE_ANSWER, "className"),
        Input(ids.SCORE_ASKED, "data"),
        Input(ids.VERSION, "data"),
        Input(ids.SEGMENTATION, "value"),
        Input(ids.ALGORITHM, "value"),
    )
    def send_answer(asked: Any, version: Any, segmentation: Any, algorithm: Any) -> tuple[Any, str]:
        try:
            return answer(shown(warehouse, version), asked, segmentation, algorithm)
        except MallError as error:
            return str(error), "score-answer error"


def answer(db: Snapshot, asked: Any, segmentation: Any, algorithm: Any) -> tuple[Any, str]:
    """The segment of the customer asked for, in words, and the class of the text. Raises InputError for what cannot be."""
    if asked is not None and not isinstance(asked, Mapping):
        raise InputError("the form asked for no customer")
    run = queries.known_run(db, segmentation, algorithm)
    key = (run["segmentation"], run["algorithm"])
    score = scoring.score(db, *key, asked or {})
    if score is None:
        return _HINT, "score-answer muted"
    segment = next(each for each in queries.segments(db, *key) if each["segment_id"] == score.row["segment_id"])
    lines = [
        html.Div([sheet.dot(segment), html.Strong(segment["segment_name"])]),
        html.Div(scoring.how_surely(score.row)),
        html.Div(_completed(score), className="muted"),
        html.Details([html.Summary("SQL"), html.Code(score.sql)]),
    ]
    return lines, "score-answer"


def _completed(score: Score) -> str:
    """What stood in for what was not given, in a sentence; nothing where all was."""
    told = [
        f"{format.inline(field.label)} ({'Unknown' if field.stands_in is None else format.quantity(field.stands_in, field.unit)})"
        for field in score.missing
    ]
    return f"Not given, so what stands in for a missing value was taken: {', '.join(told)}." if told else ""


def _field(field: Field) -> dict[str, Any]:
    """A field as the browser draws it."""
    hint = "Unknown" if field.stands_in is None else f"else {format.number(field.stands_in)}"
    return {"name": field.name, "title": field.title, "hint": hint, "options": field.options}
