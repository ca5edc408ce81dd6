"""What the page of customers at risk shows: the first lines, the segments, the trial of the forecast, and the list."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from dash import html

from dashboard import calibration, filters, format, ids, queries, retention
from dashboard.filters import Clause
from dashboard.pages import listing, sheet
from dashboard.queries import Row
from dashboard.theme import Theme
from warehouse.connection import Snapshot

PAGE_ROWS = 100
EXPORT = "/retention/customers_at_risk.csv"
"""Where the customers are downloaded."""
_HEIGHT = 400
_STANDINGS = {"count_active": "active", "count_at_risk": "at risk", "count_gone": "gone", "count_bought_once": "bought once"}
_STAYING = (
    "No leaving shows in these purchases: that customers buy at different rates explains their silences as well as that some have "
    "left, so the model takes everybody for a customer. The list begins with those who are longest overdue."
)
_MODELS = (
    "BG/NBD (Fader, Hardie & Lee 2005) takes customers to buy at a steady rate of their own until they leave for good after a "
    "purchase; Gamma-Gamma takes what they spend to have nothing to do with how often they buy. A purchase is a day with a sale "
    "that was not undone. Of who bought on one day it cannot be told whether they left."
)
_PERCENT, _PERMILLE, _TENTHS, _MONEY = (
    {"function": f"params.value == null ? '' : {formatted}"}
    for formatted in (
        "d3.format('.0f')(100 * params.value) + ' %'",
        "d3.format('.1f')(100 * params.value) + ' %'",
        "d3.format(',.1f')(params.value)",
        "d3.format(',.2f')(params.value)",
    )
)
_COLUMNS: dict[str, tuple[str, int, Any]] = {
    "saving_rank": ("Rank", 72, None),
    "customer_id": ("Customer", 160, None),
    "segment_name": ("Segment", 200, None),
    "standing": ("Standing", 96, None),
    "days_since": ("Days silent", 100, None),
    "purchase_days": ("Days bought", 100, None),
    "probability_alive": ("Still a customer", 100, _PERCENT),
    "probability_buys": ("Will buy", 100, _PERCENT),
    "probability_silence": ("Silent by chance", 100, _PERMILLE),
    "expected_purchases": ("Purchases to expect", 104, _TENTHS),
    "expected_value": ("Value to expect", 100, _MONEY),
    "value_at_risk": ("Value at risk", 100, _MONEY),
}
"""Title, least width in pixels, and format of each column."""
_RELATED = 0.3
"""Correlation from which the models' independence is doubtful."""
_MONEYS = ("expected_value", "value_at_risk")
_TEXTS = ("customer_id", "segment_name", "standing")


def content(db: Snapshot, run: Row, clauses: Sequence[Clause], look: Theme) -> list[Any]:
    """Everything between the title and the list of customers."""
    models = retention.models(db)
    whole = models.get("whole")
    if whole is None:
        return [sheet.needs_transactions("who bought what and when: ")]
    if whole["shortfall"]:
        return [html.P(f"It cannot be told who will come again: {whole['shortfall']}.", className="answer")]
    key = (run["segmentation"], run["algorithm"])
    segments = retention.by_segment(db, clauses, *key)
    return [
        html.P(answer(retention.total(segments), whole, clauses), className="answer"),
        html.Div(
            [
                html.Section(
                    [
                        html.H2(["By segment", html.Span(_horizon(whole), className="view-caption")]),
                        sheet.scrolling(_table(segments, whole), "By segment"),
                        sheet.sql(retention.segments_sql(clauses, *key)),
                    ],
                    className="panel",
                ),
                *_trial(retention.calibration(db), models.get("calibration"), look),
                html.Section([html.H2("What the forecast takes for granted"), *_model(whole)], className="panel"),
            ],
            className="panels",
        ),
    ]


def answer(total: dict[str, Any], whole: Row, clauses: Sequence[Clause]) -> str:
    """The first lines of the page, in words."""
    if not total["count_buyers"]:
        return f"Nobody in this selection ever bought ({filters.english(clauses)})."
    chosen = f" ({filters.english(clauses)})" if clauses else ""
    who = f"Of {format.count(total['count_buyers'])} customers who ever bought{chosen}"
    if whole["a"] == 0:
        return f"{who}, nobody is seen to have left. {_worth(total, whole)} {_STAYING}"
    share = format.percent(total["count_at_risk"] / total["count_buyers"])
    told = f"{who}, {format.count(total['count_at_risk'])} ({share}) are at risk"
    if total["value_at_risk"] is not None:
        told += f": if they surely stayed, they would bring {format.number(total['value_at_risk'])} more than is expected of them"
    return f"{told}. {_worth(total, whole)}"


def _worth(total: dict[str, Any], whole: Row) -> str:
    money = f", worth {format.number(total['expected_value'])}," if total["expected_value"] is not None else ""
    return f"All together, {format.count(total['expected_purchases'])} purchases{money} are {_horizon(whole)}."


def _horizon(whole: Row) -> str:
    return f"expected in the {format.count(whole['horizon_days'])} days after {_day(whole['last_day'])}"


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


def _table(segments: Sequence[Row], whole: Row) -> Any:
    """A row per segment: who bought, where they stand, and what is expected."""
    has_money = whole["p"] is not None
    titles = ["Segment", "Customers", "Ever bought", *(f"{title.capitalize()}" for title in _STANDINGS.values()), "Will buy"]
    titles += ["Expected purchases", *(["Expected value", "Value at risk"] if has_money else [])]
    total = retention.total(segments)
    buyers = sum(row["count_buyers"] for row in segments)
    mean = sum((row["mean_probability_buys"] or 0) * row["count_buyers"] for row in segments) / buyers if buyers else None
    lines = [([sheet.dot(row), row["segment_name"]], row) for row in segments]
    body = [html.Tr([html.Td(name), *_cells(row, row["mean_probability_buys"], has_money)]) for name, row in lines]
    foot = html.Tfoot(html.Tr([html.Td("All"), *_cells(total, mean, has_money)]))
    return html.Table([html.Thead(html.Tr([html.Th(title) for title in titles])), html.Tbody(body), foot], className="numbers")


