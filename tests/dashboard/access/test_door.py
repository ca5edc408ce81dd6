"""The door: nothing is answered to nobody, people sign in and out, and a proxy is believed only where it is trusted."""

import http.client
import logging
import sqlite3
from ipaddress import ip_network
from urllib.parse import urlencode

import pytest

from dashboard.access import users
from dashboard.access.door import check
from dashboard.access.login import COOKIE
from dashboard.access.records import MOST_WRONG, Records
from dashboard.access.roles import Role
from dashboard.access.users import Known
from dashboard.app import create_app
from tests.dashboard.access.people import HOST, PASSWORD, client_of, guarded, sign_in, users_file
from tests.dashboard.servers import serving
from warehouse.errors import InputError
from warehouse.settings import Settings


@pytest.fixture
def settings(published, tmp_path):
    return guarded(published, tmp_path)


def enters(client, path: str = "/", **said) -> bool:
    with client.get(path, **said) as answer:
        assert answer.status_code in (200, 401, 403)
        return answer.status_code == 200


def test_nothing_is_answered_to_nobody(settings):
    """Every address that the server has, but for signing in and what a supervisor asks."""
    app = create_app(settings)
    client = app.server.test_client()
    answered = set()
    for rule in app.server.url_map.iter_rules():
        path = rule.rule.replace("<int:version>", "1")
        for method in (rule.methods or set()) & {"GET", "POST"}:
            with client.open(path, method=method, json={} if method == "POST" else None) as answer:
                if answer.status_code != 401:
                    answered.add((method, rule.rule, answer.status_code))
    assert {path for _, path, _ in answered} == {"/login", "/logout", "/healthz", "/readyz", "/_favicon.ico"}
    for asset, status in (("login.css", 200), ("login.js", 200), ("style.css", 401), ("ask.js", 401)):
        with client.get(f"/assets/{asset}") as answer:
            assert (asset, answer.status_code) == (asset, status)


def test_a_page_leads_to_the_form_and_back(settings):
    """With its address; only ours."""
    client = client_of(settings)
    answer = client.get("/segments?age=20..34", headers={"Accept": "text/html"})
    assert answer.status_code == 302
    way = answer.location
    assert way == "/login?next=%2Fsegments%3Fage%3D20..34"
    assert 'action="/login?next=%2Fsegments%3Fage%3D20..34"' in client.get(way).text
    assert client.post(way, data={"name": " Vera ", "password": PASSWORD}).location == "/segments?age=20..34"
    assert enters(client)


@pytest.mark.parametrize(
    "way", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: 1", "http:evil", "\\\\e"]
)
def test_nobody_is_led_elsewhere(settings, way):
    """An address of another site, in whatever disguise, is the first page."""
    client = client_of(settings)
    answer = client.post("/login", query_string={"next": way}, data={"name": "vera", "password": PASSWORD})
    assert answer.location == "/"


