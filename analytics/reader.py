"""Reading the scaled features as points. With few customers each is a point; beyond, a point is a cell of fine bins."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from analytics.cells import make_cells
from analytics.naming import Feature
from analytics.points import Floats, Points
from analytics.scaling import Scaling
from warehouse.errors import InputError

FEW_CUSTOMERS = 5_000
"""Up to this many, every customer is a point, and the result is exactly scikit-learn's and scipy's."""
MOST_CELLS = 20_000
"""Beyond, they are folded into at most this many cells."""
SAMPLE = 5_000
"""Customers on whom the indices of fit are computed where not every customer is a point."""
_RESERVE = 2
"""Customers per cell who are drawn into the sample beside these, should a segment have too few of them."""
_ALIKE = 1e-9
"""A feature whose range is below this part of its size is the same for everyone: the rest may be rounding."""


@dataclass(frozen=True)
class Inputs:
    """The points of one segmentation, with what turns scaled values into ordinary ones."""

    points: Points
    """The points."""
    features: tuple[Feature, ...]
    """The d features, in the order of the points' columns."""
    scaling: Scaling
    """How they are scaled."""
    sample_customers: tuple[str, ...]
    """(s,): the ids of the customers of the sample."""

    @property
    def names(self) -> tuple[str, ...]:
        """(d,): the features' columns."""
        return tuple(feature.name for feature in self.features)


