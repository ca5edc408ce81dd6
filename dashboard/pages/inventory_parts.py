"""What the page of stock shows: what can be chosen, the first lines, the trial, and the list of items."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from dash import html

from dashboard import format, ids, inventory
from dashboard.inventory import Choice
from dashboard.pages import sheet
from dashboard.queries import Row
from warehouse.connection import Snapshot

DEFAULTS = Choice("product", 4, 0.95)
PAGE_ROWS = 100
EXPORT = "/inventory/inventory_plan.csv"
"""Where the items are downloaded."""
_HEIGHT = 480
_PLURALS = {"product": "products", "category": "categories"}
_COUNT = {"function": "params.value == null ? '' : d3.format(',.0f')(params.value)"}
_TENTHS = {"function": "params.value == null ? '' : d3.format(',.1f')(params.value)"}
_PERCENT = {"function": "params.value == null ? '' : d3.format('.0f')(100 * params.value) + ' %'"}
_COLUMNS: dict[str, tuple[str, int, Any]] = {
    "item": ("Code", 120, None),
    "item_name": ("Name", 240, None),
    "units_before": ("Sold before", 128, _COUNT),
    "units_expected": ("Expected", 110, _TENTHS),
    "safety_stock": ("Safety stock", 128, _TENTHS),
    "units_needed": ("Needed", 110, _COUNT),
    "on_hand": ("On hand", 104, _COUNT),
    "cover_days": ("Lasts (days)", 124, _COUNT),
    "units_to_order": ("To order", 110, _COUNT),
    "segment_name": ("Bought most by", 220, None),
    "share": ("Its share", 100, _PERCENT),
}
"""Title, least width in pixels, and format of each column."""


def periods_offered(db: Snapshot, kind: Any, periods: Any) -> tuple[list[Any], str, list[Any], str, bool]:
    """The kinds and the one chosen, the periods and the one chosen, and whether there is nothing to choose."""
    able = [name for name, model in inventory.models(db).items() if model["shortfall"] is None]
    if not able:
        return [], DEFAULTS.kind, [], str(DEFAULTS.periods), True
    calendar = inventory.calendar(db)
    kinds = [{"value": name, "label": _PLURALS[name].capitalize()} for name in able]
    offered = [
        {"value": str(number), "label": format.periods(number, calendar["period_unit"])}
        for number in range(1, calendar["horizon"] + 1)
    ]
    usual = str(min(DEFAULTS.periods, calendar["horizon"]))
    return (
        kinds,
        kind if kind in able else able[0],
        offered,
        periods if periods in [one["value"] for one in offered] else usual,
        False,
    )


def content(db: Snapshot, kind: Any, periods: Any, level: Any) -> list[Any]:
    """Everything between the choices and the list."""
    models = inventory.models(db)
    if not models:
        return [sheet.needs_transactions("how much was sold of what and when: transactions with a product or a category.")]
    if all(model["shortfall"] for model in models.values()):
        shortfall = next(iter(models.values()))["shortfall"]
        return [html.P(f"It cannot be told how much will be asked for: {shortfall}.", className="answer")]
    if periods is None:
        return [html.P("Loading …", className="muted")]  # what can be chosen is on its way
    chosen = inventory.choice(db, kind, periods, level)
    calendar, trials = inventory.calendar(db), inventory.trials(db, chosen)
    total = inventory.total(db, chosen)
    return [
        html.P(
            f"{_answer(total, trials, chosen, calendar)}{_stock(total, inventory.idle(db, chosen), chosen)}", className="answer"
        ),
        html.Div(
            [
                html.Section(
                    [
                        html.H2(["Would it have lasted?", html.Span(_when(chosen, calendar), className="view-caption")]),
                        _table(trials),
                    ],
                    className="panel half",
                ),
                html.Section([html.H2("What the plan takes for granted"), *_taken(models[chosen.kind])], className="panel half"),
            ],
            className="panels",
        ),
    ]


def _answer(total: Row, trials: Sequence[Row], chosen: Choice, calendar: Row) -> str:
    """The first lines of the page, in words."""
    items = _PLURALS[chosen.kind] if total["count_items"] != 1 else chosen.kind
    (trial,) = (row for row in trials if row["service_level"] == chosen.level)
    return (
        f"For the {format.ahead(chosen.periods, calendar['period_unit'], calendar['last_period'])}, "
        f"{format.count(total['count_items'])} {items} need {format.count(total['units_needed'])} pieces, so that each lasts with "
        f"a probability of {format.percent(chosen.level)}: {format.count(total['units_expected'])} are expected to be asked for, "
        f"{format.count(total['safety_stock'])} are safety stock. {_lasted(trial)}"
    )


def _stock(total: Row, idle: Row, chosen: Choice) -> str:
    """What is there of it; nothing where no stock was given."""
    if not total["count_stocked"]:
        return ""
    items = _PLURALS[chosen.kind]
    are_all = total["count_stocked"] == total["count_items"]
    what = f"all {items}" if are_all else f"{format.count(total['count_stocked'])} of the {items}"
    order = "none has too few"
    if total["count_short"]:
        order = (
            f"{format.count(total['count_short'])} {'has' if total['count_short'] == 1 else 'have'} too few, "
            f"and {format.count(total['units_to_order'])} pieces are to be ordered"
        )
    told = f" In stock are {format.count(total['on_hand'])} pieces of {what}: {order}."
    if not are_all:
        told += f" Of the other {format.count(total['count_items'] - total['count_stocked'])} it is not known, and none is ordered."
    if idle["count_items"]:
        which = f"1 {chosen.kind} that is" if idle["count_items"] == 1 else f"{format.count(idle['count_items'])} {items} that are"
        told += (
            f" {format.count(idle['on_hand'])} more pieces are of {which} not planned: new, not sold lately, or called otherwise."
        )
    return told


def _lasted(trial: Row) -> str:
    served = "" if trial["fill_rate"] is None else f", and {format.percent(trial['fill_rate'])} of the pieces asked for were there"
    return (
        f"Tried on the past, {format.percent(trial['lasted'])} would have lasted{served}"
        f"{'' if trial['lasted'] >= trial['service_level'] - 0.02 else ': fewer than it should be'}."
    )


def _table(trials: Sequence[Row]) -> Any:
    titles = ["Asked for", "Lasted", "Pieces there"]
    body = [
        html.Tr(
            [
                html.Td(format.percent(row["service_level"])),
                html.Td(format.percent(row["lasted"])),
                html.Td("–" if row["fill_rate"] is None else format.percent(row["fill_rate"])),
            ]
        )
        for row in trials
    ]
    told = (
        f"{format.count(trials[0]['count_tried'])} times an item was planned by what was known then. "
        "Lasted: the share in which the pieces needed were enough. Pieces there: of all that were asked for."
    )
    head = html.Thead(html.Tr([html.Th(title) for title in titles]))
    return html.Div([html.Table([head, html.Tbody(body)], className="numbers"), html.P(told, className="muted small")])


def _taken(model: Row) -> list[Any]:
    left = ""
    if model["count_left_out"]:
        many = f"{format.count(model['count_left_out'])} that were not sold in the last half year are"
        left = (
            f" {many} left out, as are those that are new." if model["count_left_out"] > 1 else " One not sold lately is left out."
        )
    return [
        html.P(
            "All pieces together are forecast like sales, and an item is its smoothed share of them: an item with a season of its "
            f"own, or one that a promotion lifts, is not foreseen.{left}"
        ),
        html.P(
            "Safety stock is for the error of that, over the whole time: what arrives meanwhile is not counted. Pieces are those "
            "sold: what was asked for and not there is not known. What is in stock (STOCK=path) is taken as counted at the end of "
            "the last complete week or month."
        ),
        html.P(["From ", html.Code("marts.inventory_plan"), "."], className="muted small"),
    ]


def _when(chosen: Choice, calendar: Row) -> str:
    return f"{_PLURALS[chosen.kind]}, {format.periods(chosen.periods, calendar['period_unit'])}"


def items(db: Snapshot, kind: Any, periods: Any, level: Any, key: tuple[str, str]) -> list[Any]:
    """The heading, the download and the empty table; the table asks for its rows itself."""
    if periods is None or all(model["shortfall"] for model in inventory.models(db).values()):
        return []
    chosen = inventory.choice(db, kind, periods, level)
    asked = {"kind": kind, "periods": periods, "level": level, "segmentation": key[0], "algorithm": key[1], "v": db.version}
    query = urlencode(asked)
    link = html.A("Download as CSV", href=f"{EXPORT}?{query}", download=EXPORT.rpartition("/")[2])
    calendar = inventory.calendar(db)
    left_out = {"category": {"item"}, "product": set()}[chosen.kind]  # a category is its name
    left_out |= set() if inventory.total(db, chosen)["count_stocked"] else set(inventory.STOCK_COLUMNS)
    columns = [sheet.formatted(name, *shown) for name, shown in _COLUMNS.items() if name not in left_out]
    caption = html.Span([f"{_when(chosen, calendar)}, {format.percent(chosen.level)} ", link], className="view-caption")
    return [
        html.H2(["Pieces to have", caption], className="view-title"),
        sheet.table(ids.INVENTORY_TABLE, columns, PAGE_ROWS, _HEIGHT),
        sheet.sql(inventory.plan_sql(chosen, *key)),
    ]


def rows(db: Snapshot, asked: Any, chosen: Choice, key: tuple[str, str]) -> dict[str, Any]:
    """Answer the table's request for rows. Raises InputError for what is not ours."""
    start, count = sheet.slice_of(asked, PAGE_ROWS)
    order = sheet.order_of(asked, inventory.COLUMNS)
    found = inventory.plan(db, chosen, *key, order, start, count)
    return {"rowData": found, "rowCount": inventory.total(db, chosen)["count_items"]}
