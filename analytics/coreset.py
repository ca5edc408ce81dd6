"""Many features: a weighted sample of the customers in the place of cells, and cells around its codes for what needs everyone.

Bins of many features hold hardly more than a customer each. The size of a lightweight coreset (Bachem, Lucic & Krause 2018) does
not depend on the features: half of it is drawn evenly, half by the squared distance to the mean of everyone, and each customer
drawn has the weight with which sums over the sample estimate sums over all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from analytics.points import Floats, Labels

_GROUPS = 45
"""Groups of codes: a customer is compared with these, then with the codes of the nearest, not with all."""
_STEPS = 10
_TIE = 1e-12
"""Of codes that are equally near the lowest is taken, whatever the order in which they are compared."""


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
    """Draw `size` customers of `scratch.scaled_customers`, fewer where some are drawn both ways; the same ones every time.

    The weight of a customer is one divided by the chance to be drawn. By distance those of the smallest ranks are, exponential
    numbers divided by the squared distance; given the first rank left out, each is drawn by itself (Cohen & Kaplan 2007).
    """
    half = size // 2
    means = connection.execute(f"select {', '.join(f'avg({name})' for name in names)} from scratch.scaled_customers").fetchone()
    square = " + ".join(f"({name} - $mean_{place}) * ({name} - $mean_{place})" for place, name in enumerate(names))
    read = connection.execute(
        f"""
        with customers as (
            select customer_id, {", ".join(names)}, {square} as square from scratch.scaled_customers
        ),

        evenly as (
            select customer_id from customers order by hash(customer_id), customer_id limit {half}
        ),

        ranked as (
            select customer_id, -ln((hash(customer_id, 'by distance') + 1.0) / 18446744073709551617.0) / square as rank
            from customers
            where square > 0
            order by rank, customer_id
            limit {half + 1}
        ),

        left_out as (
            select case when count(*) > {half} then max(rank) else 'infinity' end as rank from ranked
        ),

        drawn as (
            select customer_id, bool_or(is_even) as is_even
            from (
                select customer_id, true as is_even from evenly
                union all
                select customer_id, false as is_even from ranked where rank < (from left_out)
            )
            group by customer_id
        )

        select
            customers.*,
            drawn.is_even,
            case when square > 0 then 1 - exp(-square * left_out.rank) else 0 end as chance_by_distance,
            (select count(*) from customers) as count_customers
        from customers
        inner join drawn using (customer_id)
        cross join left_out
        order by drawn.is_even desc, hash(customer_id), customer_id
        """,
        {f"mean_{place}": mean for place, mean in enumerate(means or ())},
    ).fetchnumpy()
    count = int(np.asarray(read["count_customers"])[0])
    chance = 1 - (1 - min(1.0, half / count)) * (1 - np.asarray(read["chance_by_distance"], dtype=np.float64))
    return Coreset(
        tuple(map(str, read["customer_id"])),
        _matrix(read, names),
        count / np.sum(1 / chance) / chance,
        int(np.count_nonzero(read["is_even"])),
    )


def fold(connection: duckdb.DuckDBPyConnection, names: Sequence[str], values: Floats, weights: Floats, most: int) -> None:
    """Fold all customers into at most `most` cells, each of those nearest to one of as many codes: centroids of a coreset.

    `values` (m, d) and `weights` (m,) are those of the coreset. Leaves the same `cells` and `customer_points` behind as
    analytics.cells.make_cells. Nearest is meant in two steps, the group of codes by its centroid and then the code in the group:
    customers are compared with some dozens, not with thousands.
    """
    codes = _centroids(values, weights, most)
    groups = _centroids(codes, np.ones(len(codes)), _GROUPS)
    group_of = np.argmin(((codes[:, None] - groups) ** 2).sum(axis=2), axis=1)
    everyone = np.zeros(len(groups), dtype=np.int64)
    _compare(connection, names, "(select rowid as place, 0 as code_group, * from scratch.scaled_customers)", groups, everyone)
    connection.execute("alter table nearest_codes rename to nearest_groups")
    grouped = (
        "(select customers.rowid as place, nearest_groups.code as code_group, customers.* "
        "from scratch.scaled_customers as customers inner join nearest_groups on place = customers.rowid)"
    )
    _compare(connection, names, grouped, codes, group_of)
    columns = ", ".join(names)
    connection.execute(
        f"""
        create or replace table scratch.coded_customers as
        select customer_id, dense_rank() over (order by code) - 1 as point_id, {columns}
        from scratch.scaled_customers as customers
        inner join nearest_codes on nearest_codes.place = customers.rowid
        """
    )
    connection.execute(
        f"""
        create or replace temporary table cells as
        select
            point_id,
            count(*) as weight,
            count(*) * ({" + ".join(f"var_pop({name})" for name in names)}) as scatter,
            {", ".join(f"avg({name}) as {name}" for name in names)}
        from scratch.coded_customers
        group by point_id
        """
    )
    connection.execute("create or replace temporary view customer_points as from scratch.coded_customers")
    connection.execute("drop table nearest_groups; drop table nearest_codes")


def _centroids(values: Floats, weights: Floats, count: int) -> Floats:
    """(at most count, d): centroids of weighted points, by a few steps of K-Means from points evenly spaced in their order."""
    if len(values) <= count:
        return values
    in_order = np.lexsort(values.T[::-1])
    starts = values[in_order[np.linspace(0, len(in_order) - 1, count).astype(np.int64)]]
    with threadpool_limits(1):  # see analytics.kmeans
        centres: Floats = (
            KMeans(n_clusters=count, init=starts, n_init=1, max_iter=_STEPS).fit(values, sample_weight=weights).cluster_centers_
        )
    return centres


def _compare(connection: duckdb.DuckDBPyConnection, names: Sequence[str], customers: str, codes: Floats, groups: Labels) -> None:
    """Leave the temporary table `nearest_codes` behind: place and code, the nearest of its group, for every row of `customers`."""
    given = {f"own_{name}": np.ascontiguousarray(column) for name, column in zip(names, codes.T, strict=True)}
    connection.register("given", {"code": np.arange(len(codes)), "code_group": groups, **given})
    square = " + ".join(f"({name} - own_{name}) * ({name} - own_{name})" for name in names)
    connection.execute(
        f"""
        create or replace temporary table nearest_codes as
        select place, arg_min(code, {square} + {_TIE} * code) as code
        from {customers} as customers
        inner join given using (code_group)
        group by place
        """
    )
    connection.unregister("given")


def _matrix(read: Mapping[str, Any], names: Sequence[str]) -> Floats:
    return np.column_stack([read[name] for name in names]).astype(np.float64)
