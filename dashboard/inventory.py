"""Inventory: what the page of stock asks of the warehouse."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.export import csv_lines
from dashboard.queries import Row
from warehouse.connection import Snapshot
from warehouse.errors import InputError

LEVELS = (0.8, 0.9, 0.95, 0.98, 0.99)
"""Service levels of marts.inventory_plan."""
STOCK_COLUMNS = ("on_hand", "cover_days", "units_to_order")
"""What the list has of an item where a stock was given."""
COLUMNS = (
    *("item", "item_name", "units_before", "units_expected", "safety_stock", "units_needed"),
    *STOCK_COLUMNS,
    *("segment_name", "share"),
)
"""What the list has of an item: among it the segment that buys most of it, and its share."""


@dataclass(frozen=True)
class Choice:
    """What a plan is asked for."""

    kind: str
    """product or category."""
    periods: int
    """Weeks or months."""
    level: float
    """Service level."""


def models(db: Snapshot) -> dict[str, Row]:
    """How the demand for each kind of item is forecast, or why it is not; products first."""
    return {row["item_kind"]: row for row in db.rows("from segments.demand_models order by item_kind desc")}


def calendar(db: Snapshot) -> Row:
    """The periods that are forecast."""
    return db.rows("select period_unit, last_period, horizon from segments.sales_models")[0]


def choice(db: Snapshot, kind: Any, periods: Any, level: Any) -> Choice:
    """What was chosen. Raises InputError for what cannot be planned."""
    able = [name for name, model in models(db).items() if model["shortfall"] is None]
    if kind not in able or level not in [str(one) for one in LEVELS]:
        raise InputError("there is no such plan")
    if not isinstance(periods, str) or periods not in [str(one) for one in range(1, calendar(db)["horizon"] + 1)]:
        raise InputError("there is no such plan")
    return Choice(kind, int(periods), float(level))


def total(db: Snapshot, chosen: Choice) -> Row:
    """All items together: how many, and their pieces."""
    return db.rows(
        f"""
        select
            count(*) as count_items,
            sum(units_expected) as units_expected,
            sum(safety_stock) as safety_stock,
            sum(units_needed) as units_needed,
            count(on_hand) as count_stocked,
            count(*) filter (units_to_order > 0) as count_short,
            sum(on_hand) as on_hand,
            sum(units_to_order) as units_to_order
        from marts.inventory_plan
        where {_chosen(chosen)}
        """
    )[0]


def idle(db: Snapshot, chosen: Choice) -> Row:
    """What is in stock of items that are not planned: new, not sold lately, or unknown to the transactions."""
    return db.rows(
        f"""
        select
            count(*) as count_items,
            sum(on_hand) as on_hand
        from (from features.stock where item_kind = '{chosen.kind}' and on_hand > 0)
        anti join (from marts.inventory_plan where {_chosen(chosen)}) using (item_kind, item)
        """
    )[0]


def trials(db: Snapshot, chosen: Choice) -> list[Row]:
    """How far stock of each service level would have lasted that long."""
    return db.rows(
        "from segments.demand_trials where item_kind = ? and count_periods = ? order by service_level",
        [chosen.kind, chosen.periods],
    )


def plan(
    db: Snapshot, chosen: Choice, segmentation: str, algorithm: str, order: Sequence[tuple[str, bool]], start: int, count: int
) -> list[Row]:
    """A page of the items with COLUMNS: those of which most is to be ordered, or needed, first, unless `order` says otherwise."""
    return db.rows(f"{_plan(chosen, segmentation, algorithm, order)} limit ? offset ?", [count, start])


def plan_sql(chosen: Choice, segmentation: str, algorithm: str) -> str:
    """The statement of all rows of `plan`, to be run as it stands."""
    return _plan(chosen, segmentation, algorithm, [])


def export(db: Snapshot, chosen: Choice, segmentation: str, algorithm: str) -> Iterator[str]:
    """All of them, as the lines of a CSV file."""
    yield from csv_lines(db.frame(_plan(chosen, segmentation, algorithm, [])))


def _plan(chosen: Choice, segmentation: str, algorithm: str, order: Sequence[tuple[str, bool]]) -> str:
    """The names are of a known clustering, and of columns."""
    by = [f"{column} {'desc' if is_descending else 'asc'} nulls last" for column, is_descending in order]
    return f"""
        select {", ".join(COLUMNS)}
        from marts.inventory_plan as plan
        left join (
            select item_kind, item, segment_name, demand.share
            from marts.demand_segments as demand
            inner join marts.segment_profiles as segments using (segmentation, algorithm, segment_id)
            where segmentation = '{segmentation}' and algorithm = '{algorithm}' and place = 1
        ) using (item_kind, item)
        where {_chosen(chosen)}
        order by {", ".join([*by, "units_to_order desc nulls last", "units_needed desc", "item"])}
    """


def _chosen(chosen: Choice) -> str:
    return f"item_kind = '{chosen.kind}' and count_periods = {chosen.periods} and service_level = {chosen.level}"
