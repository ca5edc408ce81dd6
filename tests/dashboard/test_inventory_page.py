"""The page of stock: its choices, its words, its list and its download say what SQL says."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from dashboard import format, inventory
from dashboard.app import create_app
from dashboard.inventory import Choice
from dashboard.pages.inventory_parts import EXPORT, content, items, periods_offered, rows
from tests.dashboard.browser import open_action, serve, wait_until
from tests.dashboard.words import said, text
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError
from warehouse.settings import Settings

KEY = ("spending", "kmeans")
PAGE = {"startRow": 0, "endRow": 100}
ASKED = ("product", "4", "0.95")


def test_what_can_be_chosen(bundled: Snapshot, sample: Snapshot):
    """Kinds that the transactions name, periods up to the horizon; what was chosen stays where it still can be."""
    kinds, kind, periods, period, is_nothing = periods_offered(bundled, "category", "13")
    assert [one["label"] for one in kinds] == ["Products", "Categories"]
    assert [one["label"] for one in periods][::12] == ["1 week", "13 weeks"]
    assert (kind, period, is_nothing) == ("category", "13", False)
    assert periods_offered(bundled, "shoes", "99")[1:4:2] == ("product", "4")
    assert periods_offered(sample, None, None)[-1]


@pytest.mark.parametrize("asked", [ASKED, ("category", "1", "0.8"), ("product", "13", "0.99")])
def test_the_first_lines_are_sums_of_the_plan(bundled: Snapshot, asked):
    """All pieces, those expected and the safety stock; and how it did on the past."""
    told = said(content(bundled, *asked))
    row = bundled.rows(
        "select count(*) as n, sum(units_needed) as needed, sum(units_expected) as expected from marts.inventory_plan "
        "where item_kind = ? and count_periods = ?::integer and service_level = ?::double",
        list(asked),
    )[0]
    assert f"{row['n']} {'products' if asked[0] == 'product' else 'categories'} need {format.count(row['needed'])} pieces" in told
    assert f"{format.count(row['expected'])} are expected" in told
    assert f"{format.count(row['needed'] - row['expected'])} are safety stock" in told
    trial = bundled.rows(
        "from segments.demand_trials where item_kind = ? and count_periods = ?::integer and service_level = ?::double", list(asked)
    )[0]
    assert f"Tried on the past, {format.percent(trial['lasted'])} would have lasted" in told
    assert format.percent(trial["fill_rate"]) in told


@pytest.mark.parametrize("asked", [("product", "4", "0.95"), ("category", "1", "0.8")])
def test_what_is_in_stock_is_said(bundled: Snapshot, asked):
    """How much of how many items, how many have too few, and how much is to be ordered."""
    row = bundled.rows(
        "select sum(on_hand) as on_hand, count(*) filter (on_hand < units_needed) as short, "
        "sum(greatest(units_needed - on_hand, 0)) as order_, count(*) filter (on_hand is null) as unknown "
        "from marts.inventory_plan where item_kind = ? and count_periods = ?::integer and service_level = ?::double",
        list(asked),
    )[0]
    count, pieces = row["short"], format.count(row["order_"])
    order = (
        f"{count} {'has' if count == 1 else 'have'} too few, and {pieces} pieces are to be ordered" if count else "none has too few"
    )
    told = said(content(bundled, *asked))
    assert f"In stock are {format.count(row['on_hand'])} pieces of all {'products' if asked[0] == 'product' else 'categor'}" in told
    assert order in told
    assert row["unknown"] == 0


def test_what_stock_there_is_of_items_that_are_not_planned(bundled: Snapshot, monkeypatch: pytest.MonkeyPatch):
    """It is said beside; where no stock was given nothing is said of one, and its columns are not there."""
    monkeypatch.setattr(inventory, "idle", lambda *_: {"count_items": 1, "on_hand": 7})
    assert said(content(bundled, *ASKED)).endswith(
        "7 more pieces are of 1 product that is not planned: new, not sold lately, or called otherwise."
    )
    assert "To order" in text(items(bundled, *ASKED, KEY))
    total = inventory.total(bundled, Choice("product", 4, 0.95))
    monkeypatch.setattr(inventory, "total", lambda *_: total | {"count_stocked": total["count_items"] - 3})
    assert "Of the other 3 it is not known, and none is ordered." in said(content(bundled, *ASKED))
    monkeypatch.setattr(inventory, "total", lambda *_: total | {"count_stocked": 0})
    assert "In stock" not in said(content(bundled, *ASKED))
    assert "To order" not in text(items(bundled, *ASKED, KEY))


def test_a_service_level_that_was_missed_is_said(bundled: Snapshot, monkeypatch: pytest.MonkeyPatch):
    """Where fewer lasted than were asked for."""
    trials = [
        row | {"lasted": row["service_level"] - 0.1, "fill_rate": None}
        for row in inventory.trials(bundled, Choice("product", 4, 0.95))
    ]
    monkeypatch.setattr(inventory, "trials", lambda *_: trials)
    assert "85 % would have lasted: fewer than it should be." in said(content(bundled, *ASKED))


def test_the_list_is_the_plan(bundled: Snapshot):
    """What is to be ordered first, with the segment that buys most of it; sorted by any column; the SQL gives the same."""
    chosen = inventory.choice(bundled, *ASKED)
    found = rows(bundled, PAGE, chosen, KEY)
    assert found["rowCount"] == len(found["rowData"]) == 48
    order = [(row["units_to_order"], row["units_needed"]) for row in found["rowData"]]
    assert order == sorted(order, reverse=True)
    assert order[0][0] > order[-1][0] == 0
    for row in found["rowData"][:5]:
        drives = bundled.rows(
            "select segment_name, demand.share from marts.demand_segments as demand inner join marts.segment_profiles "
            "using (segmentation, algorithm, segment_id) where segmentation = 'spending' and algorithm = 'kmeans' and item = ? "
            "order by demand.units desc limit 1",
            [row["item"]],
        )[0]
        assert (row["segment_name"], row["share"]) == (drives["segment_name"], drives["share"])
    assert bundled.rows(inventory.plan_sql(chosen, *KEY)) == found["rowData"]
    by_share = rows(bundled, {**PAGE, "sortModel": [{"colId": "share", "sort": "asc"}]}, chosen, KEY)["rowData"]
    assert [row["share"] for row in by_share] == sorted(row["share"] for row in by_share)
    assert rows(bundled, {"startRow": 40, "endRow": 60}, chosen, KEY)["rowData"] == found["rowData"][40:]
    with pytest.raises(InputError):
        rows(bundled, {**PAGE, "sortModel": [{"colId": "1; drop table x", "sort": "asc"}]}, chosen, KEY)


@pytest.mark.parametrize(
    "asked", [("shoes", "4", "0.95"), ("product", "99", "0.95"), ("product", 4, "0.95"), ("product", "4", "1"), ([], {}, None)]
)
def test_what_cannot_be_planned_is_refused(bundled: Snapshot, asked):
    """Only what is offered; anything else that is posted is no plan."""
    with pytest.raises(InputError):
        inventory.choice(bundled, *asked)


def test_the_download_is_the_list(bundled_published: Path, bundled: Snapshot):
    """All items, as the page has them; an address with anything else is refused."""
    client = create_app(Settings(warehouse=bundled_published)).server.test_client()
    query = {"kind": "category", "periods": "2", "level": "0.9", "segmentation": "spending", "algorithm": "kmeans"}
    lines = list(csv.DictReader(StringIO(client.get(EXPORT, query_string=query).text)))
    shown = rows(bundled, PAGE, inventory.choice(bundled, "category", "2", "0.9"), KEY)["rowData"]
    assert [(line["item"], float(line["units_needed"]), line["segment_name"]) for line in lines] == [
        (row["item"], row["units_needed"], row["segment_name"]) for row in shown
    ]
    assert client.get(EXPORT, query_string=query | {"level": "0.9 or 1=1"}).status_code == 400
    assert client.get(EXPORT).status_code == 400
    assert f"{EXPORT}?kind=category" in text(items(bundled, "category", "2", "0.9", KEY))


def test_what_the_page_needs(sample: Snapshot, bundled: Snapshot, monkeypatch: pytest.MonkeyPatch):
    """Without transactions one sentence and no list; without a forecast the reason."""
    assert "TRANSACTIONS=" in text(content(sample, *ASKED))
    assert items(sample, *ASKED, KEY) == []
    monkeypatch.setattr(inventory, "models", lambda _: {"product": {"shortfall": "the transactions span only 3 complete weeks"}})
    assert said(content(bundled, *ASKED)).endswith("asked for: the transactions span only 3 complete weeks.")
    assert items(bundled, *ASKED, KEY) == []


@pytest.mark.browser
def test_the_page_in_the_browser(dash_duo, bundled_published: Path):
    """Opened from the menu; another kind and another probability change the words and the list."""
    serve(dash_duo, bundled_published)
    open_action(dash_duo, "inventory")
    db = Warehouse(bundled_published).snapshot()
    dash_duo.wait_for_element("#inventory-table .ag-row")
    cell = "#inventory-table .ag-row[row-index='0'] [col-id='item_name']"
    for script, asked in (
        ("", ASKED),
        ("document.querySelector(\"#inventory-level input[value='0.8']\").click()", ("product", "4", "0.8")),
        ("document.querySelector(\"#inventory-kind input[value='category']\").click()", ("category", "4", "0.8")),
    ):
        dash_duo.driver.execute_script(script)
        first = rows(db, PAGE, inventory.choice(db, *asked), KEY)["rowData"][0]["item_name"]
        told = said(content(db, *asked))
        wait_until(lambda told=told: dash_duo.find_element("#inventory-content .answer").text == told, what="the first lines")
        wait_until(lambda first=first: dash_duo.find_element(cell).text == first, what="the first item")
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
