"""Refresh after refresh: ids, colours, memberships and events, and marts that know the newest run alone."""

import contextlib
from pathlib import Path

import duckdb
import numpy as np
import pytest

from analytics.run import Segmentation, run
from tests.analytics.shop import BOTH, CENTRES, SPENDING, Customer, Shop, ShopInMemory, as_csv, crowd, refreshed_once, segments_of
from tests.helpers import contents, featured, same_groups
from warehouse.build import build
from warehouse.builder import add_scratch
from warehouse.connection import Snapshot
from warehouse.history import HISTORY, MARTS, hold_stays
from warehouse.label import Label, label
from warehouse.rollback import rollback
from warehouse.versions import files

STAYS = """
select customer_id, segment_id, from_run_id, to_run_id
from segments.membership_history
where segmentation = 'spending' and algorithm = 'kmeans' and customer_id = ?
order by from_run_id
"""


@pytest.fixture(scope="module")
def thrice(shared_folder: Path, begun: Path) -> list[Snapshot]:
    """Three versions: in the second c0-0 has moved to clump 3, c4-19 has left and one segmentation is not run; in the third that
    is run again and c4-19 is back.
    """
    customers = crowd()
    moved = [(*customers[0][:2], 85.0, 80.0), *customers[1:-1]]
    later = ((moved, SPENDING), ([*moved, customers[-1]], BOTH))
    return [Snapshot(path) for path in files(refreshed_once(shared_folder / "shop_of_three", *later, begun=begun))]


@pytest.fixture(scope="module")
def changed(shared_folder: Path, begun: Path) -> list[Snapshot]:
    """Three versions: in the second fewer customers are elsewhere, in fewer segments of one segmentation; in the third the others
    are back where they were.
    """
    customers = crowd()
    elsewhere = [(i, a, 100 - x, y) for i, a, x, y in customers[:70]]
    later = ((elsewhere, SPENDING.replace("5", "4")), (customers[10:], SPENDING))
    return [Snapshot(path) for path in files(refreshed_once(shared_folder / "changed_shop", *later, begun=begun))]


def _stays(db: Snapshot, customer: str) -> list[tuple[int, int, int | None]]:
    return [(row["segment_id"], row["from_run_id"], row["to_run_id"]) for row in db.rows(STAYS, [customer])]


def _events(db: ShopInMemory, run_id: int, algorithm: str = "kmeans") -> list[tuple[int | None, int | None, str]]:
    rows = db.rows(
        "from segments.events where run_id = ? and algorithm = ? order by previous_segment_id, segment_id", [run_id, algorithm]
    )
    return [(row["previous_segment_id"], row["segment_id"], row["event"]) for row in rows]


def _shares(db: ShopInMemory, run_id: int, algorithm: str, event: str) -> list[tuple[int, float | None, float | None]]:
    """Of the events of one kind, in order: customers in both segments, and their share of the one before and of the one after."""
    rows = db.rows(
        "from segments.events where run_id = ? and algorithm = ? and event = ? order by previous_segment_id, segment_id",
        [run_id, algorithm, event],
    )
    return [(row["count_shared"], row["share_of_previous"], row["share_of_new"]) for row in rows]


def scattered(each: int, spread: float) -> list[Customer]:
    """Clumps of income and score that run into one another, of everyone's age."""
    random = np.random.default_rng(3)
    return [
        (f"c{clump}-{member}", int(random.integers(18, 70)), *(random.normal(centre, spread).clip(1, 100).round(2).tolist()))
        for clump, centre in enumerate(CENTRES)
        for member in range(each)
    ]


@pytest.mark.parametrize(("each", "spread"), [(60, 12), pytest.param(1_100, 8, marks=pytest.mark.soak)])
def test_the_order_of_the_rows_decides_nothing(tmp_path: Path, each: int, spread: float):
    """Nor does the seed, where clumps run into one another: in warehouses without a history, of customers and of cells."""
    three = SPENDING + '[lifestyle]\nfeatures = ["age", "annual_income_k", "spending_score"]\nk = 4\nk_min = 4\nk_max = 4\n'
    customers = scattered(each, spread)
    found = []
    for seed in (0, 1):
        shuffled = [customers[place] for place in np.random.default_rng(seed).permutation(len(customers))]
        with duckdb.connect() as connection:
            add_scratch(connection)
            found.append(segments_of(ShopInMemory(connection, tmp_path).refresh(shuffled, three, seed)))
    assert found[0] == found[1]


class Carousel:
    """Four clumps that go round a fifth, each now where another was; a tenth of the customers is new at every turn."""

    def __init__(self, turns: int) -> None:
        self.turns = turns
        self.random = np.random.default_rng(5)
        self.members = {clump: [f"c{clump}-{member}" for member in range(20)] for clump in range(5)}

    def at(self, turn: int) -> list[Customer]:
        angles = 2 * np.pi * (np.arange(4) / 4 + turn / self.turns)
        centres = [*np.column_stack([50 + 40 * np.cos(angles), 50 + 40 * np.sin(angles)]), np.array([50, 50])]
        for clump, members in self.members.items():
            for place in self.random.choice(len(members), 2, replace=False):
                members[place] = f"c{clump}-{turn}-{place}"
        return [
            (member, 30, *self.random.normal(centres[clump], 2).round(2).tolist())
            for clump, members in self.members.items()
            for member in members
        ]