def test_the_cookie_is_for_us_alone(settings):
    """No script reads it, no other site sends it along with a post, and over TLS it leaves by nothing else."""
    client = client_of(settings)
    cookie = sign_in(client, "vera").headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"))
    assert "Secure" not in cookie
    assert "Secure" in sign_in(client, "vera", **{"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]
    stranger = {"environ_base": {"REMOTE_ADDR": "10.0.0.9"}}
    said = {"name": "vera", "password": PASSWORD}
    assert (
        "Secure" not in client.post("/login", data=said, headers={"X-Forwarded-Proto": "https"}, **stranger).headers["Set-Cookie"]
    )


@pytest.mark.parametrize(
    ("name", "password"), [("vera", "wrong password"), ("nobody", PASSWORD), ("", ""), ("vera", ""), ("vera", "x" * 5_000)]
)
def test_who_it_is_not_stays_out(settings, name, password, caplog):
    """The answers are the same whether there is such a name; what was typed is in no log and no answer but the name."""
    client = client_of(settings)
    with caplog.at_level(logging.DEBUG):
        answers = [sign_in(client, name, password) for _ in range(MOST_WRONG + 1)]
    answer = answers[0]
    assert [each.status_code for each in answers] == [403] * MOST_WRONG + [429]
    assert "not the name and the password of anybody here" in answer.text
    assert not enters(client)
    assert not password or password not in answer.text + caplog.text


def test_an_unknown_name_may_be_a_password_and_is_not_written_down(settings):
    """Somebody typed it into the wrong field."""
    sign_in(client_of(settings), "my secret password")
    (row,) = Records(settings.access).audit()
    assert row[1:4] == ("wrong password", None, "nobody")
    assert b"my secret" not in settings.access.read_bytes()


def test_after_five_wrong_passwords_not_even_the_right_one_is_looked_at(settings):
    """From that address; another one still enters."""
    client = client_of(settings)
    for _ in range(MOST_WRONG):
        assert sign_in(client, "vera", "wrong password").status_code == 403
    answer = sign_in(client, "vera")
    assert answer.status_code == 429
    assert "quarter of an hour" in answer.text
    assert sign_in(client, "vera", **{"X-Forwarded-For": "203.0.113.7"}).status_code == 303


def test_a_stranger_cannot_say_where_it_asks_from(settings):
    """Only a trusted proxy's X-Forwarded-For counts, and of it the last address, which the proxy itself wrote."""
    client = client_of(settings)
    for place in range(MOST_WRONG):
        client.post(
            "/login",
            data={"name": "vera", "password": "wrong"},
            headers={"X-Forwarded-For": f"10.9.9.{place}"},
            environ_base={"REMOTE_ADDR": "203.0.113.7"},
        )
    sign_in(client, "vera", **{"X-Forwarded-For": "10.1.1.1, 203.0.113.8"})
    addresses = [row[4] for row in Records(settings.access).audit()]
    assert addresses == ["203.0.113.7"] * MOST_WRONG + ["203.0.113.8"]


def test_who_signs_out_is_out(settings):
    """The session is over, also for whoever has copied the cookie."""
    client = client_of(settings, "vera")
    cookie = client.get_cookie(COOKIE).value
    answer = client.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.location) == (303, "/login")
    client.set_cookie(COOKIE, cookie)
    assert not enters(client)


@pytest.mark.parametrize("after", [None, Known(Role.VIEWER), Known(Role.VIEWER, users.hashed("another password"))])
def test_another_password_or_none_ends_every_session(settings, after):
    """Who is taken out, or has got another password, is out at once; a new role counts at once."""
    client = client_of(settings, "vera")
    assert enters(client)
    known = users.read(settings.users)
    users.write(settings.users, {"adam": known["adam"]} | ({"vera": after} if after else {}))
    assert not enters(client)


def test_a_new_role_counts_at_once(settings):
    """Without signing in again."""
    client = client_of(settings, "vera")
    assert not enters(client, "/explore/customers.json")
    known = users.read(settings.users)
    users.write(settings.users, known | {"vera": Known(Role.ANALYST, known["vera"].password)})
    assert enters(client, "/explore/customers.json")


@pytest.mark.parametrize("cookie", ["", "x", "x" * 4_000, "'; drop table sessions; --"])
def test_a_cookie_that_is_none_opens_nothing(settings, cookie):
    """Whatever is in it."""
    client = client_of(settings)
    client.set_cookie(COOKIE, cookie)
    assert not enters(client)


@pytest.mark.parametrize("path", ["/login", "/logout", "/_dash-update-component", "/sql/rows.csv", "/cube/1/counts"])
@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HOST}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}, False),
        ({"Origin": HOST}, False),
        ({"Origin": "http://["}, True),
        ({}, False),
    ],
)
@pytest.mark.parametrize("is_shut", [True, False])
def test_no_other_site_posts_in_our_name(settings, published, path, headers, is_refused, is_shut):
    """Cross-site request forgery is refused, where people sign in and where they need not."""
    client = client_of(settings, "edda") if is_shut else create_app(Settings(warehouse=published)).server.test_client()
    form = {"data": {"name": "edda", "password": PASSWORD}} if path == "/login" else {"json": {}}
    with client.post(path, headers=headers, **form) as answer:
        assert (answer.status_code == 403) is is_refused


