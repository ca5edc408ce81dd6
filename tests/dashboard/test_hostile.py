"""Input from outside is hostile: whatever is posted or asked is an answer or an error for that request, and harms nobody else."""

import csv
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dashboard
from dashboard.app import create_app
from dashboard.guard import CALLBACKS
from dashboard.shell import LINKS
from tests.dashboard.browser import Page, serve, wait_until
from tests.dashboard.hostile import HEADERS, PARTS, TOKEN, bent, bodies, body, broken_bodies, json_bodies, pool, queries_of, written
from tests.helpers import QUICK, refreshed
from warehouse.connection import Warehouse, identity
from warehouse.publish import locked
from warehouse.settings import Settings

few = settings(max_examples=3, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
some = settings(few, max_examples=12)
cheap = settings(few, max_examples=80)
soaked = settings(few, max_examples=30, derandomize=False)
many = settings(few, max_examples=600, derandomize=False)
SOAK = pytest.mark.soak

DRAWN = re.compile(r"-content|^difference|^campaign-split|^history-table|^ask-answer|\.csv$|<kind>$|_dash-(layout|dependencies)$")
"""Callbacks that draw pages, or start a process, and routes that write all of something: a tenth of a second each."""


def examples(name: str, is_long: bool = False) -> settings:
    """How many calls of a callback or a route: few where each takes its time, and all of them by `make soak`."""
    if DRAWN.search(name):
        return soaked if is_long else few
    return many if is_long else some


NAMES = [
    "<img src=x onerror=window.hacked=1>",
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "javascript:window.hacked=1",
    "'; drop table raw.customers; --",
    '"";}{{7*7}}${window.hacked=1}',
    "=HYPERLINK(1)",
    "@SUM(1)",
    "turned \u202eround\u2066",
    "\u0007bell \u001b[31m",
    "constructor",
    "__proto__",
    "a*b,c..d!e|f&g=h#i",
    "👩‍👩‍👧‍👦" * 50,
    "x" * 10_000,
]
"""Ids and categories that a file may hold."""

WITNESS = "..customers.getRowsResponse...table-caption.children...table-links.children.."
"""The callback that is asked after every other one whether anything has stayed."""
SECRETS = re.compile(
    "|".join(["Traceback", 'File \\\\?"', "site-packages", re.escape(str(Path(dashboard.__file__).parent)), r"\.duckdb"])
)
"""What no answer may hold; the folder of the warehouse besides."""


def callbacks(directory: Path = Path("nowhere")) -> dict[str, Any]:
    """The callbacks that the server answers, by output."""
    known = create_app(Settings(warehouse=directory, allow_edit=True)).callback_map
    return {output: known[output] for output in sorted(known) if "callback" in known[output]}


def routes() -> list[str]:
    """The addresses that the server answers, with their methods; callbacks are posted elsewhere here."""
    rules = create_app(Settings(warehouse=Path("nowhere"), allow_edit=True)).server.url_map.iter_rules()
    found = {f"{method} {rule.rule}" for rule in rules for method in (rule.methods or ()) if method in ("GET", "POST")}
    return sorted(found - {f"POST {CALLBACKS}"})


class Victim:
    """A dashboard over a warehouse of its own, and what its log says."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.app = create_app(Settings(warehouse=directory, allow_edit=True))
        self.client = self.app.server.test_client()
        self.own = pool(Warehouse(directory).snapshot())
        self.log: list[logging.LogRecord] = []

    def files(self) -> dict[str, tuple[int, ...] | None]:
        """What is in the directory, as far as a look at it tells; the fixture reads every byte at its end."""
        return {path.name: identity(path) for path in self.directory.iterdir() if path.suffix != ".lock"}

    def digests(self) -> dict[str, str]:
        """The same, to the byte."""
        return {name: hashlib.sha256((self.directory / name).read_bytes()).hexdigest() for name in self.files()}

    def ask(self, open_: Callable[..., Any], *address: Any, **said: Any) -> tuple[int, bytes]:
        """Ask for something; nothing of the server is in the answer, and nothing in the log says that it failed."""
        self.log.clear()
        with open_(*address, **said) as answer:
            status, content = answer.status_code, answer.get_data()
        assert [(record.getMessage(), record.exc_info) for record in self.log if record.exc_info] == []
        text = content.decode(errors="replace")
        assert SECRETS.search(text) is None
        assert str(self.directory) not in text
        return status, content

    def post(self, content: bytes, path: str = CALLBACKS, **said: Any) -> tuple[int, bytes]:
        """Post JSON."""
        return self.ask(self.client.post, path, data=content, **{"content_type": "application/json", **said})

    def ordinary(self, output: str) -> bytes:
        """The answer of a callback to what a page of ours asks; how long ago or how long something took is left out."""
        known = self.app.callback_map[output]
        keys = [f"{each['id']}.{each['property']}" for part in ("inputs", "state") for each in known[part]]
        asked = body(output, known, {key: self.own[key][0] for key in keys if key in self.own})
        token = os.urandom(16).hex().encode()
        status, content = self.post(written(asked).replace(TOKEN.encode(), token))
        assert status in (200, 204)
        content = content.replace(token, b"")
        return re.sub(rb'(\d+ \w+ ago|just now|"seconds":[0-9.e-]+)', b"", content)


@pytest.fixture(scope="module", params=["bundled", pytest.param("moved", marks=SOAK)])
def victim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A dashboard over a copy of a warehouse, whose log is read."""
    published = request.getfixturevalue(f"{request.param}_published")
    directory = copytree(published, tmp_path_factory.mktemp("hostile") / "warehouse", symlinks=True)
    found = Victim(directory)
    digests = found.digests()
    reader = logging.Handler()
    reader.emit = found.log.append  # type: ignore[method-assign]
    logging.getLogger().addHandler(reader)
    with locked(directory):  # a name that is one would be written, so somebody else is just writing
        yield found
    logging.getLogger().removeHandler(reader)
    assert found.digests() == digests


def fuzz(victim: Victim, output: str, how: settings) -> None:
    """Post calls of a callback with values of every kind; what it says to others stays as it was."""
    files, before = victim.files(), [victim.ordinary(each) for each in (output, WITNESS)]

    @how
    @given(asked=bodies(victim.own, output, victim.app.callback_map[output]))
    def post(asked: dict[str, Any]) -> None:
        status, content = victim.post(written(asked))
        assert status in (200, 204, 400)
        assert status != 200 or isinstance(json.loads(content, parse_constant=_no_json), dict)

    post()
    assert [victim.ordinary(each) for each in (output, WITNESS)] == before
    assert victim.files() == files


def _no_json(name: str) -> None:
    raise AssertionError(f"{name} is no JSON: no browser can read the answer")


@pytest.mark.parametrize("output", callbacks())
def test_a_callback_withstands_whatever_is_posted(victim, output):
    """Every server callback, with values of ours, bent ones and hostile ones: answered or refused, and nothing of it stays."""
    fuzz(victim, output, examples(output))


@SOAK
@pytest.mark.parametrize("output", callbacks())
def test_a_callback_withstands_thousands_of_posts(victim, output):
    """The same with many more, other ones every time."""
    fuzz(victim, output, examples(output, is_long=True))


@pytest.mark.parametrize("how", [pytest.param(cheap, id="some"), pytest.param(many, id="many", marks=SOAK)])
def test_a_body_of_another_form_is_refused(victim, how):
    """Bodies of ours with something hostile in the place of any part, names of properties and outputs among them."""
    known = victim.app.callback_map
    ours = [body(output, known[output], {}) for output in callbacks() if not DRAWN.search(output)]

    @how
    @given(asked=st.sampled_from(ours).flatmap(bent))
    def post(asked: Any) -> None:
        status, _ = victim.post(written(asked))
        assert status in (200, 204, 400)

    files, before = victim.files(), victim.ordinary(WITNESS)
    post()
    assert (victim.files(), victim.ordinary(WITNESS)) == (files, before)


@pytest.mark.parametrize("how", [pytest.param(cheap, id="some"), pytest.param(many, id="many", marks=SOAK)])
def test_bytes_that_are_no_body_are_refused(victim, how):
    """JSON that is cut off, goes on, or has wrong bytes in it, is never a failure of the server, at any address that takes some."""

    @how
    @given(content=broken_bodies())
    def post(content: bytes) -> None:
        for path in (CALLBACKS, "/sql/rows.csv"):
            status, _ = victim.post(content, path)
            assert status in (200, 204, 400)

    post()


@pytest.mark.parametrize("is_long", [False, pytest.param(True, marks=SOAK)])
@pytest.mark.parametrize("rule", routes())
def test_an_address_withstands_whatever_it_is_asked(victim, rule, is_long):
    """Every route, with hostile parts, query strings and bodies: a file or page, or a refusal; nothing of it stays."""
    method, _, path = rule.partition(" ")
    names = re.findall(r"<(?:\w+:)?(\w+)>", path)

    @examples(path, is_long)
    @given(parts=st.tuples(*(PARTS for _ in names)), asked=queries_of(victim.own), content=json_bodies(victim.own), how=HEADERS)
    def ask(parts: tuple[str, ...], asked: str, content: bytes, how: dict[str, str]) -> None:
        address = re.sub(r"<[^>]+>", "{}", path).format(*parts)
        said = {"data": content, "content_type": "application/json"} if method == "POST" else {}
        status, _ = victim.ask(victim.client.open, f"{address}?{asked}", method=method, headers=how, **said)
        assert status in (200, 204, 206, 304, 308, 400, 403, 404, 405, 415, 416)  # 403: what another site makes a browser post

    files, before = victim.files(), victim.ordinary(WITNESS)
    ask()
    assert (victim.files(), victim.ordinary(WITNESS)) == (files, before)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse whose ids, categories and headers mean no good; two groups of customers."""
    folder = tmp_path_factory.mktemp("named")
    head = ["Customer ID", "Age", "Annual Income (k$)", "Spending Score (1-100)", *NAMES[:2], "=1+1 \u202e", "x" * 200]
    rows = [
        [
            f"{NAMES[n % len(NAMES)]}{n}",
            *(20 + n % 40, 20 + 60 * (n % 2) + n % 7, 20 + 50 * (n % 2) + n % 5),
            *(NAMES[n % len(NAMES)], n * 3 % 17, NAMES[-1 - n % 3], n % 3),
        ]
        for n in range(90)
    ]
    with (folder / "customers.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    (folder / "quick.toml").write_text(QUICK)
    refreshed(folder / "warehouse", folder / "customers.csv", folder / "quick.toml", max_rejected=1.0)
    return folder / "warehouse"


def test_callbacks_answer_whatever_the_data_are_called(named, caplog):
    """Every callback is answered for a file whose names mean no good, and so is every download."""
    victim = Victim(named)
    for output in callbacks():
        victim.ordinary(output)
    for route in routes():
        method, _, path = route.partition(" ")
        if method == "GET" and "<" not in path:
            assert victim.ask(victim.client.get, path)[0] in (200, 400)
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.browser
def test_no_name_of_the_data_is_run(dash_duo, named):
    """The pages show such names as they are: none is run or drawn as HTML, and the console says nothing."""
    serve(dash_duo, named)
    driver = dash_duo.driver
    for path in ("/", *(link for link in LINKS.values() if link != "/")):
        driver.get(dash_duo.server_url + path)
        wait_until(lambda: driver.find_elements("css selector", "#page h1"), what=f"the page {path}")
        wait_until(lambda: "Loading" not in driver.find_element("css selector", "#page").text, what=f"what is on {path}")
        told = driver.execute_script("return [window.hacked ?? null, document.querySelectorAll('#page img, #page script').length]")
        assert told == [None, 0]
    driver.get(f"{dash_duo.server_url}/")
    page = Page(dash_duo)
    wait_until(lambda: NAMES[1] in page.driver.execute_script("return document.body.innerText"), what="the ids of the table")
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
