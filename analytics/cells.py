"""Folding many customers into few cells: bins per feature, fine where customers are dense, however far out some of them are."""

from collections.abc import Sequence

import duckdb

_FIRST_WIDTH = 0.05
"""Width of the bins tried first, in spreads of the feature."""
_FEW_CELLS = 1_000
"""With fewer occupied cells than this, bins are narrowed as long as customers in one cell differ."""
_NORMAL_IQR = 1.349
"""The interquartile range of a normal distribution, in standard deviations."""
_MOST_NARROWINGS = 60
_NARROWER = 8.0
_WIDER = 1.5


def make_cells(connection: duckdb.DuckDBPyConnection, names: Sequence[str], most: int) -> None:
    """Leave the temporary table `customer_points` behind: customer_id, point_id (the occupied cell, from 0), scaled features.

    There are at most `most` cells. Ends for any data and any number of features: the bins have 0 in the middle of one, so bins
    wide enough have everyone in it.
    """
    spreads = _spreads(connection, names)
    width = _FIRST_WIDTH
    count = _count_cells(connection, names, spreads, width)
    if count < _FEW_CELLS:
        columns = ", ".join(names)
        (different,) = connection.execute(
            f"select count(*) from (select distinct {columns} from features.customer_features_scaled)"
        ).fetchone() or (0,)
        for _ in range(_MOST_NARROWINGS):
            if count >= min(_FEW_CELLS, different):
                break
            width /= _NARROWER
            count = _count_cells(connection, names, spreads, width)
    while count > most:
        width *= max(_WIDER, (count / most) ** (1 / len(names)))
        count = _count_cells(connection, names, spreads, width)
    _number_cells(connection, names, spreads, width)


def _spreads(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[float]:
    """Per feature a standard deviation that a few extreme customers cannot blow up, at most 1, the ordinary one.

    It is that of a normal distribution with the interquartile range of the customers; where that is 0, of those customers who
    are not at the median, as half of the customers or more may share one value.
    """
    found = []
    for name in names:
        row = connection.execute(
            f"""
            with customers as (
                select {name} as value from features.customer_features_scaled
            ),

            middle as (
                select median(value) as middle from customers
            ),

            quartiles as (
                select
                    quantile_cont(value, [0.25, 0.75]) as of_all,
                    quantile_cont(value, [0.25, 0.75]) filter (value <> middle) as of_others
                from customers
                cross join middle
            )

            select of_all[2] - of_all[1], of_others[2] - of_others[1] from quartiles
            """
        ).fetchone() or (None, None)
        robust = next((value / _NORMAL_IQR for value in row if value), 1.0)
        found.append(min(1.0, robust))
    return found


def _bin(name: str, spread: float, width: float) -> str:
    # Bins stay doubles: a customer may be farther out than any integer reaches.
    return f"floor({name} / {spread * width!r}::double + 0.5)"


def _count_cells(connection: duckdb.DuckDBPyConnection, names: Sequence[str], spreads: Sequence[float], width: float) -> int:
    bins = ", ".join(_bin(name, spread, width) for name, spread in zip(names, spreads, strict=True))
    (count,) = connection.execute(
        f"select count(*) from (select distinct {bins} from features.customer_features_scaled)"
    ).fetchone() or (0,)
    return int(count)


def _number_cells(connection: duckdb.DuckDBPyConnection, names: Sequence[str], spreads: Sequence[float], width: float) -> None:
    keys = ", ".join(f"bin_{place}" for place in range(len(names)))
    named = ", ".join(
        f"{_bin(name, spread, width)} as bin_{place}" for place, (name, spread) in enumerate(zip(names, spreads, strict=True))
    )
    connection.execute(
        f"""
        create or replace temporary table customer_points as
        with customers as (
            select customer_id, {", ".join(names)}, {named} from features.customer_features_scaled
        ),

        cells as (
            select {keys}, row_number() over (order by {keys}) - 1 as point_id
            from (select distinct {keys} from customers)
        )

        select customer_id, point_id, {", ".join(names)} from customers inner join cells using ({keys})
        """
    )
