"""Reading the scaled features as points. With few customers each is a point; beyond, a point is a cell of fine bins.

Where features are so many that there would be as many cells as customers, K-Means sees a weighted sample, and Ward cells around it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from analytics.assign import fill
from analytics.cells import make_cells
from analytics.coreset import draw_coreset, fold
from analytics.draw import number_of
from analytics.hierarchical import MICRO_CLUSTERS
from analytics.naming import Feature
from analytics.points import Points, matrix
from analytics.scaling import Scaling
from analytics.stays import before_of_customers
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
    """The points that K-Means sees."""
    leaves: Points | None
    """Those that Ward's method sees, where they are the same; None where features are many (see read_leaves)."""
    features: tuple[Feature, ...]
    """The d features, in the order of the points' columns."""
    scaling: Scaling
    """How they are scaled."""
    sample_customers: tuple[str, ...]
    """(s,): the ids of the customers of the sample."""

    fine_cells: str = ""
    """The temporary table of narrower cells than the points are; empty where there is none."""

    @property
    def names(self) -> tuple[str, ...]:
        """(d,): the features' columns."""
        return tuple(feature.name for feature in self.features)


def hold_customers(
    connection: duckdb.DuckDBPyConnection, names: Iterable[str], clusterings: Sequence[tuple[str, str]] = ()
) -> None:
    """Put the scaled features `names` of all customers into `scratch.scaled_customers`, in the order of their ids.

    Beside them stand `_draw`, the number by which a customer is drawn, and, for the `clusterings` (segmentation, algorithm), who
    was where before. The views that make the features read, trim and cast the text of the source, each time they are asked. A name
    that is no feature is left out: read_inputs refuses it.
    """
    there = {column[0] for column in connection.execute("from features.customer_features_scaled limit 0").description}
    features = [f"customers.{name}" for name in dict.fromkeys(names) if name in there]
    before, joins = before_of_customers(connection, clusterings)
    connection.execute(
        f"""
        create or replace table scratch.scaled_customers as
        select {", ".join(["customers.customer_id", *features, f"{number_of('customers.customer_id')} as _draw", *before])}
        from features.customer_features_scaled as customers
        {joins}
        order by customers.customer_id
        """
    )


