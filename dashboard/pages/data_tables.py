"""The tables of the Data page, each from rows of one mart."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from dash import html

from dashboard import format
from dashboard.queries import Row

_KINDS = {"csv": "CSV", "parquet": "Parquet", "excel": "Excel"}
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank"}
_ROWS = {
    "rows_in": "Rows in",
    "rows_kept": "= kept",
    "rows_rejected": "+ rejected",
    "rows_duplicate": "+ copies",
    "rows_forgotten": "+ erased",
}
_ALWAYS = ("rows_in", "rows_kept", "rows_rejected")
_VERDICTS = {"passed": ("✓ passed", "muted"), "warned": ("▲ look at it", "doubt"), "forced": ("✕ forced", "error")}
_COLUMN_KINDS = {"id": "id", "numeric": "number", "category": "category", "text": "carried as text", "ignore": "not loaded"}
_LONGEST_TITLE = 2_000
_LONGEST_FILE = 36


def sources_table(sources: Sequence[Row]) -> Any:
    """A row per file, and their sums when they are many."""
    shown = [name for name in _ROWS if name in _ALWAYS or any(row[name] for row in sources)]
    head = [_words("File"), _words("Kind"), _words("Encoding"), *(html.Th(_ROWS[name]) for name in shown), _words("Fingerprint")]
    rows = [
        html.Tr(
            [
                html.Td(_file(row["source_file"]), className="words"),
                html.Td(_kind(row), className="words"),
                html.Td(_encoding(row["encoding"]), className="words"),
                *(html.Td(format.count(row[name])) for name in shown),
                html.Td(html.Code(row["source_fingerprint"][:8], title=row["source_fingerprint"]), className="words"),
            ]
        )
        for row in sources
    ]
    sums = [html.Td(format.count(sum(row[name] for row in sources))) for name in shown]
    last = [html.Td(f"{format.count(len(sources))} files", className="words", colSpan=3), *sums, html.Td()]
    foot = [html.Tfoot(html.Tr(last))] if len(sources) > 1 else []
    return html.Table([html.Thead(html.Tr(head)), html.Tbody(rows), *foot], className="numbers")


def accounting_table(accounting: Sequence[Row]) -> Any:
    """A row per kind of line and of customer, those that count first, and the sums."""
    titles = ("Lines", "Pieces", "Amount")
    head = [_words("What"), _words("Customer"), _words("Counts"), *(html.Th(title) for title in titles)]
    numbers = ("count_lines", "quantity", "amount")

    def figures(rows: Sequence[Row]) -> list[Any]:
        count, quantity, amount = (sum(row[name] for row in rows) for name in numbers)
        return [html.Td(format.count(count)), html.Td(format.number(quantity)), html.Td(format.money(amount))]

    rows = [
        html.Tr(
            [
                html.Td(row["line_kind"], className="words"),
                html.Td(row["customer"], className="words"),
                html.Td("✓ yes" if row["is_counted"] else "no", className="words" if row["is_counted"] else "words muted"),
                *figures([row]),
            ]
        )
        for row in accounting
    ]
    foot = html.Tfoot(html.Tr([html.Td("All lines", className="words", colSpan=3), *figures(accounting)]))
    return html.Table([html.Thead(html.Tr(head)), html.Tbody(rows), foot], className="numbers")


def gate_table(verdicts: Sequence[Row]) -> Any:
    """What was asked, and what was found; what should be looked at stands first."""
    if not verdicts:
        return html.P("This version was published without a gate.", className="muted")
    rows = []
    for row in sorted(verdicts, key=lambda row: (row["verdict"] == "passed", row["position"])):
        word, look = _VERDICTS[row["verdict"]]
        cells = [html.Td(row["rule"]), html.Td(word, className=look), html.Td(row["detail"])]
        rows.append(html.Tr(cells))
    head = html.Tr([html.Th("Rule"), html.Th("Verdict"), html.Th("Found")])
    return html.Table([html.Thead(head), html.Tbody(rows)], className="numbers sentences gate")


def rejects_table(rejects: Sequence[Row], rows_in: int) -> Any:
    """A row per kind of fault with its count, share of all rows and examples; a sentence where there is none."""
    if not rejects:
        return html.P(f"None: every one of the {format.count(rows_in)} rows could be read.", className="muted")
    rows = []
    for rule, group in groupby(rejects, key=lambda row: row["rule"]):
        examples = list(group)
        first = examples[0]
        cells = [html.Td(rule), html.Td(format.count(first["count_rows"])), html.Td(format.percent(first["share_of_rows"]))]
        rows.append(html.Tr([*cells, html.Td([_example(row) for row in examples])]))
    head = html.Tr([html.Th("Why"), html.Th("Rows"), html.Th("Share"), html.Th("For example")])
    return html.Table([html.Thead(head), html.Tbody(rows)], className="numbers sentences rejects")


def columns_table(columns: Sequence[Row]) -> Any:
    """What each header was taken for, what was missing, and the range of the values."""
    titles = ("In the file", "In the warehouse", "Kind", "Unit")
    head = [*(_words(title) for title in titles), html.Th("Missing"), _words("Filled in")]
    head += [html.Th(title) for title in ("Lowest", "Median", "Highest")]
    return html.Table([html.Thead(html.Tr(head)), html.Tbody([_column(row) for row in columns])], className="numbers")


def _column(row: Row) -> Any:
    header = row["source_header"].strip()
    missing = row["count_missing"]
    is_filled = missing and row["filled_with"]
    stands_in = row["filled_with"] if row["median"] is None else format.number(row["median"])
    return html.Tr(
        [
            html.Td(_cut(header) if header else "made of the other values", className="words"),
            html.Td(_cut(row["column_name"]), className="words"),
            html.Td(_column_kind(row), className="words"),
            html.Td(_unit(row), className="words unit"),
            html.Td("" if missing is None else format.count(missing)),
            html.Td(f"→ {stands_in}" if is_filled else "", className="words", title=row["filled_with"]),
            *(html.Td("" if row[name] is None else format.number(row[name])) for name in ("lowest", "median", "highest")),
        ]
    )


def _column_kind(row: Row) -> str:
    """What the column is; of customers, text is not used, of others most of it is."""
    if row["source"] != "customers" and row["kind"] == "text":
        return "text"
    return _COLUMN_KINDS.get(row["kind"], str(row["kind"]))


def _unit(row: Row) -> str:
    """The unit, and how the numbers of the file become it."""
    changes = [f"file ÷ {format.exact(row['divide_by'])}"] if row["divide_by"] != 1 else []
    changes += ["decimal comma"] if row["decimal_mark"] == "," and row["kind"] == "numeric" else []
    return f"{row['unit']} ({', '.join(changes)})".strip() if changes else str(row["unit"])


def _example(row: Row) -> Any:
    text = "erased on request" if row["row_text"] is None else row["row_text"]
    line = html.Span([_file(row["source_file"]), f", line {format.count(row['source_line'])}: "], className="muted")
    return html.Div([html.Div([line, row["reason"]]), _cut(text)], className="example")


def _file(name: str) -> Any:
    """The name of a file; of a long path the end, which tells files apart."""
    last = name.rpartition("/")[2]
    end = f"…/{last}" if len(last) < _LONGEST_FILE else f"…{name[-_LONGEST_FILE:]}"
    shown = name if len(name) <= _LONGEST_FILE else end
    return html.Span(shown, title=name, className="file")


def _cut(text: str) -> Any:
    """Text from a file on one line, as long as there is room; all of it for who points at it."""
    shown = text.replace("\r\n", "↵").replace("\n", "↵").replace("\r", "↵").replace("\t", "⇥")
    return html.Code(shown[:_LONGEST_TITLE], title=text[:_LONGEST_TITLE], className="cut")


def _words(title: str) -> Any:
    return html.Th(title, className="words")


def _kind(row: Row) -> str:
    parts = [(_KINDS, str(row["file_kind"])), (_DELIMITERS, str(row["delimiter"] or ""))]
    return ", ".join(names.get(part, part) for names, part in parts if part)


def _encoding(encoding: str | None) -> str:
    return (encoding or "").upper().replace("CP125", "Windows-125").replace("-LE", " LE").replace("-BE", " BE")
