"""What the warehouse says of who still is a customer: histories against pandas, formulas against Python, all against truth."""

import math
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from analytics.retention import model_retention
from etl.transactions import load_transactions_and_customers
from tests.bought import PERSON
from tests.helpers import FOUR, HEADER, QUICK, refreshed
from warehouse.build import build
from warehouse.connection import Snapshot, Warehouse

Write = Callable[..., Path]


def by_pandas(sales: pd.DataFrame, last_day: pd.Timestamp) -> pd.DataFrame:
    """x, t_x, T and what came later of every customer who bought up to a day, another way: a loop over the days of each."""
    found = {}
    for customer, own in sales.groupby("customer"):
        days = own.groupby(own["at"].dt.normalize())["amount"].sum().sort_index()
        within, after = days[days.index <= last_day], days[days.index > last_day]
        if len(within):
            found[customer] = {
                "repeat_days": len(within) - 1,
                "days_to_last": (within.index[-1] - within.index[0]).days,
                "days_observed": (last_day - within.index[0]).days,
                "repeat_amount": within.iloc[1:].mean(),
                "later_days": len(after),
                "later_amount": after.sum(),
            }
    return pd.DataFrame.from_dict(found, orient="index").sort_index()


@pytest.mark.parametrize("warehouse", ["bought", "bundled"])
def test_histories_are_what_pandas_says(request: pytest.FixtureRequest, warehouse: str):
    """Of the whole time and of its first two thirds: every customer who bought, and nobody else."""
    db: Snapshot = request.getfixturevalue(warehouse)
    sales = db.frame(
        "select customer_id as customer, occurred_at as at, cast(amount as double) as amount "
        "from features.transaction_lines where line_kind = 'sale' and customer_id is not null"
    )
    span = "select cast(min(occurred_at) as date) as a, cast(max(occurred_at) as date) as b from features.transaction_lines"
    first, last = db.rows(f"{span} where line_kind = 'sale'")[0].values()
    days = db.value("select calibration_day - first_day from features.observation"), (last - first).days
    assert days[0] == math.floor(days[1] * 2 / 3)
    for period, length in zip(("calibration", "whole"), days, strict=True):
        own = db.frame("select * exclude (period) from features.purchase_histories where period = ? order by all", [period])
        expected = by_pandas(sales, pd.Timestamp(first) + pd.Timedelta(days=length))
        pd.testing.assert_frame_equal(own.set_index("customer_id"), expected, check_dtype=False, check_names=False, rtol=1e-9)


def test_the_formulas_are_those_of_the_papers(bundled: Snapshot):
    """Probability alive, of a purchase, and the mean amount: written again in Python, for every customer of both periods."""
    models = {row["period"]: row for row in bundled.rows("from segments.retention_models")}
    assert models.keys() == {"whole", "calibration"}
    rows = bundled.rows("from marts.retention_predictions inner join features.purchase_histories using (period, customer_id)")
    assert len(rows) == bundled.value("select count(*) from features.purchase_histories")
    for row in rows:
        model = models[row["period"]]
        r, alpha, a, b = (model[name] for name in ("r", "alpha", "a", "b"))
        x, last, observed = row["repeat_days"], row["days_to_last"] / 7, row["days_observed"] / 7
        left = a / (b + x - 1) * ((alpha + observed) / (alpha + last)) ** (r + x) if x else 0
        assert row["probability_alive"] == pytest.approx(1 / (1 + left), rel=1e-9)
        none = ((alpha + observed) / (alpha + observed + model["horizon_days"] / 7)) ** (r + x)
        assert row["probability_buys"] == pytest.approx((1 - none) / (1 + left), rel=1e-9)
        spent = x * row["repeat_amount"] if x else 0
        assert row["expected_amount"] == pytest.approx(
            model["p"] * (model["gamma"] + spent) / (model["p"] * x + model["q"] - 1), rel=1e-9
        )