def read_inputs(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Inputs:
    """Read the points of the features `names` from `scratch.scaled_customers`; leave `customer_points` and `sampled` behind.

    `customer_points`, temporary, has one row per customer: customer_id, point_id and the scaled features (where features are many
    once read_leaves was asked); `sampled` one per customer of the sample: customer_id and place.
    Raises InputError for a feature that does not exist, that is not finite or that is the same for every customer.
    """
    features, scaling = _read_features(connection, names)
    (count,) = connection.execute("select count(*) from scratch.scaled_customers").fetchone() or (0,)
    if count <= FEW_CUSTOMERS:
        return _read_customers(connection, features, scaling)
    return _read_many(connection, features, scaling)


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
        known[encoded] = (Feature(encoded, f"{short} {value}"), 0.0, 1.0, False, "scratch.scaled_customers")
    for name in names:
        if name not in known:
            raise InputError(f"there is no feature '{name}'; the file has {', '.join(sorted(known))}")
    chosen = [known[name] for name in names]
    features, means, deviations, are_log, sources = zip(*chosen, strict=True)
    ranges = _ranges(connection, dict(zip(names, sources, strict=True)))
    scaled_ranges = _ranges(connection, dict.fromkeys(names, "scratch.scaled_customers"))
    for name, deviation in zip(names, deviations, strict=True):
        _refuse_alike(name, ranges[name], (deviation, *scaled_ranges[name]))
    return features, Scaling(np.array(means), np.array(deviations), np.array(are_log))


def _ranges(connection: duckdb.DuckDBPyConnection, sources: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """By column its least and greatest value; `sources` says in which relation it is."""
    found: dict[str, tuple[float, float]] = {}
    for source in dict.fromkeys(sources.values()):
        names = [name for name, own in sources.items() if own == source]
        row = connection.execute(f"select {', '.join(f'min({name}), max({name})' for name in names)} from {source}").fetchone()
        assert row is not None
        found.update(zip(names, zip(row[::2], row[1::2], strict=True), strict=True))
    return found


def _refuse_alike(name: str, values: tuple[float, float], scaled: tuple[float, ...]) -> None:
    """Raise InputError when the feature, between two `values` in its own unit, is alike for all or cannot be computed with."""
    low, high = values
    size = max(abs(low), abs(high))
    if low == high:
        raise InputError(f"the feature '{name}' is {low:g} for every customer, so it cannot tell them apart")
    if not all(map(math.isfinite, (*values, *scaled))):
        raise InputError(f"the feature '{name}' has values too large to compute with, up to {size:g}")
    if high - low <= _ALIKE * size:
        raise InputError(
            f"the feature '{name}' differs by less than {_ALIKE * size:.1g} between customers, a billionth of its size ({size:g}), "
            "so it cannot tell them apart"
        )


def _read_customers(connection: duckdb.DuckDBPyConnection, features: tuple[Feature, ...], scaling: Scaling) -> Inputs:
    connection.execute(
        "create or replace temporary view customer_points as "
        "select row_number() over (order by customer_id) - 1 as point_id, * from scratch.scaled_customers"
    )
    connection.execute("create or replace temporary table sampled as select customer_id, point_id as place from customer_points")
    names = [feature.name for feature in features]
    read = connection.execute(f"select customer_id, {', '.join(names)} from customer_points order by point_id").fetchnumpy()
    points = Points.of_customers(matrix(read, names))
    return Inputs(points, points, features, scaling, tuple(map(str, read["customer_id"])))


def _read_many(connection: duckdb.DuckDBPyConnection, features: tuple[Feature, ...], scaling: Scaling) -> Inputs:
    names = [feature.name for feature in features]
    if make_cells(connection, names, MOST_CELLS):
        count_drawn = _draw_sample(connection)
        points, customers = _cells(connection, names, count_drawn)
        return Inputs(points, points, features, scaling, customers, "fine_cells")
    coreset = draw_coreset(connection, names, MOST_CELLS)
    places = np.arange(len(coreset.values), dtype=np.int64)
    fill(connection, "sampled", {"place": places}, customer_id=coreset.customers)
    points = Points(coreset.values, coreset.weights, 0.0, coreset.values, places, min(SAMPLE, coreset.count_even), is_sample=True)
    return Inputs(points, None, features, scaling, coreset.customers)


def read_leaves(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> Points:
    """The points that Ward's method sees, each customer in one of them by `customer_points`: those of the inputs, or all folded."""
    if inputs.leaves is not None:
        return inputs.leaves
    fold(connection, inputs.names, inputs.points.means, inputs.points.weights, MICRO_CLUSTERS)
    leaves, _ = _cells(connection, inputs.names, inputs.points.count_sampled)
    return leaves


def _cells(connection: duckdb.DuckDBPyConnection, names: Sequence[str], count_drawn: int) -> tuple[Points, tuple[str, ...]]:
    """The temporary tables `cells` and `sampled` as points, and the ids of the sample."""
    columns = ", ".join(names)
    cells = connection.execute(f"select _weight, _scatter, {columns} from cells order by point_id").fetchnumpy()
    sample = connection.execute(
        f"select customer_id, point_id, {columns} from sampled inner join customer_points using (customer_id) order by place"
    ).fetchnumpy()
    points = Points(
        means=matrix(cells, names),
        weights=np.asarray(cells["_weight"], dtype=np.float64),
        scatter_within=float(np.asarray(cells["_scatter"]).sum()),
        sample=matrix(sample, names),
        sample_points=np.asarray(sample["point_id"], dtype=np.int64),
        count_drawn=count_drawn,
    )
    return points, tuple(map(str, sample["customer_id"]))


def _draw_sample(connection: duckdb.DuckDBPyConnection) -> int:
    """Fill `sampled`: first customers by a hash of their id, the same ones every time, then a few of every cell in reserve.

    Returns how many are the first.
    """
    connection.execute(
        f"""
        create or replace temporary table sampled as
        with first as (
            select customer_id, _draw
            from scratch.scaled_customers
            order by _draw, customer_id
            limit {SAMPLE}
        ),

        reserve as (
            select unnest(arg_min({{'customer_id': customer_id, '_draw': _draw}}, _draw, {_RESERVE})) as kept
            from customer_points
            where _draw > (select max(_draw) from first)
            group by point_id
        ),

        chosen as (
            select customer_id, _draw, true as is_first from first
            union all
            select kept.customer_id, kept._draw, false as is_first from reserve
        )

        select customer_id, is_first, row_number() over (order by is_first desc, _draw, customer_id) - 1 as place
        from chosen
        """
    )
    (count,) = connection.execute("select count(*) from sampled where is_first").fetchone() or (0,)
    return int(count)
