"""The page of the forecast: its words, its pictures, its tables and its download say what SQL says."""

import csv
import json
from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from dashboard import filters, format, queries, sales
from dashboard.app import create_app
from dashboard.fan import fan, trial
from dashboard.pages.forecast_parts import EXPORT, content, periods
from dashboard.queries import known_run
from dashboard.theme import DARK, LIGHT
from tests.dashboard.browser import open_action, serve, wait_until
from tests.dashboard.words import said, text
from warehouse.connection import Snapshot
from warehouse.settings import Settings

YOUNG = {"age": {"op": "between", "value": [20, 40]}}
KEY = ("spending", "kmeans")


@pytest.fixture
def run(bundled: Snapshot) -> dict:
    """The clustering that the page shows."""
    return known_run(bundled, *KEY)


def test_the_first_lines_are_the_outlook(bundled: Snapshot, run):
    """What is expected of everyone, its interval, and the two changes."""
    told = said(content(bundled, run, [], LIGHT))
    row = bundled.rows("from marts.sales_outlook where level = 'everyone'")[0]
    assert told.startswith(f"In the 13 weeks after the week of 22 Dec 2025, sales of {format.count(row['expected'])} are expected")
    assert f"between {format.count(row['low_95'])} and {format.count(row['high_95'])}" in told
    assert f"{format.percent(-row['change'])} less than in the 13 weeks before" in told
    assert f"{format.percent(-row['change_from_year_before'])} less than a year before." in told


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_every_segment_is_there(bundled: Snapshot, run, look):
    """In the table with what was, what is expected and how that did; and in a picture of its own; with those who have no name."""
    page = text(content(bundled, run, [], look))
    rows = bundled.rows("from marts.sales_outlook where segmentation = 'spending' and algorithm = 'kmeans'")
    names = {row["segment_id"]: row["segment_name"] for row in queries.segments(bundled, *KEY)}
    assert len(rows) == len(names) + 1
    for row in rows:
        assert names.get(row["segment_id"], "No customer") in page
        for name in ("amount_before", "amount_year_before", "expected"):
            assert format.count(row[name]) in page
        assert f"{format.count(row['low_95'])} – {format.count(row['high_95'])}" in page
        assert format.level(row["mase"], 1) in page


def test_the_trial_is_told(bundled: Snapshot, run):
    """Each method with its error, and in words how much smaller that of the chosen one is."""
    page = text(content(bundled, run, [], LIGHT))
    chosen, benchmark = bundled.rows("from segments.sales_methods order by is_benchmark")
    assert (
        f"the error is {format.percent(1 - chosen['mase'] / benchmark['mase'])} smaller than that of saying the year before again"
        in page
    )
    assert f"{format.percent(-chosen['bias'])} too much" in page
    assert f"{format.percent(chosen['coverage_95'])} of what came lay within the 95 % intervals" in page


def test_a_benchmark_that_is_not_beaten_is_said(bundled: Snapshot, run, monkeypatch: pytest.MonkeyPatch):
    """Where the naive method did best, it is what is shown, and the page says so."""
    method = {"method": "naive", "mase": 1.2, "bias": 0.3, "coverage_80": 0.9, "coverage_95": 0.7}
    monkeypatch.setattr(sales, "methods", lambda _: [method | {"is_chosen": True, "is_benchmark": True}])
    model = {**sales.model(bundled), "benchmark": "naive", "season_correlation": None, "is_seasonal": False}
    monkeypatch.setattr(sales, "model", lambda _: model)
    page = text(content(bundled, run, [], LIGHT))
    assert "nothing that was tried did better than saying the last week again, which is what is shown." in page
    assert "70 % of what came lay within the 95 % intervals: they are too narrow" in page
    assert "On the whole 30 % too little was forecast." in page
    assert "too few to tell the seasons" in page
    assert said(content(bundled, run, [], LIGHT)).endswith("Seasons are not in this: a year and a half must be known to tell them.")


def test_what_is_alike_is_called_alike(bundled: Snapshot, run, monkeypatch: pytest.MonkeyPatch):
    """No "0 % more"."""
    outlooks = [row | {"change": 0.001, "change_from_year_before": 0.07} for row in sales.outlooks(bundled, *KEY)]
    monkeypatch.setattr(sales, "outlooks", lambda *_: outlooks)
    told = said(content(bundled, run, [], LIGHT))
    assert told.endswith(": as much as in the 13 weeks before and 7.0 % more than a year before.")


def test_pictures_have_the_numbers_of_their_rows():
    """What was in one line, what is expected in another that begins where the first ends, and bands around it."""
    past = [{"period_start": date(2024, 1, 1 + 7 * week), "is_forecast": False, "amount": 10.0 + week} for week in range(3)]
    ends = {"low_80": 8.0, "high_80": 16.0, "low_95": 5.0, "high_95": 20.0}
    ahead = [{"period_start": date(2024, 1, 22), "is_forecast": True, "expected": 12.5, **ends}]
    wide, narrow, sold, expected = fan([*past, *ahead], "#123456", "week", LIGHT).data
    assert (list(wide.y), list(narrow.y)) == ([20, 5], [16, 8])
    assert {trace.mode for trace in (wide, narrow, sold, expected)} == {"lines"}  # Plotly marks few points unless told not to
    assert list(sold.y) == [10, 11, 12]
    assert list(expected.y) == [12, 12.5]
    assert expected.text[1] == "week of 22 Jan 2024<br>expected 12<br>80 % between 8 and 16<br>95 % between 5 and 20"
    tried = [{"last_period": date(2024, 1, 1), "period_start": date(2024, 1, 8), "expected": 9.0}]
    forecast, came = trial(past, tried, "week", DARK).data
    assert list(forecast.y) == [10, 9]
    assert list(came.y) == [10, 11, 12]


