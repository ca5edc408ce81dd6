"""What the History page shows: the first line, the pictures, the matrix, the events, and the customers of a flow."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from dash import html

from dashboard import alerts, flows, format, ids, moves, queries
from dashboard.moves import Flow
from dashboard.pages import sheet
from dashboard.queries import Row
from dashboard.theme import Theme
from warehouse.connection import Snapshot

PAGE_ROWS = 100
_MOST_HEIGHT, _HEAD_HEIGHT = 400, 56
"""Of the table of customers, in pixels."""
EXPORT = "/history/customers.csv"
"""Where the customers of a flow are downloaded."""
_FIRST = "This is the first run of the segmentation: once there is a second, this page says who moved and why."
_CAUSES = (
    "“Changed”: the old model already says another segment of the customer's data of today. “Model”: it does not, so the new "
    "model moved them."
)
_NO_CAUSE = (
    "What moved a customer cannot be told here: it takes the old model on the data of today, which Ward's method does not have, "
    "nor a run with other features or of an earlier release."
)


def content(db: Snapshot, since: int | None, key: tuple[str, str], look: Theme) -> list[Any]:
    """Everything between the choices and the table of customers."""
    runs = [run["run_id"] for run in moves.earlier_runs(db, *key)]
    if not runs:
        return [html.P(_FIRST, className="answer"), *_alerts(db, key)]
    since = since if since is not None and since in runs else int(runs[0])
    found = moves.matrix(db, since, *key)
    before, after = moves.segments(db, since, *key), queries.segments(db, *key)
    is_told = not any(row["movement"] == "moved" for row in found) and key[1] == "kmeans"
    return [
        html.P(moves.answer(found), className="answer"),
        *_alerts(db, key),
        html.Div(
            [
                sheet.panel("Where they went", flows.sankey(found, before, after, look), "half", f"run {since} → run {db.version}"),
                sheet.panel(
                    "How large they were", flows.sizes(moves.sizes(db, *key), look), "half", "every run that is remembered"
                ),
                html.Section(
                    [
                        html.H2(["How many", html.Span("click a number for its customers", className="view-caption")]),
                        sheet.scrolling(_table(found, before, after), "How many moved"),
                        html.P(_CAUSES if is_told else _NO_CAUSE, className="muted small"),
                    ],
                    className="panel",
                ),
                html.Section(
                    [html.H2("What became of the segments"), *_events(moves.told(moves.events(db, since, *key)))],
                    className="panel",
                ),
            ],
            className="panels",
        ),
    ]


def _alerts(db: Snapshot, key: tuple[str, str]) -> list[Any]:
    """What changed beyond chance in the newest run, that of the clustering shown first; nothing where nothing did."""
    told = alerts.sorted_for(alerts.read(db), *key)
    if not told:
        return []
    lines = []
    for row in told:
        word, look = alerts.SEVERITIES[row["severity"]]
        mark = [sheet.dot(row)] if row["colour"] is not None else []
        where = [html.Span(f"{alerts.where(row)}: ", className="muted")] if alerts.is_elsewhere(row, *key) else []
        lines.append(html.Li([html.Span(word, className=f"severity {look}"), *mark, html.Span([*where, row["sentence"]])]))
    heading = html.H2(["What changed beyond chance", html.Span("the newest run against the one before", className="view-caption")])
    return [html.Section([heading, html.Ul(lines, className="events"), sheet.sql(alerts.SQL)], className="panel alerts")]


def _table(found: Sequence[Row], before: Sequence[Row], after: Sequence[Row]) -> Any:
    """Customers from each segment of before (rows) to each of now (columns), with what moved them."""
    counts: dict[tuple[int | None, int | None], dict[str, int]] = {}
    for row in found:
        counts.setdefault((row["previous_segment_id"], row["segment_id"]), {})[row["movement"]] = row["count_customers"]
    has_left = any(now is None for _, now in counts)
    has_joined = any(was is None for was, _ in counts)
    columns = [*((segment["segment_id"], [sheet.dot(segment), segment["segment_name"]]) for segment in after)]
    columns += [(None, [flows.LEFT])] if has_left else []
    lines = [*((segment["segment_id"], [sheet.dot(segment), segment["segment_name"]]) for segment in before)]
    lines += [(None, [flows.JOINED])] if has_joined else []
    head = html.Tr([html.Th("From ↓ to →"), *(html.Th(name) for _, name in columns)])
    body = [html.Tr([html.Td(name), *(_cell(was, now, counts.get((was, now), {})) for now, _ in columns)]) for was, name in lines]
    return html.Table([html.Thead(head), html.Tbody(body)], className="numbers matrix")


def _cell(was: int | None, now: int | None, by_movement: Mapping[str, int]) -> Any:
    total = sum(by_movement.values())
    if not total:
        return html.Td("·", className="muted")
    why = " · ".join(
        f"{format.count(by_movement[movement])} {word}"
        for movement, word in (("customer changed", "changed"), ("model changed", "model"))
        if by_movement.get(movement)
    )
    button = html.Button(format.count(total), className="flow", **{"data-flow": json.dumps([was, now])})  # type: ignore[arg-type]
    return html.Td([button, html.Div(why, className="muted small")], className="muted" if was == now else None)


def _events(told: Sequence[tuple[int, str]]) -> list[Any]:
    return [
        html.Ul([html.Li([html.Span(f"Run {run}: ", className="muted"), sentence]) for run, sentence in told], className="events")
    ]


def customers(db: Snapshot, since: int, key: tuple[str, str], chosen: Flow | None) -> list[Any]:
    """The heading, the download and the empty table of a flow; the table asks for its rows itself."""
    count = moves.count_movers(db, since, key, chosen)
    query = {"version": db.version, "since": since, "segmentation": key[0], "algorithm": key[1]}
    address = urlencode(query | ({"flow": json.dumps([chosen.previous_segment_id, chosen.segment_id])} if chosen else {}))
    noun = "customer" if count == 1 else "customers"
    caption = f"{format.count(count)} {noun} {_which(db, since, key, chosen)}"
    download = html.A("Download as CSV", href=f"{EXPORT}?{address}", download="moved_customers.csv") if count else ""
    height = min(_MOST_HEIGHT, _HEAD_HEIGHT + sheet.ROW_HEIGHT * count)
    grid = sheet.table(ids.HISTORY_TABLE, _columns(db, since, key), PAGE_ROWS, height, is_sortable=False)
    heading = html.H2(["Customers", html.Span([caption, " ", download], className="view-caption")], className="view-title")
    return [heading, *([grid] if count else [])]


def _which(db: Snapshot, since: int, key: tuple[str, str], chosen: Flow | None) -> str:
    if chosen is None:
        return "who moved, joined or left"
    was = {segment["segment_id"]: segment["segment_name"] for segment in moves.segments(db, since, *key)}
    now = {segment["segment_id"]: segment["segment_name"] for segment in queries.segments(db, *key)}
    start = "who joined" if chosen.previous_segment_id is None else f"from “{was.get(chosen.previous_segment_id, '?')}”"
    end = "who left" if chosen.segment_id is None else f"to “{now.get(chosen.segment_id, '?')}”"
    return f"{start} {end}"


def _columns(db: Snapshot, since: int, key: tuple[str, str]) -> list[dict[str, Any]]:
    id_column, *others = (sheet.column(column) for column in queries.customer_columns(db))
    names = [
        sheet.width_of(row["segment_name"] for row in rows)
        for rows in (moves.segments(db, since, *key), queries.segments(db, *key))
    ]
    own = {"previous_segment_name": ("From", names[0]), "segment_name": ("To", names[1]), "movement": ("Why", 176)}
    told = [{"field": field, "headerName": title, "flex": 1, "minWidth": width} for field, (title, width) in own.items()]
    return [id_column, *told, *others]


def rows(db: Snapshot, asked: Any, since: int, key: tuple[str, str], chosen: Flow | None) -> dict[str, Any]:
    """Answer the table's request for rows. Raises InputError for what is not ours."""
    start, count = sheet.slice_of(asked, PAGE_ROWS)
    return {"rowData": moves.movers(db, since, key, chosen, start, count), "rowCount": moves.count_movers(db, since, key, chosen)}
