from collections.abc import Iterator

import duckdb
import pytest

from analytics.run import ALGORITHMS, SEED, Segmentation, run
from tests.helpers import HEADER, featured, features_of
from warehouse.build import build
from warehouse.errors import InputError

ROWS = "".join(f"{i},Male,{20 + i},{i % 7},{i * i % 50}\n" for i in range(1, 13))


@pytest.fixture(scope="module")
def features_of_twelve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The features of twelve customers, which clustering only reads."""
    with features_of(tmp_path_factory.mktemp("twelve"), HEADER + ROWS) as connection:
        yield connection


@pytest.fixture
def twelve(features_of_twelve: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Twelve customers who have never been clustered."""
    build(features_of_twelve, ["segments"])
    return features_of_twelve


def test_every_segmentation_is_clustered_by_both_algorithms(twelve: duckdb.DuckDBPyConnection):
    """Clusterings come in the order of the segmentations, K-Means first, and are written with run, seed and fingerprint."""
    segmentations = [Segmentation("who", "Who", ("age",), 2, 3), Segmentation("what", "What", ("spending_score", "age"), k=4)]
    clusterings = run(twelve, 17, segmentations)
    names = [("who", "kmeans"), ("who", "hierarchical"), ("what", "kmeans"), ("what", "hierarchical")]
    assert names == [(clustering.segmentation.name, clustering.algorithm) for clustering in clusterings]
    rows = twelve.execute("select segmentation, algorithm, run_id, seed, n_customers, n_points, n_silhouettes from segments.runs")
    assert rows.fetchall() == [(*name, 17, SEED, 12, 12, 12) for name in names]
    fingerprints = "select count(*) from segments.runs inner join raw.sources using (source_fingerprint)"
    assert twelve.execute(fingerprints).fetchone() == (4,)
    assert ALGORITHMS == ("kmeans", "hierarchical")


def test_progress_tells_what_is_fitted(twelve: duckdb.DuckDBPyConnection):
    """Of each segmentation its customers, the tree, each k, and the evidence of each algorithm; at last who moved."""
    seen: list[tuple[int, int, str]] = []
    run(twelve, 1, [Segmentation("who", "Who", ("age",), 2, 3)], progress=lambda *told: seen.append(told))
    own = [f"who, {part}" for part in ("customers", "tree", "k = 2", "k = 3", "kmeans", "hierarchical")]
    assert seen == [(done, 8, part) for done, part in enumerate(["customers", *own, "memberships"])]


def test_a_fixed_k_is_tried_beside_the_others(twelve: duckdb.DuckDBPyConnection):
    """A person's k may lie outside the range; the evidence for it stands with that for the range."""
    run(twelve, 1, [Segmentation("who", "Who", ("age",), 2, 3, k=5)])
    tried = twelve.execute("select k, is_chosen from segments.k_evaluation where algorithm = 'kmeans' order by k").fetchall()
    assert tried == [(2, False), (3, False), (5, True)]


def test_no_more_segments_than_pairs_of_customers(twelve: duckdb.DuckDBPyConnection):
    """Twelve customers are tried in at most six segments, and the reason for k says so; a k_max of six says nothing."""
    run(twelve, 1, [Segmentation("who", "Who", ("age",)), Segmentation("six", "Six", ("age",), 2, 6)])
    assert twelve.execute("select max(k) from segments.k_evaluation").fetchone() == (6,)
    reasons = dict(twelve.execute("select segmentation, k_reason from segments.runs where algorithm = 'kmeans'").fetchall())
    assert reasons["who"] == reasons["six"] + "; more than 6 were not tried, as there are only 12 customers"


def test_no_more_segments_than_different_customers(connection: duckdb.DuckDBPyConnection, write):
    """Where few customers differ, they bound the range, and the refusal counts them."""
    featured(connection, write("id,age,score\n" + "".join(f"{i},{i % 4},{i % 2}\n" for i in range(20))))
    build(connection, ["segments"])
    run(connection, 1, [Segmentation("who", "Who", ("age",))])
    (reason,) = connection.execute("select k_reason from segments.runs where algorithm = 'kmeans'").fetchone() or ("",)
    assert reason.endswith("; more than 3 were not tried, as only 4 of the customers differ")
    with pytest.raises(InputError, match="segmentation two: only 2 of 20 customers differ, too few for 2 segments"):
        run(connection, 2, [Segmentation("two", "Two", ("spending_score",))])


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        (
            Segmentation("who", "Who", ("age",), k=7),
            "segmentation who: 12 customers are too few for 7 segments, which need 14: two a segment",
        ),
        (
            Segmentation("who", "Who", ("age",), 8, 9),
            "segmentation who: 12 customers are too few for 8 segments, which need 16: two a segment",
        ),
        (Segmentation("who", "Who", ("gender_is_male",)), "segmentation who: the feature 'gender_is_male' is 1 for every customer"),
        (Segmentation("who", "Who", ("height",)), "segmentation who: there is no feature 'height'; the file has age, "),
    ],
)
def test_what_cannot_be_clustered_is_named(twelve: duckdb.DuckDBPyConnection, segmentation: Segmentation, reason: str):
    """The error has the segmentation, the customers, and the k or the feature that cannot be had."""
    with pytest.raises(InputError, match=reason):
        run(twelve, 1, [segmentation])


def test_another_seed_is_recorded(twelve: duckdb.DuckDBPyConnection):
    """The seed of the random starts is in segments.runs."""
    run(twelve, 1, [Segmentation("who", "Who", ("age",), k=2)], seed=99)
    assert twelve.execute("select distinct seed from segments.runs").fetchall() == [(99,)]
