"""Segments: what each is like, against everyone, in ordinary units."""

from itertools import chain
from typing import Any
from urllib.parse import urlencode

from dash import Dash, dcc, html

from dashboard import figures, format, ids, queries, trust
from dashboard.access.roles import Role, may
from dashboard.axes import FEW_FEATURES, axes
from dashboard.counts import hidden, hidden_table
from dashboard.pages import label_form, score_form, sheet
from dashboard.pages.sheet import panel
from dashboard.queries import Row
from dashboard.scatter import segment_scatter
from dashboard.theme import Theme
from warehouse.connection import Snapshot, Warehouse
from warehouse.words import with_unit

SHOWN_CUSTOMERS = 5_000


def layout() -> Any:
    """The page, before its numbers are there."""
    parts = [sheet.waiting("What kinds of customers are there?", ids.SEGMENTS)]
    parts += [score_form.layout()] if may(Role.ANALYST) else []  # its answers tell where a segment lies, of however few
    parts += [label_form.layout()] if may(Role.EDITOR) else []
    return html.Div(parts)


def register(app: Dash, warehouse: Warehouse, smallest_cell: int, may_edit: bool = False) -> None:
    """The callbacks of the page; editors may name segments where `may_edit`, and viewers are told nothing of small ones."""

    def fill(db: Snapshot, run: Row, look: Theme) -> list[Any]:
        return content(db, run, look, may(Role.EDITOR), None if may(Role.ANALYST) else smallest_cell)

    sheet.register(app, warehouse, ids.SEGMENTS, fill)
    score_form.register(app, warehouse)
    if may_edit:
        label_form.register(app, warehouse)


def content(db: Snapshot, run: Row, look: Theme, may_edit: bool = False, smallest: int | None = None) -> list[Any]:
    """Everything below the page's title for one clustering; where no number of fewer than `smallest` customers may be told, what
    would tell one is left out, and so are pictures of customers.
    """
    key = (run["segmentation"], run["algorithm"])
    everybody = queries.segments(db, *key)
    sizes = hidden([segment["size"] for segment in everybody], smallest or 1)
    segments = [segment for segment, size in zip(everybody, sizes, strict=True) if size]
    if not segments:
        return [html.P("The segments are of few customers: nothing is told of them.", className="answer")]
    shown_ids = [segment["segment_id"] for segment in segments]
    profiles = [row for row in queries.feature_profiles(db, *key) if row["segment_id"] in shown_ids]
    largest = max(segments, key=lambda segment: segment["size"])
    answer = (
        f"{len(everybody)} segments of {format.count(run['n_customers'])} customers by {run['segmentation_title'].lower()} "
        f"({queries.ALGORITHM_TITLES[run['algorithm']]}). The largest is “{largest['segment_name']}” "
        f"with {format.percent(largest['share'])}. {trust.clarity(run)}"
    )
    numbers = list({row["feature"]: row for row in profiles}.values())
    size = "half" if len(numbers) <= figures.MOST_SIDE_BY_SIDE else "full"
    small_multiples = [
        panel(
            format.title(f"{feature['label']} by segment", feature["unit"]),
            figures.quartile_ranges([row for row in profiles if row["feature"] == feature["feature"]], segments, look),
            "third",
            "dot: median · bar: middle half · dashed: everyone",
        )
        for feature in (numbers if smallest is None else [])  # a quartile of few is a customer's own number
    ]
    return [
        html.P(f"{answer}{_left_out(len(everybody) - len(segments))}", className="answer"),
        html.Div([_card(segment, run, profiles, may_edit, smallest is None) for segment in segments], className="cards"),
        html.Div(
            [
                *(_picture(db, run, segments, profiles, size, look) if smallest is None else []),
                panel(
                    "Against everyone",
                    figures.profile_heat_map(profiles, segments, look),
                    size,
                    "mean (difference) · colour: standard deviations from everyone",
                    least_width=figures.heat_map_width(len(numbers), len(segments)),
                ),
                *small_multiples,
                *_category_tables(queries.category_profiles(db, *key), everybody, [bool(size) for size in sizes], smallest or 1),
            ],
            className="panels",
        ),
    ]


def _left_out(count: int) -> str:
    return (
        f" {format.count(count)} of them {'is' if count == 1 else 'are'} not shown: of few customers nothing is told."
        if count
        else ""
    )


