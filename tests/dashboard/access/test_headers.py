"""What browsers are told: which scripts may run, who may frame a page, and what is kept."""

import base64
import hashlib
import re

import pytest

from dashboard.app import create_app
from tests.dashboard.access.people import client_of, guarded
from warehouse.connection import Warehouse
from warehouse.settings import Settings


@pytest.fixture
def client(published):
    return create_app(Settings(warehouse=published)).server.test_client()


@pytest.mark.parametrize(
    "path", ["/", "/segments", "/no-such-page", "/cube/1.json", "/_dash-layout", "/healthz", "/assets/style.css", "/sql/rows.csv"]
)
def test_every_answer_has_them(client, path):
    """Also what is refused, and what is a file."""
    with client.get(path) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"]


def test_a_page_runs_its_own_scripts_only(client):
    """Those of this server, and those that stand in the page, by their digests; nothing is evaluated, nothing leads elsewhere."""
    answer = client.get("/")
    page = re.sub(r"<!--.*?-->", "", answer.text, flags=re.DOTALL)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, flags=re.DOTALL)
    inline = [text for about, text in scripts if "src=" not in about and "application/json" not in about]
    digests = {f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in inline}
    policy = dict(each.strip().split(" ", 1) for each in answer.headers["Content-Security-Policy"].split(";"))
    assert set(policy["script-src"].split()) == {"'self'"} | digests
    assert policy["default-src"] == "'none'"
    assert "http" not in answer.headers["Content-Security-Policy"]


def test_what_is_of_customers_is_kept_nowhere(client):
    """An export; the cube is kept by the browser alone."""
    with client.get("/explore/customers.csv") as export, client.get("/cube/1.json") as cube:
        assert export.headers["Cache-Control"] == "no-store"
        assert "private" in cube.headers["Cache-Control"]


def test_where_people_sign_in_the_browser_asks_about_the_cube_each_time(published, tmp_path):
    """The next one at the same browser may be another, or nobody."""
    client = client_of(guarded(published, tmp_path), "adam")
    built = Warehouse(published).snapshot().edition
    with client.get("/cube/1.json", query_string={"built": f"x {built}"}) as cube:
        assert cube.headers["Cache-Control"] == "private, no-cache"
        tag = cube.headers["ETag"]
    with client.get("/cube/1.json", headers={"If-None-Match": tag}) as again:
        assert again.status_code == 304


def test_the_form_runs_the_script_of_its_own_file_alone(published, tmp_path):
    """Nothing that stands in the page: not even the digests of Dash's own scripts."""
    policy = client_of(guarded(published, tmp_path)).get("/login").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "form-action 'self'" in policy


def test_only_over_tls_browsers_are_told_to_stay_there(client):
    """Over plain HTTP it would say nothing."""
    assert "Strict-Transport-Security" not in client.get("/healthz").headers
    assert client.get("/healthz", base_url="https://mall.example").headers["Strict-Transport-Security"]
