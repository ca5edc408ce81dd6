"""The page of products: its words, its pictures, its list and its download say what SQL says."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from dashboard import filters, format, products, queries
from dashboard.app import create_app
from dashboard.lifts import lifts, span_of
from dashboard.pages.products_parts import EXPORT, content, customers, rows
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


def test_the_first_lines_name_what_each_segment_is_surest_to_buy_more(bundled: Snapshot, run):
    """Of each segment the item with the highest lower end of the interval, with its lift."""
    told = said(content(bundled, run, [], LIGHT))
    surest = bundled.rows(
        "select segment_name, item_name, lift from marts.segment_products inner join marts.segment_profiles "
        "using (segmentation, algorithm, segment_id) where segmentation = 'spending' and algorithm = 'kmeans' and verdict = 'more' "
        "qualify row_number() over (partition by segment_id order by lift_low desc) = 1"
    )
    assert len(surest) >= 3
    for row in surest:
        assert f"{row['segment_name']}: {row['item_name']}, {format.number(row['lift'])} times as often as everyone" in told


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_every_segment_has_its_pictures(bundled: Snapshot, run, look):
    """A dot per item with its interval and its counts, of products and of categories."""
    page = text(content(bundled, run, [], look))
    shown = products.by_segment(bundled, *KEY)
    assert {row["item_kind"] for row in shown} == {"product", "category"}
    for row in shown:
        assert f"{format.count(row['count_customers'])} customers, {format.percent(row['share'])}, against" in page


def test_a_picture_has_the_numbers_of_its_rows():
    """Dots at the lifts, bars to the ends of the intervals, the first item above, and a scale that holds them all."""
    items = [
        {
            "item_name": "Tea <b>",
            "lift": 2.0,
            "lift_low": 1.5,
            "lift_high": 2.6,
            "count_customers": 7,
            "share": 0.5,
            "everyone_share": 0.25,
        },
        {
            "item_name": "Rum",
            "lift": 0.5,
            "lift_low": 0.3,
            "lift_high": 0.9,
            "count_customers": 3,
            "share": 0.1,
            "everyone_share": 0.2,
        },
    ]
    low, high = span_of(items)
    assert low < 0.3
    assert high > 2.6
    figure = lifts(items, "#123456", (low, high), LIGHT)
    (dots,) = figure.data
    assert list(dots.x) == [2.0, 0.5]
    assert list(dots.error_x.array) == pytest.approx([0.6, 0.4])
    assert list(dots.error_x.arrayminus) == pytest.approx([0.5, 0.2])
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert figure.layout.yaxis.ticktext == ("Tea &lt;b&gt;", "Rum")
    assert "7 customers, 50 %, against 25 % of everyone<br>2 times (1.5 to 2.6)" in dots.text[0]


@pytest.mark.parametrize("chosen", [None, YOUNG, {"spending_kmeans": {"op": "in", "value": [2]}}])
def test_the_sql_that_is_shown_gives_what_is_shown(bundled: Snapshot, run, chosen):
    """Copied as they stand, the statements of the page run and answer the same, filtered or not."""
    clauses = filters.parse(chosen, queries.dimensions(bundled))
    page = text(content(bundled, run, clauses, LIGHT)) + text(customers(bundled, run, clauses, chosen))
    shown = [(products.segments_sql(*KEY), products.by_segment(bundled, *KEY))]
    if clauses:
        shown.append((products.selection_sql(clauses), products.of_selection(bundled, clauses)))
    for statement, answer in shown:
        assert json.dumps(f"{format.sql(statement)};") in page
        assert bundled.rows(statement) == answer
    statement = products.recommended_sql(clauses, *KEY, "product")
    assert json.dumps(f"{format.sql(statement)};") in page
    listed = bundled.rows(statement)
    answer = rows(bundled, PAGE, chosen, *KEY)
    assert answer["rowData"] == listed[:100]
    assert answer["rowCount"] == len(listed) > 0


def test_a_selection_of_explore_is_held_against_everyone(bundled: Snapshot, run):
    """A segment as a selection has the shares that the mart has of it."""
    chosen = {"spending_kmeans": {"op": "in", "value": [2]}}
    clauses = filters.parse(chosen, queries.dimensions(bundled))
    own = {row["item"]: row for row in products.of_selection(bundled, clauses)}
    mart = {
        row["item"]: row
        for row in bundled.rows(
            "from marts.segment_products where segmentation = 'spending' and algorithm = 'kmeans' and segment_id = 2"
        )
    }
    assert len(own) >= 8
    for item, row in own.items():
        assert row["count_customers"] == mart[item]["count_customers"]
        assert row["share"] == pytest.approx(mart[item]["share"])
        assert row["everyone_share"] == pytest.approx(mart[item]["everyone_share"])
    assert said(content(bundled, run, clauses, LIGHT)).startswith("Your selection (")


def test_a_selection_of_nobody(bundled: Snapshot, run):
    """It is told in words, without a list."""
    nobody = {"age": {"op": "between", "value": [0, 1]}}
    clauses = filters.parse(nobody, queries.dimensions(bundled))
    assert "Too few in this selection" in said(content(bundled, run, clauses, LIGHT))
    assert customers(bundled, run, clauses, nobody) == []


def test_the_trial_is_told_whatever_it_says(bundled: Snapshot, run):
    """Of both kinds the hit rates of ours and of the most bought, and whether ours is better."""
    page = text(content(bundled, run, [], LIGHT))
    words = {"better": "That is better than", "alike": "That is no better than", "worse": "THAT IS WORSE than"}
    trials = bundled.rows("from marts.recommendation_trial")
    assert len(trials) == 2
    for trial in trials:
        assert f"Of {format.count(trial['count_customers'])} customers who bought before and a new {trial['item_kind']}" in page
        assert (
            f"(recall {format.percent(trial['recall'])}). {words[trial['verdict']]} to offer everybody the most bought ones "
            f"that they do not have"
        ) in page
        assert f"{format.percent(trial['popular_hit_rate'])} (recall {format.percent(trial['popular_recall'])})." in page


def test_the_list_and_the_download_are_the_mart(bundled_published: Path, bundled: Snapshot):
    """The list has the first three of everybody, the download all of both kinds; what is not ours is refused."""
    for row in rows(bundled, PAGE, YOUNG, *KEY)["rowData"][:20]:
        own = bundled.rows(
            "from marts.recommendations where item_kind = 'product' and customer_id = ? order by place limit 3",
            [row["customer_id"]],
        )
        assert [row[f"item_{place}"] for place in (1, 2, 3)] == [each["item_name"] for each in own]
        assert [row[f"because_{place}"] for place in (1, 2, 3)] == [each["because_name"] for each in own]
    client = create_app(Settings(warehouse=bundled_published)).server.test_client()
    query = {"segmentation": KEY[0], "algorithm": KEY[1]}
    answer = client.get(EXPORT, query_string=query | {"filters": json.dumps(YOUNG)})
    assert "recommendations.csv" in answer.headers["Content-Disposition"]
    loaded = list(csv.DictReader(StringIO(answer.get_data(as_text=True))))
    assert len(loaded) == bundled.value(
        "select count(*) from marts.recommendations inner join marts.customers using (customer_id) where age >= 20 and age < 40"
    )
    assert client.get(EXPORT, query_string=query | {"filters": "{"}).status_code == 400


def test_pages_of_the_list_follow_one_another(bundled: Snapshot):
    """In any order, two pages hold what one would; nothing else can be sorted by."""
    for sort in ([], [{"colId": "item_1", "sort": "desc"}], [{"colId": "segment_name", "sort": "asc"}]):
        whole = rows(bundled, {**PAGE, "sortModel": sort}, None, *KEY)["rowData"]
        halves = [
            rows(bundled, {"startRow": start, "endRow": start + 50, "sortModel": sort}, None, *KEY)["rowData"] for start in (0, 50)
        ]
        assert [*halves[0], *halves[1]] == whole
    with pytest.raises(InputError, match="sorted"):
        rows(bundled, {**PAGE, "sortModel": [{"colId": "score", "sort": "asc"}]}, None, *KEY)


def test_a_warehouse_without_transactions_says_what_it_takes(sample: Snapshot):
    """One sentence with the command, and no list."""
    run = known_run(sample, *KEY)
    (only,) = content(sample, run, [], LIGHT)
    assert "TRANSACTIONS=" in text(only)
    assert customers(sample, run, [], None) == []
    assert rows(sample, PAGE, None, *KEY) == {"rowData": [], "rowCount": 0}


def test_transactions_that_name_no_items(tmp_path: Path, write):
    """Who bought when and for how much, but not what: the page says what it takes."""
    lines = "".join(f"{n},2024-0{1 + n % 9}-01,C{n},{n}\n" for n in range(1, 60))
    source = write("invoice,date,customer_id,amount\n" + lines, "t.csv")
    db = refreshed(tmp_path / "w", None, write('[value]\nfeatures = ["monetary"]\nk = 2\n', "v.toml"), transactions=source)
    (only,) = content(db, known_run(db, "value", "kmeans"), [], LIGHT)
    assert "with a product or a category" in text(only)


@pytest.mark.browser
def test_the_page_in_the_browser(dash_duo, bundled_published: Path):
    """Opened by its link, its list filled, and sorted by a click."""
    serve(dash_duo, bundled_published)
    open_action(dash_duo, "products")
    dash_duo.wait_for_element("#products-table .ag-row")
    cell = "#products-table .ag-row[row-index='0'] [col-id='item_1']"
    first = rows(Warehouse(bundled_published).snapshot(), PAGE, None, *KEY)["rowData"][0]["item_1"]
    wait_until(lambda: dash_duo.find_element(cell).text == first, what="the first offer")
    dash_duo.driver.execute_script("document.querySelector(\"#products-table [col-id='item_1'] .ag-header-cell-label\").click()")
    sort = {**PAGE, "sortModel": [{"colId": "item_1", "sort": "asc"}]}
    least = rows(Warehouse(bundled_published).snapshot(), sort, None, *KEY)["rowData"][0]["item_1"]
    wait_until(lambda: dash_duo.find_element(cell).text == least, what="the list sorted by what is offered")
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
