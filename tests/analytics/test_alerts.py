"""Alerts: nothing where nothing changed, what changed where something did, and how often chance alone is told."""

import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from analytics.alert_words import Told, tell
from analytics.alerts import FALSE_ALARMS, Change, beyond_chance, write_alerts
from analytics.run import Segmentation, run
from tests.analytics.shop import BOTH, CENTRES, SPENDING, Customer, ShopInMemory, as_csv, crowd, segments_of
from tests.helpers import HEADER, featured, features_of, loaded
from warehouse.build import build
from warehouse.builder import add_scratch

LARGE = 60
"""Customers of each clump in a shop in which a change can be told."""

COUNT = "select count(*) from segments.alerts"


@pytest.fixture(scope="module")
def begun_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database of which one run has clustered the large crowd, to be copied."""
    folder = tmp_path_factory.mktemp("large")
    with duckdb.connect(folder / "begun.duckdb") as connection:
        add_scratch(connection)
        ShopInMemory(connection, folder).refresh(crowd(each=LARGE))
    return folder / "begun.duckdb"


@pytest.fixture
def large_shop(begun_file: Path, tmp_path: Path) -> Iterator[ShopInMemory]:
    """One whose first run has clustered the large crowd."""
    with duckdb.connect(shutil.copy(begun_file, tmp_path)) as connection:
        add_scratch(connection)
        yield ShopInMemory(connection, tmp_path, run_id=1)


def _others(customers: list[Customer], mark: str) -> list[Customer]:
    """Other people who are the same."""
    return [(mark + name, *rest) for name, *rest in customers]


def _alerts(shop: ShopInMemory, algorithm: str | None = "kmeans") -> list[tuple[str, str, int | None, str | None]]:
    """Of the newest run, by one algorithm: kind, severity, segment and feature."""
    rows = shop.rows(
        "from segments.alerts semi join segments.newest_run using (run_id) where algorithm is not distinct from ? order by place",
        [algorithm],
    )
    return [(row["kind"], row["severity"], row["segment_id"], row["feature"]) for row in rows]


def _segment_near(shop: ShopInMemory, income: float, score: float) -> int:
    """The segment of K-Means whose centre is nearest, in the newest run."""
    rows = shop.rows(
        """
        pivot (
            select segment_id, feature, value
            from segments.centroids semi join segments.newest_run using (run_id)
            where segmentation = 'spending' and algorithm = 'kmeans'
        ) on feature using sum(value)
        """
    )
    nearest = min(rows, key=lambda row: abs(row["annual_income_k"] - income) + abs(row["spending_score"] - score))
    return int(nearest["segment_id"])


def test_an_unchanged_file_alarms_and_moves_nobody(shop_in_memory: ShopInMemory):
    """The first run has no alerts, nor has the same file again, nor from other random starts and in another order of its rows:
    every customer has the id of the first run, in every clustering.
    """
    customers = crowd()
    assert shop_in_memory.refresh(customers, BOTH).value(COUNT) == 0
    first = segments_of(shop_in_memory)
    assert shop_in_memory.refresh(customers, BOTH).value(COUNT) == 0
    for seed in (1, 2):
        shuffled = [customers[place] for place in np.random.default_rng(seed).permutation(len(customers))]
        assert shop_in_memory.refresh(shuffled, BOTH, seed).value(COUNT) == 0
        assert segments_of(shop_in_memory) == first


def test_other_customers_like_these_alarm_nobody(shop_in_memory: ShopInMemory):
    """Nobody is in both files, and all is as it was."""
    shop_in_memory.refresh(_others(crowd(each=LARGE), "a"), BOTH)
    assert shop_in_memory.refresh(_others(crowd(each=LARGE, seed=1), "b"), BOTH).value(COUNT) == 0


def test_a_segment_that_doubles_is_told_with_what_chance_explains(large_shop: ShopInMemory):
    """Its share lies outside of the interval around the share before, and the sentence has all four."""
    customers = crowd(each=LARGE)
    large_shop.refresh(customers + _others([each for each in crowd(each=120, seed=2) if each[0].startswith("c0-")], "n"))
    told = large_shop.rows("from segments.alerts where kind = 'size' and algorithm = 'kmeans' order by place")
    (row,) = (row for row in told if row["segment_id"] == _segment_near(large_shop, *CENTRES[0]))
    assert (row["value_before"], row["value_now"]) == pytest.approx((60 / 300, 180 / 420))
    assert row["noise_low"] < row["value_before"] < row["noise_high"] < row["value_now"]
    assert row["severity"] == "warning"
    assert row["previous_run_id"] == 1
    assert "grew from 20 % to 43 % of all customers; chance explains " in row["sentence"]


def test_a_segment_whose_mean_moves_is_told(large_shop: ShopInMemory):
    """The income of a fifth of the customers rises by 15 k$, and nothing else is told of K-Means."""
    customers = crowd(each=LARGE)
    richer = [(name, age, income + 15 * name.startswith("c1-"), score) for name, age, income, score in customers]
    large_shop.refresh(richer)
    segment = _segment_near(large_shop, 40, 20)
    assert _alerts(large_shop) == [("profile", "warning", segment, "annual_income_k")]
    sentence = large_shop.value("select any_value(sentence) from segments.alerts where algorithm = 'kmeans'")
    assert "the mean annual income rose from 24.6 k$ to 39.6 k$; chance explains 23 k$ to 2" in sentence


def test_a_segment_that_comes_and_goes(shop_in_memory: ShopInMemory):
    """A new group is told as new, and as gone when it has left; of what a person has changed there is a note."""
    one, two = crowd(CENTRES[:4]), crowd()
    free = SPENDING.replace("k = 5\nk_min = 5\nk_max = 5", "k_max = 6")
    shop_in_memory.refresh(one, free)
    shop_in_memory.refresh(two, free)
    segment = _segment_near(shop_in_memory, *CENTRES[4])
    assert ("born", "warning", segment, None) in _alerts(shop_in_memory)
    shop_in_memory.refresh(one, free)
    assert ("gone", "warning", segment, None) in _alerts(shop_in_memory)
    shop_in_memory.refresh(one, free + "k = 3\n")
    assert {(kind, severity) for kind, severity, *_ in _alerts(shop_in_memory)} == {("gone", "note")}


def test_segments_that_are_not_there_come_and_go_unsaid(connection: duckdb.DuckDBPyConnection, write):
    """Where no run is clear, neither is told of another k, nor what it does to sizes; where a person fixed it, that is told."""
    random = np.random.default_rng(2)
    customers = [(f"c{n}", 30, *map(float, random.uniform(1, 99, 2).round(2))) for n in range(300)]
    for run_id, k in ((1, 3), (2, 5)):
        _cluster(connection, write, customers, run_id, k)
    told = "select distinct kind, severity from segments.alerts order by all"
    assert connection.execute(told).fetchall() == []
    connection.execute("update segments.runs set k_chosen_by = 'person' where run_id = 2")
    connection.execute("delete from segments.loads where run_id = 2")
    write_alerts(connection, 2)
    assert connection.execute(told).fetchall() == [("born", "note")]


def test_a_segmentation_of_other_features_is_another_one(shop_in_memory: ShopInMemory):
    """Nothing is compared that was measured otherwise: neither sizes nor means."""
    customers = crowd(each=LARGE)
    toml = '[who]\nfeatures = ["{}"]\nk = 2\nk_max = 2\n'
    shop_in_memory.refresh(customers, toml.format("annual_income_k"))
    shop_in_memory.refresh(customers, toml.format("spending_score"))
    assert {kind for kind, *_ in _alerts(shop_in_memory)} <= {"born", "gone"}


def _file(count_bad: int, count: int = 1_000) -> str:
    """A file of customers of whom some have no age that can be read."""
    rows = (f"{i},Male,{'x' if i < count_bad else 20 + i % 40},{i % 90},{i * 7 % 100}\n" for i in range(count))
    return HEADER + "".join(rows)


@pytest.fixture(scope="module")
def of_a_thousand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The features of such a file; what is loaded later does not change them."""
    with features_of(tmp_path_factory.mktemp("alerts"), _file(0)) as connection:
        yield connection


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [(0, 0, None), (5, 5, None), (5, 12, None), (2, 40, "warning"), (2, 25, "note"), (40, 2, None)],
)
def test_more_rejected_rows_are_told(of_a_thousand: duckdb.DuckDBPyConnection, write, before: int, now: int, told: str | None):
    """By a hundredth of the rows and beyond chance; fewer are never an alert."""
    build(of_a_thousand, ["segments"])
    for run_id, count in ((1, before), (2, now)):
        loaded(of_a_thousand, write(_file(count)))
        write_alerts(of_a_thousand, run_id)
    rows = of_a_thousand.execute("select severity, source, value_before, value_now from segments.alerts where kind = 'rejects'")
    assert rows.fetchall() == ([(told, "customers", before / 1_000, now / 1_000)] if told else [])


