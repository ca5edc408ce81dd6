"""The History page: its words, its matrix, its lists and its download say what SQL says of who moved."""

import csv
import json
import re
from io import StringIO
from pathlib import Path

import pytest

from dashboard import moves
from dashboard.app import create_app
from dashboard.moves import Flow
from dashboard.pages.history_parts import EXPORT, content, customers, rows
from dashboard.theme import DARK, LIGHT
from tests.dashboard.browser import serve, wait_until
from tests.dashboard.words import text
from tests.moved import AFTER, BEFORE
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError
from warehouse.settings import Settings

PAY = ("pay", "kmeans")


@pytest.fixture
def second(moved_published: Path) -> Snapshot:
    """The second of the three runs."""
    return Warehouse(moved_published).version(2)


def test_the_first_line_tells_who_moved_and_why(second: Snapshot):
    """One has changed, one was moved by the model, eight joined and one left."""
    both = len(BEFORE) - 1
    assert moves.answer(moves.matrix(second, 1, *PAY)) == (
        f"Of {both} customers in both, 2 (9.1 %) moved: 1 because they changed, 1 because the model did. 8 joined and 1 left."
    )


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"stayed": 1_200}, "Of 1,200 customers in both, nobody moved."),
        ({"stayed": 5, "left": 3}, "Of 5 customers in both, nobody moved. 3 left."),
        ({"joined": 4, "left": 3}, "No customer is in both. 4 joined and 3 left."),
        ({"stayed": 3, "moved": 1}, "Of 4 customers in both, 1 (25 %) moved: 1 for a reason that cannot be told."),
    ],
)
def test_other_first_lines(counts: dict[str, int], said: str):
    """Nobody moved, nobody stayed, and a cause that is not known."""
    assert moves.answer([{"movement": movement, "count_customers": count} for movement, count in counts.items()]) == said


@pytest.mark.parametrize("look", [LIGHT, DARK])
@pytest.mark.parametrize("clustering", [PAY, ("pay", "hierarchical"), ("who", "kmeans")])
def test_the_matrix_holds_everybody(moved: Snapshot, clustering: tuple[str, str], look):
    """Its numbers add up to the customers of both runs, each once; and where no cause can be told, the page says so."""
    for since in (1, 2):
        page = text(content(moved, since, clustering, look))
        shown = [int(number) for number in re.findall(r'"children": "(\d+)", "className": "flow"', page)]
        assert sum(shown) == len(AFTER.keys() | (BEFORE.keys() if since == 1 else set()))
        is_told = clustering == PAY
        assert ("cannot be told here" in page) != is_told


def test_the_first_run_says_what_it_takes(sample: Snapshot):
    """With one run there is nothing to compare, and nothing is made up."""
    (only,) = content(sample, None, ("spending", "kmeans"), LIGHT)
    assert "once there is a second" in only.children


def test_every_flow_lists_its_customers(second: Snapshot):
    """The list of each cell has as many customers as the cell says; the list of all movers has all but those who stayed."""
    matrix = moves.matrix(second, 1, *PAY)
    for row in matrix:
        flow = Flow(row["previous_segment_id"], row["segment_id"])
        told = sum(
            each["count_customers"]
            for each in matrix
            if (each["previous_segment_id"], each["segment_id"]) == (flow.previous_segment_id, flow.segment_id)
        )
        answer = rows(second, {"startRow": 0, "endRow": 100}, 1, PAY, flow)
        assert answer["rowCount"] == len(answer["rowData"]) == told
    movers = rows(second, {"startRow": 0, "endRow": 100}, 1, PAY, None)["rowData"]
    assert {row["customer_id"] for row in movers} == {"between", "riser", "leaver", *(AFTER.keys() - BEFORE.keys())}
    (riser,) = (row for row in movers if row["customer_id"] == "riser")
    assert (riser["movement"], riser["annual_income_k"]) == ("customer changed", 92)
    (leaver,) = (row for row in movers if row["customer_id"] == "leaver")
    assert (leaver["segment_name"], leaver["annual_income_k"]) == (None, None)


def test_the_list_calls_segments_as_the_matrix_does(moved: Snapshot):
    """A segment that is still there has its name of today on the whole page, though it was called otherwise then."""
    key = ("who", "kmeans")
    then = {
        row["segment_id"]: row["segment_name"]
        for row in moved.rows("from segments.segments where run_id = 2 and segmentation = 'who'")
    }
    shown = {row["segment_id"]: row["segment_name"] for row in moves.segments(moved, 2, *key)}
    assert any(name not in shown.values() for name in then.values())
    for row in moves.matrix(moved, 2, *key):
        flow = Flow(row["previous_segment_id"], row["segment_id"])
        for mover in rows(moved, {"startRow": 0, "endRow": 100}, 2, key, flow)["rowData"]:
            assert mover["previous_segment_name"] == shown[row["previous_segment_id"]]


def test_pages_of_the_list_follow_one_another(second: Snapshot):
    """Two pages hold what one would."""
    whole = rows(second, {"startRow": 0, "endRow": 100}, 1, PAY, None)["rowData"]
    halves = [rows(second, {"startRow": start, "endRow": start + 6}, 1, PAY, None)["rowData"] for start in (0, 6)]
    assert [*halves[0], *halves[1]] == whole


