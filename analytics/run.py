"""The clustering of a refresh: every segmentation by both algorithms, from the features to the segments schema."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np

from analytics.alerts import write_alerts
from analytics.assign import label_by_point, polish
from analytics.calendar import read_calendar
from analytics.campaigns import measure_campaigns
from analytics.choice import Choice, choose_k
from analytics.demand import model_demand
from analytics.evidence import Evaluation, evaluate, evaluate_all
from analytics.hierarchical import Tree, fit_ward
from analytics.history import identify
from analytics.kmeans import fit_kmeans
from analytics.labels import called
from analytics.methods import METHODS
from analytics.naming import name_segments
from analytics.playbook import Play, read_playbook, write_playbook
from analytics.points import Floats, Labels, Points
from analytics.reader import Inputs, hold_customers, read_inputs, read_leaves, source_fingerprint
from analytics.recommendations import model_recommendations
from analytics.retention import model_retention
from analytics.rules import write_rules
from analytics.sales import model_sales
from analytics.segmentations import Segmentation, read_segmentations
from analytics.stability import measure_stability
from analytics.stays import create_shared, end_stays, last_run, write_events, write_stays
from analytics.support import Material, Support, material, measure
from analytics.writer import Clustering, Run, write_clustering, write_scaling
from warehouse.errors import InputError
from warehouse.progress import Progress, counted, silent

__all__ = [
    "ALGORITHMS",
    "SEED",
    "Clustering",
    "Segmentation",
    "model_actions",
    "read_playbook",
    "read_segmentations",
    "run",
]

SEED = 7
ALGORITHMS = ("kmeans", "hierarchical")
_EVIDENCE_SEED = 11
"""What the evidence draws has a seed of its own, so that another seed of the starts does not choose another k."""


@dataclass(frozen=True)
class _Tried:
    """Every number of segments tried by one algorithm, and what speaks for it."""

    algorithm: str
    points: Points
    """What the algorithm saw."""
    everyone: Floats
    """(d,): the mean of all customers, scaled units."""
    given: Material
    """What the evidence is asked of."""
    evaluations: list[Evaluation]
    supports: Mapping[int, Support]
    limit: str
    """Why no more were tried; empty where all were."""
    last_k: int | None
    """The k that the evidence chose in the last run, of the same features."""
    tree: Tree | None
    """The dendrogram, for hierarchical."""


def run(
    connection: duckdb.DuckDBPyConnection,
    run_id: int,
    segmentations: Sequence[Segmentation],
    seed: int = SEED,
    progress: Progress = silent,
    taken_ids: Mapping[tuple[str, str], int] | None = None,
) -> list[Clustering]:
    """Cluster the features by every segmentation, and write `segments`.

    The relations of the schema must exist: empty, or with the history of earlier runs, whose segments keep their ids. Customers
    stay in theirs where warehouse.history.hold_stays has put them into `scratch.stays`.
    `taken_ids` has by segmentation and algorithm the highest segment id that runs outside that history have given.
    `progress` counts, of each segmentation, its customers, the tree, every number of segments and the evidence of each algorithm.
    Returns the clusterings, in order. Raises InputError when the customers cannot be clustered, naming the segmentation.
    """
    taken = taken_ids or {}
    this_run = Run(run_id, seed, _now(connection), source_fingerprint(connection))
    clusterings = []
    parts = [2 + len(_candidates(segmentation)) + len(ALGORITHMS) for segmentation in segmentations]
    step = counted(progress, sum(parts) + 2)
    step("customers")
    wanted = [(segmentation.name, algorithm) for segmentation in segmentations for algorithm in ALGORITHMS]
    hold_customers(connection, [feature for segmentation in segmentations for feature in segmentation.features], wanted)
    create_shared(connection)
    for position, segmentation in enumerate(segmentations, start=1):
        try:
            step(f"{segmentation.name}, customers")
            inputs = read_inputs(connection, segmentation.features)
            write_scaling(connection, this_run, segmentation)
            for clustering in _cluster(connection, segmentation, inputs, taken, seed, step):
                write_clustering(connection, this_run, position, inputs, clustering)
                write_stays(connection, run_id, this_run.created_at, segmentation.name, clustering.algorithm)
                write_rules(connection, segmentation.name, clustering.algorithm, inputs.features)
                clusterings.append(clustering)
            connection.execute("drop table if exists fine_cells")
        except InputError as error:
            raise InputError(f"segmentation {segmentation.name}: {error}") from error
    step("memberships")
    end_stays(connection, run_id, this_run.created_at, wanted)
    write_events(connection, run_id)
    write_alerts(connection, run_id)
    connection.execute("drop table scratch.scaled_customers; drop table if exists scratch.coded_customers; checkpoint scratch")
    return clusterings


def model_actions(
    connection: duckdb.DuckDBPyConnection, run_id: int, plays: Sequence[Play] = (), progress: Progress = silent
) -> None:
    """Model upon the segments what can be acted on: retention, recommendations, sales and stock; measure campaigns.

    `plays` says what to do with which kind of segment.
    """
    step = counted(progress, 5)
    write_playbook(connection, plays)
    step("campaigns")
    measure_campaigns(connection)
    step("retention")
    model_retention(connection, run_id)
    step("recommendations")
    model_recommendations(connection, run_id)
    if calendar := read_calendar(connection):
        step("sales")
        model_sales(connection, run_id, calendar)
        step("demand")
        model_demand(connection, run_id, calendar)


def _now(connection: duckdb.DuckDBPyConnection) -> datetime:
    """The time, UTC; later than every earlier run even where the clock was set back, so that no stay ends before it began."""
    now = datetime.now(UTC).replace(tzinfo=None)
    (last,) = connection.execute("select max(created_at) from segments.runs").fetchone() or (None,)
    return now if last is None else max(now, last + timedelta(microseconds=1))


def _candidates(segmentation: Segmentation) -> list[int]:
    """The numbers of segments to try: those between the bounds, and the one a person fixed."""
    fixed = [segmentation.k] if segmentation.k else []
    return sorted({*range(segmentation.k_min, segmentation.k_max + 1), *fixed})


def _possible(segmentation: Segmentation, points: Points) -> tuple[list[int], str]:
    """The candidates that the customers are enough for, and why there are no more of them; empty where all are possible.

    Raises InputError when there are fewer than two customers a segment, or fewer different ones than segments and one.
    """
    count, count_different = points.count_customers, len(points.distinct)
    least = segmentation.k or segmentation.k_min
    if count < 2 * least:
        raise InputError(f"{count:,} customers are too few for {least} segments, which need {2 * least:,}: two a segment")
    if count_different <= least:
        raise InputError(f"only {count_different:,} of {count:,} customers differ, too few for {least} segments")
    most = min(count // 2, count_different - 1)
    candidates = [k for k in _candidates(segmentation) if k <= most]
    if len(candidates) == len(_candidates(segmentation)):
        return candidates, ""
    reason = f"there are only {count:,} customers" if most == count // 2 else f"only {count_different:,} of the customers differ"
    return candidates, f"more than {candidates[-1]} were not tried, as {reason}"


def _cluster(
    connection: duckdb.DuckDBPyConnection,
    segmentation: Segmentation,
    inputs: Inputs,
    taken: Mapping[tuple[str, str], int],
    seed: int,
    step: Callable[[str], None],
) -> Iterator[Clustering]:
    """Yield the clusterings one by one: each must be written before the next, which may take its ids from it."""
    points = {"kmeans": inputs.points, "hierarchical": read_leaves(connection, inputs)}
    candidates, limit = _possible(segmentation, inputs.points)
    step(f"{segmentation.name}, tree")
    tree = fit_ward(points["hierarchical"])
    partitions: dict[str, list[Labels]] = {algorithm: [] for algorithm in ALGORITHMS}
    for k in candidates:
        step(f"{segmentation.name}, k = {k}")
        for algorithm, labels in (("kmeans", fit_kmeans(inputs.points, k, seed)), ("hierarchical", tree.cut(k))):
            partitions[algorithm].append(labels)
    evaluations = {algorithm: evaluate_all(points[algorithm], partitions[algorithm]) for algorithm in ALGORITHMS}
    everyone = np.average(points["hierarchical"].means, axis=0, weights=points["hierarchical"].weights)
    given = material(inputs.points, np.random.default_rng(_EVIDENCE_SEED))
    least_id = 1 + max(taken.get((segmentation.name, algorithm), 0) for algorithm in ALGORITHMS)
    for algorithm in ALGORITHMS:
        step(f"{segmentation.name}, {algorithm}")
        supports = _supports(points[algorithm], given, evaluations[algorithm], algorithm)
        own_tree = tree if algorithm == "hierarchical" else None
        last_k = _last_k(connection, segmentation, algorithm)
        tried = _Tried(algorithm, points[algorithm], everyone, given, evaluations[algorithm], supports, limit, last_k, own_tree)
        yield _clustering(connection, segmentation, inputs, least_id, tried)


def _last_k(connection: duckdb.DuckDBPyConnection, segmentation: Segmentation, algorithm: str) -> int | None:
    """The k of a clustering's last run, where the evidence chose it for the same features."""
    rows = connection.execute(
        """
        select k
        from segments.runs
        where
            run_id = $run_id
            and segmentation = $segmentation
            and algorithm = $algorithm
            and k_chosen_by = 'evidence'
            and features = $features
        """,
        {
            "run_id": last_run(connection, segmentation.name, algorithm),
            "segmentation": segmentation.name,
            "algorithm": algorithm,
            "features": list(segmentation.features),
        },
    ).fetchall()
    return int(rows[0][0]) if rows else None


