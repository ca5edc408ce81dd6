"""Data: what was loaded, what was left out and why, and whether it still looks like the version before."""

from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, html

from dashboard import distributions, format, ids, queries
from dashboard.pages import sheet
from dashboard.pages.data_tables import accounting_table, columns_table, gate_table, rejects_table, sources_table
from dashboard.queries import Row
from dashboard.theme import Theme, theme
from warehouse.connection import Snapshot, Warehouse

EXAMPLES = 3
"""Rows that are shown for a kind of rejected rows."""
_SOURCES = {"customers": "", "transactions": " of transactions", "stock": " of stock", "results": " of campaigns"}
"""What may be loaded, and what is said of it where both are."""
_ROWS = {"customers": "rows", "transactions": "lines of transactions", "stock": "rows of stock", "results": "rows of results"}
_WORDS = {"steady": "hardly moved", "moved": "moved", "moved a lot": "moved a lot"}
_HINT = (
    "Population stability index {index:.3f} over {groups} groups of customers: below 0.1 hardly moved, from 0.25 a lot. "
    "Between two samples of one population it would exceed {chance:.3f} in one case of twenty."
)


def layout() -> Any:
    """The page, before its numbers are there."""
    return sheet.waiting("Can the data be trusted?", ids.DATA)


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callback of the page: it is the same for every clustering."""

    @app.callback(Output(ids.DATA, "children"), Input(ids.VERSION, "data"), Input(ids.SCHEME, "data"))
    def fill(version: Any, scheme: Any) -> Any:
        return sheet.answer(warehouse, version, lambda db: content(db, theme(scheme)))


def content(db: Snapshot, look: Theme) -> list[Any]:
    """Everything below the page's title."""
    sources, columns, verdicts = queries.load_sources(db), queries.source_columns(db), queries.gate(db)
    previous, shifts = queries.previous_run(db), queries.shifts(db)
    rejects, accounting = queries.load_rejects(db, EXAMPLES), queries.transaction_accounting(db)
    known = queries.customer_columns(db)
    loaded = [source for source in _SOURCES if any(row["source"] == source for row in sources)]
    tables = [
        *(_files(source, _of(source, sources)) for source in loaded),
        *([_accounting(accounting)] if accounting else []),
        sheet.table_panel("The gate", gate_table(verdicts), "asked before this version was published"),
        *(_rejects(source, _of(source, rejects), _of(source, sources)) for source in loaded),
        *(_columns(source, _of(source, columns)) for source in _SOURCES if _of(source, columns)),
    ]
    return [
        html.P(answer(sources, columns, known, verdicts, list(shifts.values()), previous), className="answer"),
        html.Div([*tables, _comparison(previous), *_pictures(db, known, shifts, previous, look)], className="panels"),
    ]


def _of(source: str, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["source"] == source]


def _files(source: str, sources: Sequence[Row]) -> Any:
    return sheet.table_panel(f"Files{_SOURCES[source]}", sources_table(sources), "rows in = kept + rejected + copies + erased")


def _accounting(accounting: Sequence[Row]) -> Any:
    caption = "every line by what it is and whose it is; the sum is that of the files, to the cent"
    return sheet.table_panel("What the lines are", accounting_table(accounting), caption)


def _rejects(source: str, rejects: Sequence[Row], sources: Sequence[Row]) -> Any:
    rows_in = sum(row["rows_in"] for row in sources)
    return sheet.table_panel(f"Rows{_SOURCES[source]} that were rejected", rejects_table(rejects, rows_in))


def _columns(source: str, columns: Sequence[Row]) -> Any:
    caption = "lowest, median and highest before anything is filled in"
    return sheet.table_panel(f"Columns{_SOURCES[source]}", columns_table(columns), caption)


