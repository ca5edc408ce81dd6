"""The dashboard in a real browser: every gesture, every view, every count against SQL."""

import random
import time
from collections.abc import Sequence

import duckdb
import pytest

from etl.console import Reporter
from etl.refresh import refresh
from etl.sample import write_sample
from tests.dashboard.browser import Answers, Page, serve, wait_until
from warehouse.settings import Settings
from warehouse.versions import CURRENT

pytestmark = pytest.mark.browser

ALT, CTRL, SHIFT = 1, 2, 8
NUMERIC = ["age", "annual_income_k", "spending_score"]
SCATTER = "annual_income_k*spending_score"
BARS = {"gender": 2, "spending_kmeans": 5, "spending_hierarchical": 5}


def agrees(page: Page, answers: Answers, views: Sequence[str] = (*NUMERIC, *BARS)) -> None:
    """Wait until headline, table and every view show what SQL says for the filters in the address."""
    filters = page.address()
    expected = answers.count(filters)
    wait_until(lambda: page.headline() == expected, what=f"headline {expected} for {filters}")
    wait_until(lambda: page.table_count() == expected, what=f"table {expected} for {filters}")
    for view in views:
        assert page.counts(view) == answers.counts(view, filters), f"{view} under {filters}"


@pytest.fixture
def explore(dash_duo, published):
    serve(dash_duo, published)
    return Page(dash_duo), Answers((published / CURRENT).resolve())


def changed(page: Page, before: dict[str, str]) -> None:
    wait_until(lambda: page.address() != before, what=f"the address to change from {before}")


def test_one_process_has_all_browsers(request, worker_id):
    """Where several processes share the tests, they keep to the group of a test."""
    assert worker_id == "master" or request.node.nodeid.endswith("@browser")


def test_every_view_filters_all_others(explore):
    """A drag or a click on each view, one on top of the other: every number equals SQL after each; Reset clears them all."""
    page, answers = explore
    agrees(page, answers)
    everyone = page.headline()
    for view in NUMERIC:
        before = page.address()
        page.drag(view, (0.3, 0.4), (0.9, 0.5))
        changed(page, before)
        agrees(page, answers)
    before = page.address()
    page.drag(SCATTER, (0.25, 0.2), (0.95, 0.8))
    changed(page, before)
    agrees(page, answers)
    for view in BARS:
        before = page.address()
        page.click_bar(view, 1)
        changed(page, before)
        agrees(page, answers)
    assert set(page.address()) == {*NUMERIC, SCATTER, *BARS}
    page.click(".reset")
    wait_until(lambda: page.address() == {}, what="Reset to clear the address")
    agrees(page, answers)
    assert page.headline() == everyone


def test_a_random_hand_never_gets_a_wrong_number(explore):
    """Twenty random gestures of mouse and keys, undone and redone among them: every number equals SQL throughout.

    In the end so does what the SQL beside every view, the headline and the table gives.
    """
    page, answers = explore
    hand = random.Random(3)
    for _ in range(20):
        gesture(page, hand)
        settle(page)
        agrees(page, answers)
    for view in (*NUMERIC, *BARS):
        statement = page.sql(f"[data-view='{view}'] [data-sql-of]")
        assert [row[-1] for row in answers.connection.execute(statement).fetchall()] == page.counts(view), statement
    (count,) = answers.connection.execute(f"select count(*) from ({page.sql('.table-head [data-sql-of]').rstrip(';')})").fetchone()
    assert count == page.headline()


def gesture(page: Page, hand: random.Random) -> None:
    """Something that a hand may do on the page."""
    view = hand.choice([*NUMERIC, SCATTER, *BARS, "chip", "undo", "keys"])
    if view in BARS:
        page.click_bar(view, hand.randint(1, BARS[view]), hand.choice([0, CTRL, ALT]))
        if hand.random() < 0.2 and page.find(f"[data-view='{view}'] .view-tool").is_displayed():
            page.click(f"[data-view='{view}'] .view-tool")  # not these
    elif view == "chip" and page.address():
        page.click(".chip")
    elif view == "undo":
        page.press(hand.choice(["z", "z", "y"]), CTRL)
    elif view == "keys":
        page.focus(f"[data-view='{hand.choice([*NUMERIC, SCATTER])}'] svg.plot")
        for _ in range(hand.randint(1, 4)):
            page.press(hand.choice(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]), hand.choice([0, SHIFT]))
    elif view != "chip":
        page.drag(view, (hand.uniform(0.15, 0.95), hand.random()), (hand.uniform(0.15, 0.95), hand.random()))