def _supports(points: Points, given: Material, evaluations: Sequence[Evaluation], algorithm: str) -> dict[int, Support]:
    """By k, and for 1, how far the customers support that many segments."""
    everyone = points.inertia(np.zeros(len(points.means), dtype=np.int64))
    inertia = {1: everyone, **{evaluation.k: evaluation.inertia for evaluation in evaluations}}
    per_customer = {k: value / points.count_customers for k, value in inertia.items()}
    return measure(given, METHODS[algorithm], per_customer, np.random.default_rng(_EVIDENCE_SEED))


def _clustering(
    connection: duckdb.DuckDBPyConnection,
    segmentation: Segmentation,
    inputs: Inputs,
    least_id: int,
    tried: _Tried,
) -> Clustering:
    """Choose k, label every customer (the view `labelled_customers`), number and name the segments."""
    evaluations, choice, centroids = _settle(connection, segmentation, inputs, tried)
    chosen = next(evaluation for evaluation in evaluations if evaluation.k == choice.k)
    identity = identify(connection, segmentation.name, tried.algorithm, inputs, centroids, least_id)
    names = name_segments(inputs.features, centroids, inputs.scaling.in_units(centroids), tried.everyone)
    return Clustering(
        segmentation,
        tried.algorithm,
        tried.points,
        evaluations,
        tried.supports,
        choice,
        chosen,
        measure_stability(
            tried.given, chosen, tried.algorithm, tried.points.count_customers, np.random.default_rng(_EVIDENCE_SEED)
        ),
        identity.ids,
        identity.colours,
        called(connection, segmentation.name, tried.algorithm, identity.ids, names),
        centroids,
        tried.tree,
    )


def _settle(
    connection: duckdb.DuckDBPyConnection, segmentation: Segmentation, inputs: Inputs, tried: _Tried
) -> tuple[list[Evaluation], Choice, Floats]:
    """Choose k and label all customers by it; what is then known exactly takes the place of what the points gave.

    The choice stands once the evidence for the k that was labelled last still makes it the chosen one.
    """
    found = {evaluation.k: evaluation for evaluation in tried.evaluations}
    labelled, centroids = None, np.zeros((0, 0))
    while (choice := choose_k(list(found.values()), tried.supports, segmentation.k, tried.limit, tried.last_k)).k != labelled:
        labelled, labels = choice.k, found[choice.k].labels
        centroids = tried.points.centroids(labels)
        if tried.tree is not None:
            label_by_point(connection, labels)
        elif (partition := polish(connection, inputs.names, tried.points, labels, inputs.fine_cells)) is not None:
            found[choice.k] = evaluate(tried.points, labels, partition)
            centroids = partition.centroids
    return list(found.values()), choice, centroids
