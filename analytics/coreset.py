"""Many features: a weighted sample of the customers in the place of cells, and cells around its codes for what needs everyone.

Bins of many features hold hardly more than a customer each. The size of a lightweight coreset (Bachem, Lucic & Krause 2018) does
not depend on the features: half of it is drawn evenly, half by the squared distance to the mean of everyone, and each customer
drawn has the weight with which sums over the sample estimate sums over all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from analytics.cells import cell_aggregates
from analytics.draw import COUNT, number_of
from analytics.kmeans import fit_in_order
from analytics.points import Floats, Labels, matrix
from warehouse.lake_connection import row_key

_GROUPS = 45
"""Groups of codes: a customer is compared with these, then with the codes of the nearest, not with all."""
_STEPS = 10
_DECIMALS = 9
_LEAST, _TIE = 1e-30, 1e-13
"""Of codes that are equally near the lowest is taken, in whatever order they are compared: it counts as a little nearer."""


@dataclass(frozen=True)
class Coreset:
    """m customers drawn, those first who were drawn evenly."""

    customers: tuple[str, ...]
    """(m,): their ids."""
    values: Floats
    """(m, d): their scaled features."""
    weights: Floats
    """(m,): how many customers each stands for; together all."""
    count_even: int
    """How many were drawn evenly."""


def draw_coreset(connection: duckdb.DuckDBPyConnection, names: Sequence[str], size: int) -> Coreset:
    """Draw about `size` customers of `scratch.scaled_customers`, somewhat fewer; the same ones every time.

    Each is drawn by itself, by hashes of the id (Poisson sampling): evenly with one chance, by distance with another, which is 1
    for those very far out. The weights are in proportion to one divided by the chance to be drawn either way (Hájek 1971).
    """
    aggregates = ", ".join(f"round(avg({name}), 9), var_pop({name})" for name in names)
    count, *told = connection.execute(f"select count(*), {aggregates} from scratch.scaled_customers").fetchone() or (0,)
    means, scatter = told[::2], count * round(sum(told[1::2]), 9)
    square = " + ".join(f"({name} - $mean_{place}) * ({name} - $mean_{place})" for place, name in enumerate(names))
    read = connection.execute(
        f"""
        with customers as (
            select
                *,
                least(1, $half / $count) as _evenly,
                least(1, $half * ({square}) / $scatter) as _by_distance
            from scratch.scaled_customers
        )

        select
            customer_id,
            {", ".join(names)},
            _draw / {COUNT}e0 < _evenly as _is_even,
            1 - (1 - _evenly) * (1 - _by_distance) as _chance
        from customers
        where _draw / {COUNT}e0 < _evenly or {number_of("customer_id || ' by distance'")} / {COUNT}e0 < _by_distance
        order by _is_even desc, _draw, customer_id
        """,
        {"half": size / 2, "count": count, "scatter": scatter, **{f"mean_{place}": mean for place, mean in enumerate(means)}},
    ).fetchnumpy()
    chance = np.asarray(read["_chance"], dtype=np.float64)
    return Coreset(
        tuple(map(str, read["customer_id"])),
        matrix(read, names),
        count / np.sum(1 / chance) / chance,
        int(np.count_nonzero(read["_is_even"])),
    )


def fold(connection: duckdb.DuckDBPyConnection, names: Sequence[str], values: Floats, weights: Floats, most: int) -> None:
    """Fold all customers into at most `most` cells, each of those nearest to one of as many codes: centroids of a coreset.

    `values` (m, d) and `weights` (m,) are those of the coreset. Leaves the same `cells` and `customer_points` behind as
    analytics.cells.make_cells. Nearest is meant in two steps, the group of codes by its centroid and then the code in the group:
    customers are compared with some dozens, not with thousands.
    """
    codes = _centroids(values, weights, most).round(_DECIMALS)
    groups = _centroids(codes, np.ones(len(codes)), _GROUPS)
    used, group_of = np.unique(np.argmin(((codes[:, None] - groups) ** 2).sum(axis=2), axis=1), return_inverse=True)
    key = row_key(connection)
    everyone = f"(select {key} as _place, 0 as _group, * from scratch.scaled_customers)"
    _compare(connection, names, everyone, groups[used], np.zeros(len(used), dtype=np.int64), "nearest_groups")
    grouped = (
        f"(select customers.{key} as _place, nearest._code as _group, customers.* "
        f"from scratch.scaled_customers as customers inner join nearest_groups as nearest on nearest._place = customers.{key})"
    )
    _compare(connection, names, grouped, codes, group_of, "nearest_codes")
    held = [column for column, *_ in connection.execute("from scratch.scaled_customers limit 0").description]
    kept = [column for column in held if column in ("customer_id", *names) or column.startswith("_")]
    connection.execute(
        f"""
        create or replace table scratch.coded_customers as
        with occupied as (
            select _code, row_number() over (order by _code) - 1 as point_id
            from (select distinct _code from nearest_codes)
        )

        select {", ".join(f"customers.{column}" for column in kept)}, occupied.point_id
        from scratch.scaled_customers as customers
        inner join nearest_codes on nearest_codes._place = customers.{key}
        inner join occupied on occupied._code = nearest_codes._code
        """
    )
    connection.execute(
        f"""
        create or replace temporary table cells as
        select point_id, {cell_aggregates(names)}
        from scratch.coded_customers
        group by point_id
        """
    )
    connection.execute("create or replace temporary view customer_points as from scratch.coded_customers")
    connection.execute("drop table nearest_groups; drop table nearest_codes")


def _centroids(values: Floats, weights: Floats, count: int) -> Floats:
    """(at most count, d): centroids of weighted points."""
    if len(values) <= count:
        return values
    centres: Floats = fit_in_order(values, weights, count, _STEPS).cluster_centers_
    return centres


def _compare(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], customers: str, codes: Floats, groups: Labels, table: str
) -> None:
    """Leave a scratch table behind: _place and _code, the nearest code of its _group, for every row of `customers`."""
    own = {f"_own_{name}": np.ascontiguousarray(column) for name, column in zip(names, codes.T, strict=True)}
    connection.register("given", {"_code": np.arange(len(codes)), "_group": groups, **own})
    square = " + ".join(f"({name} - _own_{name}) * ({name} - _own_{name})" for name in names)
    connection.execute(
        f"""
        create or replace table scratch.{table} as
        select _place, arg_min(_code, ({square} + {_LEAST}) * (1 + {_TIE} * _code)) as _code
        from {customers} as customers
        inner join given using (_group)
        group by _place
        """
    )
    connection.unregister("given")