@pytest.mark.soak
def test_a_random_hand_on_log_scales_never_gets_a_wrong_number(dash_duo, bought_published):
    """The same for recency, frequency and money, whose bins grow with the values; the scatter is of two of them."""
    serve(dash_duo, bought_published)
    page, answers = Page(dash_duo), Answers((bought_published / CURRENT).resolve())
    numeric, hand = ["recency_days", "frequency", "monetary"], random.Random(5)
    for _ in range(10):
        page.drag(hand.choice([*numeric, "frequency*monetary"]), *((hand.uniform(0.15, 0.95), hand.random()) for _ in range(2)))
        settle(page)
        agrees(page, answers, [*numeric, "value_kmeans", "value_hierarchical"])
        if hand.random() < 0.3:
            page.click(".reset")
            settle(page)


def settle(page: Page) -> None:
    """Wait until a gesture of keys has ended, and the address says what the page filters by."""
    time.sleep(0.4)
    held = "return window.mall.address.write({ filters: window.mall.shown().cube.filters })"
    said = "return window.mall.address.write({ filters: window.mall.address.read(window.location.search).filters })"
    run = page.driver.execute_script
    wait_until(lambda: run(held) == run(said), what="the address to follow")
    page.driver.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))")


def test_a_drag_goes_on_when_the_page_grows(explore):
    """A title or chips that need another line while a brush is dragged do not end the drag."""
    page, _ = explore
    box = page.box("[data-view='age'] svg")
    y = box["y"] + box["height"] / 2
    page.hold("age", 0.3, 0.4)
    headline = page.headline()
    page.driver.execute_async_script(
        "const [done] = arguments, grid = document.querySelector('.views'); grid.style.minHeight = `${grid.offsetHeight + 40}px`;"
        "requestAnimationFrame(() => requestAnimationFrame(() => done()))"
    )
    page.mouse("mouseMoved", box["x"] + 0.8 * box["width"], y)
    wait_until(lambda: page.headline() > headline, what="the brush to grow")
    page.mouse("mouseReleased", box["x"] + 0.8 * box["width"], y)


def test_a_brush_is_live_moves_resizes_and_clears(explore):
    """The views follow while the mouse is down; a brush moves by its middle, grows by its edge, and a click clears it."""
    page, answers = explore
    everyone = page.headline()
    box = page.box("[data-view='age'] svg")
    y = box["y"] + box["height"] / 2
    page.hold("age", 0.3, 0.5)
    wait_until(lambda: page.headline() < everyone, what="the headline to follow the drag")
    assert page.address() == {}, "the address waits for the end of the gesture"
    page.mouse("mouseReleased", box["x"] + 0.5 * box["width"], y)
    changed(page, {})
    low, high = map(float, page.address()["age"].split(".."))
    page.drag("age", (0.4, 0.5), (0.6, 0.5))
    changed(page, {"age": f"{low:g}..{high:g}"})
    moved_low, moved_high = map(float, page.address()["age"].split(".."))
    assert moved_low > low
    assert moved_high - moved_low == pytest.approx(high - low)
    brush = page.box("[data-view='age'] .brush")
    edge = (brush["x"] + brush["width"] - box["x"]) / box["width"]
    page.drag("age", (edge, 0.5), (edge + 0.1, 0.5))
    wait_until(lambda: float(page.address()["age"].split("..")[1]) > moved_high, what="the brush to grow")
    assert float(page.address()["age"].split("..")[0]) == moved_low
    agrees(page, answers)
    page.drag("age", (0.2, 0.5), (0.2, 0.5))
    wait_until(lambda: page.address() == {}, what="a click to clear the brush")
    agrees(page, answers)