def answer(
    sources: Sequence[Row],
    columns: Sequence[Row],
    known: Sequence[Row],
    verdicts: Sequence[Row],
    shifts: Sequence[Row],
    previous: int | None,
) -> str:
    """The first line: what became of the rows, what was filled in, what moved, and what the gate would have you look at.

    `columns` are those of the sources, `known` those of the customers.
    """
    labels = {row["column_name"]: row["label"] for row in known}
    moved = [str(labels[row["dimension"]]) for row in shifts if row["shift"] != "steady"]
    if previous is None:
        change = "This is the first version: there is no earlier one to compare with."
    elif moved:
        change = f"{_listed(moved)} moved since version {previous}."
    else:
        change = f"Nothing moved much since version {previous}."
    asked = [row for row in verdicts if row["rule"] != "Distributions"]  # what moved is said already
    doubts = list(dict.fromkeys(row["rule"].lower() for row in asked if row["verdict"] != "passed"))
    gate = f" Look at what the gate says about {_listed(doubts)}." if doubts else ""
    rows = " ".join(_rows(_of(source, sources), what) for source, what in _ROWS.items() if _of(source, sources))
    return f"{rows} {_filled(columns)} {change}{gate}"


def _rows(sources: Sequence[Row], what: str) -> str:
    total, kept = (sum(row[name] for row in sources) for name in ("rows_in", "rows_kept"))
    lost = [
        (sum(row["rows_rejected"] for row in sources), "rejected", "rejected"),
        (sum(row["rows_duplicate"] for row in sources), "identical copy", "identical copies"),
        (sum(row["rows_forgotten"] for row in sources), "erased on request", "erased on request"),
    ]
    reasons = [f"{format.count(count)} {one if count == 1 else many}" for count, one, many in lost if count]
    if not reasons:
        return f"All {format.count(total)} {what} were kept."
    return f"{format.count(kept)} of {format.count(total)} {what} were kept: {', '.join(reasons)}."


def _filled(columns: Sequence[Row]) -> str:
    count = sum(row["count_missing"] for row in columns if row["filled_with"])
    if count == 0:
        return "No value was missing."
    return f"{format.count(count)} {'value was' if count == 1 else 'values were'} missing and filled in."


def _listed(words: Sequence[str]) -> str:
    """ "Age", "Age and gender", "Age, gender and income"."""
    first, rest = words[0], [word[:1].lower() + word[1:] for word in words[1:]]
    return f"{', '.join([first, *rest[:-1]])} and {rest[-1]}" if rest else first


def _comparison(previous: int | None) -> Any:
    """The heading of the distributions: what is drawn how."""
    change = f"filled: this version · outline: version {previous}" if previous else "there is no earlier version to compare with"
    return html.H2(
        ["Distributions", html.Span(f"share of customers · {change}", className="view-caption")], className="view-title section"
    )


def _pictures(db: Snapshot, columns: Sequence[Row], shifts: dict[str, Row], previous: int | None, look: Theme) -> list[Any]:
    now, before = queries.distributions(db, db.version), queries.distributions(db, previous)
    panels = []
    for column in sorted(columns, key=lambda column: column["kind"] == "category"):  # numbers first, then in their order
        name = column["column_name"]
        if name not in now:
            continue
        if column["kind"] == "numeric":
            figure = distributions.numeric(now[name], before.get(name, []), column["unit"], look, column["scale"])
        else:
            figure = distributions.categories(now[name], before.get(name, []), look)
        caption, hint = _change(column, now[name], shifts.get(name), previous)
        panels.append(sheet.panel(format.title(column["label"], column["unit"]), figure, "third", caption, hint))
    return panels


def _change(column: Row, now: Sequence[Row], shift: Row | None, previous: int | None) -> tuple[str, str]:
    """How far a column moved, in words, and how that was measured."""
    is_numeric = column["kind"] == "numeric"
    mean = sum(row["sum_values"] for row in now) / sum(row["count_customers"] for row in now) if is_numeric else 0
    text = f"mean {format.quantity(mean, column['unit'])}" if is_numeric else f"{format.count(len(now))} values"
    if shift is None:
        return (f"{text} · new in this version" if previous else text), ""
    index, chance = shift["population_stability_index"], shift["index_by_chance"]
    word = "within chance" if shift["shift"] == "steady" and index >= 0.1 else _WORDS[shift["shift"]]
    was = f", was {format.number(shift['mean_before'])}" if is_numeric else ""
    return f"{text}{was} · {word} (index {index:.2f})", _HINT.format(index=index, groups=shift["count_groups"], chance=chance)
