"""What segments buy more than everyone, and what is recommended: literal purchases, simulations, and another way to count."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from tests.helpers import refreshed
from warehouse.build import Context, build, execute_file
from warehouse.catalog import relations
from warehouse.connection import Snapshot

Write = Callable[..., Path]
KEY = "segmentation = 'spending' and algorithm = 'kmeans'"


@pytest.fixture
def lifts(connection: duckdb.DuckDBPyConnection) -> Callable[[np.ndarray, np.ndarray], pd.DataFrame]:
    """marts.item_lifts of customers (n,) in groups who bought items (n, m)."""
    connection.execute("create schema features; create schema marts")
    columns = "item_kind varchar, item varchar, customer_id varchar, quantity double, amount double"
    connection.execute(f"create table features.customer_items ({columns})")

    def lifts(groups: np.ndarray, bought: np.ndarray) -> pd.DataFrame:
        customers, items = np.nonzero(bought)
        connection.register("bought", pd.DataFrame({"item": items.astype(str), "customer_id": customers.astype(str)}))
        connection.execute("delete from features.customer_items")
        connection.execute("insert into features.customer_items select 'product', item, customer_id, 1, 2 from bought")
        members = pd.DataFrame({"grouping": "all", "group_id": groups, "customer_id": np.arange(len(groups)).astype(str)})
        connection.register("members", members)
        build(connection, ["marts.item_lifts"])
        found = connection.execute("from marts.item_lifts('members') order by group_id, item::integer").df()
        connection.unregister("members")
        return found

    return lifts


def test_lifts_of_literal_purchases(lifts):
    """Two groups of 200 who all buy something: a half against a tenth of them buys item 1, so the lifts are near 5/3 and 1/3."""
    groups = np.repeat([1, 2], 200)
    bought = np.zeros((400, 2))
    bought[:, 0] = 1
    bought[:100, 1] = bought[200:220, 1] = 1
    found = lifts(groups, bought).set_index(["group_id", "item"])
    assert list(found["count_everyone"].unique()) == [400, 120]
    one, two = found.loc[(1, "1")], found.loc[(2, "1")]
    assert (one["count_customers"], one["share"], one["everyone_share"]) == (100, 0.5, 0.3)
    assert one["lift"] == pytest.approx(5 / 3, abs=0.05)
    assert two["lift"] == pytest.approx(1 / 3, abs=0.05)
    assert one["lift_low"] > 1 > two["lift_high"]
    everybody = found.loc[(1, "0")]
    assert everybody["lift"] == pytest.approx(1)
    assert everybody["lift_low"] < 1 <= everybody["lift_high"] + 1e-12
    assert one["amount_share"] == pytest.approx(100 / 300)


def test_who_is_in_no_group_counts_toward_everyone(connection: duckdb.DuckDBPyConnection, lifts):
    """Half of the customers are in no group, and all of those buy item 1: so does half of everyone, and nobody of the group."""
    bought = np.zeros((400, 2))
    bought[:, 0] = 1
    bought[200:, 1] = 1
    found = lifts(np.repeat([1, None], 200), bought)
    assert list(found["group_id"]) == [1, 1]
    assert list(found["everyone_share"]) == [1, 0.5]
    assert list(found["count_customers"]) == [200, 0]
    assert found["lift_high"][1] < 1


def test_what_few_buy_is_left_out(lifts):
    """An item with 4 buyers, and 4 expected at most, tells nothing; one that a group of hundreds leaves alone does."""
    groups = np.repeat([1, 2], [300, 60])
    bought = np.zeros((360, 3))
    bought[:, 0] = 1
    bought[:4, 1] = 1
    bought[300:, 2] = 1
    found = lifts(groups, bought).set_index(["group_id", "item"])
    assert (1, "1") not in found.index
    never = found.loc[(1, "2")]
    assert never["count_customers"] == 0
    assert never["lift_high"] < 1


def test_groups_that_are_alike_have_no_lift(lifts):
    """Where shares differ by chance alone all are drawn to 1, and hardly an interval leaves it out: far fewer than 5 %."""
    random = np.random.default_rng(4)
    groups = random.integers(0, 5, 2_000)
    found = lifts(groups, random.random((2_000, 60)) < random.uniform(0.02, 0.5, 60))
    assert len(found) > 200
    assert (found["lift"] - 1).abs().max() < 0.25
    assert ((found["lift_low"] > 1) | (found["lift_high"] < 1)).mean() < 0.05


def test_intervals_hold_the_truth(lifts):
    """Of made-up groups whose true shares are known about 95 % of the intervals hold them; drawn lifts are nearer to the truth."""
    held, errors, plain = [], [], []
    for seed in range(6):
        random = np.random.default_rng(seed)
        groups = np.repeat(np.arange(6), 150)
        everyone = random.uniform(0.05, 0.6, 40)
        truth = random.beta(30 * everyone, 30 * (1 - everyone), (6, 40))
        bought = random.random((900, 40)) < truth[groups]
        found = lifts(groups, np.column_stack([np.ones(900), bought]))
        found = found[found["item"] != "0"]
        true = truth[found["group_id"], found["item"].astype(int) - 1] / found["everyone_share"]
        held += list((found["lift_low"] <= true) & (true <= found["lift_high"]))
        errors += list((found["lift"] - true) ** 2)
        plain += list((found["share"] / found["everyone_share"] - true) ** 2)
    assert len(held) > 1_200
    assert 0.93 < np.mean(held) < 0.98
    assert np.mean(errors) < np.mean(plain)


def test_intervals_are_those_of_the_beta_distribution(lifts):
    """Wilson's interval of the drawn share is within a few percent of the exact one of the posterior."""
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(4), 300)
    truth = random.uniform(0.05, 0.7, (4, 20))
    found = lifts(groups, random.random((1_200, 20)) < truth[groups])
    weight = 300  # nearly: the shares of these groups differ far beyond chance, so that little is drawn
    share = found["lift"] * found["everyone_share"]
    low, high = (beta.ppf(tail, share * weight, (1 - share) * weight) for tail in (0.025, 0.975))
    assert np.allclose(found["lift_low"], low / found["everyone_share"], rtol=0.06)
    assert np.allclose(found["lift_high"], high / found["everyone_share"], rtol=0.06)