def _card(segment: Row, run: Row, profiles: list[Row], may_edit: bool, is_rule_told: bool) -> Any:
    own = sorted((row for row in profiles if row["segment_id"] == segment["segment_id"]), key=lambda row: row["effect_rank"])
    facts = [
        html.Li(
            [
                f"{row['label']} {with_unit(format.level(row['mean'], row['mean_everyone']), row['unit'])} ",
                html.Span(f"({format.difference(row['difference'], row['mean_everyone'])} against everyone)", className="muted"),
            ]
        )
        for row in own[:3]
    ]
    dimension = f"{run['segmentation']}_{run['algorithm']}"
    query = {"segmentation": run["segmentation"], "algorithm": run["algorithm"], dimension: segment["segment_id"]}
    return html.Section(
        [
            html.H2([sheet.dot(segment), segment["segment_name"]]),
            *label_form.said(segment),
            html.Div(f"{format.count(segment['size'])} customers, {format.percent(segment['share'])}"),
            html.Div(sheet.stability(segment), className="stability"),
            *([_rule(segment)] if is_rule_told else []),
            html.Ul(facts),
            html.Div(
                [dcc.Link("Explore these", href=f"/?{urlencode(query)}"), *([label_form.button(segment)] if may_edit else [])]
            ),
        ],
        className="panel segment-card",
    )


def _rule(segment: Row) -> Any:
    """Who is in the segment, roughly: the rule, how far it can be relied on, and its SQL."""
    caught = f"catches {format.percent(segment['rule_coverage'])} of the segment"
    if segment["rule_purity"] is not None:
        caught += f"; of those it catches {format.percent(segment['rule_purity'])} belong to it"
    sql = html.Details([html.Summary("SQL"), html.Code(f"where {segment['rule_sql']}")])
    return html.Div([html.Div(segment["rule"]), html.Div(caught, className="muted"), sql], className="rule")


def _picture(db: Snapshot, run: Row, segments: list[Row], profiles: list[Row], size: str, look: Theme) -> list[Any]:
    """The customers in two of the numbers."""
    pair = axes(run["features"], segments, profiles)
    if not pair:
        return []
    x, y = ({"column_name": name, **next(row for row in profiles if row["feature"] == name)} for name in pair)
    customers = queries.scatter_sample(db, f"{run['segmentation']}_{run['algorithm']}", pair[0], pair[1], SHOWN_CUSTOMERS)
    caption = f"a sample of {format.count(SHOWN_CUSTOMERS)} customers" if run["n_customers"] > SHOWN_CUSTOMERS else "every customer"
    chosen = " · the two features that separate the segments most" if len(run["features"]) > FEW_FEATURES else ""
    title = f"{y['label']} by {format.inline(x['label'])}"
    return [panel(title, segment_scatter(customers, segments, x, y, look), size, f"{caption} · large dots: means{chosen}")]


def _category_tables(profiles: list[Row], segments: list[Row], told: list[bool], smallest: int) -> list[Any]:
    """A table per category column: the share of every value in every segment that is told, "few" for what is of few customers."""
    return [
        _category_table([row for row in profiles if row["feature"] == feature], segments, told, smallest)
        for feature in dict.fromkeys(row["feature"] for row in profiles)
    ]


def _category_table(profiles: list[Row], segments: list[Row], told: list[bool], smallest: int) -> Any:
    everyone = {row["value"]: row["share_everyone"] for row in profiles}
    found = {(row["segment_id"], row["value"]): row for row in profiles}
    cells = [[found[segment["segment_id"], value] for value in everyone] for segment in segments]
    counts = hidden_table([[cell["count_customers"] for cell in row] for row in cells], smallest, told)
    shown = {
        (cell["segment_id"], cell["value"]): "few" if count is None else format.percent(cell["share"])
        for cell, count in zip(chain(*cells), chain(*counts), strict=True)
    }
    head = html.Tr([html.Th("Segment"), *(html.Th(value) for value in everyone)])
    rows = [
        html.Tr([html.Td(segment["segment_name"]), *(html.Td(shown[segment["segment_id"], value]) for value in everyone)])
        for segment, is_told in zip(segments, told, strict=True)
        if is_told
    ]
    totals = [sum(row["count_customers"] for row in profiles if row["value"] == value) for value in everyone]
    shares = [
        "few" if count is None else format.percent(share)
        for count, share in zip(hidden(totals, smallest), everyone.values(), strict=True)
    ]
    last = html.Tr([html.Td("Everyone"), *map(html.Td, shares)], className="chosen")
    title = f"{profiles[0]['label']} by segment"
    table = html.Table([html.Thead(head), html.Tbody([*rows, last])], className="numbers")
    return html.Section(
        [html.H2([title, html.Span("share of the segment", className="view-caption")]), sheet.scrolling(table, title)],
        className="panel half",
    )
