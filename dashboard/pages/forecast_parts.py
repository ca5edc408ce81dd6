"""What the page of the forecast shows: the first lines, the course of sales, the segments, the trial, and what is ahead."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from dash import html

from dashboard import filters, format, sales
from dashboard.fan import fan, trial
from dashboard.filters import Clause
from dashboard.pages import listing, sheet
from dashboard.palette import segment_colour
from dashboard.queries import Row
from dashboard.theme import Theme
from warehouse.connection import Snapshot

EXPORT = "/forecast/sales_forecast.csv"
"""Where the periods are downloaded."""
_PART_HEIGHT = 200
_ALIKE = 0.005
"""Below which a change is none."""
_METHODS = {
    "year on year": "the year before, with the change against it smoothed exponentially",
    "exponential smoothing": "exponential smoothing of the level, with a damped trend where that fits better",
    "seasonal naive": "the year before again",
    "naive": "the last {unit} again",
}
"""The methods in words."""


def content(db: Snapshot, run: Row, clauses: Sequence[Clause], look: Theme) -> list[Any]:
    """Everything between the title and the table of what is ahead."""
    model = sales.model(db)
    if model is None:
        return [sheet.needs_transactions("what was bought when: ")]
    if model["shortfall"]:
        return [html.P(f"It cannot be told what will be sold: {model['shortfall']}.", className="answer")]
    key = (run["segmentation"], run["algorithm"])
    outlooks, periods = sales.outlooks(db, *key), sales.periods(db, *key)
    everyone, unit = outlooks[0], model["period_unit"]
    past = [row for row in periods if row["level"] == "everyone" and not row["is_forecast"]]
    chosen = sales.of_selection(db, clauses, *key) if clauses else []
    return [
        html.P(_answer(everyone, model, chosen, clauses), className="answer"),
        html.Div(
            [
                *_course(periods, chosen, clauses, model, key, look),
                html.Section(
                    [
                        html.H2(["By segment", html.Span(_span(model), className="view-caption")]),
                        sheet.scrolling(_table(outlooks, model), "By segment"),
                        sheet.sql(sales.outlooks_sql(*key)),
                    ],
                    className="panel",
                ),
                *_segments(outlooks, periods, unit, look),
                html.Section([html.H2("How good is the forecast?"), *_tried(sales.methods(db), model)], className="panel"),
                sheet.panel(
                    "Forecasts of the past",
                    trial(past, sales.tried(db), unit, look),
                    "",
                    "blue: what was forecast, from each of the times it was tried from",
                ),
                html.Section([html.H2("What the forecast takes for granted"), *_taken(model)], className="panel"),
            ],
            className="panels",
        ),
    ]


def _answer(everyone: Row, model: Row, chosen: Sequence[Row], clauses: Sequence[Clause]) -> str:
    """The first lines of the page, in words."""
    low, high = format.count(everyone["low_95"]), format.count(everyone["high_95"])
    told = (
        f"In the {_span(model)}, sales of {format.count(everyone['expected'])} are expected, "
        f"with a probability of 95 % between {low} and {high}{_changes(everyone, model)}."
    )
    if model["season_correlation"] is None:
        told += " Seasons are not in this: a year and a half must be known to tell them."
    if not clauses:
        return told
    expected = sum(row["expected"] or 0 for row in chosen if row["is_forecast"])
    return f"{told} Of these, {format.count(expected)} by your selection ({filters.english(clauses)})."


def _changes(row: Row, model: Row) -> str:
    """Against what was: in words, as far as it is known."""
    changes = [
        (row["change"], f"in the {format.periods(model['horizon'], model['period_unit'])} before"),
        (row["change_from_year_before"], "a year before"),
    ]
    told = [f"{_compared(change)} {when}" for change, when in changes if change is not None]
    return f": {' and '.join(told)}" if told else ""


def _compared(change: float) -> str:
    if abs(change) < _ALIKE:
        return "as much as"
    return f"{format.percent(abs(change))} {'more' if change > 0 else 'less'} than"


def _span(model: Row) -> str:
    return format.ahead(model["horizon"], model["period_unit"], model["last_period"])


def _course(
    periods: Sequence[Row], chosen: Sequence[Row], clauses: Sequence[Clause], model: Row, key: tuple[str, str], look: Theme
) -> list[Any]:
    """The course of all sales, and of those of the selection."""
    unit = model["period_unit"]
    everyone = [row for row in periods if row["level"] == "everyone"]
    bands = "line: expected · bands: 80 and 95 %"
    found = [sheet.panel(f"Sales per {unit}", fan(everyone, look.selected, unit, look), "", bands)]
    if clauses:
        about = "expected: each customer's part of the segment's sales stays as it was"
        title = f"Sales per {unit} of your selection"
        picture = sheet.panel(title, fan(chosen, look.selected, unit, look), "", f"{filters.english(clauses)} · {about}")
        picture.children.append(sheet.sql(sales.selection_sql(clauses, *key)))
        found.append(picture)
    return found


def _segments(outlooks: Sequence[Row], periods: Sequence[Row], unit: str, look: Theme) -> list[Any]:
    """The segments side by side."""
    courses = {place: list(rows) for place, rows in groupby(periods, key=lambda row: (row["level"], row["segment_id"]))}
    return [
        sheet.panel(
            _name(row),
            fan(courses[row["level"], row["segment_id"]], _colour(row, look), unit, look, _PART_HEIGHT),
            "third",
            f"{format.count(row['expected'])} expected",
        )
        for row in outlooks[1:]
    ]


def _name(row: Row) -> str:
    return {"everyone": "All", "nobody": "No customer"}.get(row["level"]) or str(row["segment_name"])


def _colour(row: Row, look: Theme) -> str:
    return look.everyone if row["colour"] is None else segment_colour(row["colour"])


def _table(outlooks: Sequence[Row], model: Row) -> Any:
    """A row per segment: what was, what is expected, and how its forecast did."""
    before = format.periods(model["horizon"], model["period_unit"])
    titles = [
        "Segment",
        f"{before} before".capitalize(),
        "A year before",
        "Expected",
        "95 % between",
        "Change",
        "Error",
        "Benchmark",
        "In 95 %",
    ]
    hints = {
        "Change": "expected, against as many periods before",
        "Error": "mean absolute scaled error in the trial: 1 is that of the benchmark on what was known",
        "Benchmark": f"the same, of saying {_METHODS[model['benchmark']].format(unit=model['period_unit'])}",
        "In 95 %": "how much of what came in the trial lay within the 95 % interval",
    }
    everyone, *parts = outlooks
    lines = [html.Tr([html.Td(_marked(row)), *_cells(row)]) for row in parts]
    head = html.Thead(html.Tr([html.Th(title, title=hints.get(title)) for title in titles]))
    foot = html.Tfoot(html.Tr([html.Td("All"), *_cells(everyone)]))
    return html.Table([head, html.Tbody(lines), foot], className="numbers")


def _marked(row: Row) -> list[Any]:
    return [_name(row)] if row["colour"] is None else [sheet.dot(row), _name(row)]


def _cells(row: Row) -> list[Any]:
    texts = [
        format.count(row["amount_before"]),
        "–" if row["amount_year_before"] is None else format.count(row["amount_year_before"]),
        format.count(row["expected"]),
        f"{format.count(row['low_95'])} – {format.count(row['high_95'])}",
        "–" if row["change"] is None else f"{'+' if row['change'] >= 0 else '−'}{format.percent(abs(row['change']))}",
        "–" if row["mase"] is None else format.level(row["mase"], 1),
        "–" if row["benchmark_mase"] is None else format.level(row["benchmark_mase"], 1),
        format.percent(row["coverage_95"]),
    ]
    return [html.Td(text) for text in texts]


def _tried(methods: Sequence[Row], model: Row) -> list[Any]:
    """How the forecast did on the past, in words and by method."""
    chosen = next(row for row in methods if row["is_chosen"])
    benchmark = next(row for row in methods if row["is_benchmark"])
    titles = ["Method", "Error", "Too much or little", "In 80 %", "In 95 %"]
    rows = [
        html.Tr(
            [
                html.Td([html.B(_described(row, model)) if row["is_chosen"] else _described(row, model)]),
                html.Td("–" if row["mase"] is None else format.level(row["mase"], 1)),
                html.Td("–" if row["bias"] is None else _off(row["bias"])),
                html.Td(format.percent(row["coverage_80"])),
                html.Td(format.percent(row["coverage_95"])),
            ]
        )
        for row in methods
    ]
    table = html.Table([html.Thead(html.Tr([html.Th(title) for title in titles])), html.Tbody(rows)], className="numbers")
    return [html.P(_verdict(chosen, benchmark, model)), sheet.scrolling(table, "Methods tried")]


def _off(bias: float) -> str:
    return f"{format.percent(abs(bias))} too {'little' if bias > 0 else 'much'}"


def _described(row: Row, model: Row) -> str:
    told = _METHODS[row["method"]].format(unit=model["period_unit"])
    return told[0].upper() + told[1:]


def _verdict(chosen: Row, benchmark: Row, model: Row) -> str:
    """Whether the forecast is better than the benchmark, and whether its intervals can be believed."""
    unit, horizon = model["period_unit"], format.periods(model["horizon"], model["period_unit"])
    told = f"Tried from {model['count_origins']} times of the past, by what was known then, for {horizon} each: "
    plain = f"saying {_METHODS[benchmark['method']].format(unit=unit)}"
    if chosen is benchmark or chosen["mase"] is None or benchmark["mase"] is None:
        told += f"nothing that was tried did better than {plain}, which is what is shown."
    else:
        told += f"the error is {format.percent(1 - chosen['mase'] / benchmark['mase'])} smaller than that of {plain}."
    told += f" {format.percent(chosen['coverage_95'])} of what came lay within the 95 % intervals"
    told += "." if round(chosen["coverage_95"], 2) >= 0.9 else ": they are too narrow, so take them for less than they say."
    if chosen["bias"] is not None and abs(chosen["bias"]) >= 0.1:
        told += f" On the whole {_off(chosen['bias'])} was forecast."
    return told


def _taken(model: Row) -> list[Any]:
    unit, correlation = model["period_unit"], model["season_correlation"]
    year = "52 weeks" if unit == "week" else "12 months"
    if correlation is None:
        known = format.periods(model["count_periods"], unit)
        season = f"{known} are known, too few to tell the seasons. A Christmas ahead is not foreseen."
    else:
        related = f"those {year} before (correlation {format.places(correlation)})"
        season = f"Sales go along with {related}: the seasons are taken to return."
        if not model["is_seasonal"]:
            season = f"Sales do not go along with {related}: no season is taken to return."
    others = f"Promotions, prices and closed days ahead are not known to it. The first and the last {unit} count when complete."
    segments = (
        "A segment is forecast by its smoothed share of all sales, so that the segments add up to everyone. It holds the "
        "customers who are in it now: one that is made of recent buyers has grown by that alone."
    )
    errors = (
        "Errors are mean absolute scaled errors (Hyndman & Koehler 2006): 1 is that of the naive method on what was known. From "
    )
    return [
        html.P(f"{season} {others}"),
        html.P(segments),
        html.P([errors, html.Code("segments.sales_methods"), "."], className="muted small"),
    ]


def periods(db: Snapshot, run: Row, clauses: Sequence[Clause], chosen: Any) -> list[Any]:
    """What is ahead, period by period, and the download."""
    del clauses
    model = sales.model(db)
    if model is None or model["shortfall"]:
        return []
    key = (run["segmentation"], run["algorithm"])
    outlooks = sales.outlooks(db, *key)
    ahead = [row for row in sales.periods(db, *key) if row["is_forecast"]]
    columns = {place: list(rows) for place, rows in groupby(ahead, key=lambda row: (row["level"], row["segment_id"]))}
    everyone = columns["everyone", None]
    titles = [model["period_unit"].capitalize(), "All", "80 % between", *(_name(row) for row in outlooks[1:])]
    rows = []
    for place, row in enumerate(everyone):
        start = row["period_start"]
        own = [columns[part["level"], part["segment_id"]][place]["expected"] for part in outlooks[1:]]
        between = f"{format.count(row['low_80'])} – {format.count(row['high_80'])}"
        when = format.period(start, model["period_unit"]).removeprefix("week of ")
        rows.append(html.Tr([html.Td(text) for text in (when, format.count(row["expected"]), between, *map(format.count, own))]))
    caption = html.Span(["expected sales ", listing.download(EXPORT, db, run, chosen)], className="view-caption")
    table = html.Table([html.Thead(html.Tr([html.Th(title) for title in titles])), html.Tbody(rows)], className="numbers")
    return [
        html.H2([f"{model['period_unit'].capitalize()} by {model['period_unit']}", caption], className="view-title"),
        sheet.scrolling(table, "Expected sales"),
        sheet.sql(sales.periods_sql(*key)),
    ]
