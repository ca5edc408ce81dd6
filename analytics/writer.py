"""Writing a clustering back: the tables of the segments schema, filled in SQL from small temporary tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np

from analytics.assign import distances, fill
from analytics.choice import Choice
from analytics.evidence import Evaluation
from analytics.hierarchical import Tree
from analytics.labels import Called
from analytics.points import Floats, Labels, Points
from analytics.reader import Inputs
from analytics.segmentations import Segmentation
from analytics.stability import Stability
from analytics.support import Support
from warehouse.history import stay_columns


@dataclass(frozen=True)
class Clustering:
    """One segmentation by one algorithm, ready to be written."""

    segmentation: Segmentation
    algorithm: str
    """kmeans or hierarchical."""
    points: Points
    """What the algorithm saw."""
    evaluations: Sequence[Evaluation]
    """Every k tried."""
    supports: Mapping[int, Support]
    """By k, and for 1, how far the customers support it."""
    choice: Choice
    """The k chosen."""
    chosen: Evaluation
    """Its partition."""
    stability: Stability
    """How firmly that stands."""
    ids: Labels
    """(k,): the segment id of each label."""
    colours: Labels
    """(k,): the place in the palette of each label's segment."""
    called: Called
    """What each label's segment is called."""
    centroids: Floats
    """(k, d): the centroid of each label, scaled units."""
    tree: Tree | None = None
    """The dendrogram, for hierarchical."""


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
    _write_run(connection, run, position, clustering)
    _write_evaluations(connection, run, clustering)
    _write_votes(connection, run, clustering)
    if clustering.tree is not None:
        _write_merges(connection, run, clustering.segmentation.name, clustering.tree)


def write_scaling(connection: duckdb.DuckDBPyConnection, run: Run, segmentation: Segmentation) -> None:
    """Keep how the customers were imputed, encoded and scaled for a segmentation: with the centroids, the whole model of a run."""
    connection.execute(
        """
        insert into segments.scaling by name
        with chosen as (
            select unnest($features) as feature, generate_subscripts($features, 1) as position
        )

        select
            $run_id as run_id,
            $segmentation as segmentation,
            chosen.feature,
            chosen.position,
            coalesce(scaling.scale, 'linear') as scale,
            coalesce(scaling.mean, 0) as mean,
            coalesce(nullif(scaling.standard_deviation, 0), 1) as standard_deviation,
            imputation.imputed_value,
            encoding.column_name as category_column,
            encoding.value as category_value
        from chosen
        left join features.scaling as scaling using (feature)
        left join features.imputation as imputation using (feature)
        left join features.category_encoding as encoding on encoding.encoded_column = chosen.feature
        order by chosen.position
        """,
        {"run_id": run.run_id, "segmentation": segmentation.name, "features": list(segmentation.features)},
    )


def _write_centroids(connection: duckdb.DuckDBPyConnection, run: Run, inputs: Inputs, clustering: Clustering) -> None:
    values = inputs.scaling.in_units(clustering.centroids)
    which = (run.run_id, clustering.segmentation.name, clustering.algorithm)
    connection.executemany(
        "insert into segments.centroids values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*which, int(segment), feature.name, float(scaled), _or_null(error), float(value))
            for segment, *rows in zip(clustering.ids, clustering.centroids, clustering.stability.mean_error, values, strict=True)
            for feature, scaled, error, value in zip(inputs.features, *rows, strict=True)
        ],
    )


def _write_assignments(connection: duckdb.DuckDBPyConnection, run: Run, inputs: Inputs, clustering: Clustering) -> None:
    """Measure in SQL how far every customer is from the centroid of their own segment and of the nearest other one."""
    chosen, tree = clustering.chosen, clustering.tree
    segment_before, since = stay_columns(clustering.segmentation.name, clustering.algorithm)
    drawn = [inputs.sample_customers[place] for place in chosen.drawn]
    fill(connection, "sample_silhouettes", {"silhouette": chosen.silhouettes}, customer_id=drawn)
    fill(connection, "point_leaves", {"leaf_id": tree.leaves if tree else np.zeros(0, dtype=np.int64)})
    connection.execute(
        f"""
        insert into segments.assignments by name
        with told as (
            {_told(inputs.names, clustering, [segment_before, since])}
        )

        select
            $run_id as run_id,
            told.customer_id,
            $segmentation as segmentation,
            $algorithm as algorithm,
            told.segment_id,
            told.second_segment_id,
            point_leaves.leaf_id,
            told.distance,
            told.second_distance - told.distance as margin,
            sample_silhouettes.silhouette,
            if(told.segment_id = told.{segment_before}, coalesce(told.{since}, $run_id), $run_id) as from_run_id
        from told
        left join sample_silhouettes using (customer_id)
        left join point_leaves using (point_id)
        order by told.customer_id
        """,
        {"run_id": run.run_id, "segmentation": clustering.segmentation.name, "algorithm": clustering.algorithm},
    )


