"""The model is SQL: marts.score_customers says of any customers what the clustering says of its own."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from tests.helpers import HEADER, published_once, refreshed
from warehouse.connection import Snapshot, Warehouse

COLUMNS = ("customer_id", "segmentation", "algorithm", "segment_id", "distance", "second_segment_id", "margin")
BY = ["customer_id", "segmentation"]
Give = Callable[[Snapshot, str, str], None]


def scored(snapshot: Snapshot, customers: str) -> pd.DataFrame:
    """What the macro says of customers given by name, sorted."""
    return snapshot.frame(f"select {', '.join(COLUMNS)} from marts.score_customers('{customers}') order by all")


@pytest.fixture
def give() -> Iterator[Give]:
    """Make a table of customers who are not in the warehouse, for one test."""
    with ExitStack() as given:

        def give(snapshot: Snapshot, name: str, sql: str) -> None:
            snapshot._connection.execute(f"create table memory.main.{name} as {sql}")
            given.callback(snapshot._connection.execute, f"drop table memory.main.{name}")

        yield give


@pytest.fixture(params=["sample", "mall"])
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Each of the two warehouses in turn."""
    return request.getfixturevalue(request.param)


def parity(snapshot: Snapshot, customers: str = "staging.customers") -> None:
    """Assert that the macro gives segments.assignments to the last bit: by K-Means always, by Ward for those nearest to theirs."""
    both = snapshot.frame(
        f"""
        with told as (
            select {", ".join(COLUMNS)}
            from segments.assignments
        )

        select told.*, columns(scored.* exclude (customer_id, segmentation, algorithm)) as 'scored_\\0'
        from told
        inner join marts.score_customers('{customers}') as scored using (customer_id, segmentation, algorithm)
        """
    )
    assert len(both) == snapshot.value("select count(*) from segments.assignments") > 0
    same = np.logical_and.reduce([both[column] == both[f"scored_{column}"] for column in COLUMNS[3:]])
    is_kmeans = both["algorithm"] == "kmeans"
    assert same[is_kmeans].all()
    assert same[~is_kmeans & (both["margin"] > 0)].all()
    assert not same[~is_kmeans & (both["margin"] < 0)].any()


def test_scores_are_the_assignments(snapshot: Snapshot):
    """The customers of the warehouse are scored into their own segments, with equal distances and margins, every bit of them."""
    parity(snapshot)


def test_scores_are_the_predictions_of_scikit_learn(snapshot: Snapshot, give: Give):
    """KMeans.predict with the stored centroids finds the same segments for customers nobody has seen."""
    give(
        snapshot,
        "strangers",
        "select 'S' || range as customer_id, 18 + 60 * random() as age, 200 * random() as annual_income_k, "
        "1 + 99 * random() as spending_score from range(5000)",
    )
    strangers = snapshot.frame("from memory.main.strangers order by customer_id")
    for segmentation, features in (
        ("spending", ["annual_income_k", "spending_score"]),
        ("lifestyle", ["age", "annual_income_k", "spending_score"]),
    ):
        centroids = snapshot.frame("from segments.centroids where segmentation = ? and algorithm = 'kmeans'", [segmentation]).pivot(
            index="segment_id", columns="feature", values="value"
        )[features]
        scaling = snapshot.frame("from segments.scaling where segmentation = ?", [segmentation]).set_index("feature").loc[features]
        mean, deviation = scaling["mean"].to_numpy(), scaling["standard_deviation"].to_numpy()
        model = KMeans(len(centroids), init=(centroids.to_numpy() - mean) / deviation, n_init=1, max_iter=1)
        model.fit((centroids.to_numpy() - mean) / deviation)
        expected = centroids.index.to_numpy()[model.predict((strangers[features].to_numpy() - mean) / deviation)]
        scored = "marts.score_customers('memory.main.strangers')"
        found = snapshot.frame(
            f"from {scored} where segmentation = ? and algorithm = 'kmeans' order by customer_id", [segmentation]
        )
        assert found["segment_id"].tolist() == expected.tolist()
        names = snapshot.frame(
            "select segment_id, segment_name from segments.segments where segmentation = ? and algorithm = 'kmeans'", [segmentation]
        ).set_index("segment_id")["segment_name"]
        assert found["segment_name"].tolist() == names[found["segment_id"]].tolist()
        assert found["second_segment_name"].tolist() == names[found["second_segment_id"]].tolist()


