"""The SQL page of the server: whom it answers, what it says, and what it knows of a version."""

import json
import os
from pathlib import Path

import duckdb
import pytest

from dashboard.app import create_app
from dashboard.schema import schema
from tests.dashboard.test_guard import post
from warehouse.recipes import NEEDS
from warehouse.settings import Settings

TOKEN = "a token of its own"
"""Stands for one in what is told to every process of a test run alike."""


def token() -> str:
    return os.urandom(16).hex()


def call(sql: object = "select 1 as one", by: object = TOKEN, version: object = None) -> str:
    """The body of the callback that runs a statement, but for its token."""
    return json.dumps(
        {
            "output": "ask-answer.data",
            "outputs": {"id": "ask-answer", "property": "data"},
            "inputs": [{"id": "ask-run", "property": "data", "value": {"sql": sql, "token": by}}],
            "state": [{"id": "version", "property": "data", "value": version}],
            "changedPropIds": ["ask-run.data"],
        }
    )


def answer(client, body: str) -> dict[str, object]:
    reply = post(client, body.replace(TOKEN, token()))
    assert reply.status_code == 200
    return reply.get_json()["response"]["ask-answer"]["data"]


def client_of(directory: Path, **settings: object):
    return create_app(Settings(warehouse=directory, **settings)).server.test_client()


@pytest.mark.parametrize(
    ("settings", "host", "is_answered"),
    [
        ({}, "127.0.0.1:8050", True),
        ({}, "localhost:8050", True),
        ({"host": "localhost"}, "[::1]:8050", True),
        ({}, "evil.example", False),
        ({}, "evil.example:8050", False),
        ({}, "localhost.evil.example", False),
        ({"host": "0.0.0.0"}, "127.0.0.1:8050", False),
        ({"host": "0.0.0.0", "allow_sql": True}, "mall.example", True),
        ({"host": "192.168.1.7"}, "192.168.1.7", False),
        ({"allow_sql": False}, "127.0.0.1:8050", False),
        ({}, "127.0.0.1:8050 for 203.0.113.7", False),
        ({"allow_sql": True}, "127.0.0.1:8050 for 203.0.113.7", True),
    ],
)
def test_who_may_ask(published, settings, host, is_answered):
    """Where nothing is set, this machine asks itself, under its own name and not for others; anybody else where that is allowed."""
    client = client_of(published, **settings)
    name, _, proxied_for = host.partition(" for ")
    headers = {"Host": name} | ({"X-Forwarded-For": proxied_for} if proxied_for else {})
    reply = client.post(
        "/_dash-update-component", data=call().replace(TOKEN, token()), content_type="application/json", headers=headers
    )
    said = reply.get_json()["response"]["ask-answer"]["data"]
    body = {"sql": "select 1 as one", "token": token(), "version": None}
    with client.post("/sql/rows.csv", json=body, headers=headers) as file:
        assert (200 if is_answered else 400) == file.status_code
        assert is_answered == (file.data == b"one\n1\n")
    assert is_answered == ("rows" in said)
    assert is_answered or "SQL is off here" in said["error"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (call(sql=None), "that is no statement"),
        (call(sql=1), "that is no statement"),
        (call(sql=["select 1"]), "that is no statement"),
        (call(by=None), "that is no statement"),
        (call(by={"a": 1}), "that is no statement"),
        (call(by="../../etc"), "that is no token of a statement"),
        (call(sql="select \0"), "The statement holds a character that is no text."),
        (call(sql="select '\udc80'"), "The statement holds a character that is no text."),
        (call(sql="x" * 200_000), "The statement is longer than 100,000 characters."),
        (
            json.dumps(json.loads(call()) | {"inputs": [{"id": "ask-run", "property": "data", "value": [[[]]]}]}),
            "that is no statement",
        ),
        (json.dumps(json.loads(call()) | {"inputs": [{"id": "ask-run", "property": "data"}]}), "that is no statement"),
    ],
)
def test_what_no_page_of_ours_sends_is_an_error_of_one_line(published, body, error):
    """Wrong types and odd characters are told, and nothing runs."""
    assert error == answer(client_of(published), body)["error"]


