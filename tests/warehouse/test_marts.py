from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from etl.sample import BUNDLED
from tests.helpers import FOUR, HEADER, refreshed
from warehouse.build import Clustering, Context, execute_file
from warehouse.catalog import SQL
from warehouse.connection import Snapshot, Warehouse

NUMERIC = ["age", "annual_income_k", "spending_score"]
BY = ["segmentation", "algorithm", "segment_id"]
WIDE = "customer_id, spending_kmeans, spending_hierarchical, lifestyle_kmeans, lifestyle_hierarchical"


@pytest.fixture(params=["sample", "mall"])
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Each of the two warehouses in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def members(snapshot: Snapshot) -> pd.DataFrame:
    """Every customer × clustering with what is known of the customer, joined here and not in the warehouse."""
    assignments = snapshot.frame("select customer_id, segmentation, algorithm, segment_id from segments.assignments")
    return assignments.merge(snapshot.frame("from features.customer_features"), on="customer_id", validate="many_to_one")


@pytest.mark.parametrize("segmentation", ["spending", "lifestyle"])
def test_agreement_is_the_adjusted_rand_index(snapshot: Snapshot, segmentation: str):
    """marts.algorithm_agreement equals scikit-learn's adjusted_rand_score."""
    wide = snapshot.columns(f"select {segmentation}_kmeans as one, {segmentation}_hierarchical as other from marts.customers")
    (row,) = snapshot.rows("from marts.algorithm_agreement where segmentation = ?", [segmentation])
    assert row["adjusted_rand_index"] == pytest.approx(adjusted_rand_score(wide["one"], wide["other"]), abs=1e-12)
    assert row["count_customers"] == len(wide["one"])


def test_the_same_groups_agree_wholly(four_published: Path):
    """Where both algorithms find the same groups the index is 1."""
    snapshot = Warehouse(four_published / "w").snapshot()
    assert snapshot.value("select adjusted_rand_index from marts.algorithm_agreement") == 1


def test_the_cross_table_is_counted(snapshot: Snapshot, members: pd.DataFrame):
    """marts.algorithm_cross_table equals pandas' crosstab, empty cells left out."""
    wide = members.pivot(index=["segmentation", "customer_id"], columns="algorithm", values="segment_id").reset_index()
    expected = wide.groupby(["segmentation", "kmeans", "hierarchical"]).size().reset_index()
    found = snapshot.rows("select * exclude (is_agreement) from marts.algorithm_cross_table")
    assert [tuple(row.values()) for row in found] == list(expected.itertuples(index=False, name=None))