def test_a_version_of_an_earlier_release_is_compared_with_nothing(large_shop: ShopInMemory):
    """Without errors of the run before, no difference is held against anything."""
    before = large_shop.connection
    before.execute("update segments.segments set share_error = null, stability_error = null; delete from segments.loads")
    before.execute("update segments.centroids set scaled_error = null")
    assert large_shop.refresh(crowd([(x / 2, y / 2) for x, y in CENTRES], each=LARGE)).value(COUNT) == 0


def test_a_fall_by_a_band_beyond_its_noise_is_told(large_shop: ShopInMemory):
    """What was very stable is doubtful; within a band, or within twice the error, nothing is said."""
    connection = large_shop.refresh(crowd(each=LARGE)).connection
    told = "select severity, value_before, value_now from segments.alerts where algorithm = 'kmeans'"
    assert connection.execute(told).fetchall() == []
    stabilities = [(0.99, 0.01), (0.7, 0.2), (0.7, 0.01), (0.55, 0.01), (0.56, 0.001)]
    expected = [[], [], [("warning", 0.7, 0.55)], []]
    for before_and_now, alerts in zip(pairwise(stabilities), expected, strict=True):
        for run_id, (stability, error) in enumerate(before_and_now, start=1):
            connection.execute(
                "update segments.segments set stability = ?, stability_error = ? where run_id = ? and segment_id = 1",
                [stability, error, run_id],
            )
        connection.execute("delete from segments.alerts; delete from segments.loads where run_id = 2")
        write_alerts(connection, 2)
        assert connection.execute(told).fetchall() == alerts