def test_the_download_is_the_list(moved_published: Path, second: Snapshot):
    """Row by row the same customers; an id that a spreadsheet would compute is marked as text."""
    client = create_app(Settings(warehouse=moved_published)).server.test_client()
    query = {"version": "2", "since": "1", "segmentation": "pay", "algorithm": "kmeans"}
    for flow in (None, [1, 2], [None, 2], [1, None], [2, 1]):
        listed = rows(second, {"startRow": 0, "endRow": 100}, 1, PAY, moves.flow(flow))["rowData"]
        answer = client.get(EXPORT, query_string=query | {"flow": json.dumps(flow)})
        assert answer.status_code == 200
        loaded = list(csv.DictReader(StringIO(answer.get_data(as_text=True))))
        assert [row["customer_id"] for row in loaded] == [re.sub("^=", "'=", row["customer_id"]) for row in listed]
        assert [row["annual_income_k"] for row in loaded] == [
            "" if row["annual_income_k"] is None else str(row["annual_income_k"]) for row in listed
        ]


@pytest.mark.parametrize(
    "change",
    [
        {"version": "9"},
        {"version": "x"},
        {"version": "1" * 50},
        {"since": "2"},
        {"since": "0 or 1=1"},
        {"since": ""},
        {"flow": "["},
        {"flow": "[" * 100_000},
        {"flow": "[1]"},
        {"flow": '["1", 2]'},
        {"flow": "[1e400, 2]"},
        {"flow": '{"a": 1}'},
        {"flow": "[true, 2]"},
    ],
)
def test_what_is_no_flow_is_refused(moved_published: Path, change: dict[str, str]):
    """An address that nobody could have clicked is a bad request, whatever it holds."""
    client = create_app(Settings(warehouse=moved_published)).server.test_client()
    query = {"version": "2", "since": "1", "segmentation": "pay", "algorithm": "kmeans"} | change
    assert client.get(EXPORT, query_string=query).status_code == 400


@pytest.mark.parametrize("asked", [3, "12", [1], [1, 2, 3], [{}, 1], [2**40, 1], {"0": 1, "1": 2}])
def test_a_store_that_holds_no_flow_is_bad_input(asked: object):
    """Whatever a page posts is a flow, everybody, or refused."""
    with pytest.raises(InputError, match="no flow"):
        moves.flow(asked)


def test_a_flow_of_nobody_says_so(second: Snapshot):
    """Where no customer is, no table is drawn."""
    parts = customers(second, 1, PAY, Flow(2, 1))
    assert "0 customers from" in text(parts)
    assert len(parts) == 1


def test_events_are_told_in_words():
    """A split, a merger, a birth and a death of one run, and what was kept, are a sentence each; a quiet run is one."""
    row = {"run_id": 3, "segment_name": None, "previous_segment_name": None, "share_of_previous": None, "share_of_new": None}

    def event(kind: str, before: int | None, now: int | None, share: float | None = None, run: int = 3) -> dict[str, object]:
        names = {"previous_segment_name": before and f"old {before}", "segment_name": now and f"new {now}"}
        ids = {"previous_segment_id": before, "segment_id": now, "run_id": run, "event": kind}
        return row | names | ids | {"share_of_previous": share, "share_of_new": share}

    events = [
        event("split", 1, 1, 0.6),
        event("split", 1, 7, 0.4),
        event("merged", 2, 3, 0.5),
        event("merged", 4, 3, 0.5),
        event("kept", 5, 5, 0.9),
        event("gone", 6, None),
        event("new", None, 8),
        event("kept", 1, 1, 1.0, run=2),
    ]
    assert moves.told(events) == [
        (3, "“old 1” split into “new 1” (60 %) and “new 7” (40 %)."),
        (3, "“new 3” was merged from “old 2” (50 %) and “old 4” (50 %)."),
        (3, "“new 8” is new."),
        (3, "“old 6” is gone."),
        (3, "“new 5” (90 %) kept that share of their customers."),
        (2, "Every segment was kept."),
    ]


@pytest.mark.browser
def test_the_customers_of_a_number_are_listed(dash_duo, moved_published: Path):
    """An earlier version is chosen, a number of the matrix is clicked, and the table below has its customers and their download."""
    serve(dash_duo, moved_published)
    driver = dash_duo.driver
    driver.get(f"{dash_duo.server_url}/history?segmentation=pay&algorithm=kmeans")

    def says(selector: str) -> str:
        return driver.find_element("css selector", selector).text

    wait_until(lambda: "nobody moved" in says("#history-content .answer"), what="the first line of the newest run")
    driver.execute_script("dash_clientside.set_props('history-version', {value: '2'})")
    wait_until(lambda: "2 (9.1 %) moved" in says("#history-content .answer"), what="the first line of the second run")
    wait_until(lambda: "11 customers who moved, joined or left" in says("#history-customers h2"), what="all of them")
    driver.execute_script("document.querySelector(\"button.flow[data-flow='[1, 2]']\").click()")
    wait_until(lambda: "2 customers from" in says("#history-customers h2"), what="the heading of the flow")
    cells = "#history-customers .ag-row [col-id='customer_id']"
    wait_until(
        lambda: {cell.text for cell in driver.find_elements("css selector", cells)} == {"between", "riser"}, what="its customers"
    )
    address = driver.find_element("css selector", "#history-customers a").get_attribute("href")
    assert "version=2&since=1&segmentation=pay&algorithm=kmeans&flow=" in address
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
