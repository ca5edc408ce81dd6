"""Products: what the page asks of the warehouse about what is bought more than by everyone, and what may be bought next."""

from collections.abc import Iterator, Sequence

from dashboard.export import csv_lines
from dashboard.filters import Clause, inlined, where
from dashboard.queries import Row, members, sorted_by
from warehouse.connection import Snapshot

SHOWN = 8
"""Items that are shown of a group."""


def by_segment(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """Per segment and kind the SHOWN items with the surest lift, those that it buys less than everyone last."""
    return db.rows(_by_segment("?", "?"), [segmentation, algorithm])


def segments_sql(segmentation: str, algorithm: str) -> str:
    """The statement of `by_segment`, to be run as it stands."""
    return _by_segment(f"'{segmentation}'", f"'{algorithm}'")


def _by_segment(segmentation: str, algorithm: str) -> str:
    return f"""
        select *
        from marts.segment_products
        where segmentation = {segmentation} and algorithm = {algorithm}
        qualify row_number() over (partition by segment_id, item_kind order by lift_low desc, item) <= {SHOWN}
        order by segment_id, item_kind, lift_low desc, item
    """


def segments(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """Name, colour and buyers of each segment of a clustering."""
    return db.rows(
        """
        select segment_id, segment_name, colour, count_buyers
        from marts.segment_profiles
        left join (
            select segment_id, count(distinct customer_id) as count_buyers
            from segments.assignments
            semi join features.customer_items using (customer_id)
            where segmentation = ? and algorithm = ?
            group by segment_id
        ) using (segment_id)
        where segmentation = ? and algorithm = ?
        order by segment_id
        """,
        [segmentation, algorithm, segmentation, algorithm],
    )


def of_selection(db: Snapshot, clauses: Sequence[Clause]) -> list[Row]:
    """The same items of the customers whom the clauses leave, against everyone."""
    condition, values = where(clauses)
    return db.rows(_of_selection(condition), values)


def selection_sql(clauses: Sequence[Clause]) -> str:
    """The statement of `of_selection`, to be run as it stands."""
    return _of_selection(inlined(clauses))


def _of_selection(condition: str) -> str:
    return f"""
        with members as (
            select 'selection' as grouping, case when {condition} then 1 else 0 end as group_id, customer_id
            from marts.customers
        )

        select lifts.*, coalesce(products.product_name, lifts.item) as item_name
        from marts.item_lifts('members') as lifts
        left join features.products as products on lifts.item_kind = 'product' and lifts.item = products.product
        where group_id = 1
        qualify row_number() over (partition by item_kind order by lift_low desc, item) <= {SHOWN}
        order by item_kind, lift_low desc, item
    """


PLACES = 3
"""Items that the list shows of a customer; the download has all."""
COLUMNS = (
    "customer_id",
    "segment_name",
    *(name for place in range(1, PLACES + 1) for name in (f"item_{place}", f"because_{place}")),
)
"""What the list has of a customer: the items and what they bought that speaks for each."""


def models(db: Snapshot) -> dict[str, Row]:
    """The model of each kind of item that the transactions name, of the whole time; products first."""
    return {row["item_kind"]: row for row in db.rows("from segments.item_models where period = 'whole' order by item_kind desc")}


def trials(db: Snapshot) -> dict[str, Row]:
    """What came of each kind's model in the last third of the time."""
    return {row["item_kind"]: row for row in db.rows("from marts.recommendation_trial")}


def listed_kind(db: Snapshot) -> str | None:
    """The kind of item that the list is of: products where they can be recommended, else categories; None where neither can."""
    able = [kind for kind, model in models(db).items() if model["shortfall"] is None]
    return max(able, default=None)


def count_customers(db: Snapshot, clauses: Sequence[Clause], kind: str) -> int:
    """How many of the customers whom the clauses leave have something recommended."""
    condition, values = where(clauses)
    return int(
        db.value(
            f"select count(*) from (select distinct customer_id from marts.recommendations where item_kind = ?) "
            f"semi join (from marts.customers where {condition}) using (customer_id)",
            [kind, *values],
        )
    )


def recommended(
    db: Snapshot,
    clauses: Sequence[Clause],
    segmentation: str,
    algorithm: str,
    kind: str,
    order: Sequence[tuple[str, bool]],
    start: int,
    count: int,
) -> list[Row]:
    """A page of the customers with COLUMNS, by id unless `order` says otherwise."""
    condition, values = where(clauses)
    return db.rows(f"{_recommended(segmentation, algorithm, kind, condition, order)} limit ? offset ?", [*values, count, start])


def recommended_sql(clauses: Sequence[Clause], segmentation: str, algorithm: str, kind: str) -> str:
    """The statement of all rows of `recommended`, to be run as it stands."""
    return _recommended(segmentation, algorithm, kind, inlined(clauses), [])


def _recommended(segmentation: str, algorithm: str, kind: str, condition: str, order: Sequence[tuple[str, bool]]) -> str:
    """The names are of a known clustering and kind."""
    by = [sorted_by(column, is_descending) + " nulls last" for column, is_descending in order]
    ties = [sorted_by("customer_id", is_descending=False)]
    places = ",\n            ".join(
        f"max(item_name) filter (place = {place}) as item_{place}, max(because_name) filter (place = {place}) as because_{place}"
        for place in range(1, PLACES + 1)
    )
    return f"""
        select
            customer_id,
            segment_name,
            {places}
        from marts.recommendations
        inner join ({members(segmentation, algorithm, condition)}) using (customer_id)
        where item_kind = '{kind}'
        group by customer_id, segment_name
        order by {", ".join([*by, *ties])}
    """


def export(db: Snapshot, clauses: Sequence[Clause], segmentation: str, algorithm: str) -> Iterator[str]:
    """Everything that is recommended to them, of every kind, as the lines of a CSV file."""
    condition, values = where(clauses)
    yield from csv_lines(
        db.frame(
            f"""
            select customer_id, segment_name, item_kind, place, item, item_name, because_item, because_name, score
            from marts.recommendations
            inner join ({members(segmentation, algorithm, condition)}) using (customer_id)
            order by {sorted_by("customer_id", is_descending=False)}, item_kind desc, place
            """,
            values,
        )
    )