def test_customers_can_be_given_as_a_view_a_query_or_a_literal(mall: Snapshot, give: Give):
    """Further columns do no harm, whole numbers count as numbers, and a customer given twice has two rows each."""
    give(mall, "whole", "select '1' as customer_id, 'x' as other, 15 as annual_income_k, 39 as spending_score, 19 as age")
    own = mall.rows(
        "select segment_id, distance from segments.assignments "
        "where customer_id = '1' and algorithm = 'kmeans' order by segmentation"
    )
    for given, count in (("memory.main.whole", 1), ("twice", 2)):
        found = mall.rows(
            "with twice as (from memory.main.whole union all from memory.main.whole) "
            f"select segment_id, distance from marts.score_customers('{given}') where algorithm = 'kmeans' order by segmentation"
        )
        assert found == [row for row in own for _ in range(count)]


def test_a_segmentation_whose_columns_are_missing_is_left_out(mall: Snapshot, bundled: Snapshot):
    """Those whose columns are all there are told, whatever the case of the names; where none is, the error says what each needs."""
    needed = r"spending needs annual_income_k, spending_score; the customers have customer_id, age"
    with pytest.raises(duckdb.InvalidInputException, match=needed):
        mall.rows("with bare as (select '1' as customer_id, 3 as age) select * from marts.score_customers('bare')")
    for given, told in (
        ("60 as Annual_Income_K, 50 as spending_score", ["spending"]),
        ("30 as age, 60 as annual_income_k, 50 as spending_score", ["lifestyle", "spending"]),
        ("3 as recency_days, 9 as frequency, 800 as monetary", ["value"]),
    ):
        found = bundled.columns(
            f"with one as (select '1' as customer_id, {given}) "
            "select distinct segmentation from marts.score_customers('one') where segment_id is not null order by 1"
        )
        assert found["segmentation"] == told


@pytest.fixture(scope="session")
def odd_published(shared_folder: Path) -> Path:
    """A folder with a warehouse of customers with gaps, clustered on a category as well, and its sources, to be copied."""
    rows = [("F", "", 10, 1), ("M", 20, 10, 2), ("F", 20, 20, 3), ("", 20, 20, 4), ("M", 60, 90, ""), ("F", 60, 90, 6)]
    rows += [("M", 60, 95, 7), ("F", 60, 95, 8)]
    return published_once(
        shared_folder / "odd",
        HEADER + "".join(f"{place},{','.join(map(str, row))}\n" for place, row in enumerate(rows, start=1)),
        '[who]\nfeatures = ["gender_is_female", "age", "spending_score"]\nk = 2\n[income]\nfeatures = ["annual_income_k"]\nk = 2\n',
    )


@pytest.fixture
def odd(odd_published: Path) -> Snapshot:
    """That warehouse, open for one test."""
    return Warehouse(odd_published / "w").snapshot()


def test_gaps_and_categories_are_completed_as_in_the_clustering(odd: Snapshot):
    """A missing number is the median of then, a missing category Unknown."""
    parity(odd)


def test_a_column_on_a_log_scale_is_clustered_by_its_logarithm(tmp_path: Path, write):
    """A mapping says so: then scaling is that of numpy, centroids are in units again, and scores are the assignments."""
    incomes = [-30, -2, 0, 0.5, 3, 9, 40, 90, 700, 4_000, 90_000, 2_000_000]
    path = write("CustomerID,Money\n" + "".join(f"{place},{income}\n" for place, income in enumerate(incomes)))
    said = write('[columns]\nMoney = { kind = "numeric", scale = "log" }\n', "mapping.toml")
    money = refreshed(tmp_path / "warehouse", path, write('[money]\nfeatures = ["money"]\nk = 3\n', "money.toml"), mapping=said)
    parity(money)
    logs = np.sign(incomes) * np.log1p(np.abs(incomes))
    scaled = money.columns("select money from features.customer_features_scaled order by cast(customer_id as integer)")["money"]
    np.testing.assert_allclose(scaled, (logs - logs.mean()) / logs.std(), atol=1e-12)
    of = money.columns(
        "select segment_id from segments.assignments where algorithm = 'kmeans' order by cast(customer_id as integer)"
    )
    (segments,) = of.values()
    means = [logs[np.array(segments) == segment].mean() for segment in (1, 2, 3)]
    centroids = money.columns("select value from segments.centroids where algorithm = 'kmeans' order by segment_id")["value"]
    np.testing.assert_allclose(centroids, np.sign(means) * np.expm1(np.abs(means)))


