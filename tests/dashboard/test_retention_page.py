"""The page of customers at risk: its words, its tables, its list and its download say what SQL says."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from dashboard import filters, format, queries, retention
from dashboard.app import create_app
from dashboard.calibration import wilson
from dashboard.pages.retention_parts import EXPORT, content, customers, rows
from dashboard.queries import known_run
from dashboard.theme import DARK, LIGHT
from tests.dashboard.browser import open_action, serve, wait_until
from tests.dashboard.words import said, text
from tests.helpers import refreshed
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError
from warehouse.settings import Settings

PAGE = {"startRow": 0, "endRow": 100}
YOUNG = {"age": {"op": "between", "value": [20, 40]}}
KEY = ("spending", "kmeans")


@pytest.fixture
def run(bundled: Snapshot) -> dict:
    """The clustering that the page shows."""
    return known_run(bundled, *KEY)


def test_the_first_line_and_the_table_count_what_the_mart_has(bundled: Snapshot, run):
    """All who bought, those at risk, and what they would bring."""
    page = content(bundled, run, [], LIGHT)
    counted = bundled.rows(
        "select count(*) as n, count(*) filter (standing = 'at risk') as at_risk, "
        "sum(value_at_risk) filter (standing = 'at risk') as value, sum(expected_value) as worth from marts.retention"
    )[0]
    told = said(page)
    assert told.startswith(f"Of {format.count(counted['n'])} customers who ever bought, {format.count(counted['at_risk'])} (")
    assert f"bring {format.number(counted['value'])} more" in told
    assert f"worth {format.number(counted['worth'])}," in told
    table = text(page)
    for segment in bundled.rows("from marts.retention_segments where segmentation = 'spending' and algorithm = 'kmeans'"):
        for name in ("count_customers", "count_at_risk", "expected_value", "value_at_risk"):
            assert f'"{format.count(segment[name])}"' in table


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_the_trial_is_told_and_drawn(bundled: Snapshot, run, look):
    """What was foreseen of the last third and what came, for everybody in words and by group in pictures."""
    page = text(content(bundled, run, [], look))
    everyone = bundled.rows("from marts.retention_calibration where grouping = 'everyone'")[0]
    assert f"foresaw {format.number(everyone['purchases_predicted'])} purchases" in page
    assert f"{format.percent(everyone['share_actual'])} did" in page
    for row in bundled.rows("from marts.retention_calibration where grouping <> 'everyone'"):
        assert f"{row['label']}: {format.count(row['count_customers'])} customers<br>predicted" in page


@pytest.mark.parametrize("chosen", [None, YOUNG, {"spending_kmeans": {"op": "in", "value": [2]}}])
def test_the_sql_that_is_shown_gives_what_is_shown(bundled: Snapshot, run, chosen):
    """Copied as it stands, the statements of the page run and answer the same, filtered or not."""
    clauses = filters.parse(chosen, queries.dimensions(bundled))
    for statement, parts in (
        (retention.segments_sql(clauses, *KEY), content(bundled, run, clauses, LIGHT)),
        (retention.buyers_sql(clauses, *KEY), customers(bundled, run, clauses, chosen)),
    ):
        assert json.dumps(f"{format.sql(statement)};") in text(parts)
    segments = retention.by_segment(bundled, clauses, *KEY)
    assert bundled.rows(retention.segments_sql(clauses, *KEY)) == segments
    listed = bundled.rows(retention.buyers_sql(clauses, *KEY))
    assert listed[:100] == rows(bundled, PAGE, chosen, *KEY)["rowData"]
    assert len(listed) == rows(bundled, PAGE, chosen, *KEY)["rowCount"] == retention.total(segments)["count_buyers"]


def test_a_selection_of_explore_is_followed(bundled: Snapshot, run):
    """Words, table and list are of the young alone, by another query than the page's."""
    clauses = filters.parse(YOUNG, queries.dimensions(bundled))
    young = bundled.value(
        "select count(*) from marts.retention join marts.customers using (customer_id) where age >= 20 and age < 40"
    )
    assert 0 < young < bundled.value("select count(*) from marts.retention")
    assert said(content(bundled, run, clauses, LIGHT)).startswith(
        f"Of {format.count(young)} customers who ever bought (age 20 to under 40"
    )
    assert f"{format.count(young)} customers: age 20 to under 40" in text(customers(bundled, run, clauses, YOUNG))
    answer = rows(bundled, PAGE, YOUNG, *KEY)
    assert answer["rowCount"] == young
    at_risk = [row for row in answer["rowData"] if row["saving_rank"] is not None]
    assert at_risk == sorted(at_risk, key=lambda row: row["saving_rank"])


def test_nobody_bought(bundled: Snapshot, run):
    """An empty selection is told in words, without a list."""
    nobody = {"age": {"op": "between", "value": [0, 1]}}
    clauses = filters.parse(nobody, queries.dimensions(bundled))
    assert "Nobody in this selection ever bought" in said(content(bundled, run, clauses, LIGHT))
    assert customers(bundled, run, clauses, nobody) == []


