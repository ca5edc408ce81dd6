"""What a browser may post: anything else is refused with one line in the log and no traceback."""

import json
import logging

import pytest

from dashboard.app import create_app
from dashboard.guard import MOST_BYTES, MOST_DEPTH
from tests.dashboard.hostile import nested
from warehouse.settings import Settings

TABLE = {
    "output": "..customers.getRowsResponse...table-caption.children...table-links.children..",
    "outputs": [
        {"id": "customers", "property": "getRowsResponse"},
        {"id": "table-caption", "property": "children"},
        {"id": "table-links", "property": "children"},
    ],
    "inputs": [{"id": "customers", "property": "getRowsRequest", "value": {"startRow": 0, "endRow": 3}}],
    "state": [
        {"id": "filters", "property": "data", "value": {}},
        {"id": "segmentation", "property": "value", "value": "spending"},
        {"id": "version", "property": "data", "value": None},
        {"id": "table-search", "property": "value", "value": ""},
    ],
    "changedPropIds": ["customers.getRowsRequest"],
}


@pytest.fixture
def client(published):
    return create_app(Settings(warehouse=published)).server.test_client()


def post(client, body: str | bytes):
    return client.post("/_dash-update-component", data=body, content_type="application/json")


def test_a_request_of_ours_is_answered(client):
    """The table gets its rows."""
    answer = post(client, json.dumps(TABLE))
    assert answer.status_code == 200
    assert len(answer.get_json()["response"]["customers"]["getRowsResponse"]["rowData"]) == 3


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[" * 100_000,
        b"\xff\xfe",
        "null",
        "3",
        "[]",
        "{}",
        '{"output": "x"}',
        '{"output": ["x"]}',
        *(
            json.dumps(TABLE | change)
            for change in (
                {"inputs": []},
                {"inputs": 3},
                {"inputs": [3]},
                {"inputs": [{"id": {}, "property": "x"}]},
                {"inputs": TABLE["state"]},
                {"inputs": [*TABLE["inputs"], {"id": {}, "property": "x"}]},
                {"state": [{}]},
                {"outputs": []},
                {"outputs": "x"},
                {"outputs": TABLE["outputs"][:1]},
                {"changedPropIds": None},
                {"changedPropIds": [3]},
                {"changedPropIds": ["filters.data"]},
                {"changedPropIds": ['{"x.y']},
                {"state": [TABLE["state"][0] | {"value": nested(MOST_DEPTH)}, *TABLE["state"][1:]]},
            )
        ),
    ],
)
def test_a_body_that_is_not_ours_is_refused(client, body, caplog):
    """400, one line in the log, and nothing of ours has failed."""
    assert post(client, body).status_code == 400
    assert [(record.levelno, record.exc_info) for record in caplog.records] == [(logging.WARNING, None)]


def test_a_download_asked_too_deeply_is_refused(client, caplog):
    """What cannot be read as JSON, or not be answered because of its depth, is no failure where files are asked for either."""
    for depth in (MOST_DEPTH + 1, 970, 100_000):
        answer = client.post("/sql/rows.csv", data=b"[" * depth + b"]" * depth, content_type="application/json")
        assert answer.status_code == 400
    assert {(record.levelno, record.exc_info) for record in caplog.records} == {(logging.WARNING, None)}


def test_the_page_is_asked_for_as_json(client):
    """The browser's part of Dash says that it sends JSON where it sends nothing."""
    for path in ("/_dash-layout", "/_dash-dependencies"):
        assert client.get(path, content_type="application/json").status_code == 200


def test_a_script_that_is_not_there_is_not_found(client, caplog):
    """No failure, and no list of those that are there."""
    for path in ("x/y.js", "dash/x.js", "dash/../../etc/passwd"):
        assert client.get(f"/_dash-component-suites/{path}").status_code == 404
    assert caplog.records == []


def test_a_body_without_end_is_not_read(client):
    """A body larger than any page sends is refused by its size."""
    assert post(client, b" " * (MOST_BYTES + 1)).status_code == 413


@pytest.mark.parametrize(
    ("inputs", "state"),
    [
        (3, {}),
        ({"startRow": 10**30}, {}),
        ({"sortModel": [{"colId": "age; drop table x"}]}, {}),
        ({}, [1]),
        ({}, {"age": {"op": "between", "value": [10**400, 1]}}),
        ({}, {"two\nlines": {"op": "in", "value": [True]}}),
        ({}, {"gender": {"op": "not_in", "value": ["x"] * 10_001}}),
    ],
)
def test_values_that_make_no_sense_get_an_empty_answer(client, inputs, state, caplog):
    """No rows, the reason in the caption, and one line in the log without a traceback."""
    body = json.loads(json.dumps(TABLE))
    body["inputs"][0]["value"], body["state"][0]["value"] = inputs, state
    answer = post(client, json.dumps(body))
    assert answer.status_code == 200
    assert answer.get_json()["response"]["customers"]["getRowsResponse"] == {"rowData": [], "rowCount": 0}
    assert [(record.exc_info, "\n" in record.getMessage()) for record in caplog.records] == [(None, False)]


def test_a_defect_leaves_its_traceback_in_the_log(client, caplog, monkeypatch):
    """A callback that fails for a reason of ours is logged with where it failed."""
    monkeypatch.setattr("dashboard.pages.explore.rows", lambda *_: 1 / 0)
    post(client, json.dumps(TABLE))
    assert "ZeroDivisionError" in caplog.text
    assert "Traceback" in caplog.text