def test_who_is_at_risk_and_who_first(bundled: Snapshot):
    """Standings follow the limits of their table; those at risk are ranked by what is at risk, and only they."""
    frame = bundled.frame("from marts.retention")
    limits = {row["standing"]: row["least_probability"] for row in bundled.rows("from marts.retention_standings")}
    expected = np.select(
        [
            frame["purchase_days"] == 1,
            frame["probability_alive"] >= limits["active"],
            frame["probability_alive"] >= limits["at risk"],
        ],
        ["bought once", "active", "at risk"],
        "gone",
    )
    assert (frame["standing"] == expected).all()
    assert set(expected) == {"bought once", "active", "at risk", "gone"}
    ranked = frame[frame["standing"] == "at risk"].sort_values("saving_rank")
    assert list(ranked["saving_rank"]) == list(range(1, len(ranked) + 1))
    assert (np.diff(ranked["value_at_risk"]) <= 0).all()
    assert frame.loc[frame["standing"] != "at risk", "saving_rank"].isna().all()
    worth = frame["expected_value"] + frame["value_at_risk"]
    assert np.allclose(worth * frame["probability_alive"], frame["expected_value"])
    assert np.allclose(
        frame["days_since"], bundled.frame("from marts.retention join marts.rfm using (customer_id)")["recency_days"]
    )


def test_segments_add_up(bundled: Snapshot):
    """Every segment of every clustering has its customers, and all of a clustering have all of them."""
    parts = bundled.frame("from marts.retention_segments")
    everyone = bundled.frame("from marts.retention")
    groups = parts.groupby(["segmentation", "algorithm"])
    assert len(groups) == bundled.value("select count(*) from (select distinct segmentation, algorithm from segments.assignments)")
    for _, own in groups:
        assert own["count_customers"].sum() == bundled.value("select count(*) from marts.customers")
        assert own["count_buyers"].sum() == len(everyone)
        for column, standing in {"count_active": "active", "count_at_risk": "at risk", "count_gone": "gone"}.items():
            assert own[column].sum() == (everyone["standing"] == standing).sum()
        assert own["expected_value"].sum() == pytest.approx(everyone["expected_value"].sum())
        at_risk = everyone.loc[everyone["standing"] == "at risk", "value_at_risk"]
        assert own["value_at_risk"].sum() == pytest.approx(at_risk.sum())


def test_every_grouping_of_the_trial_holds_everybody(bundled: Snapshot):
    """Each has the customers of the first two thirds, what was foreseen of them, and what came, as counted from the histories."""
    rows = bundled.frame("from marts.retention_calibration")
    came = bundled.frame("from features.purchase_histories where period = 'calibration'")
    foreseen = bundled.frame("from marts.retention_predictions where period = 'calibration'")
    assert set(rows["grouping"]) == {"everyone", "purchases", "silence", "probability"}
    for _, groups in rows.groupby("grouping"):
        count = groups["count_customers"]
        assert count.sum() == len(came)
        assert (count * groups["share_actual"]).sum() == pytest.approx((came["later_days"] > 0).sum())
        assert (count * groups["purchases_actual"]).sum() == pytest.approx(came["later_days"].sum())
        assert (count * groups["value_actual"]).sum() == pytest.approx(came["later_amount"].sum())
        assert (count * groups["purchases_predicted"]).sum() == pytest.approx(foreseen["expected_purchases"].sum())
    once = rows[(rows["grouping"] == "purchases") & (rows["label"] == "1")].iloc[0]
    assert once["count_customers"] == (came["repeat_days"] == 0).sum()
    long = rows[(rows["grouping"] == "silence") & (rows["label"] == "180–364")].iloc[0]
    assert long["count_customers"] == (came["days_observed"] - came["days_to_last"]).between(180, 364).sum()


def alive_or_not(path: Path, customers: int = 1500, days: int = 730) -> pd.Series:
    """Write the transactions of customers who leave when the model says, and return by id who had not at the end."""
    random = np.random.default_rng(11)
    rows, stays = [], {}
    rates, leaving = random.gamma(1.5, 1 / 30, customers), random.beta(1.0, 4.0, customers)
    for customer in range(customers):
        at, stays[f"C{customer:04}"] = random.uniform(0, days / 3), True
        while at < days:
            rows.append(
                (f"{len(rows)}", np.datetime64("2022-01-01") + int(at), f"C{customer:04}", f"{random.gamma(4, 5) + 0.5:.2f}")
            )
            if len(rows) > 1 and rows[-2][2] == rows[-1][2] and random.random() < leaving[customer]:
                stays[f"C{customer:04}"] = False
                break
            at += random.exponential(1 / rates[customer])
    lines = [f"{invoice},{day},{who},A1,Apple,1,{price}" for invoice, day, who, price in rows]
    lines.append(f"last,{np.datetime64('2022-01-01') + days - 1},END,A1,Apple,1,5")
    path.write_text("invoice,date,customer_id,product,product_name,quantity,unit_price\n" + "\n".join(lines) + "\n")
    return pd.Series(stays)


