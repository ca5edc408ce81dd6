"""Recommendations: fit what customers buy next from what they bought, and write the models back.

The models are small: what they say of a customer is SQL, marts.item_candidates. Each is fitted twice, to the whole time and to its
first two thirds, so that the latter can be held against what came after.
"""

from datetime import date

import duckdb
import numpy as np
from scipy import sparse

from analytics.ease import fit_ease, strongest
from analytics.periods import read_periods

FEWEST_BUYERS = 5
"""Customers who bought an item, without whom it is not recommended."""
FEWEST_ITEMS = 3
"""Such items, without whom there is nothing to choose from."""
FEWEST_CUSTOMERS = 50
"""Customers with two of them, without whom nothing tells what goes together."""
MOST_ITEMS = 2_000
"""Items that are modelled, those with most buyers: the matrix has as many rows and columns."""
MOST_CUSTOMERS = 100_000
"""More are not fitted to, but that many of them."""
_STRONGEST = 20
"""Weights of an item that are kept."""
_MOST_LISTED = 10
_PLURALS = {"product": "products", "category": "categories"}


def model_recommendations(connection: duckdb.DuckDBPyConnection, run_id: int) -> None:
    """Fill segments.item_models, segments.item_popularity and segments.item_affinities from features.customer_items.

    Where customers or items are too few, the model's row says so.
    """
    kinds = connection.execute("select distinct item_kind from features.customer_items order by 1").fetchall()
    for period in read_periods(connection):
        for (kind,) in kinds:
            _model(connection, run_id, kind, period.name, period.last_day)


def _model(connection: duckdb.DuckDBPyConnection, run_id: int, kind: str, period: str, last_day: date) -> None:
    given = [kind, last_day]
    items = [
        item
        for (item,) in connection.execute(
            f"""
            select item
            from features.customer_items
            where item_kind = $1 and first_day <= $2
            group by item
            having count(*) >= {FEWEST_BUYERS}
            order by count(*) desc, item
            limit {MOST_ITEMS}
            """,
            given,
        ).fetchall()
    ]
    count_customers, count_several = connection.execute(
        """
        select count(*), count(*) filter (n > 1)
        from (
            select count(*) filter (list_contains($3, item)) as n
            from features.customer_items
            where item_kind = $1 and first_day <= $2
            group by customer_id
        )
        """,
        [*given, items],
    ).fetchone() or (0, 0)
    shortfall = _shortfall(kind, len(items), count_several)
    listed = max(1, min(_MOST_LISTED, len(items) // 4))
    connection.execute(
        "insert into segments.item_models values ($1, $2, $3, $4, $5, $6, $7, $8)",
        [run_id, kind, period, last_day, count_customers, len(items), listed, shortfall],
    )
    if shortfall:
        return
    connection.execute(
        "insert into segments.item_popularity select $1, $2, $3, unnest($4), generate_subscripts($4, 1)",
        [run_id, kind, period, items],
    )
    weights = fit_ease(_bought(connection, kind, period, last_day, len(items)))
    rows, columns = strongest(weights, _STRONGEST)
    connection.execute(
        "insert into segments.item_affinities select $1, $2, $3, $4[unnest($5)], $4[unnest($6)], unnest($7)",
        [run_id, kind, period, items, (rows + 1).tolist(), (columns + 1).tolist(), weights[rows, columns].tolist()],
    )


def _shortfall(kind: str, count_items: int, count_several: int) -> str | None:
    """Why nothing can be recommended; None where it can."""
    if count_items < FEWEST_ITEMS:
        few = {0: f"no {kind} has", 1: f"only one {kind} has"}.get(count_items, f"only {count_items} {_PLURALS[kind]} have")
        return f"{few} at least {FEWEST_BUYERS} buyers, and fewer than {FEWEST_ITEMS} leave nothing to choose from"
    if count_several < FEWEST_CUSTOMERS:
        many = "no customer" if count_several == 0 else f"only {count_several:,} customers"
        return f"{many} bought more than one {kind}, and fewer than {FEWEST_CUSTOMERS} do not tell what goes together"
    return None


def _bought(connection: duckdb.DuckDBPyConnection, kind: str, period: str, last_day: date, count_items: int) -> sparse.csr_array:
    """(n, m): 1 where a customer has bought an item, by its place in segments.item_popularity, of at most MOST_CUSTOMERS."""
    found = connection.execute(
        f"""
        with chosen as (
            select customer_id, row_number() over (order by hash(customer_id), customer_id) - 1 as place
            from (select distinct customer_id from features.customer_items where item_kind = $1 and first_day <= $2)
            qualify place < {MOST_CUSTOMERS}
        )

        select chosen.place, popularity.place - 1 as number
        from features.customer_items as items
        inner join chosen using (customer_id)
        inner join segments.item_popularity as popularity using (item_kind, item)
        where item_kind = $1 and items.first_day <= $2 and popularity.period = $3
        """,
        [kind, last_day, period],
    ).fetchnumpy()
    places, numbers = (np.asarray(column, dtype=np.int64) for column in found.values())
    return sparse.csr_array((np.ones(len(places)), (places, numbers)), shape=(int(places.max()) + 1, count_items))
