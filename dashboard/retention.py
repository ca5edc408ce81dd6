"""Retention: what the page of customers at risk asks of the warehouse. Clauses narrow everything to a selection of Explore."""

from collections.abc import Iterator, Sequence
from typing import Any

from dashboard import queries
from dashboard.export import csv_lines
from dashboard.filters import Clause, inlined, where
from dashboard.queries import Row
from warehouse.connection import Snapshot

COLUMNS = (
    "saving_rank",
    "customer_id",
    "segment_name",
    "standing",
    "days_since",
    "purchase_days",
    "probability_alive",
    "probability_buys",
    "probability_silence",
    "expected_purchases",
    "expected_amount",
    "expected_value",
    "value_at_risk",
)
"""What is told of a customer."""
SUMS = (
    *("count_customers", "count_buyers", "count_active", "count_at_risk", "count_gone", "count_bought_once"),
    *("expected_purchases", "expected_value", "value_at_risk"),
)
"""What can be added up over segments."""


def models(db: Snapshot) -> dict[str, Row]:
    """The models by period, whole and calibration; none without transactions."""
    return {row["period"]: row for row in db.rows("from segments.retention_models")}


def calibration(db: Snapshot) -> dict[str, list[Row]]:
    """By grouping: its groups, what was predicted of each and what came."""
    found: dict[str, list[Row]] = {}
    for row in db.rows("from marts.retention_calibration order by grouping, position"):
        found.setdefault(row["grouping"], []).append(row)
    return found


def by_segment(db: Snapshot, clauses: Sequence[Clause], segmentation: str, algorithm: str) -> list[Row]:
    """marts.retention_segments of a clustering, with the name and colour of each segment; of a selection where there is one."""
    condition, values = where(clauses)
    counted = f"({_counted(segmentation, algorithm, condition)})" if clauses else "marts.retention_segments"
    return db.rows(_by_segment(counted), [*values, segmentation, algorithm])


def segments_sql(clauses: Sequence[Clause], segmentation: str, algorithm: str) -> str:
    """The statement of `by_segment`, to be run as it stands."""
    counted = f"({_counted(segmentation, algorithm, inlined(clauses))})" if clauses else "marts.retention_segments"
    return _by_segment(counted).replace("?", f"'{segmentation}'", 1).replace("?", f"'{algorithm}'", 1)


def _by_segment(counted: str) -> str:
    return f"""
        select segments.segment_name, segments.colour, retention.*
        from {counted} as retention
        inner join marts.segment_profiles as segments using (segmentation, algorithm, segment_id)
        where segmentation = ? and algorithm = ?
        order by segment_id
    """


def _counted(segmentation: str, algorithm: str, condition: str) -> str:
    """marts.retention_segments, of the customers whom a condition leaves. The names are of known clusterings."""
    return f"""
        select
            '{segmentation}' as segmentation,
            '{algorithm}' as algorithm,
            customers.{segmentation}_{algorithm} as segment_id,
            count(*) as count_customers,
            count(retention.customer_id) as count_buyers,
            count(*) filter (retention.standing = 'active') as count_active,
            count(*) filter (retention.standing = 'at risk') as count_at_risk,
            count(*) filter (retention.standing = 'gone') as count_gone,
            count(*) filter (retention.standing = 'bought once') as count_bought_once,
            avg(retention.probability_buys) as mean_probability_buys,
            coalesce(sum(retention.expected_purchases), 0) as expected_purchases,
            sum(retention.expected_value) as expected_value,
            sum(retention.value_at_risk) filter (retention.standing = 'at risk') as value_at_risk
        from (from marts.customers where {condition}) as customers
        left join marts.retention as retention using (customer_id)
        group by all
    """


def count_buyers(db: Snapshot, clauses: Sequence[Clause]) -> int:
    """How many of the customers whom the clauses leave ever bought."""
    condition, values = where(clauses)
    return int(
        db.value(
            f"select count(*) from marts.retention semi join (from marts.customers where {condition}) using (customer_id)", values
        )
    )


def buyers(
    db: Snapshot,
    clauses: Sequence[Clause],
    segmentation: str,
    algorithm: str,
    order: Sequence[tuple[str, bool]],
    start: int,
    count: int,
) -> list[Row]:
    """A page of them with COLUMNS: who is worth saving first, then who is longest overdue, unless `order` says otherwise."""
    condition, values = where(clauses)
    sql = f"{_buyers(segmentation, algorithm, condition, order)} limit ? offset ?"
    return db.rows(sql, [*values, count, start])


def buyers_sql(clauses: Sequence[Clause], segmentation: str, algorithm: str) -> str:
    """The statement of all rows of `buyers`, to be run as it stands."""
    return _buyers(segmentation, algorithm, inlined(clauses), [])


def export(db: Snapshot, clauses: Sequence[Clause], segmentation: str, algorithm: str) -> Iterator[str]:
    """All of them, as the lines of a CSV file."""
    condition, values = where(clauses)
    yield from csv_lines(db.frame(_buyers(segmentation, algorithm, condition, []), values))


def _buyers(segmentation: str, algorithm: str, condition: str, order: Sequence[tuple[str, bool]]) -> str:
    by = [
        queries.sorted_by(column, is_descending) + ("" if column == "customer_id" else " nulls last")
        for column, is_descending in order
    ]
    usual = [] if order else ["saving_rank nulls last", "probability_silence"]
    ties = [queries.sorted_by("customer_id", is_descending=False)]
    return f"""
        select {", ".join(COLUMNS)}
        from marts.retention
        inner join ({queries.members(segmentation, algorithm, condition)}) using (customer_id)
        order by {", ".join([*by, *usual, *ties])}
    """


def total(rows: Sequence[Row]) -> dict[str, Any]:
    """SUMS over segments; a money that no segment has is None."""
    found = {}
    for name in SUMS:
        known = [row[name] for row in rows if row[name] is not None]
        found[name] = sum(known) if known else None
    return found
