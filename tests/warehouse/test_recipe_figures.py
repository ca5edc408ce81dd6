"""What recipes say is so: their figures against another question to the warehouse, work by hand or an answer that is known."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from itertools import groupby, pairwise
from math import ceil, dist, sqrt
from pathlib import Path
from statistics import mean, variance
from typing import Any

import pytest

from tests.helpers import HEADER, refreshed
from tests.moved import AFTER, BEFORE
from warehouse.connection import Snapshot
from warehouse.recipes import recipes

SQL = {recipe.name: recipe.sql for recipe in recipes()}
MEMBERS = "from segments.assignments where segmentation = 'spending' and algorithm = 'kmeans'"


def names(db: Snapshot) -> dict[int, str]:
    """By id: the names of the K-Means segments of spending."""
    found = db.rows(
        "select segment_id, segment_name from segments.segments where segmentation = 'spending' and algorithm = 'kmeans'"
    )
    return {row["segment_id"]: row["segment_name"] for row in found}


def members(db: Snapshot) -> dict[str, str]:
    """By customer: the name of the K-Means segment of spending."""
    name = names(db)
    return {row["customer_id"]: name[row["segment_id"]] for row in db.rows(f"select customer_id, segment_id {MEMBERS}")}


def distances(db: Snapshot) -> dict[str, list[tuple[float, str]]]:
    """By customer: how far the centre of each segment is, the nearest first, worked out from incomes and scores alone."""
    scale = {row["feature"]: row for row in db.rows("from segments.scaling where segmentation = 'spending' order by position")}
    name = names(db)
    centres: dict[str, dict[str, float]] = defaultdict(dict)
    for row in db.rows("from segments.centroids where segmentation = 'spending' and algorithm = 'kmeans'"):
        centres[name[row["segment_id"]]][row["feature"]] = row["scaled_value"]
    found = {}
    for customer in db.rows("from staging.customers"):
        place = [(customer[feature] - row["mean"]) / row["standard_deviation"] for feature, row in scale.items()]
        found[customer["customer_id"]] = sorted(
            (dist(place, [centre[feature] for feature in scale]), segment) for segment, centre in centres.items()
        )
    return found


def close(found: Any) -> Any:
    """The same but for the last digits."""
    return pytest.approx(found, rel=1e-9, abs=1e-9)


def test_sizes_are_those_of_the_members(bundled: Snapshot):
    """A segment is as large as the customers in it are many, and every clustering has everyone."""
    rows = [row for row in bundled.rows(SQL["segments"]) if (row["segmentation_title"], row["algorithm"]) == ("Spending", "kmeans")]
    assert {row["segment_name"]: row["size"] for row in rows} == Counter(members(bundled).values())
    assert sum(row["share"] for row in rows) == close(1)
    assert [row["size"] for row in rows] == sorted((row["size"] for row in rows), reverse=True)


def test_the_most_typical_are_nearest_to_the_centre(bundled: Snapshot):
    """Of each segment the three with the smallest distances."""
    by_segment = defaultdict(list)
    for (distance, segment), *_ in distances(bundled).values():
        by_segment[segment].append(distance)
    found = defaultdict(list)
    for row in bundled.rows(SQL["typical_customers"]):
        found[row["segment_name"]].append(row["distance"])
    assert found == {segment: close(sorted(far)[:3]) for segment, far in by_segment.items()}


def test_those_between_two_are_nearly_as_near_to_the_next(bundled: Snapshot):
    """The 20 smallest differences between the nearest centre and the next, and which two they are."""
    far = distances(bundled)
    rows = bundled.rows(SQL["between_two_segments"])
    assert [row["margin"] for row in rows] == close(sorted(other - own for (own, _), (other, _), *_ in far.values())[:20])
    for row in rows:
        (_, own), (_, other), *_ = far[row["customer_id"]]
        assert (row["segment_name"], row["second_segment_name"]) == (own, other)


def test_those_far_from_every_centre(bundled: Snapshot):
    """The 20 largest distances to the nearest centre, against the mean in that segment."""
    far = {customer: nearest for customer, (nearest, *_) in distances(bundled).items()}
    rows = bundled.rows(SQL["far_from_every_centre"])
    assert [row["distance"] for row in rows] == close(sorted((distance for distance, _ in far.values()), reverse=True)[:20])
    first = rows[0]
    own = mean(distance for distance, segment in far.values() if segment == first["segment_name"])
    assert first["times_the_mean"] == close(first["distance"] / own)


def test_age_bands_count_everyone_once(bundled: Snapshot):
    """Counted by hand from the ages of the file; a row adds up to the segment."""
    edges = {
        "under_25": (0, 25),
        "from_25": (25, 35),
        "from_35": (35, 45),
        "from_45": (45, 55),
        "from_55": (55, 65),
        "from_65": (65, 200),
    }
    segment = members(bundled)
    age = {row["customer_id"]: row["age"] for row in bundled.rows("from staging.customers")}
    rows = bundled.rows(SQL["age_bands"])
    assert len(rows) == len(set(segment.values()))
    for row in rows:
        own = [age[customer] for customer, name in segment.items() if name == row["segment_name"]]
        for band, (low, high) in edges.items():
            assert row[band] == sum(low <= years < high for years in own)
        assert row["all_ages"] == len(own)


def test_shares_of_a_category(bundled: Snapshot):
    """Women of each segment, counted by hand."""
    segment = members(bundled)
    gender = {row["customer_id"]: row["gender"] for row in bundled.rows("from staging.customers")}
    women = [row for row in bundled.rows(SQL["categories_by_segment"]) if (row["category"], row["value"]) == ("Gender", "Female")]
    assert {row["segment_name"]: row["count_customers"] for row in women} == Counter(
        name for customer, name in segment.items() if gender[customer] == "Female"
    )
    everyone = sum(value == "Female" for value in gender.values()) / len(gender)
    assert all((row["share_everyone"], row["times"]) == close((everyone, row["share"] / everyone)) for row in women)


def test_disagreements_add_up(bundled: Snapshot):
    """The pairs that do not go together hold as many customers as the list of disagreements, and all pairs hold everyone."""
    rows = bundled.rows(SQL["kmeans_against_ward"])
    listed = bundled.value("select count(*) from marts.algorithm_disagreements where segmentation = 'spending'")
    assert sum(row["count_customers"] for row in rows if not row["is_agreement"]) == listed > 0
    assert sum(row["count_customers"] for row in rows) == len(members(bundled))


def test_a_new_customer_is_where_they_seem_to_be(bundled: Snapshot):
    """Who earns much and spends little is in the segment of that name."""
    found = {row["customer_id"]: row for row in bundled.rows(SQL["new_customer"]) if row["segmentation"] == "spending"}
    assert found["earns much, spends little"]["segment_name"] == "High income · low score"
    assert found["earns much, spends much"]["segment_name"] == "High income · high score"
    assert all(row["margin"] > 0 for row in found.values())


def test_who_moved_and_why(moved_second: Snapshot):
    """Known from how the runs were made: one rose, one was moved by the model, one left, newcomers joined, all others stayed."""
    moves = moved_second.rows(SQL["moves_between_segments"])
    counted = sum((Counter({row["movement"]: row["count_customers"]}) for row in moves), Counter())
    joined, stayed = len(AFTER.keys() - BEFORE.keys()), len(AFTER.keys() & BEFORE.keys()) - 2
    assert counted == {"customer changed": 1, "model changed": 1, "left": 1, "joined": joined, "stayed": stayed}
    assert [row["movement"] for row in moves][-1] == "stayed"
    movers = {row["customer_id"]: row for row in moved_second.rows(SQL["movers"])}
    assert {customer: row["movement"] for customer, row in movers.items()} == {
        "riser": "customer changed",
        "between": "model changed",
    }
    assert {(row["previous_segment_name"], row["segment_name"]) for row in movers.values()} == {("Low income", "High income")}
    assert movers["riser"]["annual_income_k"] == AFTER["riser"]


def test_sizes_over_the_runs(moved: Snapshot):
    """Known from how the three runs were made, the last one first."""
    rows = moved.rows(SQL["sizes_over_runs"])
    assert [(row["run_id"], row["segment_name"], row["size"], row["change"]) for row in rows] == [
        (3, "High income", 20, 0),
        (3, "Low income", 10, 0),
        (2, "High income", 20, 10),
        (2, "Low income", 10, -3),
        (1, "Low income", 13, None),
        (1, "High income", 10, None),
    ]


def test_rows_that_cannot_be_used_and_values_that_are_missing(tmp_path: Path, write: Callable[..., Path], quick: Path):
    """Of six rows one has an age that is none and one is too old; of the four that are kept one has no income."""
    rows = "1,Male,19,15,39\n2,Female,21,,81\n3,,20,86,6\n4,Male,23,90,77\n5,Male,old,90,77\n6,Male,410,90,77\n"
    db = refreshed(tmp_path / "warehouse", write(HEADER + rows), quick, max_rejected=1)
    found = {row["rule"]: row for row in db.rows(SQL["rejected_rows"])}
    assert found.keys() == {"not a number", "out of range"}
    assert (found["out of range"]["source_line"], found["out of range"]["row_text"]) == (7, "6,Male,410,90,77")
    assert {(row["rows_in"], row["rows_kept"], row["rows_rejected"]) for row in found.values()} == {(6, 4, 2)}
    filled = {row["column_label"]: row for row in db.rows(SQL["missing_values"])}
    income = filled["Annual income"]
    assert (income["count_missing"], income["share_missing"], income["imputed_value"]) == (1, 0.25, 86)
    assert (filled["Gender"]["count_missing"], filled["Gender"]["filled_with"]) == (1, "Unknown")
    assert filled["Age"]["count_missing"] == 0


def sales(db: Snapshot) -> list[dict[str, Any]]:
    """The counted lines of known customers."""
    return db.rows(
        "select customer_id, cast(occurred_at as date) as day, line_kind, cast(amount as double) as amount "
        "from features.transaction_lines where is_counted"
    )


def spent(db: Snapshot) -> dict[str, float]:
    """By customer who bought: what they spent, added up from their lines."""
    lines = sales(db)
    found = dict.fromkeys({line["customer_id"] for line in lines if line["line_kind"] == "sale"} & members(db).keys(), 0.0)
    for line in lines:
        if line["customer_id"] in found:
            found[line["customer_id"]] += line["amount"]
    return found


def test_groups_and_fifths_add_up_to_the_receipts(bundled: Snapshot):
    """What RFM groups and fifths of buyers spent is what stands on the receipts; the best fifth is a fifth, and spent most."""
    money = spent(bundled)
    for name in ("rfm_groups", "best_customers"):
        rows = bundled.rows(SQL[name])
        assert sum(row["spent"] for row in rows) == close(sum(money.values()))
        assert sum(row["count_customers"] for row in rows) == len(money)
    best = bundled.rows(SQL["best_customers"])[0]
    assert best["spent"] == close(sum(sorted(money.values(), reverse=True)[: best["count_customers"]]))
    assert abs(best["count_customers"] - len(money) / 5) < 2


def test_cohorts_by_first_purchase(bundled: Snapshot):
    """The quarter of a customer is that of their first sale, found on the receipts."""
    first: dict[str, date] = {}
    last: dict[str, date] = {}
    for line in sorted((line for line in sales(bundled) if line["line_kind"] == "sale"), key=lambda line: line["day"]):
        first.setdefault(line["customer_id"], line["day"])
        last[line["customer_id"]] = line["day"]
    end = max(last.values())
    known = members(bundled)
    quarter = {one: date(day.year, day.month - (day.month - 1) % 3, 1) for one, day in first.items() if one in known}
    rows = {row["first_quarter"]: row for row in bundled.rows(SQL["cohorts"])}
    assert {start: row["count_customers"] for start, row in rows.items()} == Counter(quarter.values())
    for start, row in rows.items():
        lately = [end - last[customer] < timedelta(91) for customer, own in quarter.items() if own == start]
        assert row["share_lately"] == close(sum(lately) / len(lately))


def test_months_of_segments(bundled: Snapshot):
    """The sales of a segment in a month are those of its members in the weeks that begin in it."""
    segment = members(bundled)
    found = {(row["month"], row["segment_name"]): row["amount"] for row in bundled.rows(SQL["sales_by_month"])}
    weeks = {row["period_start"] for row in bundled.rows("from features.sales_periods where is_complete")}
    expected = defaultdict(float)
    for line in sales(bundled):
        monday = line["day"] - timedelta(line["day"].weekday())
        if monday in weeks:
            expected[monday.replace(day=1), segment.get(line["customer_id"], "nobody known")] += line["amount"]
    assert found == {key: close(amount) for key, amount in expected.items()}


def test_the_worthwhile_are_those_whose_loss_costs_more_than_the_offer(bundled: Snapshot):
    """A quarter of what is at risk, less the offer: nobody who is left out would gain more."""
    gains = sorted(value / 4 - 5 for value in bundled.columns("from marts.retention where standing = 'at risk'")["value_at_risk"])
    rows = bundled.rows(SQL["worth_keeping"])
    assert [row["gain"] for row in rows] == close([gain for gain in gains[::-1] if gain > 0][:20])
    segment = members(bundled)
    assert all(row["segment_name"] == segment[row["customer_id"]] for row in rows)


def test_offers_are_new_to_the_customer(bundled: Snapshot):
    """Up to three each, in order, and none that they bought before."""
    bought = {
        (row["customer_id"], row["product_name"])
        for row in bundled.rows(
            "select customer_id, coalesce(product_name, item) as product_name from features.customer_items as items "
            "left join features.products as products on products.product = items.item where item_kind = 'product'"
        )
    }
    rows = bundled.rows(SQL["offers_to_save"])
    assert not {(row["customer_id"], row["item_name"]) for row in rows} & bought
    for _, own in groupby(rows, key=lambda row: row["saving_rank"]):
        assert all(one["place"] < other["place"] <= 3 for one, other in pairwise(own))


def test_what_to_order_is_what_the_stock_lacks(bundled: Snapshot):
    """What lasts for four weeks with 95 %, by the forecast, less what the file of the stock says, and nothing else."""
    needed = {
        row["item"]: ceil(row["need_95"])
        for row in bundled.rows("from segments.demand_forecasts where item_kind = 'product' and count_periods = 4")
    }
    stock = {row["item"]: row["on_hand"] for row in bundled.rows("from features.stock where item_kind = 'product'")}
    lacking = {item: count - stock[item] for item, count in needed.items() if item in stock and count > stock[item]}
    rows = bundled.rows(SQL["reorder"])
    assert {row["item"]: row["units_to_order"] for row in rows} == lacking
    assert [row["cover_days"] for row in rows] == sorted(row["cover_days"] for row in rows)


def test_campaigns_by_segment(bundled: Snapshot):
    """Means and the standard error of their difference, worked out from the results."""
    segment = members(bundled)
    outcomes = defaultdict(list)
    for row in bundled.rows("from staging.results"):
        outcomes[row["campaign"], segment[row["customer_id"]], row["test_group"]].append(row["outcome"])
    rows = bundled.rows(SQL["campaigns_by_segment"])
    assert len(rows) == len(outcomes) / 2
    for row in rows:
        treated, held_out = (outcomes[row["campaign"], row["segment_name"], group] for group in ("treatment", "holdout"))
        assert (row["count_treated"], row["count_held_out"]) == (len(treated), len(held_out))
        assert row["difference"] == close(mean(treated) - mean(held_out))
        assert row["standard_error"] == close(sqrt(variance(treated) / len(treated) + variance(held_out) / len(held_out)))
