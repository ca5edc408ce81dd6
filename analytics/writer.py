"""Writing a clustering back: the tables of the segments schema, filled in SQL from small temporary tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np

from analytics.assign import distances, fill
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
    colours: Labels
    """(k,): the place in the palette of each label's segment."""
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
    """Fill every table of the segments schema with one clustering; `labelled_customers` must hold its customers."""
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
    """Measure in SQL how far every customer is from the centroid of their own segment and of the nearest other one."""
    chosen, tree = clustering.chosen, clustering.tree
    drawn = [inputs.sample_customers[place] for place in chosen.drawn]
    fill(connection, "sample_silhouettes", {"silhouette": chosen.silhouettes}, customer_id=drawn)
    fill(connection, "point_leaves", {"leaf_id": tree.leaves if tree else np.zeros(0, dtype=np.int64)})
    connection.execute(
        f"""
        insert into segments.assignments
        with told as (
            {_told(inputs.names, clustering)}
        )

        select
            $run_id,
            told.customer_id,
            $segmentation,
            $algorithm,
            told.segment_id,
            told.second_segment_id,
            point_leaves.leaf_id,
            told.distance,
            told.second_distance - told.distance,
            sample_silhouettes.silhouette
        from told
        left join sample_silhouettes using (customer_id)
        left join point_leaves using (point_id)
        order by told.customer_id
        """,
        {"run_id": run.run_id, "segmentation": clustering.segmentation.name, "algorithm": clustering.algorithm},
    )


def _told(names: Sequence[str], clustering: Clustering) -> str:
    """The SQL of all customers with their own segment and the nearest other one, the lowest id of equals, and the distances."""
    ids = clustering.ids.tolist()
    measured = ", ".join(f"{sql} as distance_{label}" for label, sql in enumerate(distances(names, clustering.centroids)))
    others = {label: f"if(label <> {label}, distance_{label}, null)" for label in np.argsort(clustering.ids).tolist()}
    segments = " ".join(f"when {label} then {segment}" for label, segment in enumerate(ids))
    own = " ".join(f"when {label} then distance_{label}" for label in range(len(ids)))
    seconds = " ".join(f"when {other} then {ids[label]}" for label, other in others.items())
    return f"""
            select
                customer_id,
                point_id,
                case label {segments} end as segment_id,
                case label {own} end as distance,
                least({", ".join(others.values())}) as second_distance,
                case second_distance {seconds} end as second_segment_id
            from (select *, {measured} from labelled_customers)
    """.strip()


def _write_segments(connection: duckdb.DuckDBPyConnection, run: Run, clustering: Clustering) -> None:
    connection.executemany(
        """
        insert into segments.segments by name
        select
            $run_id as run_id,
            $segmentation as segmentation,
            $algorithm as algorithm,
            $segment_id as segment_id,
            $segment_name as segment_name,
            $colour as colour,
            count(*) filter (segment_id = $segment_id) as size,
            count(*) filter (segment_id = $segment_id) / count(*) as share
        from segments.assignments
        where segmentation = $segmentation and algorithm = $algorithm
        """,
        [
            {
                "run_id": run.run_id,
                "segmentation": clustering.segmentation.name,
                "algorithm": clustering.algorithm,
                "segment_id": int(clustering.ids[label]),
                "segment_name": clustering.names[label],
                "colour": int(clustering.colours[label]),
            }
            for label in np.argsort(clustering.ids)
        ],
    )


def _write_run(connection: duckdb.DuckDBPyConnection, run: Run, position: int, inputs: Inputs, clustering: Clustering) -> None:
    chosen, choice, segmentation = clustering.chosen, clustering.choice, clustering.segmentation
    connection.execute(
        """
        insert into segments.runs
        select $run_id, $segmentation, $algorithm, $title, $position, $features, $k, $chosen_by, $reason, count(*), $n_points,
            $n_silhouettes, $inertia, $silhouette, $davies_bouldin, $calinski_harabasz, $seed, $created_at, $fingerprint
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
            "n_silhouettes": len(chosen.drawn),
            "inertia": chosen.inertia,
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


def _write_merges(connection: duckdb.DuckDBPyConnection, run: Run, segmentation: str, tree: Tree) -> None:
    count_leaves = len(tree.merges) + 1
    left, right, height, size = tree.merges.T
    fill(connection, "new_merges", {"left_id": left, "right_id": right, "height": height, "size": size})
    connection.execute(
        "insert into segments.merges select $run_id, $segmentation, $count_leaves + point_id, left_id, right_id, size, height "
        "from new_merges order by point_id",
        {"run_id": run.run_id, "segmentation": segmentation, "count_leaves": count_leaves},
    )
