"""Pieces of items, and how many to have: by pandas, by hand, and what cannot be planned."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.backtest import choose
from analytics.demand import LEVELS, forecast
from etl.sample_transactions import BUNDLED_STOCK
from tests.helpers import refreshed
from warehouse.connection import Snapshot, Warehouse

Write = Callable[..., Path]
KINDS = ("product", "category")


def sold(db: Snapshot, kind: str) -> pd.DataFrame:
    """(weeks, items): pieces, from the lines."""
    lines = db.frame(
        f"select cast(occurred_at as date) as day, {kind} as item, quantity from features.transaction_lines "
        f"where line_kind = 'sale' and {kind} is not null"
    )
    lines["week"] = pd.to_datetime(lines["day"]).dt.to_period("W").dt.start_time
    return lines.pivot_table(index="week", columns="item", values="quantity", aggfunc="sum", fill_value=0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_counted_by_pandas(bundled: Snapshot, kind: str):
    """Per week and item, to anybody."""
    expected = sold(bundled, kind)
    found = bundled.frame("from features.item_demand where item_kind = ?", [kind])
    found = found.pivot_table(index="period_start", columns="item", values="quantity", aggfunc="sum", fill_value=0.0)
    assert list(found.columns) == list(expected.columns)
    assert found.to_numpy() == pytest.approx(expected.to_numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_the_plan_and_its_trial_from_the_pieces(bundled: Snapshot, kind: str):
    """Forecast again from the pieces that pandas counted: what is needed, and how often it would have lasted."""
    pieces = sold(bundled, kind)
    values = pieces.to_numpy()
    whole = values.sum(axis=1)
    model = choose(whole, 52, 13)
    now = forecast(values, whole, model.forecast(whole, 52, 13))
    for level in LEVELS:
        plan = bundled.frame(
            "from marts.inventory_plan where item_kind = ? and round(service_level, 2) = ? order by item, count_periods",
            [kind, level],
        )
        assert list(plan["item"].unique()) == list(pieces.columns)
        assert plan["units_expected"].to_numpy() == pytest.approx(now.expected.ravel())
        assert plan["units_needed"].to_numpy() == pytest.approx(np.ceil(now.needed(level)).ravel())
        assert plan["safety_stock"].to_numpy() == pytest.approx((plan["units_needed"] - plan["units_expected"]).to_numpy())
    lasted, there, asked = np.zeros(13), np.zeros(13), np.zeros(13)
    count = 0
    for known, total in zip(model.chosen.known, model.chosen.forecasts, strict=True):
        needed = np.ceil(forecast(values[:known], whole[:known], total).needed(0.95))
        came = values[known : known + 13].cumsum(axis=0).T
        lasted += (came <= needed).sum(axis=0)
        there += np.minimum(came, needed).sum(axis=0)
        asked += came.sum(axis=0)
        count += len(came)
    trial = bundled.frame("from segments.demand_trials where item_kind = ? and service_level = 0.95 order by count_periods", [kind])
    assert list(trial["count_tried"].unique()) == [count]
    assert trial["lasted"].to_numpy() == pytest.approx(lasted / count)
    assert trial["fill_rate"].to_numpy() == pytest.approx(there / asked)


def test_the_plan_stands_beside_what_was(bundled: Snapshot):
    """What was sold in as many weeks before, and the days ahead."""
    pieces = sold(bundled, "product")
    for periods in (1, 4, 13):
        rows = bundled.rows("from marts.inventory_plan where item_kind = 'product' and count_periods = ? order by item", [periods])
        assert {row["count_days"] for row in rows} == {7 * periods}
        before = {row["item"]: row["units_before"] for row in rows}
        assert before == pytest.approx(pieces.tail(periods).sum().to_dict())


@pytest.mark.parametrize("kind", KINDS)
def test_how_long_the_stock_lasts(bundled: Snapshot, kind: str):
    """Day by day by numpy: the stock of the file, less what is expected to be asked for each day until nothing is left."""
    counted = pd.read_csv(BUNDLED_STOCK)
    stock = counted.groupby("Product code" if kind == "product" else "Category")["On hand"].sum().to_dict()
    plan = bundled.frame("from marts.inventory_plan where item_kind = ? and round(service_level, 2) = 0.9", [kind])
    for item, rows in plan.groupby("item"):
        rows = rows.sort_values("count_periods")
        expected = np.concatenate([[0], rows["units_expected"]])
        days = np.concatenate([[0], rows["count_days"]])
        on_hand = stock[item]
        cover = np.interp(on_hand, expected, days) if on_hand < expected[-1] else days[-1] * on_hand / expected[-1]
        assert set(rows["on_hand"]) == {on_hand}
        assert list(rows["cover_days"]) == pytest.approx([cover] * len(rows))
        assert list(rows["units_to_order"]) == pytest.approx(list(np.maximum(rows["units_needed"] - on_hand, 0)))
    assert len(plan["item"].unique()) == len(stock)


def test_planned_items_last_as_often_as_they_should_in_the_sample(bundled: Snapshot):
    """Its products are bought by chance at steady rates: no service level is missed by more than a few."""
    trials = bundled.rows("from segments.demand_trials where item_kind = 'product'")
    assert len(trials) == 13 * 5
    assert all(row["lasted"] > row["service_level"] - 0.04 for row in trials)


def test_who_drives_the_demand(bundled: Snapshot):
    """The pieces of the last 52 weeks by segment, counted by pandas."""
    lines = bundled.frame(
        "select lines.customer_id, product, quantity, segment_id from features.transaction_lines as lines "
        "left join (from segments.assignments where segmentation = 'spending' and algorithm = 'kmeans') using (customer_id) "
        "where line_kind = 'sale' and occurred_at >= timestamp '2024-12-30'"
    )
    expected = lines.groupby(["product", "segment_id"])["quantity"].sum()
    share = expected / lines.groupby("product")["quantity"].sum()
    rows = bundled.rows(
        "from marts.demand_segments where segmentation = 'spending' and algorithm = 'kmeans' and item_kind = 'product'"
    )
    assert {(row["item"], row["segment_id"]): row["units"] for row in rows} == pytest.approx(expected.to_dict())
    assert {(row["item"], row["segment_id"]): row["share"] for row in rows} == pytest.approx(share.to_dict())
    first = {row["item"]: row["segment_id"] for row in rows if row["place"] == 1}
    assert all(expected[item, segment] == expected[item].max() for item, segment in first.items())


def test_too_short_a_time_is_told(ten_weeks: Path):
    """Ten weeks make no plan."""
    db = Warehouse(ten_weeks).snapshot()
    model = db.rows("from segments.demand_models")[0]
    assert model["shortfall"] == "the transactions span only 10 complete weeks, and fewer than 26 are too few"
    assert db.value("select count(*) from marts.inventory_plan") == 0


def test_items_not_sold_lately_are_left_out(tmp_path: Path, write: Write):
    """Of a plan, and counted."""
    rows = "".join(
        f"{day}-{who},{date(2024, 1, 1) + timedelta(day)},C{who},{'OLD' if day < 20 else 'P'},1,{5 + who}\n"
        for day in range(420)
        for who in range(8)
    )
    lines = write(f"invoice,date,customer_id,product,quantity,unit_price\n{rows}", "t.csv")
    segmentation = write('[value]\nfeatures = ["monetary"]\nk = 2\nk_max = 2\n', "v.toml")
    db = refreshed(tmp_path / "w", None, segmentation, transactions=lines)
    model = db.rows("from segments.demand_models")[0]
    assert (model["count_items"], model["count_left_out"]) == (1, 1)
    assert db.rows("select distinct item from marts.inventory_plan") == [{"item": "P"}]


def test_without_transactions_there_is_nothing(sample: Snapshot):
    """No pieces, no model, no plan."""
    for relation in ("features.item_demand", "segments.demand_models", "segments.demand_trials", "marts.inventory_plan"):
        assert sample.value(f"select count(*) from {relation}") == 0