def test_who_signs_out_is_out_also_where_nothing_can_be_written(settings):
    """The cookie goes, and the answer is no failure."""
    client = client_of(settings, "vera")
    with sqlite3.connect(settings.access) as other:
        other.execute("drop table audit")
    assert client.post("/logout").status_code == 303
    assert not enters(client)


def test_waitress_hands_on_what_a_proxy_says(published, tmp_path):
    """`make dashboard` too: a stranger behind a proxy is counted by their own address, and gets a cookie for TLS alone."""
    given = guarded(published, tmp_path)
    environ = {"WAREHOUSE": published, "USERS": given.users, "ACCESS": given.access}
    said = {"X-Forwarded-For": "203.0.113.8", "X-Forwarded-Proto": "https", "Content-Type": "application/x-www-form-urlencoded"}
    with serving(tmp_path, "-m", "dashboard", **environ) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("POST", "/login", urlencode({"name": "vera", "password": PASSWORD}), said)
        answer = connection.getresponse()
        assert (answer.status, "Secure" in answer.headers["Set-Cookie"]) == (303, True)
        connection.close()
    assert [row[4] for row in Records(given.access).audit()] == ["203.0.113.8"]


class TestProxy:
    """A proxy that asks who it is."""

    def client(self, published, tmp_path, **settings):
        given = Settings(warehouse=published, access=tmp_path / "access.sqlite", user_header="X-Remote-User", **settings)
        return create_app(given).server.test_client()

    def test_it_is_believed(self, published, tmp_path):
        """Who it names is a viewer; who it does not name stays out, and nobody is asked for a password."""
        client = self.client(published, tmp_path)
        assert enters(client, headers={"X-Remote-User": "anybody"})
        assert not enters(client)
        assert not enters(client, headers={"X-Remote-User": " "})
        assert not enters(client, "/explore/customers.json", headers={"X-Remote-User": "anybody"})
        assert client.get("/login", headers={"X-Remote-User": "anybody", "Accept": "text/html"}).text.count("password") == 0

    def test_the_users_file_says_as_what(self, published, tmp_path):
        """Who is not in it stays out; a password is not needed, and a cookie of before not enough."""
        client = self.client(published, tmp_path, users=users_file(tmp_path))
        assert enters(client, "/explore/customers.json", headers={"X-Remote-User": "Adam"})
        assert not enters(client, headers={"X-Remote-User": "anybody"})
        assert not enters(client)

    def test_nobody_else_is_believed(self, published, tmp_path):
        """The header of whoever is not the proxy says nothing."""
        client = self.client(published, tmp_path, trusted_proxy=(ip_network("10.1.0.0/16"),))
        said = {"headers": {"X-Remote-User": "anybody"}}
        assert not enters(client, **said)
        assert not enters(client, **said, environ_base={"REMOTE_ADDR": "10.2.0.1"})
        assert enters(client, **said, environ_base={"REMOTE_ADDR": "10.1.2.3"})
        assert enters(client, **said, environ_base={"REMOTE_ADDR": "::ffff:10.1.2.3"})


def test_where_sessions_cannot_be_read_nobody_enters(settings):
    """And nobody is told that they are a stranger: it is not their fault. Who wants to leave can."""
    client = client_of(settings, "vera")
    with sqlite3.connect(settings.access) as other:
        other.execute("drop table sessions")
    assert client.get("/").status_code == 503
    assert client.get("/login").status_code == 503
    assert client.post("/logout").status_code == 303
    assert client.get_cookie(COOKIE) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "mall.example"])
def test_strangers_are_not_let_in_by_mistake(host, tmp_path):
    """Listening elsewhere needs to know who may enter."""
    with pytest.raises(InputError, match=r"HOST=.*USERS=.*USER_HEADER="):
        check(Settings(host=host))
    check(Settings(host=host, users=users_file(tmp_path), access=tmp_path / "a.sqlite"))
    check(Settings(host=host, user_header="X-Remote-User", access=tmp_path / "a.sqlite"))
    check(Settings(host="127.0.0.1"))
