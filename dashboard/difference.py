"""What is different about some customers: the columns in which they differ most from everyone, and the segments they are in."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import hypergeom

from dashboard import queries
from dashboard.filters import Clause, inlined, where
from dashboard.queries import Row
from warehouse.connection import Snapshot, literal

LEAST = 10
"""Of fewer customers a mean tells nothing."""
_STANDARD_ERRORS = 3.0
"""A difference in a number of fewer could be chance."""
_CHANCE = 0.0027
"""The same as a probability, both ways: for shares it is computed, because rare values are not normal."""


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
    """The columns that vary, those first in which the customers whom the clauses leave differ most; none where nobody is left.

    Of a category with two values the one that they have more often stands for both.
    Source of the measure: the standardised difference (Cohen 1988) from a known population. The standard error of a mean is
    sqrt(1/n - 1/N) deviations, that of n customers drawn from N without replacement (Cochran 1977); the number with a value among
    them is hypergeometric.
    """
    condition, values = where(clauses)
    everyone = db.once("levels of everyone", lambda version: version.rows(_levels(version, "true")))
    these = {(row["column_name"], row["value"]): row for row in db.rows(_levels(db, condition), values)}
    chosen = next((row["count_customers"] for row in these.values()), 0)
    if not chosen:
        return []
    found = [_compared(these.get((row["column_name"], row["value"])), row, chosen) for row in everyone if row["deviation"]]
    pairs = Counter(each.column for each in found if each.value is not None)
    told = [each for each in found if pairs[each.column] != 2 or each.effect > 0]
    return sorted(told, key=lambda each: -abs(each.effect))


def _compared(these: Row | None, everyone: Row, chosen: int) -> Difference:
    """A row of `_levels` beside that of everyone; None for a value that none of these customers has."""
    total = everyone["count_customers"]
    level, on_scale = (these["level"], these["on_scale"]) if these else (0.0, 0.0)
    effect = (on_scale - everyone["on_scale"]) / everyone["deviation"]
    if everyone["value"] is None:
        is_beyond = chosen >= LEAST and abs(effect) > _STANDARD_ERRORS * math.sqrt(1 / chosen - 1 / total)
    else:
        own, all_with_it = round(level * chosen), round(everyone["level"] * total)
        drawn = hypergeom(total, all_with_it, chosen)
        is_beyond = 2 * min(drawn.cdf(own), drawn.sf(own - 1)) < _CHANCE
    return Difference(everyone["column_name"], everyone["value"], level, everyone["level"], effect, bool(is_beyond))


def mix(db: Snapshot, clauses: Sequence[Clause], segmentation: str, algorithm: str) -> list[Row]:
    """The segments: name, colour, how many of these customers are in each, and its share of them and of everyone."""
    condition, values = where(clauses)
    return db.rows(_mix(segmentation, algorithm, condition), values)


def mix_statement(clauses: Sequence[Clause], segmentation: str, algorithm: str) -> str:
    """The statement of `mix`, to be run as it stands."""
    return _mix(segmentation, algorithm, inlined(clauses))


def statement(db: Snapshot, clauses: Sequence[Clause]) -> str:
    """What `differences` compares, as one statement to be run as it stands; literals are in its parts, so they are not indented."""
    return f"""
with these as (
{_levels(db, inlined(clauses))}
),

everyone as (
{_levels(db, "true")}
)

select
    everyone.column_name,
    everyone.value,
    coalesce(these.level, 0) as these,
    everyone.level as everyone,
    (coalesce(these.on_scale, 0) - everyone.on_scale) / nullif(everyone.deviation, 0) as effect
from everyone
left join these
    on these.column_name = everyone.column_name and these.value is not distinct from everyone.value
order by abs(effect) desc nulls last, everyone.column_name, everyone.value
"""


def _mix(segmentation: str, algorithm: str, condition: str) -> str:
    """The clustering is a known one."""
    return f"""
        with counted as (
            select
                {segmentation}_{algorithm} as segment_id,
                count(*) filter ({condition}) as count_these
            from marts.customers
            group by {segmentation}_{algorithm}
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


def _levels(db: Snapshot, condition: str) -> str:
    """SQL: the mean of every number and the share of every value, their deviations, and how many customers there are.

    A deviation is on the scale on which the models see a number.
    """
    columns = queries.columns(db)
    numbers = ",\n    ".join(_number(row["column_name"], row["scale"]) for row in columns if row["kind"] == "numeric")
    shares = [_shares(row["column_name"]) for row in columns if row["kind"] == "category"]
    means = [f"select unnest([\n    {numbers}\n], recursive := true)\nfrom chosen"] if numbers else []
    rows = "\nunion all\n".join([*means, *shares])
    return f"with chosen as (\n    select *\n    from marts.customers\n    where {condition}\n)\n\n{rows}"


def _number(column: str, scale: str | None) -> str:
    on_scale = f"sign({column}) * ln(1 + abs({column}))" if scale == "log" else column
    return (
        f"{{'column_name': {literal(column)}, 'value': null::varchar, 'level': avg({column})::double, "
        f"'on_scale': avg({on_scale})::double, 'deviation': stddev_pop({on_scale})::double, 'count_customers': count(*)}}"
    )


def _shares(column: str) -> str:
    share = "count(*) / sum(count(*)) over ()"
    return (
        f"select {literal(column)}, {column}, {share}, {share}, sqrt({share} * (1 - {share})), (sum(count(*)) over ())::bigint\n"
        f"from chosen\ngroup by {column}"
    )