def _told(names: Sequence[str], clustering: Clustering, further: Sequence[str] = ()) -> str:
    """The SQL of all customers with their own segment, the nearest other one, the distances, and `further` columns.

    Of equally near ones the lowest id counts; for the own segment of K-Means too, whatever the label, so that the centroids alone
    tell it.
    """
    ids, by_id = clustering.ids.tolist(), np.argsort(clustering.ids).tolist()
    measured = ", ".join(f"{sql} as distance_{label}" for label, sql in enumerate(distances(names, clustering.centroids)))
    customers = f"(select *, {measured} from labelled_customers)"
    own = f"case label {' '.join(f'when {label} then distance_{label}' for label in by_id)} end"
    if clustering.tree is None:
        least = f"least({', '.join(f'distance_{label}' for label in by_id)})"
        first = f"case {least} {' '.join(f'when distance_{label} then {label}' for label in by_id)} end"
        customers = f"(select * replace (if({own} = {least}, {first}, label) as label) from {customers})"
    others = {label: f"if(label <> {label}, distance_{label}, null)" for label in by_id}
    segments = " ".join(f"when {label} then {segment}" for label, segment in enumerate(ids))
    seconds = " ".join(f"when {other} then {ids[label]}" for label, other in others.items())
    return f"""
            select
                {", ".join(["customer_id", "point_id", *further])},
                case label {segments} end as segment_id,
                {own} as distance,
                least({", ".join(others.values())}) as second_distance,
                case second_distance {seconds} end as second_segment_id
            from {customers}
    """.strip()


def _write_segments(connection: duckdb.DuckDBPyConnection, run: Run, clustering: Clustering) -> None:
    of_run = {"run_id": run.run_id, "segmentation": clustering.segmentation.name, "algorithm": clustering.algorithm}
    sizes = dict(
        connection.execute(
            "select segment_id, count(*) from segments.assignments where segmentation = ? and algorithm = ? group by segment_id",
            [clustering.segmentation.name, clustering.algorithm],
        ).fetchall()
    )
    rows = [
        {
            **of_run,
            "segment_id": int(clustering.ids[label]),
            "segment_name": clustering.called.names[label],
            "automatic_name": clustering.called.automatic[label],
            "description": clustering.called.descriptions[label],
            "colour": int(clustering.colours[label]),
            "stability": _or_null(clustering.stability.segments[label]),
            "stability_error": _or_null(clustering.stability.segments_error[label]),
            "share_error": _or_null(clustering.stability.share_error[label]),
            "size": sizes.get(int(clustering.ids[label]), 0),
            "share": sizes.get(int(clustering.ids[label]), 0) / sum(sizes.values()),
        }
        for label in np.argsort(clustering.ids)
    ]
    _insert(connection, "segments.segments", rows)


def _write_run(connection: duckdb.DuckDBPyConnection, run: Run, position: int, clustering: Clustering) -> None:
    chosen, choice, segmentation = clustering.chosen, clustering.choice, clustering.segmentation
    row = {
        "run_id": run.run_id,
        "segmentation": segmentation.name,
        "algorithm": clustering.algorithm,
        "segmentation_title": segmentation.title,
        "segmentation_position": position,
        "features": list(segmentation.features),
        "k": choice.k,
        "k_chosen_by": choice.chosen_by,
        "is_clear": choice.is_clear,
        "k_reason": choice.reason,
        "n_customers": clustering.points.count_customers,
        "n_points": len(clustering.points.means),
        "n_silhouettes": len(chosen.drawn),
        "inertia": chosen.inertia,
        "silhouette": chosen.silhouette,
        "davies_bouldin": chosen.davies_bouldin,
        "calinski_harabasz": chosen.calinski_harabasz,
        "seed_stability": clustering.stability.seeds,
        "seed": run.seed,
        "created_at": run.created_at,
        "source_fingerprint": run.source_fingerprint,
    }
    _insert(connection, "segments.runs", [row])


def _write_evaluations(connection: duckdb.DuckDBPyConnection, run: Run, clustering: Clustering) -> None:
    rows = []
    for evaluation in clustering.evaluations:
        support = clustering.supports[evaluation.k]
        rows.append(
            {
                "run_id": run.run_id,
                "segmentation": clustering.segmentation.name,
                "algorithm": clustering.algorithm,
                "k": evaluation.k,
                "is_chosen": evaluation.k == clustering.choice.k,
                "smallest_segment": evaluation.smallest_segment,
                "inertia": evaluation.inertia,
                "silhouette": evaluation.silhouette,
                "silhouette_error": evaluation.silhouette_error,
                "silhouette_groupless": support.silhouette_groupless,
                "silhouette_deviation": support.silhouette_deviation,
                "prediction_strength": support.prediction_strength,
                "prediction_strength_error": support.prediction_strength_error,
                "gap": support.gap,
                "gap_error": support.gap_error,
                "davies_bouldin": evaluation.davies_bouldin,
                "calinski_harabasz": evaluation.calinski_harabasz,
            }
        )
    _insert(connection, "segments.k_evaluation", rows)


def _write_votes(connection: duckdb.DuckDBPyConnection, run: Run, clustering: Clustering) -> None:
    of_run = {"run_id": run.run_id, "segmentation": clustering.segmentation.name, "algorithm": clustering.algorithm}
    rows = [{**of_run, "index_name": index, "k": k} for index, k in clustering.choice.alone.items()]
    _insert(connection, "segments.k_by_index", rows)


def _or_null(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _insert(connection: duckdb.DuckDBPyConnection, relation: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Add rows, each a value by column."""
    columns = ", ".join(f"${column} as {column}" for column in rows[0])
    connection.executemany(f"insert into {relation} by name select {columns}", rows)


def _write_merges(connection: duckdb.DuckDBPyConnection, run: Run, segmentation: str, tree: Tree) -> None:
    count_leaves = len(tree.merges) + 1
    left, right, height, size = tree.merges.T
    fill(connection, "new_merges", {"left_id": left, "right_id": right, "height": height, "size": size})
    connection.execute(
        "insert into segments.merges select $run_id, $segmentation, $count_leaves + point_id, left_id, right_id, size, height "
        "from new_merges order by point_id",
        {"run_id": run.run_id, "segmentation": segmentation, "count_leaves": count_leaves},
    )