def test_of_two_centroids_at_the_same_distance_the_lower_id_counts(odd: Snapshot, give: Give):
    """Who lies halfway is in the segment with the lower id, and the margin is 0."""
    low, high = odd.columns(
        "select value from segments.centroids where segmentation = 'income' and algorithm = 'kmeans' order by segment_id"
    )["value"]
    give(
        odd,
        "halfway",
        f"select 'h' as customer_id, null as gender, 3 as age, 4 as spending_score, {(low + high) / 2} as annual_income_k",
    )
    (row,) = odd.rows("from marts.score_customers('memory.main.halfway') where segmentation = 'income' and algorithm = 'kmeans'")
    assert (row["segment_id"], row["second_segment_id"], row["margin"]) == (1, 2, pytest.approx(0, abs=1e-12))


@pytest.mark.parametrize("value", ["'nan'::double", "'infinity'::double", "'-infinity'::double", "1e308"])
def test_who_is_nowhere_is_in_no_segment(mall: Snapshot, value: str, give: Give):
    """A value that cannot be computed with puts nobody into the first segment; who is given beside it is told as ever."""
    give(
        mall,
        "nowhere",
        f"select 'n' as customer_id, 30 as age, {value} as annual_income_k, 50 as spending_score union all select 'm', 30, 60, 50",
    )
    found = mall.columns("from marts.score_customers('memory.main.nowhere') where customer_id = 'n'")
    assert {column for column, values in found.items() if set(values) != {None}} == {"customer_id", "segmentation", "algorithm"}
    assert None not in mall.columns("from marts.score_customers('memory.main.nowhere') where customer_id = 'm'")["segment_name"]


def test_an_earlier_run_can_score_too(odd: Snapshot, odd_published: Path, tmp_path: Path, write, give: Give):
    """With of_run_id the model is that of an earlier run, though its customers are gone."""
    shutil.copytree(odd_published / "w", tmp_path / "w", symlinks=True)
    later = refreshed(
        tmp_path / "w",
        write(HEADER + "".join(f"{n},{'FM'[n % 2]},{20 + n},{10 * n},{n}\n" for n in range(1, 9))),
        odd_published / "quick.toml",
    )
    given = "select '7' as customer_id, 'F' as gender, 60 as age, 95 as annual_income_k, 7 as spending_score"
    for db in (odd, later):
        give(db, "one", given)
    before = odd.rows("from marts.score_customers('memory.main.one') order by all")
    assert later.rows("from marts.score_customers('memory.main.one', of_run_id := 1) order by all") == before
    assert later.rows("from marts.score_customers('memory.main.one') order by all") != before


def test_the_older_client_scores(published: Path):
    """`make sql` opens a client of an older DuckDB: it scores a literal customer."""
    client = Path(sys.executable).with_name("duckdb")
    query = (
        "with me as (select 'me' as customer_id, 30 as age, 60 as annual_income_k, null as spending_score) "
        "select count(*) from marts.score_customers('me') where margin >= 0;"
    )
    command = [str(client), "-readonly", "-bail", "-noheader", "-list", str((published / "current.duckdb").resolve())]
    answer = subprocess.run(command, input=query, capture_output=True, text=True)
    assert (answer.stdout.strip(), answer.stderr) == ("4", "")


@pytest.mark.soak
def test_a_million_customers_are_scored_as_they_were_assigned(tmp_path: Path):
    """Parity holds where the centroids came from steps over all customers in SQL, which end early."""
    from etl.sample import write_sample

    write_sample(tmp_path / "million.csv", 1_000_000)
    directory = tmp_path / "warehouse"
    parity(refreshed(directory, tmp_path / "million.csv", Path("analytics/segmentations.toml")))