def test_pages_of_the_list_follow_one_another(bundled: Snapshot):
    """In any order, two pages hold what one would; nothing else can be sorted by."""
    for sort in ([], [{"colId": "expected_value", "sort": "desc"}], [{"colId": "segment_name", "sort": "asc"}]):
        whole = rows(bundled, {**PAGE, "sortModel": sort}, None, *KEY)["rowData"]
        halves = [
            rows(bundled, {"startRow": start, "endRow": start + 50, "sortModel": sort}, None, *KEY)["rowData"] for start in (0, 50)
        ]
        assert [*halves[0], *halves[1]] == whole
    dearest = rows(bundled, {**PAGE, "sortModel": [{"colId": "expected_value", "sort": "desc"}]}, None, *KEY)["rowData"][0]
    assert dearest["expected_value"] == bundled.value("select max(expected_value) from marts.retention")
    for sort in ([{"colId": "customer_id; drop", "sort": "asc"}], ["x"], "x"):
        with pytest.raises(InputError, match="sorted"):
            rows(bundled, {**PAGE, "sortModel": sort}, None, *KEY)


def test_the_download_is_the_list(bundled_published: Path, bundled: Snapshot):
    """All of it, filtered as the page; and what is not ours is refused."""
    client = create_app(Settings(warehouse=bundled_published)).server.test_client()
    query = {"segmentation": KEY[0], "algorithm": KEY[1]}
    for chosen in ({}, YOUNG):
        answer = client.get(EXPORT, query_string=query | {"filters": json.dumps(chosen)})
        assert answer.status_code == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        loaded = list(csv.DictReader(StringIO(answer.get_data(as_text=True))))
        clauses = filters.parse(chosen, queries.dimensions(bundled))
        expected = bundled.rows(retention.buyers_sql(clauses, *KEY))
        assert [row["customer_id"] for row in loaded] == [row["customer_id"] for row in expected]
        assert [float(row["expected_value"]) for row in loaded] == pytest.approx([row["expected_value"] for row in expected])
    for wrong in ({"filters": "{"}, {"filters": '{"nothing": 1}'}, {"filters": '["age"]'}):
        assert client.get(EXPORT, query_string=query | wrong).status_code == 400


def test_a_warehouse_without_transactions_says_what_it_takes(sample: Snapshot):
    """One sentence with the command, and no list."""
    run = known_run(sample, *KEY)
    (only,) = content(sample, run, [], LIGHT)
    assert "TRANSACTIONS=" in text(only)
    assert customers(sample, run, [], None) == []


def test_what_cannot_be_told_is_said(tmp_path: Path, write):
    """Customers who each bought on one day: the reason in words, no list, and no picture."""
    lines = "".join(f"{n},2024-0{1 + n % 9}-01,C{n},A,a,{n},5\n" for n in range(1, 60))
    source = write("invoice,date,customer_id,product,product_name,quantity,unit_price\n" + lines, "t.csv")
    db = refreshed(tmp_path / "w", None, write('[value]\nfeatures = ["monetary"]\nk = 2\n', "v.toml"), transactions=source)
    run = known_run(db, "value", "kmeans")
    (only,) = content(db, run, [], LIGHT)
    assert "nobody bought on a second day" in text(only)
    assert customers(db, run, [], None) == []


def test_where_nobody_leaves_the_longest_overdue_come_first(bought: Snapshot):
    """Without a sign of leaving the page says so, and the list begins with the least probable silences."""
    model = retention.models(bought)["whole"]
    run = known_run(bought, "value", "kmeans")
    page = said(content(bought, run, [], LIGHT))
    listed = rows(bought, PAGE, None, "value", "kmeans")["rowData"]
    assert model["a"] == 0
    assert "nobody is seen to have left" in page
    silences = [row["probability_silence"] for row in listed]
    assert silences == sorted(silences)
    assert all(row["saving_rank"] is None for row in listed)


@pytest.mark.parametrize(
    ("share", "count", "expected"),
    [(0.5, 100, (0.4038, 0.5962)), (0.0, 20, (0.0, 0.1611)), (1.0, 1, (0.2065, 1.0))],
)
def test_intervals_of_shares(share: float, count: int, expected: tuple[float, float]):
    """Wilson's interval, as published tables have it."""
    assert wilson(share, count) == pytest.approx(expected, abs=2e-4)


@pytest.mark.browser
def test_the_list_is_read_in_the_browser(dash_duo, bundled_published: Path):
    """Opened by its link, filtered by the address, and sorted by a click."""
    serve(dash_duo, bundled_published)
    open_action(dash_duo, "retention")
    dash_duo.wait_for_element("#retention-table .ag-row")
    first = Warehouse(bundled_published).snapshot().value("select customer_id from marts.retention where saving_rank = 1")
    cell = "#retention-table .ag-row[row-index='0'] [col-id='customer_id']"
    wait_until(lambda: dash_duo.find_element(cell).text == first, what="the customer worth saving first")
    dash_duo.driver.execute_script(
        "document.querySelector(\"#retention-table [col-id='expected_value'] .ag-header-cell-label\").click()"
    )
    least = Warehouse(bundled_published).snapshot().value("select min(expected_value) from marts.retention")
    value = "#retention-table .ag-row[row-index='0'] [col-id='expected_value']"
    wait_until(lambda: dash_duo.find_element(value).text == f"{least:,.2f}", what="the list sorted by value")
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