def test_the_address_is_the_state(dash_duo, published):
    """Opening an address shows its filters and its clustering; back and the links to other pages keep them."""
    serve(dash_duo, published)
    query = "?segmentation=lifestyle&algorithm=hierarchical&age=20..40&gender=Female"
    dash_duo.driver.get(dash_duo.server_url + "/" + query)
    page, answers = Page(dash_duo), Answers((published / CURRENT).resolve())
    wait_until(lambda: "lifestyle_hierarchical" in page.views(), what="the lifestyle segments")
    expected = answers.count({"age": "20..40", "gender": "Female"})
    wait_until(lambda: page.headline() == expected == page.table_count(), what="the filters of the address")
    page.click("#link-segments")
    wait_until(lambda: page.find(".segment-card") is not None, what="the Segments page")
    assert page.address() == {"age": "20..40", "gender": "Female"}
    page.driver.back()
    wait_until(lambda: page.headline() == expected, what="the Explore page again")
    assert "lifestyle_hierarchical" in page.views()


def test_an_address_between_two_bins_snaps_to_their_edges(dash_duo, published):
    """A range that no brush could draw, and a filter that means nothing here, are put right: views and table still agree."""
    serve(dash_duo, published)
    dash_duo.driver.get(dash_duo.server_url + "/?age=20.7..39.2&nobody=3&gender=Female")
    page, answers = Page(dash_duo), Answers((published / CURRENT).resolve())
    wait_until(lambda: set(page.address()) == {"age", "gender"}, what="the address to be put right")
    assert page.address()["age"] != "20.7..39.2"
    agrees(page, answers)


def test_every_page_shows_and_asks_nobody_else(dash_duo, published):
    """The pages draw in light and dark without an error in the console, and no request leaves the host."""
    serve(dash_duo, published)
    driver = dash_duo.driver
    pages = {"segments": [".segment-card", ".js-plotly-plot"], "evidence": [".js-plotly-plot"], "data": [".js-plotly-plot"]}
    for path, marks in pages.items():
        for scheme in ("light", "dark"):
            driver.execute_script("localStorage.setItem('mantine-color-scheme-value', arguments[0])", scheme)
            driver.get(f"{dash_duo.server_url}/{path}")
            for mark in marks:
                wait_until(lambda mark=mark: driver.find_elements("css selector", mark), what=f"{mark} of {path} in {scheme}")
        asked = driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
        assert [url for url in asked if not url.startswith((dash_duo.server_url, "data:", "blob:"))] == []
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []


def test_a_page_that_needs_transactions_shows_one_sentence_alone(dash_duo, published):
    """Without transactions Inventory says what it needs; there is nothing to choose."""
    serve(dash_duo, published)
    dash_duo.driver.get(f"{dash_duo.server_url}/inventory")
    wait_until(lambda: "TRANSACTIONS=" in dash_duo.find_element("#inventory-content .answer").text, what="the sentence")
    wait_until(lambda: not dash_duo.find_element("#inventory-choices").is_displayed(), what="the choices to go")


def test_a_long_name_takes_one_line_of_its_card(explore):
    """A bar is as high whatever it is called; what is cut off ends in an ellipsis, and the whole name is told by the row."""
    page, _ = explore
    row = "[data-view='spending_kmeans'] .bar-row"
    height = page.box(row)["height"]
    assert height < 28
    page.driver.execute_script(f"document.querySelector(`{row} .bar-label`).textContent = 'High income · low '.repeat(60)")
    assert page.box(row)["height"] == height
    look = f"const look = getComputedStyle(document.querySelector(`{row} .bar-label`)); return [look.textOverflow, look.overflowX]"
    assert page.driver.execute_script(look) == ["ellipsis", "hidden"]
    assert page.find(row).get_attribute("title").endswith(" Click selects, Ctrl-click or Shift-click adds, Alt-click leaves out.")