def test_who_bought_what(bundled: Snapshot):
    """features.customer_items against the lines, counted by pandas."""
    lines = bundled.frame(
        "select customer_id, occurred_at::date as day, product, category, quantity, amount::double as amount "
        "from features.transaction_lines where line_kind = 'sale' and customer_id is not null"
    )
    for kind in ("product", "category"):
        own = bundled.frame(
            "select item, customer_id, first_day, last_day, count_days, quantity, amount::double as amount "
            "from features.customer_items where item_kind = ? order by all",
            [kind],
        )
        expected = (
            lines.dropna(subset=kind)
            .groupby([kind, "customer_id"])
            .agg(
                first_day=("day", "min"),
                last_day=("day", "max"),
                count_days=("day", "nunique"),
                quantity=("quantity", "sum"),
                amount=("amount", "sum"),
            )
            .reset_index()
            .rename(columns={kind: "item"})
            .sort_values(["item", "customer_id"], ignore_index=True)
        )
        pd.testing.assert_frame_equal(own, expected, check_dtype=False, rtol=1e-9)


def test_segments_are_counted_by_hand(bundled: Snapshot):
    """Buyers, shares and money of every segment and item, from lists of customers in Python."""
    segment_of = {row["customer_id"]: row["segment_id"] for row in bundled.rows(f"from segments.assignments where {KEY}")}
    buyers, spent = defaultdict(set), Counter()
    for row in bundled.rows("from features.customer_items where item_kind = 'category'"):
        buyers[row["item"]].add(row["customer_id"])
        spent[segment_of[row["customer_id"]], row["item"]] += float(row["amount"])
    anybody = set().union(*buyers.values())
    rows = bundled.rows(f"from marts.segment_products where item_kind = 'category' and {KEY}")
    assert len(rows) == len(buyers) * len(set(segment_of.values()))
    for row in rows:
        own = {customer for customer in anybody if segment_of[customer] == row["segment_id"]}
        assert row["count_customers"] == len(own & buyers[row["item"]])
        assert row["share"] == pytest.approx(row["count_customers"] / len(own))
        assert row["everyone_share"] == pytest.approx(len(buyers[row["item"]]) / len(anybody))
        assert row["amount"] == pytest.approx(spent[row["segment_id"], row["item"]])
        assert row["verdict"] == ("more" if row["lift_low"] > 1 else "less" if row["lift_high"] < 1 else "alike")


