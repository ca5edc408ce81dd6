"""What each role may ask for, found from the app: a new callback or address is for analysts until somebody says otherwise."""

import json
import sqlite3
from shutil import copytree

import pytest

from dashboard.access.records import Records
from dashboard.access.roles import Role
from dashboard.access.rules import of_address, of_callback, of_page
from dashboard.app import create_app
from dashboard.guard import CALLBACKS
from dashboard.shell import LINKS
from tests.dashboard.access.people import PEOPLE, client_of, guarded, sign_in
from tests.dashboard.hostile import body, pool, written
from warehouse.connection import Warehouse

ROW = b"synthetic-0"
"""How the id of every customer of the bundled sample begins."""
EXPORTS = {
    "/explore/customers.csv": "/explore/customers.csv",
    "/explore/customers.parquet": "/explore/customers.parquet",
    "/explore/customers.xlsx": "/explore/customers.xlsx",
    "/explore/customers.json": "/explore/customers.json",
    "/history/customers.csv": "/history/customers.csv?version=3&since=2",
    "/retention/customers_at_risk.csv": "/retention/customers_at_risk.csv",
    "/products/recommendations.csv": "/products/recommendations.csv",
    "/forecast/sales_forecast.csv": "/forecast/sales_forecast.csv",
    "/inventory/inventory_plan.csv": "/inventory/inventory_plan.csv?kind=category&periods=4&level=0.95",
    "/campaigns/list.csv": "/campaigns/list.csv?name=spring&share=0.1",
}
"""By address, what of it is asked."""


