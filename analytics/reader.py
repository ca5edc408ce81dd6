"""Reading the scaled features as points. With few customers each is a point; beyond, a point is a cell of fine bins."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from analytics.naming import Feature
from analytics.points import Floats, Points
from warehouse.errors import InputError

FEW_CUSTOMERS = 5_000
"""Up to this many, every customer is a point, and the result is exactly scikit-learn's and scipy's."""
MOST_CELLS = 20_000
"""Beyond, bins are widened until there are at most this many cells."""
_FIRST_WIDTH = 0.05
"""Width of the finest bins, in standard deviations."""
SAMPLE = 5_000
"""Customers on whom the indices of fit are computed where not every customer is a point."""


@dataclass(frozen=True)
class Inputs:
    """The points of one segmentation, with what turns scaled values into ordinary ones."""

    points: Points
    """The points."""
    features: tuple[Feature, ...]
    """The d features, in the order of the points' columns."""
    means: Floats
    """(d,): mean of each feature in its own unit."""
    deviations: Floats
    """(d,): population standard deviation of each feature in its own unit."""
    sample_customers: tuple[str, ...]
    """(s,): the ids of the customers of the sample."""

    def in_units(self, scaled: Floats) -> Floats:
        """Scaled values (…, d) in the features' own units."""
        return scaled * self.deviations + self.means


def read_inputs(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Inputs:
    """Read the points of the features `names`, and leave the temporary table `customer_points` behind.

    The table has one row per customer: customer_id, point_id and the scaled features.
    Raises InputError for a feature that does not exist or that is the same for every customer.
    """
    features, means, deviations = _read_features(connection, names)
    (count,) = connection.execute("select count(*) from features.customer_features_scaled").fetchone() or (0,)
    if count <= FEW_CUSTOMERS:
        return _read_customers(connection, features, means, deviations)
    return _read_cells(connection, features, means, deviations)


def _read_features(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> tuple[tuple[Feature, ...], Floats, Floats]:
    known = {
        name: (Feature(name, short or label.lower(), unit), mean, deviation)
        for name, short, label, unit, mean, deviation in connection.execute(
            "select feature, short_label, label, unit, mean, standard_deviation "
            "from features.scaling inner join raw.columns on column_name = feature"
        ).fetchall()
    }
    for encoded, column, value in connection.execute(
        "select encoded_column, column_name, value from features.category_encoding"
    ).fetchall():
        known[encoded] = (Feature(encoded, f"{column} {value}"), 0.0, 1.0)
    for name in names:
        if name not in known:
            raise InputError(f"there is no feature '{name}'; the file has {', '.join(sorted(known))}")
        if not known[name][2]:
            raise InputError(f"the feature '{name}' is {known[name][1]:g} for every customer, so it cannot tell them apart")
    chosen = [known[name] for name in names]
    return (
        tuple(feature for feature, _, _ in chosen),
        np.array([mean for _, mean, _ in chosen]),
        np.array([deviation for _, _, deviation in chosen]),
    )


def _read_customers(
    connection: duckdb.DuckDBPyConnection, features: tuple[Feature, ...], means: Floats, deviations: Floats
) -> Inputs:
    connection.execute(
        "create or replace temporary table customer_points as "
        f"select customer_id, row_number() over (order by customer_id) - 1 as point_id, {_columns(features)} "
        "from features.customer_features_scaled"
    )
    read = connection.execute(f"select customer_id, {_columns(features)} from customer_points order by point_id").fetchnumpy()
    values = np.column_stack([read[feature.name] for feature in features]).astype(np.float64)
    return Inputs(Points.of_customers(values), features, means, deviations, tuple(map(str, read["customer_id"])))


def _read_cells(connection: duckdb.DuckDBPyConnection, features: tuple[Feature, ...], means: Floats, deviations: Floats) -> Inputs:
    _make_cells(connection, features)
    averages = ", ".join(f"avg({feature.name}) as {feature.name}" for feature in features)
    squares = " + ".join(f"var_pop({feature.name})" for feature in features)
    cells = connection.execute(
        f"select count(*) as weight, count(*) * ({squares}) as scatter, {averages} "
        "from customer_points group by point_id order by point_id"
    ).fetchnumpy()
    sample = connection.execute(
        f"select customer_id, point_id, {_columns(features)} from customer_points "
        f"order by hash(customer_id), customer_id limit {SAMPLE}"
    ).fetchnumpy()
    points = Points(
        means=np.column_stack([cells[feature.name] for feature in features]).astype(np.float64),
        weights=np.asarray(cells["weight"], dtype=np.float64),
        scatter_within=float(np.asarray(cells["scatter"]).sum()),
        sample=np.column_stack([sample[feature.name] for feature in features]).astype(np.float64),
        sample_points=np.asarray(sample["point_id"], dtype=np.int64),
    )
    return Inputs(points, features, means, deviations, tuple(map(str, sample["customer_id"])))


def _make_cells(connection: duckdb.DuckDBPyConnection, features: tuple[Feature, ...]) -> None:
    """Number the occupied cells in `customer_points`, with bins just wide enough that they are not too many."""
    width = _FIRST_WIDTH
    while True:
        bins = ", ".join(f"cast(floor({feature.name} / {width}) as integer)" for feature in features)
        (count,) = connection.execute(
            f"select count(*) from (select distinct {bins} from features.customer_features_scaled)"
        ).fetchone() or (0,)
        if count <= MOST_CELLS:
            break
        width *= 1.5
    named = ", ".join(f"cast(floor({feature.name} / {width}) as integer) as bin_{place}" for place, feature in enumerate(features))
    keys = ", ".join(f"bin_{place}" for place in range(len(features)))
    connection.execute(
        f"""
        create or replace temporary table customer_points as
        with customers as (
            select customer_id, {_columns(features)}, {named} from features.customer_features_scaled
        ),
        cells as (
            select {keys}, row_number() over (order by {keys}) - 1 as point_id
            from (select distinct {keys} from customers)
        )
        select customer_id, point_id, {_columns(features)} from customers inner join cells using ({keys})
        """
    )


def _columns(features: Sequence[Feature]) -> str:
    return ", ".join(feature.name for feature in features)
