"""Sales by week or month and their forecast: literal calendars, another way to count, and what cannot be forecast."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from warehouse.build import build
from warehouse.connection import Snapshot, Warehouse

Write = Callable[..., Path]
MONDAY = date(2024, 1, 1)


@pytest.fixture
def periods(connection: duckdb.DuckDBPyConnection) -> Callable[[list[date]], pd.DataFrame]:
    """features.sales_periods of sales on days."""
    connection.execute("create schema features")
    connection.execute("create table features.transaction_lines (occurred_at timestamp, line_kind varchar)")

    def periods(days: list[date]) -> pd.DataFrame:
        connection.register("days", pd.DataFrame({"day": pd.to_datetime(days)}))
        connection.execute("delete from features.transaction_lines")
        connection.execute("insert into features.transaction_lines select day, 'sale' from days")
        build(connection, ["features.observation", "features.sales_periods"])
        connection.unregister("days")
        return connection.execute("from features.sales_periods order by period_start").df()

    return periods


def days(first: date, count: int, closed: tuple[int, ...] = (), each: int = 3) -> list[date]:
    """Several sales a day, but for days of the week (0 is Monday) that are closed."""
    every = (first + timedelta(day) for day in range(count))
    return [day for day in every if day.weekday() not in closed for _ in range(each)]


def test_weeks_begin_on_monday_and_count_when_complete(periods):
    """From a Thursday to a Tuesday: the first and the last week are cut off, the two between are whole."""
    found = periods(days(date(2024, 1, 4), 20))
    assert list(found["period_start"].dt.date) == [MONDAY + timedelta(7 * week) for week in range(4)]
    assert list(found["period_end"].dt.date) == [date(2024, 1, 7) + timedelta(7 * week) for week in range(4)]
    assert list(found["is_complete"]) == [False, True, True, False]
    assert list(found["count_sales"]) == [12, 21, 21, 6]
    assert set(found["period_unit"]) == {"week"}


@pytest.mark.parametrize(("closed", "is_complete"), [((), [True, False]), ((6,), [True, True]), ((5, 6), [True, True])])
def test_a_closed_sunday_is_not_waited_for(periods, closed, is_complete):
    """Two weeks up to a Saturday, or to a Friday where that is closed too: nothing will be sold on what is left of the second."""
    assert list(periods(days(MONDAY, 13, closed))["is_complete"]) == is_complete


def test_a_week_without_a_sale_is_a_week(periods):
    """A fortnight of holidays counts, with nothing."""
    found = periods(days(MONDAY, 14) + days(date(2024, 1, 29), 14))
    assert list(found["count_sales"]) == [21, 21, 0, 0, 21, 21]
    assert found["is_complete"].all()


def test_seldom_sales_are_counted_by_month(periods):
    """One sale every other day over two years; the last month is cut off. A year and a quarter of them is left in weeks."""
    found = periods([MONDAY + timedelta(2 * day) for day in range(360)])
    assert set(found["period_unit"]) == {"month"}
    assert list(found["period_start"].dt.date)[:3] == [MONDAY, date(2024, 2, 1), date(2024, 3, 1)]
    assert list(found["is_complete"]) == [True] * 23 + [False]
    assert set(periods([MONDAY + timedelta(2 * day) for day in range(220)])["period_unit"]) == {"week"}


def test_without_sales_there_are_no_periods(periods):
    """None at all, and the relation is there."""
    assert periods([]).empty


def test_what_was_sold_counted_by_pandas(bundled: Snapshot):
    """Per week everyone, every segment and nobody known, from the lines."""
    lines = bundled.frame(
        "select customer_id, cast(occurred_at as date) as day, cast(amount as double) as amount "
        "from features.transaction_lines where is_counted"
    )
    lines["week"] = pd.to_datetime(lines["day"]).dt.to_period("W").dt.start_time
    history = bundled.frame("from segments.sales_history")
    history["period_start"] = pd.to_datetime(history["period_start"])
    weeks = sorted(lines["week"].unique())
    segments = bundled.frame(
        "select customer_id, segment_id from segments.assignments where segmentation || algorithm = 'valuekmeans'"
    )
    lines = lines.merge(segments, how="left", on="customer_id")
    own = history[(history["segmentation"] == "value") & (history["algorithm"] == "kmeans")]
    checked = [
        (history[history["level"] == "everyone"], lines),
        (history[history["level"] == "nobody"], lines[lines["segment_id"].isna()]),
        *((own[own["segment_id"] == segment], lines[lines["segment_id"] == segment]) for segment in own["segment_id"].unique()),
    ]
    assert len(checked) >= 4
    for found, sold in checked:
        expected = sold.groupby("week")["amount"].sum().reindex(weeks, fill_value=0)
        assert found.set_index("period_start")["amount"].sort_index().to_numpy() == pytest.approx(expected.to_numpy())


def test_segments_add_up_to_everyone(bundled: Snapshot):
    """In every clustering, week by week, before and ahead, in what is expected and in its trial."""
    for relation, value, by in (
        ("marts.sales_forecast", "coalesce(amount, expected)", "period_start"),
        ("segments.sales_forecasts", "expected", "last_period, period_start"),
        ("segments.sales_outlooks", "expected", "'all'"),
    ):
        totals = f"select {by}, sum({value}) filter (level = 'everyone') as everyone from {relation} group by all"
        parts = (
            f"select segmentation, algorithm, {by}, sum({value}) as parts from {relation} where level <> 'everyone' group by all"
        )
        names = {"period_start": ["period_start"], "last_period, period_start": ["last_period", "period_start"]}.get(by, ["'all'"])
        both = bundled.frame(parts).merge(bundled.frame(totals), on=names)
        assert len(both) >= 6
        assert both["parts"].to_numpy() == pytest.approx(both["everyone"].to_numpy())


def test_the_trial_is_scored_by_hand(bundled: Snapshot):
    """Error, bias and coverage of everyone and of segments, from the forecasts that stand in the warehouse."""
    model = bundled.rows("from segments.sales_models")[0]
    assert model["method"] == "year on year"
    assert model["is_seasonal"]
    assert model["horizon"] == 13
    for row in bundled.rows("from marts.sales_outlook where level <> 'nobody'"):
        same = (
            f"level = '{row['level']}' and segmentation is not distinct from {row['segmentation']!r} "
            f"and algorithm is not distinct from {row['algorithm']!r} "
            f"and segment_id is not distinct from {row['segment_id']}"
        ).replace("None", "null")
        sold = bundled.frame(f"select period_start, amount from segments.sales_history where {same} order by period_start")
        sold = sold.set_index("period_start")["amount"]
        tried = bundled.frame(f"from segments.sales_forecasts where {same} and last_period <> '{model['last_period']}'")
        assert tried["last_period"].nunique() == model["count_origins"] == 6
        tried["amount"] = sold.reindex(tried["period_start"]).to_numpy()
        scaled = []
        for last, one in tried.groupby("last_period"):
            known = sold[sold.index <= last].to_numpy()
            scaled.append((one["amount"] - one["expected"]).abs().mean() / np.abs(known[52:] - known[:-52]).mean())
            assert len(one) == 13
            assert (one["period_start"] > last).all()
        assert row["mase"] == pytest.approx(np.mean(scaled))
        assert row["bias"] == pytest.approx((tried["amount"] - tried["expected"]).sum() / tried["amount"].sum())
        for name in ("80", "95"):
            inside = (tried[f"low_{name}"] <= tried["amount"]) & (tried["amount"] <= tried[f"high_{name}"])
            assert row[f"coverage_{name}"] == pytest.approx(inside.mean())


def test_the_method_is_the_one_with_the_smallest_error(bundled: Snapshot):
    """Of those tried; the benchmark is the year before, whose error is that of the weeks a year apart."""
    methods = bundled.rows("from segments.sales_methods")
    assert [row["method"] for row in methods if row["is_chosen"]] == [min(methods, key=lambda row: row["mase"])["method"]]
    (benchmark,) = [row for row in methods if row["is_benchmark"]]
    sold = [row["amount"] for row in bundled.rows("from segments.sales_history where level = 'everyone' order by period_start")]
    values = np.array(sold)
    errors = [
        np.abs(values[n : n + 13] - values[n - 52 : n - 39]).mean() / np.abs(values[52:n] - values[: n - 52]).mean()
        for n in (65, 70, 75, 81, 86, 91)
    ]
    assert benchmark["mase"] == pytest.approx(np.mean(errors))


def test_the_outlook_is_beside_what_was(bundled: Snapshot):
    """The 13 weeks before and those of the year before, from the lines; what is expected is the sum of its weeks."""
    everyone = bundled.rows("from marts.sales_outlook where level = 'everyone'")[0]
    last = bundled.value("select max(period_start) from segments.sales_history")
    for name, first in (("amount_before", last - timedelta(84)), ("amount_year_before", last - timedelta(7 * 51))):
        sold = bundled.value(
            "select sum(amount) from features.transaction_lines where is_counted and cast(occurred_at as date) between ? and ?",
            [first, first + timedelta(90)],
        )
        assert everyone[name] == pytest.approx(float(sold))
    assert everyone["change"] == pytest.approx(everyone["expected"] / everyone["amount_before"] - 1)
    weeks = bundled.rows("from marts.sales_forecast where level = 'everyone' and is_forecast order by period_start")
    assert [row["period_start"] for row in weeks] == [last + timedelta(7 * week) for week in range(1, 14)]
    assert everyone["expected"] == pytest.approx(sum(row["expected"] for row in weeks))
    # a sum is surer than its parts together, and less sure than if their errors had nothing to do with each other
    width = everyone["high_95"] - everyone["low_95"]
    widths = np.array([row["high_95"] - row["low_95"] for row in weeks])
    assert np.sqrt((widths**2).sum()) * 0.95 < width < widths.sum()


def test_the_sample_is_expected_to_calm_down_after_christmas(bundled: Snapshot):
    """Its planted season: the weeks after New Year bring far less than those before Christmas."""
    change = bundled.value("select change from marts.sales_outlook where level = 'everyone'")
    assert change < -0.3


def test_too_short_a_time_is_told(ten_weeks: Path):
    """Ten weeks make no forecast, and the warehouse is published all the same."""
    db = Warehouse(ten_weeks).snapshot()
    model = db.rows("from segments.sales_models")[0]
    assert model["shortfall"] == "the transactions span only 10 complete weeks, and fewer than 26 are too few"
    assert db.value("select count(*) from marts.sales_forecast where not is_forecast") > 0
    for relation in ("segments.sales_forecasts", "segments.sales_methods", "marts.sales_outlook"):
        assert db.value(f"select count(*) from {relation}") == 0


def test_without_transactions_there_is_nothing(sample: Snapshot):
    """No period, no history, no model, no mart."""
    for relation in ("features.sales_periods", "features.customer_sales", "segments.sales_models", "marts.sales_forecast"):
        assert sample.value(f"select count(*) from {relation}") == 0