@pytest.mark.parametrize("version", ["x", {"version": 10**12}, {"version": "1; select 1"}, [1], {"version": 99}])
def test_a_version_that_is_not_there_is_the_newest(published, version):
    """Whatever a browser says it shows, a version that is there is asked."""
    assert answer(client_of(published), call(version=version))["rows"] == [[1]]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/sql/rows.csv", {"sql": "select nope", "token": TOKEN}, 400),
        ("/sql/rows.csv", {"sql": "explain select 1", "token": TOKEN}, 400),
        ("/sql/rows.csv", {"sql": "select 1", "token": "x"}, 400),
        ("/sql/rows.csv", {"sql": "select 1", "token": TOKEN, "version": 99}, 400),
        ("/sql/rows.csv", ["select 1"], 400),
        ("/sql/rows.exe", {"sql": "select 1", "token": TOKEN}, 404),
    ],
)
def test_a_file_that_cannot_be_is_an_error(published, path, body, status):
    """It says why, and sends nothing."""
    reply = client_of(published).post(path, data=json.dumps(body).replace(TOKEN, token()), content_type="application/json")
    assert status == reply.status_code
    assert status == 404 or reply.get_json()["error"]


def test_a_form_elsewhere_cannot_ask(published):
    """What a page of another site can post without asking the browser is no JSON, and refused."""
    client = client_of(published)
    body = json.dumps({"sql": "select 1", "token": token()})
    assert client.post("/sql/rows.csv", data=body, content_type="text/plain").status_code == 415


def test_the_version_that_is_shown_is_asked(moved_published):
    """An older version answers for itself, in the rows and in the file."""
    client = client_of(moved_published)
    for version in (1, 3):
        path = moved_published / f"v{version}.duckdb"
        with duckdb.connect(path, read_only=True) as connection:
            expected = connection.execute("select count(*) from segments.runs").fetchone()[0]
        sql = "select count(*) as n from segments.runs"
        assert [[expected]] == answer(client, call(sql, version={"version": version}))["rows"]
        with client.post("/sql/rows.csv", json={"sql": sql, "token": token(), "version": version}) as file:
            assert f"n\n{expected}\n".encode() == file.data
            assert f"rows_of_version_{version}.csv" in file.headers["Content-Disposition"]


def test_the_schema_has_what_can_be_asked(bundled):
    """Every relation and macro with a comment, and every column with its type, but for helpers of ours."""
    relations = {f"{one['schema_name']}.{one['name']}": one for one in schema(bundled)["relations"]}
    known = bundled.value(
        "select count(*) from (from duckdb_tables() union all by name select * from duckdb_views() where not internal) "
        "where database_name = 'warehouse'"
    )
    assert known == sum(one["kind"] != "macro" for one in relations.values())
    assert all(one["comment"] for one in relations.values())
    assert {"name": "customer_id", "type": "VARCHAR"}.items() <= relations["marts.customers"]["columns"][0].items()
    assert relations["marts.score_customers"]["parameters"] == ["customers", "of_run_id"]
    assert next(iter(relations)).startswith("marts.")


def test_a_recipe_says_what_it_lacks(bundled, mall):
    """Of everything that may be asked, a warehouse without purchases says which recipes need them."""
    assert {need for one in schema(bundled)["recipes"] for need in one["missing"]} == {NEEDS["two runs"].advice}
    lacking = [one["question"] for one in schema(mall)["recipes"] if NEEDS["transactions"].advice in one["missing"]]
    assert "What are the RFM groups, and what are they worth?" in lacking
    assert "Which segments are there, how large are they, and how sure are we of them?" not in lacking
