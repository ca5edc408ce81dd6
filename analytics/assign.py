"""Who belongs to which segment, in SQL over all customers: the nearest centroid, or the segment of the customer's point.

Both ways leave the temporary view `labelled_customers` behind: the columns of scratch.scaled_customers, point_id (null by centroid)
and label (0 … k - 1).
"""

from collections.abc import Sequence

import duckdb
import numpy as np

from analytics.evidence import Partition
from analytics.points import Floats, Labels, Points
from warehouse.errors import InputError

_MOST_STEPS = 100
_WORK = 1_000_000
"""Customers times steps after which a polish ends as soon as what is left to gain is small."""
_SMALL_SHIFT = 1e-3
"""A centroid's step, in standard deviations, that is small."""
_SMALL_GAIN = 1e-5
"""A part of the inertia that is small."""
_REST = 1e-12
"""A centroid that moves by less than this rests: adding up in another order moves it as much."""


def polish(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], points: Points, labels: Labels, fine_cells: str = ""
) -> Partition | None:
    """Label all customers by their nearest centroid and move the centroids to their means, until they rest (Lloyd 1982).

    `names` are the d features, `labels` (p,) the points' labels to start from; `fine_cells` is a table of narrower cells, where
    there is one, on which most of the way is gone. What comes back is exact: the labels in `labelled_customers` are those of the
    nearest of the centroids, and sizes and inertia are those of the labels. None says that the points are the customers and nobody
    moved. At rest the centroids are the means of their customers. With very many
    customers it ends before: then they are that to within 1e-3 standard deviations, or the last step had lowered the inertia by
    less than 1e-5 of it. Should a label lose all its customers, the partition before stays. Raises InputError where there is none:
    at the first step from points that are a sample.
    """
    centroids = points.centroids(labels)
    if fine_cells:
        centroids = _moved(connection, names, centroids, fine_cells)
    settled: tuple[Floats, Labels, float] | None = None  # centroids, and the sizes and the inertia of the labels nearest to them
    last = np.inf
    for step in range(1, _MOST_STEPS + 1):
        found, means, inertia = _step(connection, names, centroids)
        if len(found) < len(centroids):
            break
        settled = centroids, found, inertia
        shift = float(np.abs(means - centroids).max())
        is_small = shift < _SMALL_SHIFT or last - inertia < _SMALL_GAIN * inertia
        if shift <= _REST or (is_small and step * points.count_customers >= _WORK):
            break
        centroids, last = means, inertia
    if settled is None and points.is_sample:
        raise InputError(f"{len(centroids)} segments cannot be told apart: nobody is nearest to the centre of one of them")
    if settled is None:
        label_by_point(connection, labels)
        return None if points.are_customers else Partition.of_points(points, labels)
    _label_by_centroid(connection, names, settled[0])
    if points.are_customers and step == 1:
        return None
    return Partition(_sample_labels(connection), settled[1], settled[0], settled[2])


def _moved(connection: duckdb.DuckDBPyConnection, names: Sequence[str], centroids: Floats, cells: str) -> Floats:
    """(k, d): the centroids once they hardly move among the means of cells, or where one of them would lose all of its cells."""
    for _ in range(_MOST_STEPS):
        found, means, _inertia = _step(connection, names, centroids, cells, "_weight")
        if len(found) < len(centroids) or float(np.abs(means - centroids).max()) < _SMALL_SHIFT / 10:
            break
        centroids = means
    return centroids


def label_by_point(connection: duckdb.DuckDBPyConnection, labels: Labels) -> None:
    """Give every customer the label of their point: `labels` (p,)."""
    fill(connection, "point_labels", {"label": labels})
    connection.execute(
        "create or replace temporary view labelled_customers as "
        "select customers.*, point_labels.label from customer_points as customers inner join point_labels using (point_id)"
    )


def distances(names: Sequence[str], centroids: Floats) -> list[str]:
    """Per centroid (k, d) the SQL of a customer's Euclidean distance to it."""
    return [
        f"sqrt({' + '.join(_square(f'({name} - {_number(value)})') for name, value in zip(names, row, strict=True))})"
        for row in centroids.tolist()
    ]


def _square(difference: str) -> str:
    return f"{difference} * {difference}"  # a power takes ten times as long


def _number(value: float) -> str:
    """A double as SQL, to the last bit: without an exponent DuckDB would read a decimal."""
    text = repr(float(value))
    return f"({text if 'e' in text else text + 'e0'})"


def fill(connection: duckdb.DuckDBPyConnection, table: str, arrays: dict[str, np.ndarray], customer_id: Sequence[str] = ()) -> None:
    """Make a temporary table of equally long arrays, numbered by point_id, or keyed by customer_id where given."""
    given: dict[str, np.ndarray] = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    if customer_id:
        given["customer_id"] = np.array(customer_id, dtype=object)
    else:
        given["point_id"] = np.arange(len(next(iter(arrays.values()))))
    connection.register("given", given)
    connection.execute(f"create or replace temporary table {table} as from given")
    connection.unregister("given")


def _nearest(names: Sequence[str], centroids: Floats, rows: str = "scratch.scaled_customers") -> str:
    """The SQL of all customers, or other rows, with the label of their nearest centroid, the lowest of equals, and the distance."""
    measured = ", ".join(f"{sql} as distance_{label}" for label, sql in enumerate(distances(names, centroids)))
    all_of_them = ", ".join(f"distance_{label}" for label in range(len(centroids)))
    cases = " ".join(f"when distance_{label} then {label}" for label in range(len(centroids)))
    return (
        f"select * exclude ({all_of_them}), least({all_of_them}) as distance, case least({all_of_them}) {cases} end as label "
        f"from (select *, {measured} from {rows})"
    )


def _label_by_centroid(connection: duckdb.DuckDBPyConnection, names: Sequence[str], centroids: Floats) -> None:
    connection.execute(
        "create or replace temporary view labelled_customers as "
        f"select * exclude (distance), cast(null as bigint) as point_id from ({_nearest(names, centroids)})"
    )


def _step(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    centroids: Floats,
    customers: str = "scratch.scaled_customers",
    weight: str = "1",
) -> tuple[Labels, Floats, float]:
    """Sizes and means of the labels that have customers, and the inertia around the centroids; or of cells with their weights."""
    total = f"sum({weight})"
    means = ", ".join(f"sum({weight} * {name}) / {total}" for name in names)
    rows = connection.execute(
        f"select {total}, sum({weight} * distance * distance), {means} "
        f"from ({_nearest(names, centroids, customers)}) group by label order by label"
    ).fetchall()
    values = np.array(rows, dtype=np.float64)
    return values[:, 0].astype(np.int64), values[:, 2:], float(values[:, 1].sum())


def _sample_labels(connection: duckdb.DuckDBPyConnection) -> Labels:
    read = connection.execute(
        "select label from sampled inner join labelled_customers using (customer_id) order by place"
    ).fetchnumpy()
    return np.asarray(read["label"], dtype=np.int64)