@pytest.fixture(scope="module")
def settings(bundled_published, tmp_path_factory):
    return guarded(bundled_published, tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def app(settings):
    return create_app(settings)


@pytest.fixture(scope="module")
def clients(app):
    """A browser for each of the three."""
    found = {}
    for name, role in PEOPLE.items():
        found[role] = app.server.test_client()
        assert sign_in(found[role], name).status_code == 303
    return found


@pytest.fixture(scope="module")
def calls(app, settings):
    """By callback, a call as a page of ours makes it."""
    own = pool(Warehouse(settings.warehouse).snapshot())
    found = {}
    for output, known in app.callback_map.items():
        if "callback" in known:
            keys = [f"{each['id']}.{each['property']}" for part in ("inputs", "state") for each in known[part]]
            found[output] = written(body(output, known, {key: own[key][0] for key in keys if key in own}))
    return found


def test_what_viewers_have(app):
    """All of it; a thing more is a decision, and this line is where it is made."""
    callbacks = {output for output in app.callback_map if of_callback(output) <= Role.VIEWER}
    addresses = {rule.rule for rule in app.server.url_map.iter_rules() if of_address("", rule.rule) <= Role.VIEWER}
    assert {output.strip(".").partition(".")[0] for output in callbacks} == {"version", "header-notice", "page", "segments-content"}
    assert {each for each in addresses if "dash" not in each} == {
        *("/", "/<path:path>", "/assets/<path:filename>", "/_reload-hash", "/_favicon.ico", "/login", "/logout"),
        *("/healthz", "/readyz", "/cube/<int:version>/frame.json", "/cube/<int:version>/counts"),
    }
    assert {path for path in LINKS.values() if of_page(path) <= Role.VIEWER} == {"/", "/segments"}


@pytest.mark.parametrize("address", EXPORTS.values())
def test_a_viewer_takes_no_file(clients, address):
    """Of none of them."""
    assert clients[Role.VIEWER].get(address).status_code == 403


def test_every_callback_asks_for_its_role(calls, clients):
    """Whoever has it is answered, and nobody else."""
    for output, call in calls.items():
        for role, client in clients.items():
            if "label-form" in output and role is Role.EDITOR:
                continue  # it would write
            status = client.post(CALLBACKS, data=call, content_type="application/json").status_code
            assert (status == 403) is (role < of_callback(output)), (output, role)


def test_every_address_asks_for_its_role(app, clients):
    """The same of everything that is no callback; what exists for nobody is not there."""
    for rule in app.server.url_map.iter_rules():
        path = rule.rule.replace("<int:version>", "1").replace("<kind>", "csv")
        for method in (rule.methods or set()) & {"GET", "POST"} if path not in ("/logout", CALLBACKS) else ():
            for role, client in clients.items():
                with client.open(path, method=method, json={} if method == "POST" else None) as answer:
                    assert (answer.status_code == 403 and b"anybody here" not in answer.get_data()) is (
                        role < of_address(path, rule.rule)
                    ), (rule.rule, role)


def test_a_viewer_gets_no_customer(calls, app, clients):
    """Nothing that a viewer is answered holds the id of anybody, and an analyst's answers do."""
    seen = {Role.VIEWER: False, Role.ANALYST: False}
    for role in seen:
        for call in calls.values():
            with clients[role].post(CALLBACKS, data=call, content_type="application/json") as answer:
                seen[role] |= ROW in answer.get_data()
        for rule in app.server.url_map.iter_rules():
            if rule.rule not in ("/logout", "/login", CALLBACKS):
                path = rule.rule.replace("<int:version>", "1").replace("<kind>", "csv")
                method = "POST" if "GET" not in (rule.methods or set()) else "GET"
                with clients[role].open(path, method=method, json={} if method == "POST" else None) as answer:
                    seen[role] |= ROW in answer.get_data()
    assert seen == {Role.VIEWER: False, Role.ANALYST: True}


def opened(client, calls, path: str) -> str:
    (call,) = [call for output, call in calls.items() if output.startswith("..page.children")]
    asked = json.loads(call)
    asked["inputs"][0]["value"] = path
    return client.post(CALLBACKS, json=asked).text


@pytest.mark.parametrize("path", LINKS.values())
def test_a_page_that_is_not_for_a_role_says_so(clients, calls, path):
    """And the head does not lead there."""
    for role in (Role.VIEWER, Role.ANALYST):
        assert ("This page is for analysts" in opened(clients[role], calls, path)) is (role < of_page(path))


def test_the_head_leads_only_where_one_may_go(clients):
    """Links to other pages are there, because callbacks write to all of them, and hidden."""

    def hidden(part, is_hidden: bool = False) -> set[str]:
        if isinstance(part, list):
            return {path for each in part for path in hidden(each, is_hidden)}
        if not isinstance(part, dict):
            return set()
        said = part["props"]
        own = {LINKS[said["id"]]} if is_hidden and said.get("id") in LINKS else set()
        return own | hidden(said.get("children"), is_hidden or said.get("hidden") is True)

    of = {role: hidden(client.get("/_dash-layout").get_json()) for role, client in clients.items()}
    assert of[Role.VIEWER] == {path for path in LINKS.values() if of_page(path) > Role.VIEWER}
    assert of[Role.ANALYST] == set()


@pytest.mark.parametrize("address", EXPORTS)
def test_every_export_is_written_down(bundled_published, moved_published, tmp_path, address):
    """Who took which file of which version; what it was filtered by without the values."""
    published = moved_published if "history" in address else bundled_published
    settings = guarded(published, tmp_path)
    client = client_of(settings, "adam")
    before = len(list(Records(settings.access).audit()))
    with client.get(EXPORTS[address]) as answer:
        assert answer.status_code == 200
    (row,) = list(Records(settings.access).audit())[before:]
    assert row[1:4] == ("exported", "adam", "analyst")
    assert row[5] == (3 if "history" in address else 1)
    assert row[7]


def test_every_address_of_files_is_in_the_table_above(app):
    """So that no export is forgotten."""
    files = {rule.rule for rule in app.server.url_map.iter_rules() if rule.rule.endswith((".csv", ".<kind>"))} - {
        "/sql/rows.<kind>"
    }
    assert files == {
        address.replace("list.csv", "list.<kind>").replace("/explore/customers.csv", "/explore/customers.<kind>")
        for address in EXPORTS
    } - {f"/explore/customers.{kind}" for kind in ("parquet", "xlsx", "json")}


def test_a_search_is_written_down_without_what_was_searched(settings, clients):
    """A filter is a condition with question marks."""
    asked = json.dumps({"filters": {"gender": {"op": "in", "value": ["Female"]}}, "search": "synthetic-00002"})
    with clients[Role.ANALYST].get("/explore/customers.csv", query_string={"asked": asked}) as answer:
        assert answer.status_code == 200
    row = list(Records(settings.access).audit())[-1]
    assert row[6] == 1
    assert "gender in (?)" in row[7]
    assert "Female" not in row[7]
    assert "00002" not in row[7]


def test_sql_is_written_down_by_its_shape(settings, clients, calls):
    """Asked on the page, and taken as a file."""
    sql = "select count(*) from marts.customers where customer_id = 'synthetic-00002'"
    asked = json.loads(calls["ask-answer.data"])
    asked["inputs"][0]["value"] = {"sql": sql, "token": "a" * 32}
    assert "[[" in clients[Role.ANALYST].post(CALLBACKS, json=asked).text
    with clients[Role.ANALYST].post("/sql/rows.csv", json={"sql": sql, "token": "b" * 32, "version": 1}) as answer:
        assert answer.status_code == 200
    rows = list(Records(settings.access).audit())[-2:]
    assert [row[1] for row in rows] == ["asked in SQL", "exported"]
    assert all("customer_id = ?" in row[7] and "00002" not in row[7] for row in rows)


def test_a_name_that_is_refused_is_written_down_as_refused(bundled_published, tmp_path, calls):
    """After what was to be done."""
    settings = guarded(bundled_published, tmp_path)
    client = client_of(settings, "edda")
    asked = label_call(calls, {"label-name.value": "x" * 100})
    assert client.post(CALLBACKS, json=asked).status_code == 200
    assert [row[1] for row in Records(settings.access).audit()][-2:] == ["edited", "was refused"]


def label_call(calls, values):
    """The call of the form that saves."""
    (output,) = [output for output in calls if output.startswith("..label-form.opened@")]
    asked = json.loads(calls[output])
    given = {
        "label-asked.data": {"segmentation": "spending", "algorithm": "kmeans", "segment_id": "1"},
        "label-name.value": "Regulars",
        "label-description.value": "",
        "label-by.value": "somebody else",
        **values,
    }
    for part in (*asked["inputs"], *asked["state"]):
        part["value"] = given.get(f"{part['id']}.{part['property']}", part.get("value"))
    return asked


def test_what_cannot_be_written_down_is_not_exported(bundled_published, tmp_path):
    """The file is refused, and the answer says why."""
    settings = guarded(bundled_published, tmp_path)
    client = client_of(settings, "adam")
    with sqlite3.connect(settings.access) as other:
        other.execute("drop table audit")
    with client.get("/explore/customers.csv") as answer:
        assert answer.status_code == 503
        assert b"cannot be written down who did this" in answer.get_data()


def test_an_editor_signs_with_the_own_name(settings, app, calls, tmp_path, published):
    """Whatever the form says: the name is that of who signed in."""
    own = guarded(copytree(published, tmp_path / "w", symlinks=True), tmp_path)
    client = client_of(own, "edda")
    asked = label_call(calls, {})
    assert client.post(CALLBACKS, json=asked).status_code == 200
    named = Warehouse(own.warehouse).snapshot().rows("select segment_name, labelled_by from segments.labels")
    assert named == [{"segment_name": "Regulars", "labelled_by": "edda"}]
    row = list(Records(own.access).audit())[-1]
    assert row[1:3] == ("edited", "edda")
    assert row[7] == "name or description of segment 1 of spending, kmeans"