def test_recommendations_are_the_scores_of_the_weights(bundled: Snapshot):
    """Every list written again in Python: weights added up, what is owned left out, filled by popularity, ordered."""
    for kind in ("product", "category"):
        (model,) = bundled.rows("from segments.item_models where period = 'whole' and item_kind = ?", [kind])
        weights = defaultdict(dict)
        for row in bundled.rows("from segments.item_affinities where period = 'whole' and item_kind = ?", [kind]):
            weights[row["item"]][row["other_item"]] = row["weight"]
        owned, buyers = defaultdict(set), Counter()
        for row in bundled.rows("from features.customer_items where item_kind = ?", [kind]):
            owned[row["customer_id"]].add(row["item"])
            buyers[row["item"]] += 1
        popular = sorted(weights, key=lambda item: (-buyers[item], item))
        lists = defaultdict(list)
        for row in bundled.rows("from marts.recommendations where item_kind = ? order by customer_id, place", [kind]):
            lists[row["customer_id"]].append(row)
        assert model["count_listed"] == max(1, min(10, len(weights) // 4))
        for customer, items in owned.items():
            scores = {other: sum(weights[item].get(other, 0) for item in items) for other in popular if other not in items}
            order = sorted(scores, key=lambda item: (-max(scores[item], 0), popular.index(item)))
            own = lists[customer]
            assert [row["item"] for row in own] == order[: model["count_listed"]]
            for row in own:
                assert row["score"] == pytest.approx(float(max(scores[row["item"]], 0)))
                reasons = {item: weights[item][row["item"]] for item in items if row["item"] in weights[item]}
                assert row["because_item"] == (
                    max(reasons, key=lambda item: (reasons[item], -popular.index(item))) if row["score"] > 0 else None
                )


@pytest.fixture
def copy(bundled: Snapshot, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the warehouse that may be written."""
    copyfile(bundled.path, tmp_path / "copy.duckdb")
    with duckdb.connect(tmp_path / "copy.duckdb") as connection:
        yield connection


def make(connection: duckdb.DuckDBPyConnection, relation: str, **limits: int) -> None:
    """Make a relation anew, with other limits of the context."""
    (path,) = [one.path for one in relations() if one.qualified == relation]
    execute_file(connection, path, replace(Context.read(connection), **limits))


@pytest.mark.parametrize("relation", ["features.customer_items", "marts.recommendations"])
def test_parts_make_no_difference(copy: duckdb.DuckDBPyConnection, relation: str):
    """What is made of some customers after the others is what all at once give, whoever is not in the customers file included."""
    copy.execute("delete from raw.customers where customer_id[-1] = '7' or customer_id < 'synthetic-0100'")
    assert Context.read(copy).count_lines > 20_000
    make(copy, relation)
    copy.execute(f"create table at_once as from {relation}")
    make(copy, relation, lines_at_a_time=700)
    differing = f"(from at_once except all from {relation}) union all (from {relation} except all from at_once)"
    assert copy.execute(f"select count(*) from ({differing})").fetchall() == [(0,)]
    strangers = f"select count(distinct customer_id) > 50 from {relation} anti join raw.customers using (customer_id)"
    assert copy.execute(strangers).fetchall() == [(True,)]


def test_the_trial_is_counted_by_hand(bundled: Snapshot):
    """Hits and recall of both lists, from what customers newly bought in the last third, in Python."""
    for trial in bundled.rows("from marts.recommendation_trial"):
        kind = trial["item_kind"]
        (model,) = bundled.rows("from segments.item_models where period = 'calibration' and item_kind = ?", [kind])
        before, new = defaultdict(set), defaultdict(set)
        for row in bundled.rows("from features.customer_items where item_kind = ?", [kind]):
            (before if row["first_day"] <= model["last_day"] else new)[row["customer_id"]].add(row["item"])
        buyers = Counter(item for items in before.values() for item in items)
        popular = sorted((item for item in buyers if buyers[item] >= 5), key=lambda item: (-buyers[item], item))
        lists = defaultdict(set)
        for row in bundled.rows("from marts.item_candidates('calibration') where item_kind = ?", [kind]):
            if row["place"] <= model["count_listed"]:
                lists[row["customer_id"]].add(row["item"])
        tried = [customer for customer in new if customer in before]
        most = {c: set([item for item in popular if item not in before[c]][: model["count_listed"]]) for c in tried}
        for listed, hit_rate, recall in ((lists, "hit_rate", "recall"), (most, "popular_hit_rate", "popular_recall")):
            hits = [len(listed[customer] & new[customer]) for customer in tried]
            assert trial[hit_rate] == pytest.approx(np.mean([hit > 0 for hit in hits]))
            assert trial[recall] == pytest.approx(np.mean([hit / len(new[c]) for hit, c in zip(hits, tried, strict=True)]))
        assert trial["count_customers"] == len(tried)
        both = [bool(lists[c] & new[c]) - bool(most[c] & new[c]) for c in tried]
        assert trial["difference_error"] == pytest.approx(np.std(both, ddof=1) / np.sqrt(len(both)))


def test_a_trial_of_some_customers(bundled: Snapshot, copy: duckdb.DuckDBPyConnection):
    """Of many so many are tried of each kind of item, and what they say is near to what all say."""
    make(copy, "marts.recommendation_trial", customers_tried=300)
    tried = copy.execute("select item_kind, count_customers, hit_rate from marts.recommendation_trial").fetchall()
    for kind, count, hit_rate in tried:
        (whole,) = bundled.rows("from marts.recommendation_trial where item_kind = ?", [kind])
        assert count == 300 < whole["count_customers"]
        assert hit_rate == pytest.approx(whole["hit_rate"], abs=4 * np.sqrt(0.25 / 300))
    assert len(tried) == 2


def test_candidates_of_some_customers(bundled: Snapshot):
    """They are those that everybody's hold of them."""
    some = "select distinct customer_id from features.customer_items where customer_id[-1] = '3'"
    asked = bundled.rows(
        f"with wanted as ({some}) from marts.item_candidates('whole', members := 'wanted') order by customer_id, item_kind, item"
    )
    everybody = "from marts.item_candidates('whole')"
    assert asked == bundled.rows(f"{everybody} where customer_id in ({some}) order by customer_id, item_kind, item")
    assert len(asked) > 1_000


def test_planted_tastes_are_found_and_beat_popularity(bundled: Snapshot):
    """The sample's customers have tastes for categories: their products are recommended, and better than the most bought ones."""
    trial = bundled.rows("from marts.recommendation_trial where item_kind = 'product'")[0]
    assert trial["verdict"] == "better"
    assert trial["hit_rate"] > trial["popular_hit_rate"] + 0.05


LINES = "invoice,date,customer_id,product,quantity,unit_price\n"
VALUE = '[value]\nfeatures = ["monetary"]\nk = 2\nk_max = 2\n'


@pytest.mark.parametrize(
    ("items", "customers", "reason"),
    [(1, 80, "only one product has"), (2, 80, "only 2 products have"), (6, 20, "only 20 customers bought more than one product")],
)
def test_too_little_to_recommend(tmp_path: Path, write: Write, items: int, customers: int, reason: str):
    """The reason is told in words, and the warehouse is published all the same."""
    rows = "".join(
        f"{who}-{day},2024-0{day}-01,C{who},P{(who + day) % items},1,{5 + who % 7}\n"
        for who in range(customers)
        for day in range(1, 5)
    )
    rows = rows.replace("\n", ",1,2\n")  # and columns that are called like ours
    lines = write(LINES.replace("\n", ",lines,rowid\n") + rows, "t.csv")
    db = refreshed(tmp_path / "w", None, write(VALUE, "v.toml"), transactions=lines)
    model = db.rows("from segments.item_models where period = 'whole'")[0]
    assert reason in model["shortfall"]
    for relation in ("segments.item_affinities", "marts.recommendations", "marts.recommendation_trial"):
        assert db.value(f"select count(*) from {relation}") == 0
    assert db.value("select count(*) from marts.segment_products") > 0


def test_without_transactions_there_is_nothing(sample: Snapshot):
    """No item, no model, no mart."""
    for relation in ("features.customer_items", "segments.item_models", "marts.segment_products", "marts.recommendations"):
        assert sample.value(f"select count(*) from {relation}") == 0
