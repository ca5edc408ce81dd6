"""What the Explore page says of a selection besides its views: what is different about it, and which segments it is from."""

from collections.abc import Collection, Sequence
from typing import Any

from dash import html

from dashboard import difference, format, queries, selection, statements
from dashboard.difference import Difference
from dashboard.filters import Clause
from dashboard.pages import sheet
from dashboard.queries import ALGORITHM_TITLES, Row
from warehouse.connection import Snapshot
from warehouse.words import with_unit

_MOST = 6
"""Differences that are told."""
_WIDEST = 2.0
"""Standard deviations that fill a bar."""


def sql_button(of: str, title: str) -> Any:
    """What asks for the statement behind something that is shown (assets/sql.js)."""
    return html.Button("SQL", className="view-tool", **{"data-sql-of": of, "aria-label": f"SQL of {title}"})  # type: ignore[arg-type]


def differences(db: Snapshot, clauses: Sequence[Clause], filtered: Collection[str]) -> Any:
    """In what these customers differ most from everyone, in ordinary units."""
    found = difference.differences(db, clauses) if clauses else []
    own = {part for name in filtered for part in name.split("*")}
    told = sorted((each for each in found if each.is_beyond_chance), key=lambda each: each.column in own)[:_MOST]
    columns = {row["column_name"]: row for row in queries.columns(db)}
    if not clauses:
        body: Any = html.P("Filter something, and it is told here what sets these customers apart.", className="muted")
    elif not found:
        body = html.P("There is nobody to compare.", className="muted")
    elif (count := selection.count(db, clauses)) < difference.LEAST:
        body = html.P(f"{format.customers(count)} would be too few to tell what is more than chance.", className="muted")
    else:
        beyond = "Beyond what you filter by, nothing" if own else "Nothing"
        nothing = f"{beyond} differs by more than chance brings: as many customers drawn at random would differ as much."
        body = [html.P(nothing)] if all(each.column in own for each in told) else []
        if told:
            titles = ["", "These", "Everyone", "Difference", "In standard deviations"]
            rows = [_row(each, columns[each.column], each.column in own) for each in told]
            body.append(sheet.scrolling(_table(titles, rows), "Differences"))
    return _panel("What is different about these?", statements.DIFFERENCE, body)


def _row(each: Difference, column: Row, is_filtered: bool) -> Any:
    change = each.these - each.everyone
    if each.value is None:
        levels = [with_unit(format.level(value, each.everyone), column["unit"]) for value in (each.these, each.everyone)]
        told = [column["label"], *levels, with_unit(format.difference(change, each.everyone), column["unit"])]
    else:
        shares = [format.percent(share) for share in (each.these, each.everyone)]
        told = [f"{column['label']}: {each.value}", *shares, f"{format.signed(100 * change)} points"]
    note = [html.Span(" filtered", className="muted small")] if is_filtered else []
    width = min(1.0, abs(each.effect) / _WIDEST)
    bar = html.Span(className="effect-bar below" if each.effect < 0 else "effect-bar", style={"width": f"{50 * width:.1f}%"})
    effect = html.Span([html.Span(bar, className="effect-track"), _in_deviations(each.effect)], className="effect")
    return html.Tr([html.Td([told[0], *note]), *map(html.Td, told[1:]), html.Td(effect)])


def _in_deviations(effect: float) -> str:
    return f"{effect:+.2f}".replace("-", "−")


def segment_mix(db: Snapshot, clauses: Sequence[Clause], run: Row) -> Any:
    """How many of these customers are in each segment, beside everyone."""
    rows = difference.mix(db, clauses, run["segmentation"], run["algorithm"])
    title = f"Their segments: {format.inline(run['segmentation_title'])}, {ALGORITHM_TITLES[run['algorithm']]}"
    table = _table(["Segment", "Customers", "Of these", "Of everyone"], [_segment(row) for row in rows])
    return _panel(title, statements.MIX, sheet.scrolling(table, title))


def _segment(row: Row) -> Any:
    shares = [format.percent(row["share_these"] or 0), format.percent(row["share_everyone"])]
    return html.Tr(
        [html.Td([sheet.dot(row), row["segment_name"]]), html.Td(format.count(row["count_these"])), *map(html.Td, shares)]
    )


def _table(titles: Sequence[str], rows: Sequence[Any]) -> Any:
    head = html.Thead(html.Tr([html.Th(title) for title in titles]))
    return html.Table([head, html.Tbody(rows)], className="numbers")


def _panel(title: str, of: str, body: Any) -> Any:
    heading = html.Div([html.H2(title), sql_button(of, title)], className="view-head")
    return html.Section([heading, *(body if isinstance(body, list) else [body])], className="panel half")