def test_the_columns_of_the_data_page_fit_or_say_that_they_scroll(dash_duo, published):
    """Five columns are whole; where a table is wider than its panel it has a bar that takes room of its own, so it is seen."""
    serve(dash_duo, published)
    driver = dash_duo.driver
    measure = (
        "const box = document.querySelectorAll('.panel')[3].querySelector('.scroll');"
        "return [box.scrollWidth - box.clientWidth, box.offsetHeight - box.clientHeight]"
    )
    for width in (800, 1400):
        driver.set_window_size(width, 1000)
        driver.get(dash_duo.server_url + "/data")
        wait_until(lambda: driver.find_elements("css selector", ".js-plotly-plot"), what="the distributions")
        assert driver.execute_script(measure) == [0, 0]
    driver.execute_script("document.querySelectorAll('.panel')[3].querySelector('td').style.minWidth = '2000px'")
    too_wide, bar = driver.execute_script(measure)
    assert too_wide > 0
    assert bar >= 8


def test_a_refresh_while_the_page_is_open_is_shown_without_a_reload(dash_duo, tmp_path):
    """A new version appears in the header, the views and the table of a page that was open all the time."""
    segmentations = tmp_path / "few.toml"
    segmentations.write_text('[spending]\nfeatures = ["annual_income_k", "spending_score"]\nk_max = 5\n')
    settings = Settings(warehouse=tmp_path / "warehouse", segmentations=segmentations, customers=tmp_path / "customers.csv")
    write_sample(settings.customers, 300)
    refresh(settings, Reporter())
    serve(dash_duo, settings.warehouse)
    page = Page(dash_duo)
    page.driver.execute_script("window.isTheSamePage = true")
    page.drag("age", (0.2, 0.5), (0.7, 0.5))
    changed(page, {})
    write_sample(settings.customers, 400, seed=5)
    refresh(settings, Reporter())
    answers = Answers((settings.warehouse / CURRENT).resolve())
    wait_until(lambda: "version 2" in page.find("#header-source").text, what="the new version in the header")
    wait_until(lambda: page.find(".headline strong").text.endswith("of 400 customers"), what="the new customers in the views")
    agrees(page, answers)
    assert page.driver.execute_script("return window.isTheSamePage"), "the page was not reloaded"


def test_the_data_page_says_what_sql_says(dash_duo, published):
    """The numbers of the files table, of the columns and the drawn customers equal SQL of another way."""
    serve(dash_duo, published)
    driver = dash_duo.driver
    driver.get(dash_duo.server_url + "/data")
    wait_until(lambda: driver.find_elements("css selector", ".js-plotly-plot"), what="the distributions")
    sql = duckdb.connect(str((published / CURRENT).resolve()), read_only=True)

    def cells(panel: int) -> list[list[str]]:
        script = (
            "return [...document.querySelectorAll('.panel')[arguments[0]].querySelectorAll('tbody tr')]"
            ".map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return driver.execute_script(script, panel)

    (rows,) = sql.execute("select count(*) from staging.customers").fetchone()
    assert f"All {rows:,} rows were kept." in driver.find_element("css selector", ".answer").text
    (file,) = cells(0)
    assert file[3:6] == [f"{rows:,}", f"{rows:,}", "0"]
    low, middle, high = sql.execute("select min(age), median(age), max(age) from staging.customers").fetchone()
    (age,) = (row for row in cells(3) if row[1] == "age")
    assert age[-3:] == [f"{low:g}", f"{middle:g}", f"{high:g}"]
    drawn = driver.execute_script("return document.querySelectorAll('.js-plotly-plot')[0].data[0].customdata.map(bin => bin[1])")
    bins = sql.execute("select lower_edge, upper_edge from marts.crossfilter_bins where dimension = 'age' order by bin").fetchall()
    counted = [
        sql.execute("select count(*) from features.customer_features where age >= ? and age < ?", edges).fetchone()[0]
        for edges in bins
    ]
    assert [int(count.replace(",", "")) for count in drawn] == counted
