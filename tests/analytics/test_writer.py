"""The segments schema of a published warehouse against the same things computed here, by other means."""

from collections import Counter, defaultdict
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples

from analytics.identity import matched_ids
from analytics.writer import _told
from tests.helpers import same_groups
from warehouse.connection import Snapshot

CLUSTERINGS = [(s, a) for s in ("spending", "lifestyle") for a in ("kmeans", "hierarchical")]


@pytest.fixture(params=["sample", "mall"])
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Each of the two warehouses in turn."""
    return request.getfixturevalue(request.param)


def _assignments(snapshot: Snapshot, segmentation: str, algorithm: str) -> pd.DataFrame:
    sql = "from segments.assignments where segmentation = ? and algorithm = ? order by customer_id"
    return snapshot.frame(sql, [segmentation, algorithm])


def _scaled(snapshot: Snapshot, segmentation: str) -> np.ndarray:
    features = snapshot.value("select features from segments.runs where segmentation = ?", [segmentation])
    return snapshot.frame(f"select {', '.join(features)} from features.customer_features_scaled order by customer_id").to_numpy()


def _centroids(snapshot: Snapshot, segmentation: str, algorithm: str) -> np.ndarray:
    """(k, d): one row a segment, by segment id."""
    rows = snapshot.frame(
        "select segment_id, feature, scaled_value from segments.centroids where segmentation = ? and algorithm = ?",
        [segmentation, algorithm],
    )
    features = snapshot.value("select features from segments.runs where segmentation = ?", [segmentation])
    return rows.pivot(index="segment_id", columns="feature", values="scaled_value").sort_index()[features].to_numpy()


def _segment_ids(snapshot: Snapshot, segmentation: str, algorithm: str) -> np.ndarray:
    """(k,): the segment ids, ascending: a Ward segment has that of the K-Means segment it is most like, so some may be missing."""
    sql = "select segment_id from segments.segments where segmentation = ? and algorithm = ? order by segment_id"
    return snapshot.frame(sql, [segmentation, algorithm])["segment_id"].to_numpy()


def _cut(merges: list[dict], k: int) -> dict[int, int]:
    """The group of each leaf when the last k - 1 merges are undone, by walking down from the top."""
    children = {merge["merge_id"]: (merge["left_id"], merge["right_id"]) for merge in merges}
    tops = {max(children)}
    while len(tops) < k:
        highest = max(tops)
        tops = (tops - {highest}) | set(children[highest])
    found = {}
    for top in tops:
        waiting = [top]
        while waiting:
            node = waiting.pop()
            if node in children:
                waiting += children[node]
            else:
                found[node] = top
    return found


@pytest.mark.parametrize("segmentation", ["spending", "lifestyle"])
def test_kmeans_assigns_as_scikit_learn_predicts(snapshot: Snapshot, segmentation: str):
    """Every customer is in the segment that KMeans.predict gives for the stored centroids."""
    centroids = _centroids(snapshot, segmentation, "kmeans")
    model = KMeans(len(centroids), init=centroids, n_init=1, max_iter=1).fit(centroids)
    model.cluster_centers_ = centroids
    predicted = model.predict(_scaled(snapshot, segmentation)) + 1
    assert predicted.tolist() == _assignments(snapshot, segmentation, "kmeans")["segment_id"].tolist()


@pytest.mark.parametrize("segmentation", ["spending", "lifestyle"])
def test_ward_assigns_as_the_dendrogram_is_cut(snapshot: Snapshot, segmentation: str):
    """The hierarchical segments are the groups found by undoing the last merges of segments.merges."""
    merges = snapshot.rows("from segments.merges where segmentation = ? order by merge_id", [segmentation])
    assigned = _assignments(snapshot, segmentation, "hierarchical")
    group_of = _cut(merges, assigned["segment_id"].nunique())
    assert same_groups([group_of[leaf] for leaf in assigned["leaf_id"]], assigned["segment_id"])


@pytest.mark.parametrize("segmentation", ["spending", "lifestyle"])
def test_leaves_lead_to_their_customers(snapshot: Snapshot, segmentation: str):
    """Each leaf is one customer; two leaves that merge are as far apart as their customers; sizes count those below."""
    merges = snapshot.rows("from segments.merges where segmentation = ? order by merge_id", [segmentation])
    assigned = _assignments(snapshot, segmentation, "hierarchical")
    count = len(assigned)
    assert sorted(assigned["leaf_id"]) == list(range(count))
    assert [merge["merge_id"] for merge in merges] == list(range(count, 2 * count - 1))
    place = dict(zip(assigned["leaf_id"], _scaled(snapshot, segmentation).round(9), strict=True))  # as the tree sees them
    below = defaultdict(int, dict.fromkeys(range(count), 1))
    for merge in merges:
        below[merge["merge_id"]] = below[merge["left_id"]] + below[merge["right_id"]]
        assert below[merge["merge_id"]] == merge["size"]
        if merge["size"] == 2:
            distance = np.linalg.norm(place[merge["left_id"]] - place[merge["right_id"]])
            assert merge["height"] == pytest.approx(distance, abs=1e-9)
    assert all(lower["height"] <= upper["height"] for lower, upper in pairwise(merges))


@pytest.mark.parametrize(("segmentation", "algorithm"), CLUSTERINGS)
def test_distances_are_to_the_centroids(snapshot: Snapshot, segmentation: str, algorithm: str):
    """distance, second_segment_id and margin are what numpy measures; K-Means leaves nobody nearer to another segment."""
    centroids = _centroids(snapshot, segmentation, algorithm)
    assigned = _assignments(snapshot, segmentation, algorithm)
    distances = np.linalg.norm(_scaled(snapshot, segmentation)[:, None] - centroids, axis=2)
    everyone = np.arange(len(assigned))
    ids = _segment_ids(snapshot, segmentation, algorithm)
    own = np.searchsorted(ids, assigned["segment_id"])
    np.testing.assert_allclose(assigned["distance"], distances[everyone, own], atol=1e-12)
    distances[everyone, own] = np.inf
    np.testing.assert_allclose(assigned["distance"] + assigned["margin"], distances.min(axis=1), atol=1e-12)
    assert (assigned["second_segment_id"] == ids[distances.argmin(axis=1)]).all()
    assert algorithm == "hierarchical" or (assigned["margin"] >= 0).all()


@pytest.mark.parametrize(("segmentation", "algorithm"), CLUSTERINGS)
def test_centroids_are_the_means_of_the_members(snapshot: Snapshot, segmentation: str, algorithm: str):
    """In scaled and in ordinary units, a centroid is the mean of its segment."""
    assigned = _assignments(snapshot, segmentation, algorithm)
    scaled = pd.DataFrame(_scaled(snapshot, segmentation)).groupby(assigned["segment_id"]).mean()
    np.testing.assert_allclose(_centroids(snapshot, segmentation, algorithm), scaled, atol=1e-9)
    apart = snapshot.value(
        """
        select max(abs(centroids.value - profiles.mean))
        from segments.centroids
        inner join marts.segment_feature_profiles as profiles using (segmentation, algorithm, segment_id, feature)
        """
    )
    assert apart < 1e-9


@pytest.mark.parametrize(("segmentation", "algorithm"), CLUSTERINGS)
def test_silhouettes_are_those_of_scikit_learn(snapshot: Snapshot, segmentation: str, algorithm: str):
    """Per customer, and their mean per run."""
    assigned = _assignments(snapshot, segmentation, algorithm)
    silhouettes = silhouette_samples(_scaled(snapshot, segmentation), assigned["segment_id"])
    np.testing.assert_allclose(assigned["silhouette"], silhouettes, atol=1e-9)
    sql = "select silhouette from segments.runs where segmentation = ? and algorithm = ?"
    assert snapshot.value(sql, [segmentation, algorithm]) == pytest.approx(silhouettes.mean())


@pytest.mark.parametrize(("segmentation", "algorithm"), CLUSTERINGS)
def test_the_chosen_k_is_the_best_of_those_tried(snapshot: Snapshot, segmentation: str, algorithm: str):
    """One k of 2 to 10 is chosen, and its row says what segments.runs says.

    Of the clear ones it is the k whose silhouette lies highest above groupless data: the highest silhouette of all may be chance.
    """
    tried = snapshot.rows(
        "from segments.k_evaluation where segmentation = ? and algorithm = ? order by k", [segmentation, algorithm]
    )
    (run,) = snapshot.rows("from segments.runs where segmentation = ? and algorithm = ?", [segmentation, algorithm])
    assert [row["k"] for row in tried] == list(range(2, 11))
    (chosen,) = (row for row in tried if row["is_chosen"])
    clear = [
        row
        for row in tried
        if row["prediction_strength"] + row["prediction_strength_error"] >= 0.8
        and row["silhouette"] - row["silhouette_groupless"] >= max(0.05, 3 * row["silhouette_deviation"])
    ]
    assert run["is_clear"] == bool(clear)
    if clear:
        assert chosen == max(clear, key=lambda row: row["silhouette"] - row["silhouette_groupless"])
    indices = ("k", "inertia", "silhouette", "davies_bouldin", "calinski_harabasz")
    assert [chosen[index] for index in indices] == [run[index] for index in indices]
    sizes = Counter(_assignments(snapshot, segmentation, algorithm)["segment_id"])
    assert chosen["smallest_segment"] == min(sizes.values())
    assert sorted(sizes) == _segment_ids(snapshot, segmentation, algorithm).tolist()
    assert len(sizes) == run["k"]


@pytest.mark.parametrize("segmentation", ["spending", "lifestyle"])
def test_ids_follow_the_centroids_and_match(snapshot: Snapshot, segmentation: str):
    """K-Means ids go up with the first feature; a Ward segment has the id of the K-Means segment it shares most with."""
    centroids = _centroids(snapshot, segmentation, "kmeans")
    assert centroids.tolist() == sorted(centroids.tolist())
    kmeans, ward = (_segment_ids(snapshot, segmentation, algorithm) for algorithm in ("kmeans", "hierarchical"))
    assert kmeans.tolist() == list(range(1, len(kmeans) + 1))
    shared = np.zeros((len(ward), len(kmeans)))
    by_kmeans, by_ward = (
        np.searchsorted(ids, _assignments(snapshot, segmentation, algorithm)["segment_id"])
        for ids, algorithm in ((kmeans, "kmeans"), (ward, "hierarchical"))
    )
    np.add.at(shared, (by_ward, by_kmeans), 1)
    again = matched_ids(shared, kmeans, _centroids(snapshot, segmentation, "hierarchical"), kmeans.max() + 1)
    assert again.tolist() == ward.tolist()


@pytest.mark.parametrize(("tree", "expected"), [(None, [(1, 2), (1, 2)]), ("tree", [(2, 1), (1, 2)])])
def test_of_equal_distances_the_lowest_id_counts(connection, tree, expected):
    """Whatever the labels, K-Means puts who lies halfway into the segment of the lower id; the tree of Ward keeps its own."""
    connection.execute(
        "create table labelled_customers as "
        "select * from (values ('a', 0, 0.0, 0), ('b', 1, 0.0, 1)) as told(customer_id, point_id, x, label)"
    )
    clustering = SimpleNamespace(ids=np.array([2, 1]), centroids=np.array([[-1.0], [1.0]]), tree=tree)
    told = f"select segment_id, second_segment_id from ({_told(['x'], clustering)}) order by customer_id"
    assert connection.execute(told).fetchall() == expected
