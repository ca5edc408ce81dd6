"""The scripts of the Explore page, asked by themselves: what they count, and that a late answer never wins."""

import json
import re

import pytest

from dashboard.cube import cube
from etl.console import Reporter
from etl.refresh import refresh
from tests.dashboard.browser import Page, serve, wait_until
from tests.helpers import FOUR, HEADER, QUICK
from warehouse.connection import Warehouse
from warehouse.settings import Settings

pytestmark = pytest.mark.browser

HELD_BACK = """
window.answers = [];
const passOn = window.fetch;
const answered = (data) => ({ ok: true, json: async () => data });
window.fetch = (url, ...more) =>
  String(url).startsWith("cube/")
    ? new Promise((resolve) => window.answers.push((data) => resolve(answered(data))))
    : passOn(url, ...more);
window.shown = [];
window.ask = (version, filters) =>
  window.dash_clientside.mall
    .show({}, { version, built: "" }, "spending", "kmeans", filters)
    .then((answer) => window.shown.push(answer === window.dash_clientside.no_update ? null : answer));
"""


@pytest.fixture
def page(dash_duo, published):
    serve(dash_duo, published)
    return Page(dash_duo)


def test_forty_clauses_at_once_all_count(page):
    """Every clause filters, however many there are: each of forty leaves out a customer of its own."""
    answer = page.driver.execute_script(
        """
        const names = Array.from({ length: 40 }, (_, place) => `d${place}`);
        const own = (place) => Array.from({ length: 41 }, (_, cell) => (cell === place ? 1 : 0));
        const cube = new window.mall.Cube({
          version: 1, customers: 41, clusterings: [], count: Array(41).fill(1), sums: {},
          dimensions: names.map((name) => ({ name, kind: "category", label: name, unit: "", values: ["kept", "out"] })),
          bins: Object.fromEntries(names.map((name, place) => [name, own(place)])),
        });
        const all = Object.fromEntries(names.map((name) => [name, { op: "in", value: ["kept"] }]));
        cube.setFilters(all);
        const filtered = [cube.summary().count, [...cube.histogram("d39", "d39")], cube.passing("d35").indexOf(1)];
        cube.setFilter("d39", { op: "in", value: ["out"] });
        const changed = cube.summary().count;
        cube.setFilters({});
        return [...filtered, changed, cube.summary().count];
        """
    )
    assert answer == [1, [1, 1], 35, 1, 41]


def test_bins_of_a_log_scale_are_equally_wide_on_the_page(page):
    """A value has its place between the edges of its bin, finds back from there, and the marks are nought and powers of ten."""
    answer = page.driver.execute_script(
        """
        const edges = [-2, -1, 0, 1, 2, 3, 5, 7, 10, 20, 30, 50, 70, 100];
        const x = window.mall.frame.scaleOf({ scale: "log", edges }, 0, 130);
        const places = [-2, -1.5, 0, 4, 100].map(x);
        return [places, places.map(x.invert), x.ticks(8), x.ticks(14).length, x.invert(-20), x.invert(150)];
        """
    )
    assert answer == [[0, 5, 20, 55, 130], [-2, -1.5, 0, 4, 100], [-1, 0, 1, 10, 100], 14, -4, 160]


def test_a_late_answer_never_replaces_a_newer_one(page, published):
    """An older version that comes late is not drawn, and filters that changed meanwhile are those that hold."""
    data = json.loads(json.dumps(cube(Warehouse(published).snapshot())))
    run = page.driver.execute_script
    run(HELD_BACK + "window.ask(8, {}); window.ask(9, {});")
    run("window.dash_clientside.mall.follow(arguments[0])", {"gender": {"op": "in", "value": ["Female"]}})
    run("window.answers[1](arguments[0])", {**data, "customers": 9999})
    wait_until(lambda: run("return window.shown") == ["9/spending/kmeans"], what="the newer version")
    run("window.answers[0](arguments[0])", {**data, "customers": 8888})
    wait_until(lambda: run("return window.shown") == ["9/spending/kmeans", None], what="the older version to be dropped")
    assert page.find(".headline strong").text.endswith("of 9,999 customers")
    assert "gender" in page.address() or page.find(".chip").get_attribute("data-filter") == "gender"


def test_a_version_with_other_columns_gets_another_table(dash_duo, tmp_path):
    """The customer table has the columns of the version that is shown, also when it comes while the page is open."""
    settings = Settings(warehouse=tmp_path / "warehouse", segmentations=tmp_path / "s.toml", customers=tmp_path / "customers.csv")
    settings.segmentations.write_text(QUICK)
    settings.customers.write_text("".join(re.sub(",[^,]*", "", line, count=1) for line in (HEADER + FOUR).splitlines(True)))
    refresh(settings, Reporter())
    serve(dash_duo, settings.warehouse)
    page = Page(dash_duo)
    headers = "return [...document.querySelectorAll('.ag-header-cell')].map(cell => cell.getAttribute('col-id'))"
    assert "gender" not in page.driver.execute_script(headers)
    settings.customers.write_text(HEADER + FOUR)
    refresh(settings, Reporter())
    wait_until(lambda: "gender" in page.driver.execute_script(headers), what="the new column in the table")
    cells = "return [...document.querySelectorAll('.ag-row [col-id=gender]')].map(cell => cell.textContent)"
    wait_until(lambda: page.driver.execute_script(cells) == ["Male", "Female", "Female", "Male"], what="the new column's values")
    assert page.table_count() == 4