def read_inputs(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Inputs:
    """Read the points of the features `names`, and leave the temporary tables `customer_points` and `sampled` behind.

    `customer_points` has one row per customer: customer_id, point_id and the scaled features; `sampled` one per customer of the
    sample: customer_id and place.
    Raises InputError for a feature that does not exist, that is not finite or that is the same for every customer.
    """
    features, scaling = _read_features(connection, names)
    (count,) = connection.execute("select count(*) from features.customer_features_scaled").fetchone() or (0,)
    if count <= FEW_CUSTOMERS:
        return _read_customers(connection, features, scaling)
    return _read_cells(connection, features, scaling)


def source_fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """The SHA-256 of the customers file; of several, that of their fingerprints in the order of their names."""
    (fingerprint,) = connection.execute(
        """
        select
            case
                when count(*) = 1 then min(source_fingerprint)
                else coalesce(sha256(string_agg(source_fingerprint, ',' order by source_file)), '')
            end
        from raw.sources
        where source = 'customers'
        """
    ).fetchone() or ("",)
    return str(fingerprint)


def _read_features(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> tuple[tuple[Feature, ...], Scaling]:
    known = {
        name: (Feature(name, short or label.lower(), unit), mean, deviation, scale == "log", "features.customer_features")
        for name, short, label, unit, mean, deviation, scale in connection.execute(
            "select feature, short_label, label, unit, mean, standard_deviation, scaling.scale "
            "from features.scaling inner join features.columns on column_name = feature"
        ).fetchall()
    }
    for encoded, short, value in connection.execute(
        "select encoded_column, coalesce(nullif(short_label, ''), column_name), value "
        "from features.category_encoding left join raw.columns using (column_name) where source = 'customers'"
    ).fetchall():
        known[encoded] = (Feature(encoded, f"{short} {value}"), 0.0, 1.0, False, "features.customer_features_scaled")
    for name in names:
        if name not in known:
            raise InputError(f"there is no feature '{name}'; the file has {', '.join(sorted(known))}")
        _, _, deviation, _, source = known[name]
        _refuse_alike(connection, name, deviation, source)
    chosen = [known[name] for name in names]
    features, means, deviations, are_log, _ = zip(*chosen, strict=True)
    return features, Scaling(np.array(means), np.array(deviations), np.array(are_log))


def _refuse_alike(connection: duckdb.DuckDBPyConnection, name: str, deviation: float, source: str) -> None:
    """Raise InputError when the feature, in its own unit in `source`, is alike for all or cannot be computed with."""
    low, high = connection.execute(f"select min({name}), max({name}) from {source}").fetchone() or (0.0, 0.0)
    scaled = connection.execute(f"select min({name}), max({name}) from features.customer_features_scaled").fetchone() or (0.0, 0.0)
    size = max(abs(low), abs(high))
    if low == high:
        raise InputError(f"the feature '{name}' is {low:g} for every customer, so it cannot tell them apart")
    if not all(map(math.isfinite, (low, high, deviation, *scaled))):
        raise InputError(f"the feature '{name}' has values too large to compute with, up to {size:g}")
    if high - low <= _ALIKE * size:
        raise InputError(
            f"the feature '{name}' differs by less than {_ALIKE * size:.1g} between customers, a billionth of its size ({size:g}), "
            "so it cannot tell them apart"
        )


def _read_customers(connection: duckdb.DuckDBPyConnection, features: tuple[Feature, ...], scaling: Scaling) -> Inputs:
    connection.execute(
        "create or replace temporary table customer_points as "
        f"select customer_id, row_number() over (order by customer_id) - 1 as point_id, {_columns(features)} "
        "from features.customer_features_scaled"
    )
    connection.execute("create or replace temporary table sampled as select customer_id, point_id as place from customer_points")
    read = connection.execute(f"select customer_id, {_columns(features)} from customer_points order by point_id").fetchnumpy()
    return Inputs(Points.of_customers(_matrix(read, features)), features, scaling, tuple(map(str, read["customer_id"])))


def _read_cells(connection: duckdb.DuckDBPyConnection, features: tuple[Feature, ...], scaling: Scaling) -> Inputs:
    make_cells(connection, [feature.name for feature in features], MOST_CELLS)
    averages = ", ".join(f"avg({feature.name}) as {feature.name}" for feature in features)
    squares = " + ".join(f"var_pop({feature.name})" for feature in features)
    cells = connection.execute(
        f"select count(*) as weight, count(*) * ({squares}) as scatter, {averages} "
        "from customer_points group by point_id order by point_id"
    ).fetchnumpy()
    count_drawn = _draw_sample(connection)
    sample = connection.execute(
        f"select customer_id, point_id, {_columns(features)} "
        "from sampled inner join customer_points using (customer_id) order by place"
    ).fetchnumpy()
    points = Points(
        means=_matrix(cells, features),
        weights=np.asarray(cells["weight"], dtype=np.float64),
        scatter_within=float(np.asarray(cells["scatter"]).sum()),
        sample=_matrix(sample, features),
        sample_points=np.asarray(sample["point_id"], dtype=np.int64),
        count_drawn=count_drawn,
    )
    return Inputs(points, features, scaling, tuple(map(str, sample["customer_id"])))


def _draw_sample(connection: duckdb.DuckDBPyConnection) -> int:
    """Fill `sampled`: first customers by a hash of their id, the same ones every time, then a few of every cell in reserve.

    Returns how many are the first.
    """
    connection.execute(
        f"""
        create or replace temporary table sampled as
        with first as (
            select customer_id
            from customer_points
            order by hash(customer_id), customer_id
            limit {SAMPLE}
        ),

        reserve as (
            select unnest(arg_min(customer_id, hash(customer_id), {_RESERVE})) as customer_id
            from customer_points
            group by point_id
        ),

        chosen as (
            select customer_id, true as is_first from first
            union all
            select customer_id, false as is_first from reserve anti join first using (customer_id)
        )

        select customer_id, is_first, row_number() over (order by is_first desc, hash(customer_id), customer_id) - 1 as place
        from chosen
        """
    )
    (count,) = connection.execute("select count(*) from sampled where is_first").fetchone() or (0,)
    return int(count)


def _matrix(read: Mapping[str, Any], features: Sequence[Feature]) -> Floats:
    return np.column_stack([read[feature.name] for feature in features]).astype(np.float64)


def _columns(features: Sequence[Feature]) -> str:
    return ", ".join(feature.name for feature in features)
