"""Folding many customers into few cells: bins per feature, fine where customers are dense, however far out some of them are."""

from collections.abc import Sequence

import duckdb

_FIRST_WIDTH = 0.05
"""Width of the bins tried first, in spreads of the feature."""
_WIDEST = 0.75
"""Width of the widest bins: what is spread within such a one is a twentieth of what is spread in all."""
_FEW_CELLS = 1_000
"""With fewer occupied cells than this, bins are narrowed as long as customers in one cell differ."""
_NORMAL_IQR = 1.349
"""The interquartile range of a normal distribution, in standard deviations."""
_ASKED = 50_000
"""Customers of whom the spreads are taken, about; of fewer, all."""
_MOST_NARROWINGS = 60
_NARROWER = 8.0
_WIDER = 1.5


def make_cells(connection: duckdb.DuckDBPyConnection, names: Sequence[str], most: int) -> bool:
    """Fold the customers of `scratch.scaled_customers` by the features `names` into at most `most` cells.

    Leaves the temporary table `cells` behind, a row per occupied cell: point_id (from 0), weight (customers), scatter (the sum of
    their squared distances to the cell's mean), and by the features' names the mean; and the temporary view `customer_points`:
    customer_id, point_id and the scaled features. False, and nothing left behind, where bins would have to be so wide for it that
    they tell little: with many features nearly every customer is in a bin alone.
    """
    spreads = _spreads(connection, names)
    if _count_cells(connection, names, spreads, _WIDEST, "asked") > most:
        return False
    width = _FIRST_WIDTH
    count = _count_cells(connection, names, spreads, width)
    if count < _FEW_CELLS:
        columns = ", ".join(names)
        (different,) = connection.execute(
            f"select count(*) from (select distinct {columns} from scratch.scaled_customers)"
        ).fetchone() or (0,)
        for _ in range(_MOST_NARROWINGS):
            if count >= min(_FEW_CELLS, different):
                break
            width /= _NARROWER
            count = _count_cells(connection, names, spreads, width)
    while count > most:
        width *= max(_WIDER, (count / most) ** (1 / len(names)))
        if width > _WIDEST:
            return False
        count = _count_cells(connection, names, spreads, width)
    _write_cells(connection, names, _bins(names, spreads, width))
    return True


def _spreads(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[float]:
    """Per feature a standard deviation that a few extreme customers cannot blow up, at most 1, the ordinary one.

    It is that of a normal distribution with the interquartile range of the customers; where that is 0, of those customers who
    are not at the median, as half of the customers or more may share one value. Those asked are left in the temporary table
    `asked`.
    """
    (count,) = connection.execute("select count(*) from scratch.scaled_customers").fetchone() or (0,)
    connection.execute(
        f"create or replace temporary table asked as select {', '.join(names)} from scratch.scaled_customers "
        f"where hash(customer_id) % {max(1, count // _ASKED)} = 0"
    )
    found = []
    for name in names:
        row = connection.execute(
            f"""
            with middle as (
                select median({name}) as middle from asked
            ),

            quartiles as (
                select
                    quantile_cont({name}, [0.25, 0.75]) as of_all,
                    quantile_cont({name}, [0.25, 0.75]) filter ({name} <> middle) as of_others
                from asked
                cross join middle
            )

            select of_all[2] - of_all[1], of_others[2] - of_others[1] from quartiles
            """
        ).fetchone() or (None, None)
        robust = next((value / _NORMAL_IQR for value in row if value), 1.0)
        found.append(min(1.0, robust))
    return found


def _bins(names: Sequence[str], spreads: Sequence[float], width: float) -> list[str]:
    """Per feature the SQL of a customer's bin: a double, as a customer may be farther out than any integer reaches."""
    return [f"floor({name} / {spread * width!r}::double + 0.5)" for name, spread in zip(names, spreads, strict=True)]


def _count_cells(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    spreads: Sequence[float],
    width: float,
    customers: str = "scratch.scaled_customers",
) -> int:
    bins = ", ".join(_bins(names, spreads, width))
    (count,) = connection.execute(f"select count(*) from (select distinct {bins} from {customers})").fetchone() or (0,)
    return int(count)


def _write_cells(connection: duckdb.DuckDBPyConnection, names: Sequence[str], bins: Sequence[str]) -> None:
    keys = [f"bin_{place}" for place in range(len(names))]
    named = ", ".join(f"{sql} as {key}" for sql, key in zip(bins, keys, strict=True))
    scatter = " + ".join(f"var_pop({name})" for name in names)
    connection.execute(
        f"""
        create or replace temporary table cells as
        with occupied as (
            select
                {named},
                count(*) as weight,
                count(*) * ({scatter}) as scatter,
                {", ".join(f"avg({name}) as {name}" for name in names)}
            from scratch.scaled_customers
            group by {", ".join(keys)}
        )

        select *, row_number() over (order by {", ".join(keys)}) - 1 as point_id from occupied
        """
    )
    connection.execute(
        f"""
        create or replace temporary view customer_points as
        select customers.customer_id, cells.point_id, {", ".join(f"customers.{name}" for name in names)}
        from (select *, {named} from scratch.scaled_customers) as customers
        inner join cells using ({", ".join(keys)})
        """
    )