def test_the_algorithms_disagree_on_customers_in_segments_that_do_not_go_together(snapshot: Snapshot, members: pd.DataFrame):
    """A pair that holds half of one of its segments goes together; everyone in another pair is listed, once, and counted."""
    wide = members.pivot(index=["segmentation", "customer_id"], columns="algorithm", values="segment_id").reset_index()
    both = wide.groupby(["segmentation", "kmeans", "hierarchical"])["customer_id"].transform("size")
    sizes = [wide.groupby(["segmentation", algorithm])["customer_id"].transform("size") for algorithm in ("kmeans", "hierarchical")]
    expected = wide[(both < sizes[0] / 2) & (both < sizes[1] / 2)]
    rows = snapshot.frame("from marts.algorithm_disagreements")
    columns = ["segmentation", "customer_id", "kmeans", "hierarchical"]
    found = rows.rename(columns={"kmeans_segment_id": "kmeans", "hierarchical_segment_id": "hierarchical"})[columns]
    assert sorted(found.itertuples(index=False)) == sorted(expected[columns].itertuples(index=False))
    assert len(rows) > 0
    for row in snapshot.rows("from marts.algorithm_agreement"):
        assert row["count_disagreements"] == (expected["segmentation"] == row["segmentation"]).sum()
    names = snapshot.frame("from marts.segment_profiles").set_index(BY)["segment_name"]
    for row in rows.to_dict("records"):
        for algorithm in ("kmeans", "hierarchical"):
            assert row[f"{algorithm}_segment_name"] == names[row["segmentation"], algorithm, row[f"{algorithm}_segment_id"]]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ({(1, 1): 3, (2, 1): 2, (3, 2): 4}, set()),  # Ward joins two segments of K-Means
        ({(1, 1): 3, (1, 2): 2, (2, 3): 4}, set()),  # Ward parts one
        ({(1, 1): 2, (1, 2): 2, (2, 2): 4}, set()),  # exactly half of one goes with what holds it
        ({(1, 1): 4, (1, 2): 1, (2, 2): 4}, {(1, 2)}),  # one has strayed
        ({(1, 1): 1, (1, 2): 1, (1, 3): 1, (2, 1): 1, (2, 2): 1, (2, 3): 1}, set()),  # all of Ward's is half of K-Means'
        (
            {(k, w): 1 for k in (1, 2, 3) for w in (1, 2, 3)},
            {(k, w) for k in (1, 2, 3) for w in (1, 2, 3)},
        ),  # nothing goes together
    ],
)
def test_a_finer_cut_is_no_disagreement(
    connection: duckdb.DuckDBPyConnection, pairs: dict[tuple[int, int], int], expected: set[tuple[int, int]]
):
    """Of so many customers in each pair of segments, K-Means and Ward, those in pairs that share half of neither disagree."""
    connection.execute("create schema marts; create table marts.customers (spending_kmeans integer, spending_hierarchical integer)")
    customers = [pair for pair, count in pairs.items() for _ in range(count)]
    connection.executemany("insert into marts.customers values (?, ?)", customers)
    both = tuple(Clustering("spending", algorithm) for algorithm in ("kmeans", "hierarchical"))
    execute_file(connection, SQL / "50_marts" / "algorithm_cross_table.sql", Context(clusterings=both))
    rows = connection.execute(
        "select kmeans_segment_id, hierarchical_segment_id, is_agreement, count_customers from marts.algorithm_cross_table"
    ).fetchall()
    assert {(one, other) for one, other, is_agreement, _ in rows if not is_agreement} == expected
    assert {(one, other): count for one, other, _, count in rows} == pairs


def test_segment_profiles_are_those_of_pandas(snapshot: Snapshot, members: pd.DataFrame):
    """Size, share, mean, median and difference per segment equal a groupby of the customers."""
    profiles = snapshot.frame("from marts.segment_profiles").set_index(BY).sort_index()
    groups = members.groupby(BY)
    everyone = snapshot.frame("from features.customer_features")
    assert groups.size().to_dict() == profiles["size"].to_dict()
    assert (groups.size() / len(everyone)).to_dict() == pytest.approx(profiles["share"].to_dict())
    for name in NUMERIC:
        mean = groups[name].mean()
        assert mean.to_dict() == pytest.approx(profiles[f"mean_{name}"].to_dict())
        assert groups[name].median().to_dict() == profiles[f"median_{name}"].to_dict()
        assert (mean - everyone[name].mean()).to_dict() == pytest.approx(profiles[f"difference_{name}"].to_dict())


def test_feature_profiles_are_those_of_pandas(snapshot: Snapshot, members: pd.DataFrame):
    """Quartiles and effect sizes per segment and feature equal those of pandas."""
    profiles = snapshot.frame("from marts.segment_feature_profiles").set_index([*BY, "feature"])
    everyone = snapshot.frame("from features.customer_features")
    for name in NUMERIC:
        own = profiles.xs(name, level="feature").sort_index()
        groups = members.groupby(BY)[name]
        assert groups.quantile(0.25).to_dict() == pytest.approx(own["lower_quartile"].to_dict())
        assert groups.quantile(0.75).to_dict() == pytest.approx(own["upper_quartile"].to_dict())
        assert groups.std(ddof=0).to_dict() == pytest.approx(own["standard_deviation"].to_dict())
        assert set(own["lower_quartile_everyone"]) == {everyone[name].quantile(0.25)}
        assert set(own["upper_quartile_everyone"]) == {everyone[name].quantile(0.75)}
        effect = (groups.mean() - everyone[name].mean()) / everyone[name].std(ddof=0)
        assert effect.to_dict() == pytest.approx(own["effect_size"].to_dict())
        assert set(own["median_everyone"]) == {everyone[name].median()}