def test_the_probabilities_are_true(tmp_path: Path, connection: duckdb.DuckDBPyConnection):
    """Of made-up customers of whom it is known who left: of those called 70 % alive about 70 % are, and what is foreseen comes."""
    stays = alive_or_not(tmp_path / "t.csv")
    load_transactions_and_customers(connection, tmp_path / "t.csv")
    build(connection, ["features", "segments.retention_models", "segments.retention_expectations"])
    model_retention(connection, 1)
    needed = "retention_predictions", "retention_standings", "retention", "retention_calibration"
    build(connection, [f"marts.{name}" for name in needed])
    told = "from marts.retention where purchase_days > 1 and customer_id <> 'END'"
    frame = connection.execute(told).df().set_index("customer_id")
    frame["stays"] = stays
    assert len(frame) > 1000
    for _, own in frame.groupby(pd.cut(frame["probability_alive"], [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1])):
        error = math.sqrt((own["probability_alive"] * (1 - own["probability_alive"])).sum()) / len(own)
        assert abs(own["stays"].mean() - own["probability_alive"].mean()) < 4 * error + 0.01
    trial = connection.execute("from marts.retention_calibration where grouping = 'everyone'").df().iloc[0]
    assert trial["purchases_predicted"] == pytest.approx(trial["purchases_actual"], abs=4 * trial["purchases_error"])
    assert trial["share_predicted"] == pytest.approx(trial["share_actual"], abs=0.05)


@pytest.mark.parametrize("buyers", [0, 3])
def test_too_few_purchases_make_no_forecast(tmp_path: Path, write: Write, buyers: int):
    """The reason is told in words, nothing is foreseen, and the warehouse is published all the same."""
    rows = "".join(f"{n}{day},2024-0{day}-01,{n},A,a,1,5\n" for n in range(1, buyers + 1) for day in range(1, 5))
    lines = "invoice,date,customer_id,product,product_name,quantity,unit_price\n9,2024-01-01,4,A,a,1,5\n" + rows
    db = refreshed(tmp_path / "w", write(HEADER + FOUR), write(QUICK, "q.toml"), transactions=write(lines, "t.csv"))
    shortfall = db.value("select shortfall from segments.retention_models where period = 'whole'")
    assert ("only 3 customers bought on a second day" if buyers else "nobody bought on a second day") in shortfall
    for mart in ("retention_predictions", "retention", "retention_segments", "retention_calibration"):
        assert db.value(f"select count(*) from marts.{mart}") == 0


def test_without_transactions_there_is_nothing(sample: Snapshot):
    """No model, no mart, and nothing made up."""
    for relation in ("segments.retention_models", "segments.retention_expectations", "marts.retention", "marts.retention_segments"):
        assert sample.value(f"select count(*) from {relation}") == 0


def test_an_erasure_leaves_no_trace_of_a_history(bought: Snapshot, bought_without_person: Path):
    """The person is counted out, what only they needed is gone, and the forecasts of all others are as they were."""
    before = bought.frame("from marts.retention where customer_id <> ? order by customer_id", [PERSON])
    models = bought.frame("from segments.retention_models order by period")
    assert bought.value("select count(*) from marts.retention where customer_id = ?", [PERSON]) == 1
    db = Warehouse(bought_without_person).snapshot()
    after = db.frame("from marts.retention order by customer_id").drop(columns="saving_rank")
    pd.testing.assert_frame_equal(after, before.drop(columns="saving_rank"))
    left = db.frame("from segments.retention_models order by period")
    counts = ["count_customers", "count_repeating"]
    pd.testing.assert_frame_equal(left.drop(columns=counts), models.drop(columns=counts))
    histories = db.frame(
        "select period, count(*) as count_customers, count(*) filter (repeat_days > 0) as count_repeating "
        "from features.purchase_histories group by 1 order by 1"
    )
    pd.testing.assert_frame_equal(left[["period", *counts]], histories)
    assert left["count_customers"].sum() < models["count_customers"].sum()
    needed = "select distinct period, repeat_days, days_observed from features.purchase_histories"
    held = "select period, repeat_days, days_observed from segments.retention_expectations"
    assert db.value(f"select count(*) from (({held}) except ({needed}))") == 0
