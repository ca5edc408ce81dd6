"""The pages for everyone: the rules of axe-core find nothing serious, and every gesture has its keys."""

import sys
import time
from pathlib import Path

import pytest

from tests.dashboard.browser import Answers, Page, serve, wait_until
from warehouse.versions import CURRENT

pytestmark = pytest.mark.browser

RULES = Path(sys.prefix, "axe", "axe_playwright_python", "axe.min.js")
SHIFT = 8
PAGES = {
    "": ".ag-row",
    "segments": ".js-plotly-plot",
    "evidence": ".js-plotly-plot",
    "history": "#history-content .answer",
    "data": ".js-plotly-plot",
    "retention": ".ag-header-cell",
    "products": ".ag-header-cell",
    "forecast": ".js-plotly-plot",
    "inventory": ".ag-header-cell",
    "campaigns": ".lists a",
    "sql": ".side-relation",
}
"""Each page, and what is there once it has its numbers."""


@pytest.mark.parametrize(("scheme", "pages"), [("light", list(PAGES)), ("dark", ["", "segments", "data", "sql"])])
def test_nothing_serious_is_in_the_way(dash_duo, bundled_published, scheme, pages):
    """No page breaks a rule of WCAG 2.2 A or AA that axe-core can see; a filter is set and a narrow window taken.

    Nor does one break its content security policy, or fail otherwise: the browser complains of nothing.
    """
    serve(dash_duo, bundled_published)
    driver, rules = dash_duo.driver, RULES.read_text(encoding="utf-8")
    driver.set_window_size(800, 1000)
    driver.execute_script("localStorage.setItem('mantine-color-scheme-value', arguments[0])", scheme)
    for path in pages:
        driver.get(f"{dash_duo.server_url}/{path}?gender=!Male&age=20..50")
        wait_until(lambda path=path: driver.find_elements("css selector", PAGES[path]), what=f"{PAGES[path]} of /{path}")
        if path == "sql":
            driver.find_element("css selector", ".ask-run").click()
            wait_until(lambda: driver.find_elements("css selector", "#ask-grid .ag-row"), what="the answer")
        assert refused(driver) == [], path
        driver.execute_script(rules)
        driver.execute_script("document.querySelectorAll('.ag-root-wrapper').forEach((table) => table.scrollIntoView())")
        time.sleep(0.5)  # a table has its header once it was seen
        assert broken(driver) == [], path


def refused(driver) -> list[str]:
    """What the browser did not load or run, by its log."""
    return [line["message"] for line in driver.get_log("browser") if line["level"] == "SEVERE"]


def broken(driver) -> list[tuple[str, str]]:
    """The rules that a page breaks, each with an element that does."""
    ask = "axe.run(document, {runOnly: arguments[0]}).then(arguments[1])"
    answer = driver.execute_async_script(ask, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    assert len(answer["passes"]) > 10
    return [(each["id"], each["nodes"][0]["html"]) for each in answer["violations"]]


@pytest.fixture
def explore(dash_duo, published):
    serve(dash_duo, published)
    return Page(dash_duo), Answers((published / CURRENT).resolve())


def settled(page: Page, answers: Answers, expected: dict[str, str]) -> None:
    """Wait until the address holds these filters, and the headline counts who meets them."""
    wait_until(lambda: page.address() == expected, what=f"{expected}")
    assert page.headline() == answers.count(expected)


def edges(answers: Answers, dimension: str) -> list[float]:
    """The edges of a dimension's bins."""
    bins = [row for row in answers.bins if row[0] == dimension]
    return [bins[0][2], *(row[3] for row in bins)]


def test_a_brush_by_keys(explore):
    """An arrow begins a brush at the end, arrows move it, with Shift it grows and shrinks, Delete clears it; it is told."""
    page, answers = explore
    age = edges(answers, "age")
    page.focus("[data-view='age'] svg.plot")
    for keys, (first, last) in ((["ArrowRight"], (0, 1)), (["ArrowRight"] * 3, (3, 4))):
        for key in keys:
            page.press(key)
        settled(page, answers, {"age": f"{age[first]:g}..{age[last]:g}"})
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        page.press(key, SHIFT)
    settled(page, answers, {"age": f"{age[3]:g}..{age[5]:g}"})
    told = page.find(".spoken[role=status]").get_attribute("textContent")
    assert told.startswith(f"{page.headline():,} of 2,000 customers. Age")
    page.press("Delete")
    settled(page, answers, {})
    page.press("ArrowLeft")
    settled(page, answers, {"age": f"{age[-2]:g}..{age[-1]:g}"})


def test_a_box_and_bars_by_keys(explore):
    """A box begins around the middle and moves; Space adds a bar and takes it away, Enter chooses it alone, arrows walk on."""
    page, answers = explore
    income, score = edges(answers, "annual_income_k"), edges(answers, "spending_score")
    page.focus("[data-view='annual_income_k*spending_score'] svg.plot")
    page.press("ArrowUp")
    wait_until(lambda: len(page.address()) == 1, what="a box")
    across, up = (list(map(float, part.split(".."))) for part in page.address()["annual_income_k*spending_score"].split(","))
    page.press("ArrowUp")
    page.press("ArrowRight", SHIFT)
    across[1] = income[income.index(across[1]) + 1]
    up = [score[score.index(value) + 1] for value in up]
    box = f"{across[0]:g}..{across[1]:g},{up[0]:g}..{up[1]:g}"
    settled(page, answers, {"annual_income_k*spending_score": box})
    page.press("Escape")
    settled(page, answers, {})
    page.focus("[data-view='spending_kmeans'] .bar-row:nth-of-type(2)")
    page.press(" ")
    settled(page, answers, {"spending_kmeans": "2"})
    page.press("ArrowDown")
    page.press(" ")
    settled(page, answers, {"spending_kmeans": "2,3"})
    page.press("Enter")
    settled(page, answers, {"spending_kmeans": "3"})
    page.press(" ")
    settled(page, answers, {})