def test_effects_are_ranked_within_each_segment(snapshot: Snapshot):
    """Rank 1 has the largest difference from everyone, in either direction, and no rank is given twice."""
    for _, own in snapshot.frame("from marts.segment_feature_profiles order by effect_rank").groupby(BY):
        assert own["effect_rank"].tolist() == list(range(1, len(NUMERIC) + 1))
        assert own["effect_size"].abs().is_monotonic_decreasing


def test_category_profiles_are_those_of_pandas(snapshot: Snapshot, members: pd.DataFrame):
    """The share of each gender in each segment equals a crosstab; a value nobody has there counts 0."""
    profiles = snapshot.frame("from marts.segment_category_profiles")
    shares = pd.crosstab([members[name] for name in BY], members["gender"], normalize="index").stack()
    assert shares.to_dict() == pytest.approx(profiles.set_index([*BY, "value"])["share"].to_dict())
    everyone = snapshot.frame("from features.customer_features")["gender"].value_counts(normalize=True)
    assert everyone.to_dict() == pytest.approx(profiles.groupby("value")["share_everyone"].first().to_dict())


def test_the_long_and_the_wide_mart_agree(snapshot: Snapshot, members: pd.DataFrame):
    """marts.customers has in its columns what marts.customer_segments has in its rows, and segments.assignments says."""
    wide = snapshot.frame(f"select {WIDE} from marts.customers order by customer_id").set_index("customer_id")
    for source in (members, snapshot.frame("from marts.customer_segments")):
        named = source.assign(dimension=source["segmentation"] + "_" + source["algorithm"])
        pivoted = named.pivot(index="customer_id", columns="dimension", values="segment_id")
        pd.testing.assert_frame_equal(wide, pivoted[wide.columns], check_names=False, check_dtype=False)


def test_every_segment_has_its_own_name_and_colour(snapshot: Snapshot):
    """Within a clustering ids, names and colours are unique, and a colour is the id less one."""
    rows = snapshot.rows("select *, segmentation || algorithm as clustering from segments.segments")
    for column in ("segment_id", "segment_name", "colour"):
        assert len({(row["clustering"], row[column]) for row in rows}) == len(rows)
    assert all(row["colour"] == row["segment_id"] - 1 for row in rows)


def test_provenance_says_where_the_numbers_come_from(sample: Snapshot):
    """One row: file, fingerprint, customers, version, time, and that the sample is synthetic."""
    (row,) = sample.rows("from marts.provenance")
    built_at = row.pop("built_at")
    assert row.pop("data_since") == built_at
    assert row == {
        "version": 1,
        "source_file": "sample_customers.csv",
        "source_fingerprint": sample.value("select sha256(content) from read_blob(?)", [str(BUNDLED)]),
        "count_customers": 2000,
        "is_synthetic": True,
    }
    assert timedelta(0) <= datetime.now(UTC).replace(tzinfo=None) - built_at < timedelta(hours=1)


def test_real_customers_are_not_called_synthetic(mall: Snapshot):
    """The Kaggle file is told from the sample."""
    assert mall.value("select is_synthetic from marts.provenance") is False


def test_the_fingerprint_of_several_files_tells_each_of_them(tmp_path: Path, quick: Path):
    """The run and the provenance have one fingerprint, and it changes with any file."""
    folder = tmp_path / "in"
    folder.mkdir()
    rows = FOUR.splitlines(keepends=True)
    (folder / "a.csv").write_text(HEADER + "".join(rows[:2]))
    found = []
    for last in (rows[3], rows[3].replace("77", "78")):
        (folder / "b.csv").write_text(HEADER + rows[2] + last)
        db = refreshed(tmp_path / "warehouse", folder, quick)
        fingerprint = db.value("select source_fingerprint from marts.provenance")
        assert db.columns(f"select distinct source_fingerprint from segments.runs where run_id = {db.version}") == {
            "source_fingerprint": [fingerprint]
        }
        found.append(fingerprint)
    assert found[0] != found[1]
