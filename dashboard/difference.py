"""What is different about some customers: the columns in which they differ most from everyone, and the segments they are in."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.filters import Clause, inlined, where
from dashboard.queries import Row
from warehouse.connection import Snapshot, literal

_STANDARD_ERRORS = 3.0
"""A difference of fewer could be chance: one in some 400 of so many is, and there are a few dozen columns."""


@dataclass(frozen=True)
class Difference:
    """How some customers differ from everyone in a number, or in the share that has a value of a category."""

    column: str
    """The column of marts.customers."""
    value: str | None
    """The value of a category; None for a number."""
    these: float
    """Mean of these customers in ordinary units, or the share of them with the value."""
    everyone: float
    """The same of everyone."""
    effect: float
    """The difference in standard deviations of everyone; of a number on the scale the models see."""
    is_beyond_chance: bool
    """Whether as many customers drawn at random would hardly differ as much."""


def differences(db: Snapshot, clauses: Sequence[Clause]) -> list[Difference]:
    """All columns, those first in which the customers whom the clauses leave differ most; none where nobody is left.

    Source of the measure: the standardised difference (Cohen 1988) from a known population; its standard error is
    sqrt(1/n - 1/N), that of n customers drawn from N without replacement (Cochran 1977).
    """
    condition, values = where(clauses)
    rows = db.rows(_statement(db, condition), values)
    chosen, total = (rows[0]["count_these"], rows[0]["count_everyone"]) if rows else (0, 0)
    if not chosen:
        return []
    error = math.sqrt(1 / chosen - 1 / total)
    found = [
        Difference(
            row["column_name"],
            row["value"],
            row["these"],
            row["everyone"],
            row["effect"],
            abs(row["effect"]) > _STANDARD_ERRORS * error,
        )
        for row in rows
        if row["effect"] is not None
    ]
    pairs = Counter(each.column for each in found if each.value is not None)
    told = [each for each in found if pairs[each.column] != 2 or each.effect > 0]  # of two values one tells all
    return sorted(told, key=lambda each: -abs(each.effect))


def mix(db: Snapshot, clauses: Sequence[Clause], segmentation: str, algorithm: str) -> list[Row]:
    """The segments: name, colour, how many of these customers are in each, and its share of them and of everyone."""
    condition, values = where(clauses)
    return db.rows(mix_statement(f"{segmentation}_{algorithm}", segmentation, algorithm, condition), values)


def statement(db: Snapshot, clauses: Sequence[Clause]) -> str:
    """The statement of `differences`, to be run as it stands."""
    return _statement(db, inlined(clauses))


def mix_statement(dimension: str, segmentation: str, algorithm: str, condition: str) -> str:
    """The statement of `mix`; the clustering is a known one."""
    return f"""
        with counted as (
            select
                {dimension} as segment_id,
                count(*) filter ({condition}) as count_these
            from marts.customers
            group by {dimension}
        )

        select
            segment_id,
            profiles.segment_name,
            profiles.colour,
            counted.count_these,
            counted.count_these / nullif(sum(counted.count_these) over (), 0) as share_these,
            profiles.share as share_everyone
        from marts.segment_profiles as profiles
        inner join counted using (segment_id)
        where profiles.segmentation = '{segmentation}' and profiles.algorithm = '{algorithm}'
        order by segment_id
    """


def _statement(db: Snapshot, condition: str) -> str:
    columns = db.rows("select column_name, kind, scale from marts.customer_columns where kind <> 'id' order by position")
    values = db.rows("select column_name, value from features.category_encoding order by column_name, code")
    numbers = [_number(column["column_name"], column["scale"]) for column in columns if column["kind"] == "numeric"]
    shares = [_share(row["column_name"], row["value"]) for row in values]
    listed = ",\n            ".join([*numbers, *shares])
    return f"""
        with customers as (
            select *, {condition} as is_these
            from marts.customers
        ),

        compared as (
            select unnest([
            {listed}
            ], recursive := true)
            from customers
        )

        select
            column_name,
            value,
            these,
            everyone,
            case when deviation > 0 then (on_scale_these - on_scale_everyone) / deviation end as effect,
            count_these,
            count_everyone
        from compared
        order by abs(effect) desc nulls last, column_name, value
    """


def _number(column: str, scale: str | None) -> str:
    on_scale = f"sign({column}) * ln(1 + abs({column}))" if scale == "log" else column
    return _compared(column, "null", column, on_scale, f"stddev_pop({on_scale})")


def _share(column: str, value: str) -> str:
    has_it = f"({column} = {literal(value)})::integer"
    return _compared(column, literal(value), has_it, has_it, f"sqrt(avg({has_it}) * (1 - avg({has_it})))")


def _compared(column: str, value: str, plain: str, on_scale: str, deviation: str) -> str:
    return (
        f"{{'column_name': {literal(column)}, 'value': {value}::varchar, "
        f"'these': avg({plain}) filter (is_these)::double, 'everyone': avg({plain})::double, "
        f"'on_scale_these': avg({on_scale}) filter (is_these)::double, 'on_scale_everyone': avg({on_scale})::double, "
        f"'deviation': {deviation}::double, 'count_these': count(*) filter (is_these), 'count_everyone': count(*)}}"
    )
