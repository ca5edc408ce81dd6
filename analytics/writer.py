"""Writing a clustering back: the tables of the segments schema, filled in SQL from small temporary tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np

from analytics.evidence import Choice, Evaluation
from analytics.hierarchical import Tree
from analytics.points import Floats, Labels
from analytics.reader import Inputs
from analytics.segmentations import Segmentation


@dataclass(frozen=True)
class Clustering:
    """One segmentation by one algorithm, ready to be written."""

    segmentation: Segmentation
    algorithm: str
    """kmeans or hierarchical."""
    evaluations: Sequence[Evaluation]
    """Every k tried."""
    choice: Choice
    """The k chosen."""
    ids: Labels
    """(k,): the segment id of each label."""
    names: Sequence[str]
    """(k,): the name of each label's segment."""
    centroids: Floats
    """(k, d): the centroid of each label, scaled units."""
    tree: Tree | None = None
    """The dendrogram, for hierarchical."""

    @property
    def chosen(self) -> Evaluation:
        """The partition of the chosen k."""
        return next(evaluation for evaluation in self.evaluations if evaluation.k == self.choice.k)


@dataclass(frozen=True)
class Run:
    """What all clusterings of a refresh have in common."""

    run_id: int
    seed: int
    created_at: datetime
    source_fingerprint: str


def write_clustering(
    connection: duckdb.DuckDBPyConnection, run: Run, position: int, inputs: Inputs, clustering: Clustering
) -> None:
    """Fill every table of the segments schema with one clustering; `customer_points` must hold its customers."""
    _write_centroids(connection, run, inputs, clustering)
    _write_assignments(connection, run, inputs, clustering)
    _write_segments(connection, run, clustering)
    _write_run(connection, run, position, inputs, clustering)
    _write_evaluations(connection, run, clustering)
    if clustering.tree is not None:
        _write_merges(connection, run, clustering.segmentation.name, clustering.tree)


def _write_centroids(connection: duckdb.DuckDBPyConnection, run: Run, inputs: Inputs, clustering: Clustering) -> None:
    values = inputs.in_units(clustering.centroids)
    connection.executemany(
        "insert into segments.centroids values (?, ?, ?, ?, ?, ?, ?)",
        [
            (run.run_id, clustering.segmentation.name, clustering.algorithm, int(segment), feature.name, scaled, value)
            for segment, scaled_row, row in zip(clustering.ids, clustering.centroids.tolist(), values.tolist(), strict=True)
            for feature, scaled, value in zip(inputs.features, scaled_row, row, strict=True)
        ],
    )


def _write_assignments(connection: duckdb.DuckDBPyConnection, run: Run, inputs: Inputs, clustering: Clustering) -> None:
    """Assign in SQL: to the nearest centroid for kmeans, to the segment of the customer's point for hierarchical."""
    chosen, tree = clustering.chosen, clustering.tree
    _fill(
        connection,
        "point_segments",
        {"segment_id": clustering.ids[chosen.labels], "leaf_id": tree.leaves if tree else chosen.labels},
    )
    _fill(connection, "sample_silhouettes", {"silhouette": chosen.silhouettes}, customer_id=inputs.sample_customers)
    _fill(
        connection,
        "centres",
        {"segment_id": clustering.ids}
        | {f.name: column for f, column in zip(inputs.features, clustering.centroids.T, strict=True)},
    )
    own = "point_segments.segment_id" if tree else "nearest.segment_id"
    squares = " + ".join(f"(customer_points.{f.name} - centres.{f.name}) ** 2" for f in inputs.features)
    connection.execute(
        f"""
        insert into segments.assignments
        with distances as (
            select
                customer_points.customer_id,
                customer_points.point_id,
                centres.segment_id,
                sqrt({squares}) as distance
            from customer_points
            cross join centres
        ),

        nearest as (
            select customer_id, min({{'distance': distance, 'segment_id': segment_id}}).segment_id as segment_id
            from distances
            group by customer_id
        ),

        own as (
            select distances.*, {own} as own_segment_id, point_segments.leaf_id
            from distances
            inner join nearest using (customer_id)
            inner join point_segments using (point_id)
        ),

        assigned as (
            select
                customer_id,
                any_value(own_segment_id) as segment_id,
                any_value(leaf_id) as leaf_id,
                max(distance) filter (segment_id = own_segment_id) as distance,
                min({{'distance': distance, 'segment_id': segment_id}}) filter (segment_id <> own_segment_id) as second
            from own
            group by customer_id
        )

        select
            $run_id,
            assigned.customer_id,
            $segmentation,
            $algorithm,
            assigned.segment_id,
            assigned.second.segment_id,
            {"assigned.leaf_id" if tree else "null"},
            assigned.distance,
            assigned.second.distance - assigned.distance,
            sample_silhouettes.silhouette
        from assigned
        left join sample_silhouettes using (customer_id)
        order by assigned.customer_id
        """,
        {"run_id": run.run_id, "segmentation": clustering.segmentation.name, "algorithm": clustering.algorithm},
    )


