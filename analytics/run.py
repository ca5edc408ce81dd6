"""The clustering of a refresh: every segmentation by both algorithms, from the features to the segments schema."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import duckdb

from analytics.evidence import Evaluation, choose_k, evaluate
from analytics.hierarchical import Tree, fit_ward
from analytics.identity import in_centroid_order, matched_ids
from analytics.kmeans import fit_kmeans
from analytics.naming import name_segments
from analytics.points import Labels
from analytics.reader import Inputs, read_inputs
from analytics.segmentations import Segmentation, read_segmentations
from analytics.writer import Clustering, Run, write_clustering
from warehouse.build import build
from warehouse.errors import InputError

__all__ = ["ALGORITHMS", "SEED", "Clustering", "Progress", "Segmentation", "read_segmentations", "run"]

SEED = 7
ALGORITHMS = ("kmeans", "hierarchical")

Progress = Callable[[int, int], None]
"""Called with the number of partitions done and the number to do."""


def run(
    connection: duckdb.DuckDBPyConnection,
    run_id: int,
    segmentations: Sequence[Segmentation],
    seed: int = SEED,
    progress: Progress = lambda *_: None,
) -> list[Clustering]:
    """Cluster the features of the warehouse by every segmentation and write the segments schema.

    Returns the clusterings, in order. Raises InputError when the customers cannot be clustered, naming the segmentation.
    """
    build(connection, ["segments"])
    (fingerprint,) = connection.execute("select source_fingerprint from raw.sources where source = 'customers'").fetchone() or ("",)
    this_run = Run(run_id, seed, datetime.now(UTC).replace(tzinfo=None), fingerprint)
    clusterings = []
    total = sum(len(_candidates(segmentation)) for segmentation in segmentations) * len(ALGORITHMS)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    for position, segmentation in enumerate(segmentations, start=1):
        try:
            inputs = read_inputs(connection, segmentation.features)
            for clustering in _cluster(segmentation, inputs, seed, step):
                write_clustering(connection, this_run, position, inputs, clustering)
                clusterings.append(clustering)
        except InputError as error:
            raise InputError(f"segmentation {segmentation.name}: {error}") from error
    return clusterings


def _candidates(segmentation: Segmentation) -> list[int]:
    """The numbers of segments to try: those between the bounds, and the one a person fixed."""
    fixed = [segmentation.k] if segmentation.k else []
    return sorted({*range(segmentation.k_min, segmentation.k_max + 1), *fixed})


def _cluster(segmentation: Segmentation, inputs: Inputs, seed: int, step: Callable[[], None]) -> list[Clustering]:
    points = inputs.points
    count_distinct = len(points.distinct)
    most = min(points.count_customers // 2, count_distinct - 1)  # two customers or more a segment
    candidates = [k for k in _candidates(segmentation) if k <= most]
    fixed = segmentation.k
    if not candidates or (fixed is not None and fixed not in candidates):
        wanted = fixed or segmentation.k_min
        raise InputError(
            f"{points.count_customers:,} customers, {count_distinct:,} of them different, are too few for {wanted} segments"
        )
    tree = fit_ward(points, seed)
    evaluations: dict[str, list[Evaluation]] = {algorithm: [] for algorithm in ALGORITHMS}
    for k in candidates:
        for algorithm, labels in (("kmeans", fit_kmeans(points, k, seed)), ("hierarchical", tree.cut(k))):
            evaluations[algorithm].append(evaluate(points, labels))
            step()
    kmeans = _clustering(segmentation, inputs, "kmeans", evaluations["kmeans"])
    reference = kmeans.ids[kmeans.chosen.labels]
    return [kmeans, _clustering(segmentation, inputs, "hierarchical", evaluations["hierarchical"], tree, reference)]


def _clustering(
    segmentation: Segmentation,
    inputs: Inputs,
    algorithm: str,
    evaluations: Sequence[Evaluation],
    tree: Tree | None = None,
    reference: Labels | None = None,
) -> Clustering:
    """Choose k, number and name the segments; by `reference`, the ids of each point's segment elsewhere, where given."""
    choice = choose_k(evaluations, segmentation.k)
    labels = next(evaluation.labels for evaluation in evaluations if evaluation.k == choice.k)
    centroids = inputs.points.centroids(labels)
    ids = in_centroid_order(centroids) if reference is None else matched_ids(labels, centroids, reference, inputs.points.weights)
    names = name_segments(inputs.features, centroids, inputs.in_units(centroids))
    return Clustering(segmentation, algorithm, evaluations, choice, ids, names, centroids, tree)
