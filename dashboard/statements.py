"""The SQL of what the Explore page shows: a statement for each view that gives its numbers, to be run as it stands."""

from collections.abc import Mapping, Sequence

from dashboard import difference, filters, format, queries, selection
from dashboard.filters import BOX, Clause, Dimension, inlined
from dashboard.selection import Order
from warehouse.connection import Snapshot
from warehouse.errors import InputError

HEADLINE, TABLE, DIFFERENCE, MIX = "headline", "table", "difference", "mix"
"""What is shown besides the views."""


def statement(db: Snapshot, of: str, chosen: object, segmentation: str, algorithm: str, search: str = "", order: Order = ()) -> str:
    """The statement of a view, named by its dimension or two joined by *, or of one of the others.

    `chosen` are the filters as the browser has them: a view never filters itself. `search` and `order` are those of the table.
    Raises InputError for what is not there.
    """
    dimensions = queries.dimensions(db)
    clauses = filters.parse(chosen, dimensions)
    if of == HEADLINE:
        text = _headline(db, clauses)
    elif of == TABLE:
        text = selection.statement(db, [*clauses, *selection.matching(db, search, segmentation)], segmentation, order)
    elif of == DIFFERENCE:
        text = difference.statement(db, clauses)
    elif of == MIX:
        text = difference.mix_statement(clauses, segmentation, algorithm)
    else:
        text = _view(of, chosen, dimensions)
    return format.sql(text) + ";"


def _headline(db: Snapshot, clauses: Sequence[Clause]) -> str:
    numbers = [column["column_name"] for column in queries.customer_columns(db) if column["kind"] == "numeric"]
    means = "".join(f",\n            avg({name}) as mean_{name}" for name in numbers)
    return f"""
        select
            count(*) as count_customers{means}
        from marts.customers
        where {inlined(clauses)}
    """


def _view(name: str, chosen: object, dimensions: Mapping[str, Dimension]) -> str:
    """The customers per bin, or pair of bins, under all filters but the view's own."""
    others = {key: value for key, value in chosen.items() if key != name} if isinstance(chosen, Mapping) else {}
    condition = inlined(filters.parse(others, dimensions))
    parts = name.split(BOX)
    known = [dimensions[part] for part in parts if part in dimensions]
    if len(known) != len(parts) or not 1 <= len(known) <= 2 or (len(known) == 2 and {each.kind for each in known} != {"numeric"}):
        raise InputError("there is no such view")
    if len(known) == 2:
        return _pairs(parts[0], parts[1], condition)
    return _numbers(name, condition) if known[0].kind == "numeric" else _values(known[0], condition)


def _numbers(name: str, condition: str) -> str:
    return f"""
        with counted as (
            select {name}, count(*) as count_customers
            from marts.customers
            where {condition}
            group by {name}
        )

        select bins.lower_edge, bins.upper_edge, coalesce(sum(counted.count_customers), 0)::bigint as count_customers
        from marts.crossfilter_bins as bins
        left join counted on counted.{name} >= bins.lower_edge and counted.{name} < bins.upper_edge
        where bins.dimension = '{name}'
        group by all
        order by bins.lower_edge
    """


def _values(dimension: Dimension, condition: str) -> str:
    own = "segment_id" if dimension.kind == "segment" else "category"
    name = ", profiles.segment_name" if dimension.kind == "segment" else ""
    profiles = f"""
        left join marts.segment_profiles as profiles
            on profiles.segment_id = bins.segment_id
            and profiles.segmentation || '_' || profiles.algorithm = '{dimension.name}'"""
    return f"""
        with counted as (
            select {dimension.name}, count(*) as count_customers
            from marts.customers
            where {condition}
            group by {dimension.name}
        )

        select bins.{own}{name}, coalesce(counted.count_customers, 0) as count_customers
        from marts.crossfilter_bins as bins
        left join counted on counted.{dimension.name} = bins.{own}{profiles if name else ""}
        where bins.dimension = '{dimension.name}'
        order by bins.bin
    """


def _pairs(x: str, y: str, condition: str) -> str:
    return f"""
        with counted as (
            select {x}, {y}, count(*) as count_customers
            from marts.customers
            where {condition}
            group by {x}, {y}
        )

        select
            across.lower_edge as {x}_from,
            up.lower_edge as {y}_from,
            sum(counted.count_customers)::bigint as count_customers
        from counted
        inner join marts.crossfilter_bins as across
            on across.dimension = '{x}' and counted.{x} >= across.lower_edge and counted.{x} < across.upper_edge
        inner join marts.crossfilter_bins as up
            on up.dimension = '{y}' and counted.{y} >= up.lower_edge and counted.{y} < up.upper_edge
        group by all
        order by all
    """