def test_a_selection_has_its_own_course(bundled: Snapshot, run):
    """What young customers bought per week, from the lines; and of what their segments are expected to buy, the part they had."""
    clauses = filters.parse(YOUNG, queries.dimensions(bundled))
    page = content(bundled, run, clauses, LIGHT)
    rows = sales.of_selection(bundled, clauses, *KEY)
    sold = bundled.rows(
        "select date_trunc('week', occurred_at)::date as week, sum(amount)::double as amount from features.transaction_lines "
        "where is_counted and customer_id in (select customer_id from staging.customers where age >= 20 and age < 40) "
        "group by all order by all"
    )
    past = [row for row in rows if not row["is_forecast"]]
    assert [row["amount"] for row in past] == pytest.approx([row["amount"] for row in sold])
    expected = bundled.value(
        """
        with bought as (
            select segment_id, a.customer_id in (select customer_id from staging.customers where age >= 20 and age < 40) as young,
                sum(amount)::double as amount
            from features.transaction_lines inner join segments.assignments as a using (customer_id)
            where is_counted and segmentation = 'spending' and algorithm = 'kmeans'
                and occurred_at >= (select last_period - 84 from segments.sales_models)
            group by all
        )

        select sum(expected * part)
        from (select segment_id, sum(amount) filter (young) / sum(amount) as part from bought group by all)
        inner join marts.sales_outlook using (segment_id)
        where segmentation = 'spending' and algorithm = 'kmeans'
        """
    )
    assert sum(row["expected"] for row in rows if row["is_forecast"]) == pytest.approx(expected)
    assert said(page).endswith(f"Of these, {format.count(expected)} by your selection (age 20 to under 40 years).")
    found = bundled.rows(sales.selection_sql(clauses, *KEY))
    assert [row["period_start"] for row in found] == [row["period_start"] for row in rows]
    for name in ("amount", "expected"):  # sums of doubles may differ in the last digit
        assert [row[name] or 0 for row in found] == pytest.approx([row[name] or 0 for row in rows])


def test_the_table_of_weeks_and_its_statement(bundled: Snapshot, run):
    """Every week ahead with everyone and each segment; the SQL beside it gives the same."""
    page = text(periods(bundled, run, [], {}))
    for row in bundled.rows(f"select * from ({sales.periods_sql(*KEY)}) where is_forecast"):
        assert format.count(row["expected"]) in page
        assert f"{row['period_start']:%-d %b %Y}" in page
    assert bundled.rows(sales.outlooks_sql(*KEY)) == sales.outlooks(bundled, *KEY)


@pytest.mark.parametrize("chosen", [{}, YOUNG])
def test_the_download_is_what_is_shown(bundled_published: Path, bundled: Snapshot, chosen: dict):
    """All periods, of everyone and the segments, or of the selection."""
    client = create_app(Settings(warehouse=bundled_published)).server.test_client()
    query = {"segmentation": "spending", "algorithm": "kmeans", "filters": json.dumps(chosen)}
    lines = list(csv.DictReader(StringIO(client.get(EXPORT, query_string=query).text)))
    clauses = filters.parse(chosen, queries.dimensions(bundled))
    shown = sales.of_selection(bundled, clauses, *KEY) if chosen else sales.periods(bundled, *KEY)
    assert len(lines) == len(shown)
    expected = sum(row["expected"] or 0 for row in shown)
    assert sum(float(line["expected"] or 0) for line in lines) == pytest.approx(expected)
    assert client.get(EXPORT, query_string=query | {"filters": "{"}).status_code == 400


def test_a_segment_in_which_nobody_of_the_selection_bought(bundled: Snapshot, run):
    """A selection without a purchase has a course of nothing, and is expected to buy nothing."""
    nobody = {"age": {"op": "between", "value": [200, 300]}}
    clauses = filters.parse(nobody, queries.dimensions(bundled))
    assert "Of these, 0 by your selection" in said(content(bundled, run, clauses, LIGHT))


def test_what_the_page_needs(sample: Snapshot):
    """Without transactions one sentence, and how to get further; no list."""
    run = known_run(sample, *KEY)
    (needed,) = content(sample, run, [], LIGHT)
    assert "what was bought when" in text(needed)
    assert "TRANSACTIONS=" in text(needed)
    assert periods(sample, run, [], {}) == []


def test_why_there_is_no_forecast(bundled: Snapshot, run, monkeypatch: pytest.MonkeyPatch):
    """In words."""
    monkeypatch.setattr(sales, "model", lambda _: {"shortfall": "the transactions span only 3 complete weeks"})
    assert (
        said(content(bundled, run, [], LIGHT))
        == "It cannot be told what will be sold: the transactions span only 3 complete weeks."
    )
    assert periods(bundled, run, [], {}) == []


@pytest.mark.browser
def test_the_page_in_the_browser(dash_duo, bundled_published: Path):
    """Opened from the menu of actions by mouse and by keyboard, with its pictures; the menu says where one is."""
    serve(dash_duo, bundled_published)
    open_action(dash_duo, "forecast")
    dash_duo.wait_for_element("#forecast-content .js-plotly-plot .main-svg")
    wait_until(lambda: "active" in dash_duo.find_element("#actions").get_attribute("class"), what="the menu's mark")
    assert "are expected" in dash_duo.find_element("#forecast-content .answer").text
    dash_duo.find_element("#actions").send_keys("\ue007")  # Enter
    wait_until(lambda: dash_duo.find_element("#link-retention").is_displayed(), what="the menu by keyboard")
    assert dash_duo.find_element("#link-retention").get_attribute("href").split("?")[0].endswith("/retention")
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
