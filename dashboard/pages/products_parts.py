"""What the page of products shows: the first lines, and per segment, or of a selection, what is bought more than by everyone."""

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard import filters, format, ids, products, queries
from dashboard.filters import Clause
from dashboard.lifts import lifts, span_of
from dashboard.pages import listing, sheet
from dashboard.palette import segment_colour
from dashboard.queries import Row
from dashboard.theme import Theme
from warehouse.connection import Snapshot

_TITLES = {"product": "Products", "category": "Categories"}
_PLURALS = {"product": "products", "category": "categories"}
PAGE_ROWS = 100
EXPORT = "/products/recommendations.csv"
"""Where the recommendations are downloaded."""
_HEIGHT = 400
_BEATEN = {
    "better": "That is better than to offer everybody the most bought ones that they do not have:",
    "alike": "That is no better than to offer everybody the most bought ones that they do not have:",
    "worse": "THAT IS WORSE than to offer everybody the most bought ones that they do not have, so offer those:",
}
_COLUMNS = {
    "customer_id": ("Customer", 160),
    "segment_name": ("Segment", 200),
    "item_1": ("Offer first", 180),
    "because_1": ("… because they bought", 180),
    "item_2": ("Then", 180),
    "because_2": ("… because they bought", 180),
    "item_3": ("Then", 180),
    "because_3": ("… because they bought", 180),
}
"""Title and least width in pixels of each column."""
_READ = (
    "A lift of 2 means that twice as many of the segment bought it at least once, as a share of those who bought anything. Lifts "
    "are drawn towards 1 as far as chance goes, and the line is the 95 % interval. A segment that buys more of everything is above "
    "1 throughout: compare within a segment. What fewer than 5 customers bought, or would have, is left out."
)


def content(db: Snapshot, run: Row, clauses: Sequence[Clause], look: Theme) -> list[Any]:
    """Everything below the title."""
    models = products.models(db)
    if not models:
        return [sheet.needs_transactions("who bought what: transactions with a product or a category.")]
    key = (run["segmentation"], run["algorithm"])
    kinds = list(models)
    segments = products.segments(db, *key)
    items = products.by_segment(db, *key)
    chosen = products.of_selection(db, clauses) if clauses else []
    return [
        html.P(_answer_of_selection(chosen, clauses) if clauses else answer(items, segments), className="answer"),
        *(_selection(chosen, clauses, kinds, look) if clauses else []),
        *(_by_segment(kind, [item for item in items if item["item_kind"] == kind], segments, key, look) for kind in kinds),
        html.P(_READ, className="muted small"),
        html.Section([html.H2("How good are the recommendations?"), *_trials(models, products.trials(db))], className="panel"),
    ]


def answer(items: Sequence[Row], segments: Sequence[Row]) -> str:
    """The first lines of the page, in words: what each segment is surest to buy more than everyone."""
    told = []
    for segment in segments:
        own = [item for item in items if item["segment_id"] == segment["segment_id"] and item["verdict"] == "more"]
        if own:
            told.append(f"{segment['segment_name']}: {_told(max(own, key=lambda item: float(item['lift_low'])))}")
    return ". ".join(told) + "." if told else "No segment buys anything surely more than everyone: what they buy is much the same."


def _told(item: Row) -> str:
    return f"{item['item_name']}, {format.number(item['lift'])} times as often as everyone"


def _answer_of_selection(chosen: Sequence[Row], clauses: Sequence[Clause]) -> str:
    who = filters.english(clauses)
    sure = [item for item in chosen if item["lift_low"] > 1]
    if not chosen:
        return f"Too few in this selection ({who}) bought anything to tell what they buy more than everyone."
    if not sure:
        return f"Your selection ({who}) buys nothing surely more than everyone."
    return f"Your selection ({who}) buys above all {_told(max(sure, key=lambda item: float(item['lift_low'])))}."