def _cluster(
    connection: duckdb.DuckDBPyConnection, write: Callable[..., Path], customers: list[Customer], run_id: int, k: int = 5
) -> None:
    """A run on the same database: what a refresh does between loading and the marts."""
    featured(connection, write(as_csv(customers)))
    if run_id == 1:
        build(connection, ["segments"])
    connection.execute("delete from segments.assignments; delete from segments.merges")
    run(connection, run_id, [Segmentation("spending", "Spending", ("annual_income_k", "spending_score"), k, k)])


def _change(difference: float, error: float = 1.0, freedom: float = 99) -> Change:
    return Change(Told("size", 1, 0.0, difference), difference, error, freedom, 0.0)


def test_the_family_is_held_together_as_holm_does(monkeypatch: pytest.MonkeyPatch):
    """What statsmodels' Holm rejects is found, each with the difference at which it would not have been."""
    monkeypatch.setattr("gc.collect", lambda: 0)  # statsmodels looks at all objects of the test run at every call
    random = np.random.default_rng(3)
    for _ in range(50):
        changes = [_change(difference) for difference in random.normal(0, 2.5, 12)]
        p_values = [change.p_value for change in changes]
        expected = {
            change.difference for change, is_told in zip(changes, multipletests(p_values, 0.05, "holm")[0], strict=True) if is_told
        }
        found = beyond_chance(changes, 0.05)
        assert {change.difference for change, _ in found} == expected
        assert all(abs(change.difference) >= noise for change, noise in found)


def test_a_difference_without_noise_is_beyond_it():
    """Where every resample is the same, any difference is told, and none is not."""
    assert [change.difference for change, _ in beyond_chance([_change(0.1, 0.0), _change(0.0, 0.0)], FALSE_ALARMS)] == [0.1]


WORDS = {
    "size": (
        Told("size", 1, 0.062, 0.2, segment_name="A", low=0.05, high=0.081),
        "“A” grew from 6.2 % to 20 % of all customers; chance explains 5.0 % to 8.1 %.",
    ),
    "mean": (
        Told("profile", 1, 1234.5, -3.21, segment_name="A", label="Net worth", unit="k$", low=1000, high=1500),
        "“A”: the mean net worth fell from 1,234 k$ to −3.21 k$; chance explains 1,000 k$ to 1,500 k$.",
    ),
    "category": (
        Told("profile", 1, 0.4, 0.6, segment_name="A", label="Gender", category="Female", low=0.3, high=0.5),
        "“A”: the share of gender Female rose from 40 % to 60 %; chance explains 30 % to 50 %.",
    ),
    "born": (
        Told("born", 1, None, 0.1, segment_name="A", relatives="“B”"),
        "“A” is new, split off what was “B”: 10 % of all customers.",
    ),
    "gone": (Told("gone", 1, 0.1, None, segment_name="A"), "“A” is gone, which had 10 % of all customers."),
    "stability": (
        Told("stability", 1, 0.91, 0.62, segment_name="A", low=0.8, high=1),
        "“A” is doubtful now and was very stable: its stability fell from 0.91 to 0.62.",
    ),
    "rejects": (
        Told("rejects", 1, 0.003, 0.041, source="transactions", low=0, high=0.009),
        "4.1 % of the lines of transactions were rejected, 0.3 % the time before; chance explains up to 0.9 %.",
    ),
}


@pytest.mark.parametrize("kind", WORDS)
def test_an_alert_is_told_in_a_sentence(kind: str):
    """With both values, their unit and what chance explains."""
    told, expected = WORDS[kind]
    assert tell(told) == expected