def _cells(row: dict[str, Any], mean: float | None, has_money: bool) -> list[Any]:
    counts = [row[name] for name in ("count_customers", "count_buyers", *_STANDINGS)]
    money = [row["expected_value"], row["value_at_risk"]] if has_money else []
    return [
        *(html.Td(format.count(value or 0)) for value in counts),
        html.Td("–" if mean is None else format.percent(mean)),
        html.Td(format.count(row["expected_purchases"] or 0)),
        *(html.Td("–" if value is None else format.count(value)) for value in money),
    ]


def _trial(groups: dict[str, list[Row]], trial: Row | None, look: Theme) -> list[Any]:
    """How the forecast did: the models of the first two thirds of the time, against the last third."""
    if trial is None or trial["shortfall"] or not groups:
        reason = f": {trial['shortfall']}" if trial and trial["shortfall"] else ""
        told = f"The forecast could not be tried on the last third of the time{reason}."
        return [html.Section([html.H2("How good is the forecast?"), html.P(told)], className="panel")]
    (everyone,) = groups["everyone"]
    legend = "dashed: predicted · dots: what came, with the 95 % interval"
    pictures = [
        ("By days with a purchase before", "purchases", "days with a purchase before", calibration.purchases),
        ("By predicted probability", "probability", "predicted to buy again, %", calibration.shares),
        ("By silence before", "silence", "days since the last purchase", calibration.shares),
    ]
    return [
        html.Section([html.H2("How good is the forecast?"), html.P(_tried(everyone, trial))], className="panel"),
        *(sheet.panel(title, draw(groups[name], axis, look), "third", legend) for title, name, axis, draw in pictures),
    ]


def _tried(everyone: Row, trial: Row) -> str:
    predicted, came = everyone["purchases_predicted"], everyone["purchases_actual"]
    told = [
        f"Fitted to what was known of {format.count(everyone['count_customers'])} customers on {_day(trial['last_day'])},",
        f"the model foresaw {format.number(predicted)} purchases of each in the next {format.count(trial['horizon_days'])} days,",
        f"and {format.level(came, predicted)} came{_off(predicted, came)}.",
        f"It foresaw that {format.percent(everyone['share_predicted'])} would buy again,",
        f"and {format.percent(everyone['share_actual'])} did.",
    ]
    if everyone["value_predicted"] is not None:
        foreseen, real = everyone["value_predicted"], everyone["value_actual"]
        told.append(
            f"It foresaw {format.number(foreseen)} of each in money, and {format.level(real, foreseen)} came{_off(foreseen, real)}."
        )
    return " ".join(told)


def _off(predicted: float, came: float) -> str:
    """How far a forecast was off, in brackets; nothing where nothing came."""
    return f" ({format.percent(abs(predicted / came - 1))} {'less' if predicted > came else 'more'})" if came else ""


def _model(whole: Row) -> list[Any]:
    names = ("r", "alpha", "a", "b", "p", "q", "gamma")
    told = " · ".join(f"{name} = {format.number(whole[name])}" for name in names if whole[name] is not None)
    lines = [_MODELS]
    if whole["amount_shortfall"]:
        lines.append(f"What a purchase is worth cannot be told: {whole['amount_shortfall']}.")
    elif whole["amount_correlation"] is not None:
        care = "Take the values with care: here the two are related. " if abs(whole["amount_correlation"]) >= _RELATED else ""
        related = format.places(whole["amount_correlation"])
        lines.append(f"{care}Correlation of how often customers buy with what they spend each time: {related}.")
    where = html.P([f"{told} (times in weeks), from ", html.Code("segments.retention_models"), "."], className="muted small")
    return [*(html.P(line) for line in lines), where]


def customers(db: Snapshot, run: Row, clauses: Sequence[Clause], chosen: Any) -> list[Any]:
    """The heading, the download and the empty table; the table asks for its rows itself."""
    count = retention.count_buyers(db, clauses)
    if not count:
        return []
    key = (run["segmentation"], run["algorithm"])
    has_money = retention.models(db)["whole"]["p"] is not None
    columns = [
        sheet.formatted(name, *shown, is_number=name not in _TEXTS)
        for name, shown in _COLUMNS.items()
        if has_money or name not in _MONEYS
    ]
    caption = html.Span(
        [f"{format.count(count)} customers: {filters.english(clauses)} ", listing.download(EXPORT, db, run, chosen)],
        className="view-caption",
    )
    return [
        html.H2(["Worth saving first", caption], className="view-title"),
        sheet.table(ids.RETENTION_TABLE, columns, PAGE_ROWS, _HEIGHT),
        sheet.sql(retention.buyers_sql(clauses, *key)),
    ]


def rows(db: Snapshot, asked: Any, chosen: Any, segmentation: Any, algorithm: Any) -> dict[str, Any]:
    """Answer the table's request for rows. Raises InputError for what is not ours."""
    start, count = sheet.slice_of(asked, PAGE_ROWS)
    clauses = filters.parse(chosen, queries.dimensions(db))
    run = queries.known_run(db, segmentation, algorithm)
    order = sheet.order_of(asked, retention.COLUMNS)
    found = retention.buyers(db, clauses, run["segmentation"], run["algorithm"], order, start, count)
    return {"rowData": found, "rowCount": retention.count_buyers(db, clauses)}