@pytest.mark.parametrize("turns", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_drift_never_swaps_ids(connection: duckdb.DuckDBPyConnection, write, turns: int):
    """Clumps go all the way round while customers come and go: an id and its colour stay with the customers, not the place."""
    carousel = Carousel(turns)
    segmentation = Segmentation("spending", "Spending", ("annual_income_k", "spending_score"), 5, 5)
    build(connection, ["segments"])
    shown = set()
    for run_id in range(1, turns + 2):
        featured(connection, write(as_csv(carousel.at(run_id))))
        hold_stays(connection, None, run_id)
        build(connection, ["segments.assignments", "segments.merges"])  # a new version has them empty
        run(connection, run_id, [segmentation])
        shown |= set(
            connection.execute(
                "select distinct split_part(customer_id, '-', 1), algorithm, segment_id, colour from segments.assignments "
                "inner join segments.segments using (run_id, segmentation, algorithm, segment_id)"
            ).fetchall()
        )
    assert len(shown) == len(CENTRES) * 2
    assert connection.execute("select count(distinct run_id) from segments.runs").fetchone() == (turns + 1,)
    assert connection.execute("select distinct event from segments.events").fetchall() == [("kept",)]


def test_stays_open_and_close(thrice: list[Snapshot]):
    """Unchanged customers have one row; who moves, leaves or comes back has one per stay; March is one query away."""
    first, second, third = thrice
    home, other = segments_of(first)["c0-0"][1], segments_of(first)["c3-0"][1]
    assert _stays(third, "c0-0") == [(home, 1, 2), (other, 2, None)]
    assert _stays(third, "c0-1") == [(home, 1, None)]
    last = segments_of(first)["c4-19"][1]
    assert _stays(third, "c4-19") == [(last, 1, 2), (last, 3, None)]
    where = (
        "select segment_id from segments.membership_history where segmentation = 'spending' and algorithm = 'kmeans' "
        "and customer_id = 'c0-0' and valid_from <= $t and (valid_to is null or valid_to > $t)"
    )
    for db, expected in ((first, home), (second, other), (third, other)):
        assert third.value(where, {"t": db.value("select max(created_at) from segments.runs")}) == expected


def test_the_number_of_segments_follows_the_customers_and_no_person(shop_in_memory: ShopInMemory):
    """A k that a person fixed before decides nothing once it is taken back; the evidence's own gives way to a better one."""
    free = SPENDING.replace("k = 5\nk_min = 5\nk_max = 5", "k_max = 6")
    found = "select distinct k from segments.runs where run_id = (select max(run_id) from segments.runs)"
    shop_in_memory.refresh(crowd(), SPENDING.replace("5", "3"))
    assert shop_in_memory.refresh(crowd(), free).rows(found) == [{"k": 5}]
    assert shop_in_memory.refresh(crowd(CENTRES[:4]), free).rows(found) == [{"k": 4}]


def test_a_segmentation_that_is_not_run_closes_and_comes_back(thrice: list[Snapshot]):
    """Its stays close; when it is run again its segments have their old ids, and other marts never see it in between."""
    first, second, third = thrice
    assert second.value("select count(*) from segments.membership_history where segmentation = 'who' and to_run_id is null") == 0
    assert second.columns("select distinct segmentation from marts.segment_profiles") == {"segmentation": ["spending"]}
    assert "who_kmeans" not in second.columns("from marts.customers limit 0")
    before = segments_of(first)
    assert segments_of(third) == {**before, "c0-0": before["c3-0"][:2] + before["c0-0"][2:]}
    assert third.value("select distinct previous_run_id from segments.events where run_id = 3 and segmentation = 'who'") == 1


def test_an_id_is_not_given_again_after_a_rollback(begun_shop: Shop):
    """The id of a segment that only the abandoned version knows, and a name given there, stay that segment's for good."""
    six, customers = SPENDING.replace("5", "6"), crowd()
    second = begun_shop.refresh([*customers, *(("n" + i, a, x, y) for i, a, x, y in crowd([(55, 95)]))], six)
    assert segments_of(second)["nc0-0"] == (6, 6)
    label(second.path.parent, Label("spending", "kmeans", 6, "Ann", "Whales"))
    rollback(second.path.parent)
    begun_shop.refresh(customers)
    fourth = begun_shop.refresh([*customers, *(("m" + i, a, x, y) for i, a, x, y in crowd([(55, 5)]))], six)
    assert segments_of(fourth)["mc0-0"] == (7, 7)
    assert "Whales" not in fourth.columns("select segment_name from segments.segments")["segment_name"]


def test_ids_that_other_runs_gave_are_given_to_nobody(connection: duckdb.DuckDBPyConnection, write):
    """Both algorithms begin above whatever either of them gave."""
    build(connection, ["segments"])
    featured(connection, write(as_csv(crowd())))
    build(connection, ["segments"])
    taken = {("spending", "kmeans"): 2, ("spending", "hierarchical"): 9}
    run(connection, 1, [Segmentation("spending", "Spending", ("annual_income_k", "spending_score"), 5, 5)], taken_ids=taken)
    assert connection.execute("select min(segment_id), max(segment_id) from segments.assignments").fetchone() == (10, 14)


def test_ids_of_segments_that_cannot_be_carried_are_given_to_nobody(begun_shop: Shop):
    """Where the table of the segments has another layout customers stay in segments that are known by their ids alone."""
    (path,) = files(begun_shop.directory / "warehouse")
    with contextlib.closing(Snapshot(path)) as first:
        before = {customer: ids[:2] for customer, ids in segments_of(first).items()}  # of the segmentation that is run again
    path.chmod(0o644)
    with duckdb.connect(str(path)) as old:
        old.execute("alter table segments.segments rename segment_name to called")
    second = begun_shop.refresh([(i, a, 100 - x, y) for i, a, x, y in crowd()])
    after = segments_of(second)
    assert not {ids for customer in after.values() for ids in customer} & {ids for customer in before.values() for ids in customer}
    assert _stays(second, "c0-0") == [(before["c0-0"][1], 1, 2), (after["c0-0"][1], 2, None)]


def test_a_split_a_merge_and_what_is_new_or_gone(shop_in_memory: ShopInMemory):
    """The larger part keeps the id, a new segment gets one never used before, and events say what happened."""
    split = [(20, 80), (25, 20), (55, 20), (55, 80), (90, 50)]
    sizes = crowd([(20, 80), (25, 20), (55, 50), (90, 50)])
    four, five = SPENDING.replace("5", "4"), SPENDING
    first = shop_in_memory.refresh(sizes, four)
    gone, middle = (segments_of(first)[customer][1] for customer in ("c0-0", "c2-0"))
    assert first.value("select count(*) from segments.events") == 0
    parted = [(i, a, x, y) if not i.startswith("c2") else (i, a, x, y + (30 if int(i[3:]) < 13 else -30)) for i, a, x, y in sizes]
    second = shop_in_memory.refresh(parted, five)
    assert segments_of(second)["c2-0"][1] == middle
    assert segments_of(second)["c2-19"][1] == 5
    assert [event for event in _events(second, 2) if event[0] == middle] == [(middle, middle, "split"), (middle, 5, "split")]
    assert {event for *_, event in _events(second, 2)} == {"kept", "split"}
    third = shop_in_memory.refresh(sizes, four)
    assert [event for event in _events(third, 3) if event[2] == "merged"] == [(middle, middle, "merged"), (5, middle, "merged")]
    fourth = shop_in_memory.refresh(
        [c for c in sizes if not c[0].startswith("c0")] + [(f"n{i[1:]}", a, x + 40, y) for i, a, x, y in crowd(split, 9)[-9:]], four
    )
    assert [event for event in _events(fourth, 4) if event[2] in ("new", "gone")] == [(gone, None, "gone"), (None, 6, "new")]
    for algorithm in ("kmeans", "hierarchical"):
        assert _shares(fourth, 2, algorithm, "split") == [(13, 0.65, 1), (7, 0.35, 1)]
        assert _shares(fourth, 2, algorithm, "kept") == [(20, 1, 1)] * 3
        assert _shares(fourth, 3, algorithm, "merged") == [(13, 1, 0.65), (7, 1, 0.35)]
        assert _shares(fourth, 4, algorithm, "gone") == _shares(fourth, 4, algorithm, "new") == [(0, None, None)]


@pytest.mark.parametrize("relation", [*HISTORY, *MARTS])
def test_what_a_run_wrote_stands_in_later_versions(changed: list[Snapshot], relation: str):
    """To the last value: what became of segments, what was alarming, who has left; of names that people give there are none yet."""
    run_id = "to_run_id" if relation == "segments.past_memberships" else "run_id"
    of_run = f"from {relation} where {run_id} = 2 order by all"
    assert changed[2].rows(of_run) == changed[1].rows(of_run)
    assert bool(changed[1].rows(of_run)) == (relation != "segments.labels")


def test_marts_know_the_newest_run_alone(shop: Shop, changed: list[Snapshot]):
    """After three refreshes of changing files every mart is what a fresh warehouse of the last file has, ids apart."""
    third, fresh = changed[2], shop.refresh(crowd()[10:])
    ids, others = segments_of(third), segments_of(fresh)
    assert same_groups(*zip(*((ids[customer], others[customer]) for customer in sorted(ids)), strict=True))
    assert len(ids) == len(others) == 90
    apart = {"segment_id", "second_segment_id", "colour", "kmeans_segment_id", "hierarchical_segment_id", "bin"}
    apart |= {"spending_kmeans", "spending_hierarchical", "spending_kmeans_bin", "spending_hierarchical_bin"}
    ours, theirs = contents(third, apart), contents(fresh, apart)
    assert ours.keys() == theirs.keys()
    of_history = {*HISTORY, *MARTS, "segments.membership_history", "marts.distribution_shifts"}
    assert {name for name in ours if ours[name] != theirs[name]} <= of_history
