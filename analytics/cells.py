"""Folding many customers into few cells: bins per feature, fine where customers are dense, however far out some of them are."""

from collections.abc import Sequence

import duckdb

_FIRST_WIDTH = 0.03
"""Width of the bins tried first, in spreads of the feature."""
_MOST_ASKED_CELLS = 20_000
"""Bins are too narrow to begin with where so many cells are occupied by the customers asked, and by hardly more than one each."""
_ALONE = 0.8
_WIDEST = 0.75
"""Width of the widest bins: what is spread within such a one is a twentieth of what is spread in all."""
_FEW_CELLS = 1_000
"""With fewer occupied cells than this, bins are narrowed as long as customers in one cell differ."""
_NORMAL_IQR = 1.349
"""The interquartile range of a normal distribution, in standard deviations."""
_ASKED = 50_000
"""Customers, about, by whom widths are judged; of fewer, all."""
_MOST_NARROWINGS = 60
_NARROWER = 8.0


def make_cells(connection: duckdb.DuckDBPyConnection, names: Sequence[str], most: int) -> bool:
    """Fold the customers of `scratch.scaled_customers` by the features `names` into at most `most` cells.

    Leaves the temporary table `cells` behind, a row per occupied cell: point_id (from 0), _weight (customers), _scatter (the sum of
    their squared distances to the cell's mean), and by the features' names the mean; the temporary table `fine_cells`, the same of
    narrower bins; and the temporary view `customer_points`: customer_id, point_id and the scaled features. What is ours beside the
    features begins with an underscore. False, with none of them, where bins would have to be so wide for it that they tell little:
    with many features nearly every customer is in a bin alone.
    """
    _ask(connection, names)
    spreads = _spreads(connection, names)
    width = _first_width(connection, names, spreads)
    are_too_many = _count(connection, _bins(names, [1.0] * len(names), _WIDEST), "asked") > most  # no spread is more than 1
    connection.execute("drop table asked")
    if are_too_many or width > _WIDEST:
        return False
    count = _write_fine(connection, names, spreads, width)
    if count < _FEW_CELLS:
        width, count = _narrowed(connection, names, spreads, width, count)
    multiple = 1
    while count > most:
        multiple += 2
        if width * multiple > _WIDEST:
            connection.execute("drop table fine_cells")
            return False
        count = _count(connection, _wider(multiple, [f"_bin_{place}" for place in range(len(names))]), "fine_cells")
    _write_cells(connection, names, spreads, width, multiple)
    return True


def cell_aggregates(names: Sequence[str]) -> str:
    """The SQL of what is told of customers in a group by cells: _weight, _scatter and the means, as make_cells says."""
    scatter, means = " + ".join(f"var_pop({name})" for name in names), ", ".join(f"avg({name}) as {name}" for name in names)
    return f"count(*) as _weight, count(*) * ({scatter}) as _scatter, {means}"


def _ask(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """Leave the temporary table `asked` behind: the features of customers drawn by their ids, the same ones every time."""
    (count,) = connection.execute("select count(*) from scratch.scaled_customers").fetchone() or (0,)
    connection.execute(
        f"create or replace temporary table asked as select {', '.join(names)} from scratch.scaled_customers "
        f"where _draw % {-(-count // _ASKED) or 1} = 0"
    )


def _first_width(connection: duckdb.DuckDBPyConnection, names: Sequence[str], spreads: Sequence[float]) -> float:
    """Fine bins, but not such as leave nearly everyone alone."""
    (asked,) = connection.execute("select count(*) from asked").fetchone() or (0,)
    width = _FIRST_WIDTH
    while _count(connection, _bins(names, spreads, width), "asked") > max(_MOST_ASKED_CELLS, _ALONE * asked):
        width *= 3
    return width


def _narrowed(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], spreads: Sequence[float], width: float, count: int
) -> tuple[float, int]:
    """Bins as narrow as it needs for a thousand cells, or for all customers who differ, and how many cells they make."""
    different = _count(connection, names, "scratch.scaled_customers")
    for _ in range(_MOST_NARROWINGS):
        if count >= min(_FEW_CELLS, different):
            break
        width /= _NARROWER
        count = _write_fine(connection, names, spreads, width)
    return width, count


def _spreads(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[float]:
    """Per feature a standard deviation that a few extreme customers cannot blow up, at most 1, the ordinary one.

    It is that of a normal distribution with the interquartile range of the customers; where that is 0, of those customers who
    are not at the median, as half of the customers or more may share one value.
    """
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


def _wider(multiple: int, bins: Sequence[str]) -> list[str]:
    """The SQL of bins an odd number of times as wide: each holds so many of the narrow ones, whole."""
    return [f"floor(({bin_} + {multiple // 2}) / {multiple})" for bin_ in bins]


def _count(connection: duckdb.DuckDBPyConnection, keys: Sequence[str], relation: str) -> int:
    (count,) = connection.execute(f"select count(*) from (select distinct {', '.join(keys)} from {relation})").fetchone() or (0,)
    return int(count)


def _write_fine(connection: duckdb.DuckDBPyConnection, names: Sequence[str], spreads: Sequence[float], width: float) -> int:
    """Leave the temporary table `fine_cells` behind, a row per occupied cell of narrow bins, and return how many there are."""
    keys = [f"_bin_{place}" for place in range(len(names))]
    named = ", ".join(f"{sql} as {key}" for sql, key in zip(_bins(names, spreads, width), keys, strict=True))
    connection.execute(
        f"""
        create or replace temporary table fine_cells as
        select {named}, {cell_aggregates(names)}
        from scratch.scaled_customers
        group by {", ".join(keys)}
        """
    )
    (count,) = connection.execute("select count(*) from fine_cells").fetchone() or (0,)
    return int(count)


def _write_cells(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], spreads: Sequence[float], width: float, multiple: int
) -> None:
    """Leave `cells` and `customer_points` behind, of bins `multiple` times as wide as those of `fine_cells`."""
    keys = [f"_bin_{place}" for place in range(len(names))]
    of_cells = ", ".join(
        f"{sql} as {key}" for sql, key in zip(_wider(multiple, [f"fine.{key}" for key in keys]), keys, strict=True)
    )
    of_customers = ", ".join(
        f"{sql} as {key}" for sql, key in zip(_wider(multiple, _bins(names, spreads, width)), keys, strict=True)
    )
    means = ", ".join(f"sum(_weight * {name}) / sum(_weight) as {name}" for name in names)
    between = " + ".join(
        f"sum(_weight * {name} * {name}) - sum(_weight * {name}) * sum(_weight * {name}) / sum(_weight)" for name in names
    )
    connection.execute(
        f"""
        create or replace temporary table cells as
        with occupied as (
            select {", ".join(keys)}, sum(_weight) as _weight, sum(_scatter) + greatest(0, {between}) as _scatter, {means}
            from (select fine.* exclude ({", ".join(keys)}), {of_cells} from fine_cells as fine)
            group by {", ".join(keys)}
        )

        select *, row_number() over (order by {", ".join(keys)}) - 1 as point_id from occupied
        """
    )
    connection.execute(
        f"""
        create or replace temporary view customer_points as
        select customers.* exclude ({", ".join(keys)}), cells.point_id
        from (select *, {of_customers} from scratch.scaled_customers) as customers
        inner join cells using ({", ".join(keys)})
        """
    )
