"""The customers whom filters leave, as the table of the Explore page and its downloads have them."""

from collections.abc import Sequence
from typing import Any

from dashboard import format, queries
from dashboard.export import safe_text
from dashboard.filters import Clause, english, inlined, where
from dashboard.queries import ALGORITHM_TITLES, Row, sorted_by
from warehouse.connection import Snapshot
from warehouse.lake import lake_in

SEGMENT_COLUMNS = {f"{algorithm}_segment": f"{title} segment" for algorithm, title in ALGORITHM_TITLES.items()}
"""The columns with the names of the segments, and their titles."""

Order = Sequence[tuple[str, bool]]
"""Columns to sort by, and whether downwards."""


def count(db: Snapshot, clauses: Sequence[Clause]) -> int:
    """How many customers the clauses leave."""
    condition, values = where(clauses)
    return int(db.value(f"select count(*) from marts.customers where {condition}", values))


def page(db: Snapshot, clauses: Sequence[Clause], segmentation: str, order: Order, start: int, rows: int) -> list[Row]:
    """Some rows of the customers the clauses leave, with every column of marts.customers besides.

    `order` holds (column, is_descending); columns must be ones of the table. Ties are broken by customer_id.
    """
    condition, values = where(clauses)
    if any(column in SEGMENT_COLUMNS for column, _ in order):
        sql = f"{_select('chosen.*', condition, segmentation, order)} limit ? offset ?"
    else:  # only the rows of the page need the names of their segments
        by = ", ".join([*(sorted_by(*key) for key in order), db.once("order of the ids", _by_id)])
        sql = _select("chosen.*", f"{condition} order by {by} limit ? offset ?", segmentation, order)
    return db.rows(sql, [*values, rows, start])


def _by_id(db: Snapshot) -> str:
    """SQL: the order of the ids. Where none is a number, the table marts.customers stands in it, and nothing has to be sorted."""
    if db.value("select max(try_cast(customer_id as hugeint)) is not null from marts.customers"):
        return sorted_by("customer_id", False)
    return "rowid" if lake_in(db) is None else "customer_id"


def statement(db: Snapshot, clauses: Sequence[Clause], segmentation: str, order: Order = (), is_sheet: bool = False) -> str:
    """The rows and columns of the table, all of them, as a statement that can be run as it stands.

    With `is_sheet` its texts are safe for a spreadsheet.
    """
    columns = [
        f"{safe_text('chosen.' + column['column_name'])} as {column['column_name']}"
        if is_sheet and column["kind"] != "numeric"
        else f"chosen.{column['column_name']}"
        for column in queries.customer_columns(db)
    ]
    return _select(", ".join(columns), inlined(clauses), segmentation, order, is_sheet)


def provenance(db: Snapshot, clauses: Sequence[Clause], sql: str) -> dict[str, Any]:
    """Where a file of customers comes from: enough to make it again."""
    about = queries.provenance(db)
    return {
        "customers": english(clauses),
        "rows": count(db, clauses),
        "of_customers": about["count_customers"],
        "version": about["version"],
        "built_at": f"{about['built_at']:%Y-%m-%dT%H:%M:%SZ}",
        "source_file": about["source_file"],
        "source_fingerprint": about["source_fingerprint"],
        "is_synthetic": about["is_synthetic"],
        "sql": format.sql(sql),
    }


def matching(db: Snapshot, text: str, segmentation: str) -> list[Clause]:
    """Who has a text in the id, or at the beginning of a word of a category or of a segment's name, capitals or not.

    No text leaves nobody out.
    """
    wanted = text.strip()
    if not wanted:
        return []
    texts = [column for column in queries.customer_columns(db) if column["kind"] != "numeric"]
    blank = {"id": "''", "category": "' '"}  # "male" shall not find the female
    conditions = [
        f"contains({blank[column['kind']]} || lower({column['column_name']}), {blank[column['kind']]} || lower(?))"
        for column in texts
    ]
    for algorithm in ALGORITHM_TITLES:
        named = [
            segment["segment_id"]
            for segment in queries.segments(db, segmentation, algorithm)
            if f" {wanted.lower()}" in f" {segment['segment_name'].lower()}"
        ]
        if named:
            conditions.append(f"{segmentation}_{algorithm} in ({', '.join(map(str, named))})")
    return [Clause(f"({' or '.join(conditions)})", tuple(wanted for _ in texts), f"“{wanted}” in the id, a category or a segment")]


def _select(columns: str, condition: str, segmentation: str, order: Order, is_sheet: bool = False) -> str:
    """SQL: `columns` of the customers of a condition, with the names of their segments, in an order.

    Ids that are numbers are in the order of the numbers: 2 before 10. With `is_sheet` the names are safe for a spreadsheet.
    """
    shown = {algorithm: f"{algorithm}.segment_name" for algorithm in ALGORITHM_TITLES}
    ordered = {f"{algorithm}_segment": name for algorithm, name in shown.items()}  # as they are, not as a spreadsheet gets them
    by = ", ".join(
        f"{ordered[column]} {'desc' if is_descending else 'asc'}"
        if column in ordered
        else sorted_by(column, is_descending, "chosen.")
        for column, is_descending in [*order, ("customer_id", False)]
    )
    names = "".join(f", {safe_text(name) if is_sheet else name} as {algorithm}_segment" for algorithm, name in shown.items())
    joins = "\n".join(
        f"""
        left join marts.segment_profiles as {algorithm}
            on {algorithm}.segmentation = '{segmentation}' and {algorithm}.algorithm = '{algorithm}'
            and {algorithm}.segment_id = chosen.{segmentation}_{algorithm}""".strip("\n")
        for algorithm in ALGORITHM_TITLES
    )
    return f"""
        with chosen as (
            select *
            from marts.customers
            where {condition}
        )

        select {columns}{names}
        from chosen
{joins}
        order by {by}
    """
