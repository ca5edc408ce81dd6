"""From run to run: which segment is which."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np

from analytics.identity import colours, linked, matched_ids
from analytics.points import Floats, Labels
from analytics.reader import Inputs
from analytics.stays import last_run
from warehouse.history import stay_columns

_IN_KMEANS = """
select label, segment_id
from labelled_customers
inner join (
    select customer_id, segment_id
    from segments.assignments
    where segmentation = $segmentation and algorithm = $algorithm and run_id = $run_id
) using (customer_id)
"""
"""The label of each customer with their segment by K-Means in the run that is being written."""


@dataclass(frozen=True)
class Identity:
    """What a segment keeps from run to run."""

    ids: Labels
    """(k,): the segment id of each label."""
    colours: Labels
    """(k,): the place in the palette of each label."""


def identify(
    connection: duckdb.DuckDBPyConnection,
    segmentation: str,
    algorithm: str,
    inputs: Inputs,
    centroids: Floats,
    least_id: int = 1,
) -> Identity:
    """Number and colour the labels of `labelled_customers`, whose centroids (k, d) are given in scaled units.

    They take the ids of the segmentation's last run by the same algorithm; Ward in its first run those of K-Means, just
    written. A new segment has the next id that was never used, at least `least_id`, and a colour that neither
    this run nor the last one shows.
    """
    previous = last_run(connection, segmentation, algorithm)
    if previous is None and algorithm == "hierarchical":
        return _as_kmeans(connection, segmentation, centroids)
    least_id = max(least_id, 1 + _highest(connection, segmentation, algorithm))
    if previous is None:
        ids = matched_ids(np.zeros((len(centroids), 0)), np.zeros(0, dtype=np.int64), centroids, least_id)
        return Identity(ids, colours(ids, {}))
    which = {"segmentation": segmentation, "algorithm": algorithm, "run_id": previous}
    known = _colours(connection, which)
    before, _ = stay_columns(segmentation, algorithm)
    shared = _shared(connection, f"select label, {before} as segment_id from labelled_customers", {}, known, len(centroids))
    links = linked(shared)
    is_torn = bool(shared.any() and not links.any())  # customers are shared, but no two segments are linked: all are new
    ids = matched_ids(
        links,
        np.array(list(known), dtype=np.int64),
        centroids,
        least_id,
        None if is_torn else _distances(connection, which, known, inputs, centroids),
    )
    avoided = _colours(connection, _kmeans_of_this_run(connection, segmentation)) if algorithm == "hierarchical" else {}
    return Identity(ids, colours(ids, known, avoided.values()))


def _highest(connection: duckdb.DuckDBPyConnection, segmentation: str, algorithm: str) -> int:
    """The highest segment id that the history knows, whatever of it could be carried: 0 where it knows none."""
    before, _ = stay_columns(segmentation, algorithm)
    which = "where segmentation = $segmentation and algorithm = $algorithm"
    (highest,) = connection.execute(
        f"""
        select max(segment_id)
        from (
            select segment_id from segments.segments {which}
            union all
            select segment_id from segments.labels {which}
            union all
            select segment_id from segments.past_memberships {which}
            union all
            select {before} as segment_id from labelled_customers
        )
        """,
        {"segmentation": segmentation, "algorithm": algorithm},
    ).fetchone() or (0,)
    return int(highest or 0)


def _kmeans_of_this_run(connection: duckdb.DuckDBPyConnection, segmentation: str) -> dict[str, object]:
    return {"segmentation": segmentation, "algorithm": "kmeans", "run_id": last_run(connection, segmentation, "kmeans")}


def _as_kmeans(connection: duckdb.DuckDBPyConnection, segmentation: str, centroids: Floats) -> Identity:
    kmeans = _kmeans_of_this_run(connection, segmentation)
    known = _colours(connection, kmeans)
    shared = _shared(connection, _IN_KMEANS, kmeans, known, len(centroids))
    ids = matched_ids(shared, np.array(list(known), dtype=np.int64), centroids, max(known) + 1)
    return Identity(ids, colours(ids, known))


def _colours(connection: duckdb.DuckDBPyConnection, which: Mapping[str, object]) -> dict[int, int]:
    """By segment id of a run, in order: its colour."""
    return dict(
        connection.execute(
            "select segment_id, colour from segments.segments "
            "where segmentation = $segmentation and algorithm = $algorithm and run_id = $run_id order by segment_id",
            dict(which),
        ).fetchall()
    )


def _shared(
    connection: duckdb.DuckDBPyConnection, pairs: str, which: Mapping[str, object], known: Mapping[int, int], count: int
) -> Floats:
    """(count, m): customers in each label and known segment, by the SQL of a row for each."""
    places = {segment: place for place, segment in enumerate(known)}
    shared = np.zeros((count, len(known)))
    for label, segment, customers in connection.execute(
        f"select label, segment_id, count(*) from ({pairs}) group by all", dict(which)
    ).fetchall():
        if segment in places:
            shared[label, places[segment]] = customers
    return shared


def _distances(
    connection: duckdb.DuckDBPyConnection, which: Mapping[str, object], known: Mapping[int, int], inputs: Inputs, centroids: Floats
) -> Floats | None:
    """(k, m): from each label's centroid to each known segment's, in today's scaled units; None where features have changed."""
    values = {
        (segment, feature): value
        for segment, feature, value in connection.execute(
            "select segment_id, feature, value from segments.centroids "
            "where segmentation = $segmentation and algorithm = $algorithm and run_id = $run_id",
            dict(which),
        ).fetchall()
    }
    if set(values) != {(segment, name) for segment in known for name in inputs.names}:
        return None
    before = np.array([[values[segment, name] for name in inputs.names] for segment in known])
    apart: Floats = np.linalg.norm(centroids[:, None] - inputs.scaling.to_scale(before)[None], axis=2)
    return apart