def _selection(chosen: Sequence[Row], clauses: Sequence[Clause], kinds: Sequence[str], look: Theme) -> list[Any]:
    """A picture per kind of item of the customers whom the clauses leave."""
    span = span_of(chosen)
    own = {kind: [item for item in chosen if item["item_kind"] == kind] for kind in kinds}
    pictures = [
        sheet.panel(f"{_TITLES[kind]} of your selection", lifts(own[kind], look.selected, span, look), "", filters.english(clauses))
        for kind in kinds
        if own[kind]
    ]
    return [html.Div(pictures, className="panels"), sheet.sql(products.selection_sql(clauses))] if pictures else []


def _by_segment(kind: str, items: Sequence[Row], segments: Sequence[Row], key: tuple[str, str], look: Theme) -> Any:
    """The segments side by side, all on one scale."""
    span = span_of(items)
    pictures = []
    for segment in segments:
        own = [item for item in items if item["segment_id"] == segment["segment_id"]]
        if own:
            caption = f"{format.count(segment['count_buyers'] or 0)} buyers"
            pictures.append(
                sheet.panel(segment["segment_name"], lifts(own, segment_colour(segment["colour"]), span, look), "third", caption)
            )
    return html.Div(
        [
            html.H2(f"{_TITLES[kind]}, against everyone"),
            html.Div(pictures, className="panels"),
            sheet.sql(products.segments_sql(*key)),
        ]
    )


def _trials(models: dict[str, Row], trials: dict[str, Row]) -> list[Any]:
    """Per kind of item how the recommendations did: those of the first two thirds of the time, against the last third."""
    told = []
    for kind, model in models.items():
        if shortfall := model["shortfall"]:
            told.append(f"No {_PLURALS[kind]} can be recommended: {shortfall}.")
        elif kind in trials:
            told.append(_tried(trials[kind]))
        else:
            told.append(f"Recommendations of {_PLURALS[kind]} could not be tried on the last third of the time: too little came.")
    return [html.P(line) for line in told]


def _tried(trial: Row) -> str:
    listed, kind = trial["count_listed"], trial["item_kind"]
    what = f"any of the {listed} {_PLURALS[kind]}" if listed > 1 else f"the {kind}"
    return (
        f"Of {format.count(trial['count_customers'])} customers who bought before and a new {kind} in the last third of the time, "
        f"{format.percent(trial['hit_rate'])} bought {what} that would have been recommended to them "
        f"(recall {format.percent(trial['recall'])}). {_BEATEN[trial['verdict']]} {format.percent(trial['popular_hit_rate'])} "
        f"(recall {format.percent(trial['popular_recall'])})."
    )


def customers(db: Snapshot, run: Row, clauses: Sequence[Clause], chosen: Any) -> list[Any]:
    """The heading, the download and the empty table; the table asks for its rows itself."""
    kind = products.listed_kind(db)
    count = products.count_customers(db, clauses, kind) if kind else 0
    if not kind or not count:
        return []
    columns = [{"field": name, "headerName": title, "flex": width, "minWidth": width} for name, (title, width) in _COLUMNS.items()]
    told = f"{format.count(count)} customers: {filters.english(clauses)} "
    caption = html.Span([told, listing.download(EXPORT, db, run, chosen)], className="view-caption")
    return [
        html.H2([f"{_TITLES[kind]} to offer", caption], className="view-title"),
        sheet.table(ids.PRODUCTS_TABLE, columns, PAGE_ROWS, _HEIGHT),
        sheet.sql(products.recommended_sql(clauses, run["segmentation"], run["algorithm"], kind)),
    ]


def rows(db: Snapshot, asked: Any, chosen: Any, segmentation: Any, algorithm: Any) -> dict[str, Any]:
    """Answer the table's request for rows. Raises InputError for what is not ours."""
    start, count = sheet.slice_of(asked, PAGE_ROWS)
    clauses = filters.parse(chosen, queries.dimensions(db))
    run = queries.known_run(db, segmentation, algorithm)
    order = sheet.order_of(asked, products.COLUMNS)
    kind = products.listed_kind(db)
    if kind is None:
        return {"rowData": [], "rowCount": 0}
    found = products.recommended(db, clauses, run["segmentation"], run["algorithm"], kind, order, start, count)
    return {"rowData": found, "rowCount": products.count_customers(db, clauses, kind)}