def _write_segments(connection: duckdb.DuckDBPyConnection, run: Run, clustering: Clustering) -> None:
    connection.executemany(
        """
        insert into segments.segments
        select $1, $2, $3, $4, $5, $4 - 1, count(*) filter (segment_id = $4), count(*) filter (segment_id = $4) / count(*)
        from segments.assignments
        where segmentation = $2 and algorithm = $3
        """,
        [
            (run.run_id, clustering.segmentation.name, clustering.algorithm, int(segment), name)
            for segment, name in sorted(zip(clustering.ids, clustering.names, strict=True))
        ],
    )


def _write_run(connection: duckdb.DuckDBPyConnection, run: Run, position: int, inputs: Inputs, clustering: Clustering) -> None:
    chosen, choice, segmentation = clustering.chosen, clustering.choice, clustering.segmentation
    connection.execute(
        """
        insert into segments.runs
        select $run_id, $segmentation, $algorithm, $title, $position, $features, $k, $chosen_by, $reason, count(*), $n_points,
            $n_silhouettes, sum(distance ** 2), $silhouette, $davies_bouldin, $calinski_harabasz, $seed, $created_at, $fingerprint
        from segments.assignments
        where segmentation = $segmentation and algorithm = $algorithm
        """,
        {
            "run_id": run.run_id,
            "segmentation": segmentation.name,
            "algorithm": clustering.algorithm,
            "title": segmentation.title,
            "position": position,
            "features": list(segmentation.features),
            "k": choice.k,
            "chosen_by": choice.chosen_by,
            "reason": choice.reason,
            "n_points": len(inputs.points.means),
            "n_silhouettes": len(inputs.points.sample),
            "silhouette": chosen.silhouette,
            "davies_bouldin": chosen.davies_bouldin,
            "calinski_harabasz": chosen.calinski_harabasz,
            "seed": run.seed,
            "created_at": run.created_at,
            "fingerprint": run.source_fingerprint,
        },
    )


def _write_evaluations(connection: duckdb.DuckDBPyConnection, run: Run, clustering: Clustering) -> None:
    connection.executemany(
        "insert into segments.k_evaluation values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                run.run_id,
                clustering.segmentation.name,
                clustering.algorithm,
                evaluation.k,
                evaluation.k == clustering.choice.k,
                evaluation.smallest_segment,
                evaluation.inertia,
                evaluation.silhouette,
                evaluation.davies_bouldin,
                evaluation.calinski_harabasz,
            )
            for evaluation in clustering.evaluations
        ],
    )

    connection.execute(
        """
        update segments.k_evaluation as evaluation
        set inertia = runs.inertia, smallest_segment = segments.smallest
        from segments.runs as runs
        inner join (
            select segmentation, algorithm, min(size) as smallest
            from segments.segments
            group by segmentation, algorithm
        ) as segments using (segmentation, algorithm)
        where
            evaluation.is_chosen
            and evaluation.segmentation = runs.segmentation
            and evaluation.algorithm = runs.algorithm
        """
    )  # what was computed on cells gives way to what every customer's assignment says


def _write_merges(connection: duckdb.DuckDBPyConnection, run: Run, segmentation: str, tree: Tree) -> None:
    count_leaves = len(tree.merges) + 1
    left, right, height, size = tree.merges.T
    _fill(connection, "new_merges", {"left_id": left, "right_id": right, "height": height, "size": size})
    connection.execute(
        "insert into segments.merges select $run_id, $segmentation, $count_leaves + point_id, left_id, right_id, size, height "
        "from new_merges order by point_id",
        {"run_id": run.run_id, "segmentation": segmentation, "count_leaves": count_leaves},
    )


def _fill(
    connection: duckdb.DuckDBPyConnection, table: str, arrays: dict[str, np.ndarray], customer_id: Sequence[str] = ()
) -> None:
    """Make a temporary table of equally long arrays, numbered by point_id, or keyed by customer_id where given."""
    given: dict[str, np.ndarray] = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    if customer_id:
        given["customer_id"] = np.array(customer_id, dtype=object)
    else:
        given["point_id"] = np.arange(len(next(iter(arrays.values()))))
    connection.register("given", given)
    connection.execute(f"create or replace temporary table {table} as from given")
    connection.unregister("given")
