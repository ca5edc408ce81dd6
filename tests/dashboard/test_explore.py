"""The Explore page beyond its filters: versions, views to keep, the customer of a row, axes, and a drag that is taken back."""

import random
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.support.ui import Select

from tests.dashboard.browser import Answers, Page, chromium_options, serve, wait_until
from warehouse.connection import Warehouse
from warehouse.versions import CURRENT

pytestmark = pytest.mark.browser

SCATTER = "annual_income_k*spending_score"


@pytest.fixture
def explore(dash_duo, published):
    serve(dash_duo, published)
    return Page(dash_duo), Answers((published / CURRENT).resolve())


def fresh(url: str, options) -> webdriver.Chrome:
    """Another browser, which knows nothing of the first."""
    driver = webdriver.Chrome(options=options)
    driver.get(url)
    return driver


def texts(page: Page, selector: str) -> list[str]:
    """What elements say."""
    return page.driver.execute_script("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector)


def test_an_address_shows_the_same_figures_of_its_version(dash_duo, moved_published, tmp_path):
    """A link names its version: it shows these figures also when there is a newer one, and says so; without it, the newest."""
    for path in moved_published.glob("v*.duckdb"):
        shutil.copy(path, tmp_path / path.name)
    newest = max(int(path.stem[1:]) for path in tmp_path.glob("v*.duckdb"))
    (tmp_path / CURRENT).symlink_to("v2.duckdb")
    serve(dash_duo, tmp_path)
    page = Page(dash_duo)
    view = page.views()[0]
    page.drag(view, (0.2, 0.5), (0.7, 0.5))
    wait_until(lambda: view in page.address(), what="the filter in the address")
    link, figures = page.driver.current_url, (page.headline(), page.counts(page.views()[1]))
    assert page.version() == "2"
    page.driver.get("about:blank")
    (tmp_path / CURRENT).unlink()
    (tmp_path / CURRENT).symlink_to(f"v{newest}.duckdb")
    page.driver.get(link)
    page = Page(dash_duo)
    wait_until(lambda: page.headline() == figures[0] == page.table_count(), what="the figures of the link")
    assert page.counts(page.views()[1]) == figures[1]
    assert page.find("#header-source").text.startswith("You see version 2, as the address says.")
    page.click("[data-show-newest]")
    wait_until(lambda: page.version() == str(newest), what="the newest version")
    answers = Answers(tmp_path / f"v{newest}.duckdb")
    wait_until(lambda: page.headline() == answers.count(page.address()) == page.table_count(), what="the newest figures")
    assert "You see version" not in page.find("#header-source").text
    page.driver.get(link.replace("v=2", "v=77"))
    page = Page(dash_duo)
    wait_until(lambda: "Version 77 is not kept any more" in page.find("#header-source").text, what="what is said of it")
    assert page.version() == str(newest)


def test_two_browsers_never_see_each_others_filters(explore, dash_duo):
    """What one selects is in its own tab alone; the other gets it by the link."""
    page, answers = explore
    page.click_bar("gender", 1)
    wait_until(lambda: page.address() == {"gender": "Female"}, what="the filter")
    other = fresh(dash_duo.server_url, chromium_options())
    try:
        second = Page(type("Duo", (), {"driver": other}))
        wait_until(lambda: second.headline() == answers.count({}) == second.table_count(), what="everyone")
        assert second.address() == {}
        other.get(page.driver.current_url)
        second = Page(type("Duo", (), {"driver": other}))
        wait_until(lambda: second.headline() == answers.count({"gender": "Female"}) == second.table_count(), what="the link")
    finally:
        other.quit()


def test_undo_redo_back_and_forward(explore):
    """Each step is undone and done again, by button, by keys and by the browser's own history."""
    page, answers = explore
    steps = [{}]
    for view, place in (("gender", 1), ("spending_kmeans", 2), ("spending_hierarchical", 3)):
        page.click_bar(view, place)
        wait_until(lambda view=view: view in page.address(), what=view)
        steps.append(page.address())

    def shows(step: dict[str, str]) -> None:
        wait_until(lambda: page.address() == step and page.headline() == answers.count(step) == page.table_count(), what=f"{step}")

    for step in (steps[2], steps[1]):
        page.click(".tools .tool:nth-child(1)")
        shows(step)
    page.press("y", 2)
    shows(steps[2])
    page.click(".tools .tool:nth-child(2)")
    shows(steps[3])
    page.driver.back()
    shows(steps[2])
    page.driver.forward()
    shows(steps[3])
    page.click(".reset")
    shows({})
    page.press("z", 2)
    shows(steps[3])


def test_escape_takes_a_drag_back(explore):
    """While the mouse is down, Escape brings back what was before; the mouse that goes up then changes nothing."""
    page, answers = explore
    page.drag("age", (0.3, 0.5), (0.6, 0.5))
    wait_until(lambda: "age" in page.address(), what="a brush")
    before, count = page.address(), page.headline()
    for end in (0.9, 0.7):
        place = page.hold("age", 0.45, end)
        wait_until(lambda: page.headline() != count, what="the brush to move")
        page.press("Escape")
        wait_until(lambda: page.headline() == count, what="the brush to come back")
        page.mouse("mouseReleased", *place)
    assert page.address() == before
    assert page.headline() == answers.count(before)


def test_values_are_left_out(explore):
    """Alt-click leaves a value out, and another; "not" turns the choice round, and a plain click begins anew."""
    page, answers = explore

    def shows(value: str | None) -> None:
        expected = {} if value is None else {"spending_kmeans": value}
        wait_until(lambda: page.address() == expected, what=f"{expected}")
        wait_until(lambda: page.headline() == answers.count(expected) == page.table_count(), what="the count")

    for place, modifiers, value in ((2, 1, "!2"), (4, 1, "!2,4"), (2, 2, "!4"), (5, 0, "5"), (1, 2, "1,5")):
        page.click_bar("spending_kmeans", place, modifiers)
        shows(value)
    page.click("[data-view='spending_kmeans'] .view-tool")
    shows("!1,5")
    name = texts(page, "[data-view='spending_kmeans'] .bar-row:nth-of-type(1) .bar-label")[0]
    assert f"not {name}" in texts(page, ".chip-text")[0]
    page.click("[data-view='spending_kmeans'] .view-tool")
    shows("1,5")
    page.click(".chip")
    shows(None)


def test_a_row_of_the_table_is_found_in_the_views(explore, published):
    """A click on a customer marks its bars, its values and its place; another click on the row takes the marks away."""
    page, _ = explore
    row = ".ag-row[row-index='3'] .ag-cell"
    wait_until(lambda: page.find(row).is_displayed(), what="the row")
    page.click(row)
    wait_until(lambda: texts(page, ".bar-row.found .bar-label"), what="the marks")
    customer = Warehouse(published).snapshot().rows("from marts.customers order by customer_id limit 1 offset 3")[0]
    names = {
        row["segment_id"]: row["segment_name"]
        for row in Warehouse(published)
        .snapshot()
        .rows("from marts.segment_profiles where segmentation = 'spending' and algorithm = 'kmeans'")
    }
    found = texts(page, ".bar-row.found .bar-label")
    assert found[:2] == [customer["gender"], names[customer["spending_kmeans"]]]
    for view in ("age", "annual_income_k", "spending_score"):
        assert page.find(f"[data-view='{view}'] .found-line").get_attribute("visibility") == "visible"
    ring = page.find(".found-ring")
    place = page.driver.execute_script(
        "const view = window.mall.shown().views.find((each) => each.name === arguments[0]);"
        "return [view.x(arguments[1]), view.y(arguments[2])]",
        SCATTER,
        customer["annual_income_k"],
        customer["spending_score"],
    )
    assert [float(ring.get_attribute(at)) for at in ("cx", "cy")] == pytest.approx(place)


def test_the_axes_are_chosen_and_kept(explore):
    """The two numbers of the scatter can be others; they are in the address, a box on them filters, and Back returns."""
    page, answers = explore
    Select(page.find("[data-axis=x]")).select_by_value("age")
    wait_until(lambda: "age*spending_score" in page.views(), what="other axes")
    page.drag("age*spending_score", (0.3, 0.3), (0.8, 0.8))
    wait_until(lambda: "age*spending_score" in page.address(), what="a box on them")
    wait_until(lambda: page.headline() == answers.count(page.address()) == page.table_count(), what="the count")
    page.driver.refresh()
    wait_until(lambda: "age*spending_score" in page.views(), what="the axes of the address")
    wait_until(lambda: page.headline() == answers.count(page.address()), what="the count of the address")
    Select(page.find("[data-axis=y]")).select_by_value("age")
    wait_until(lambda: "spending_score*age" in page.views(), what="the axes to change places")
    page.driver.back()
    wait_until(lambda: "age*spending_score" in page.views(), what="the axes before")


def test_views_are_saved_and_found_again(explore):
    """A view has a name of any letters, is listed, opened with its filters, and forgotten."""
    page, answers = explore
    page.click_bar("gender", 1)
    wait_until(lambda: page.address() == {"gender": "Female"}, what="the filter")
    name = "Women <b>& co</b>"
    page.click(".saved summary")
    page.find(".saved-name").send_keys(name + "\n")
    wait_until(lambda: texts(page, ".saved-open") == [name], what="the view in the list")
    page.click(".reset")
    wait_until(lambda: page.address() == {}, what="no filter")
    page.driver.refresh()
    page = Page(type("Duo", (), {"driver": page.driver}))
    page.click(".saved summary")
    wait_until(lambda: texts(page, ".saved-open") == [name], what="the view in the list, once more")
    page.click(".saved-open")
    wait_until(lambda: page.address() == {"gender": "Female"}, what="the filter of the view")
    wait_until(lambda: page.headline() == answers.count(page.address()), what="its count")
    page.driver.execute_script("localStorage.setItem('mall-views', '{\"x\": 3, \"y\": [}')")
    page.click(".saved summary")
    wait_until(lambda: texts(page, ".saved-views li") == ["None is saved in this browser yet."], what="rubbish to be passed over")


def test_bins_in_the_browser_are_those_of_sql(explore):
    """For random ranges and lists the engine counts what SQL counts, and what it makes of a range are edges of bins."""
    page, answers = explore
    hand = random.Random(8)
    dimensions = {row[0] for row in answers.bins if row[2] is not None}
    for name in sorted(dimensions):
        edges = [row[2] for row in answers.bins if row[0] == name] + [max(row[3] for row in answers.bins if row[0] == name)]
        span = edges[-1] - edges[0]
        ranges = [[edges[0] + span * hand.uniform(-0.2, 1.2) for _ in range(2)] for _ in range(40)]
        found = page.driver.execute_script(
            """
            const [name, ranges] = arguments;
            const { cube } = window.mall.shown();
            const before = { ...cube.filters };
            const found = ranges.map((value) => {
              cube.setFilters({ [name]: { op: "between", value } });
              return [cube.filters[name].value, cube.summary().count, [...cube.histogram(name, null)]];
            });
            cube.setFilters(before);
            return found;
            """,
            name,
            ranges,
        )
        for value, ((low, high), count, counts) in zip(ranges, found, strict=True):
            assert low in edges
            assert high in edges
            assert low < high
            nearest = min(edges, key=lambda edge: abs(edge - min(value)))
            assert low == nearest or nearest == edges[-1], (value, low)
            assert count == answers.count({name: f"{low!r}..{high!r}"})
            assert sum(counts) == count
            assert all(total == 0 for total, edge in zip(counts, edges, strict=False) if not low <= edge < high)


def test_a_filter_that_comes_back_takes_no_step_with_it(explore):
    """The first of two filters is removed: undo, redo and Back go to and fro between the same two states."""
    page, answers = explore
    both = {"gender": "Female", "spending_kmeans": "2"}
    for view, place in (("gender", 1), ("spending_kmeans", 2)):
        page.click_bar(view, place)
        wait_until(lambda view=view: view in page.address(), what=view)
    page.click(".chip")
    second = {"spending_kmeans": "2"}

    def shows(step: dict[str, str]) -> None:
        wait_until(lambda: page.address() == step and page.headline() == answers.count(step) == page.table_count(), what=f"{step}")

    shows(second)
    for key, step in (("z", both), ("y", second), ("z", both), ("z", {"gender": "Female"}), ("z", {}), ("y", {"gender": "Female"})):
        page.press(key, 2)
        shows(step)
    for step in ({}, {"gender": "Female"}, both):
        page.driver.back()
        shows(step)
    page.driver.forward()
    shows({"gender": "Female"})


def test_what_the_page_puts_right_is_no_step(dash_duo, published):
    """An address between two bins snaps to their edges: there is nothing to undo, and Back leaves the page."""
    serve(dash_duo, published)
    dash_duo.driver.get("about:blank")
    dash_duo.driver.get(dash_duo.server_url + "/?age=20.7..39.2&nobody=3")
    page = Page(dash_duo)
    wait_until(lambda: page.address().get("age") not in (None, "20.7..39.2") and "nobody" not in page.address(), what="the edges")
    assert not page.find(".tools .tool").is_enabled()
    page.driver.back()
    wait_until(lambda: page.driver.current_url == "about:blank", what="the page before")


def test_a_box_is_turned_with_the_axes(explore):
    """When the two axes change places the box is the same: it stays in its view, which it does not filter."""
    page, answers = explore
    page.drag(SCATTER, (0.3, 0.3), (0.8, 0.6))
    wait_until(lambda: SCATTER in page.address(), what="the box")
    count = page.headline()
    Select(page.find("[data-axis=x]")).select_by_value("spending_score")
    turned = "spending_score*annual_income_k"
    wait_until(lambda: list(page.address()) == [turned], what="the box the other way round")
    wait_until(lambda: page.headline() == count == answers.count(page.address()) == page.table_count(), what="the same customers")
    assert page.find(f"[data-view='{turned}'] .brush").get_attribute("visibility") == "visible"


def test_keys_and_buttons_in_quick_succession(explore):
    """Reset right after a key, and a click right after one, do what they say: nothing waits and comes late."""
    page, answers = explore
    page.focus("[data-view='age'] svg.plot")
    page.press("ArrowRight")
    page.driver.execute_script("document.querySelector('.reset').click()")
    page.press("ArrowRight")
    page.click_bar("gender", 1)
    wait_until(lambda: set(page.address()) == {"age", "gender"}, what="both")
    wait_until(lambda: page.headline() == answers.count(page.address()) == page.table_count(), what="the count")


def test_odd_names_come_back_from_the_address(explore):
    """Whatever a category is called, the address gives it back, and as a category."""
    page, _ = explore
    odd = ["1..5", "'12", "12", "''7", "!x", "a,b", "=1", "%21", "a+b", "ä &=?#", "..", "x..y", "2..3,4..5", " "]
    for op in ("in", "not_in"):
        for values in ([name] for name in odd):
            state = {"filters": {"v": {"op": op, "value": values}}}
            back = page.driver.execute_script(
                "const { read, write } = window.mall.address; return read(write(arguments[0])).filters", state
            )
            assert back == state["filters"]


def test_what_is_undone_in_a_drag_that_is_taken_back_is_not_undone(explore):
    """Escape in a drag brings back what was before it, for the table and the address too, whatever happened meanwhile."""
    page, answers = explore
    page.drag("age", (0.3, 0.5), (0.7, 0.5))
    wait_until(lambda: "age" in page.address(), what="a brush")
    before = page.address()
    place = page.hold("age", 0.5, 0.6)
    page.press("z", 2)
    page.press("Escape")
    page.mouse("mouseReleased", *place)
    wait_until(lambda: page.address() == before, what="the address to come back")
    wait_until(lambda: page.headline() == answers.count(before) == page.table_count(), what="the same everywhere")


def test_a_window_that_changes_in_a_drag(explore):
    """The plots are drawn anew when the drag has ended: the gesture is whole, and the views fit."""
    page, answers = explore
    box = page.box("[data-view='age'] svg")
    y = box["y"] + box["height"] / 2
    page.hold("age", 0.3, 0.5)
    page.driver.set_window_size(1250, 1000)
    page.mouse("mouseMoved", box["x"] + 0.6 * box["width"], y)
    page.mouse("mouseReleased", box["x"] + 0.6 * box["width"], y)
    wait_until(lambda: "age" in page.address(), what="the brush in the address")
    wait_until(lambda: page.headline() == answers.count(page.address()) == page.table_count(), what="the same everywhere")
    wait_until(lambda: page.box("[data-view='age'] svg")["width"] < box["width"], what="narrower plots")


def test_an_address_by_hand(dash_duo, published):
    """What cannot be a value is left out, what is not there counts nobody, and an unknown clustering gives way to the first."""
    serve(dash_duo, published)
    answers = Answers((published / CURRENT).resolve())
    for query, address in (
        ("gender=Female,Female&spending_kmeans=abc&lifestyle_kmeans=99999999999", {"gender": "Female"}),
        ("gender=&spending_kmeans=!", {}),
        ("gender=5", {"gender": "'5"}),
        ("segmentation=nope&algorithm=nope&constructor=1&__proto__=2", {}),
    ):
        dash_duo.driver.get(f"{dash_duo.server_url}/?{query}")
        page = Page(dash_duo)
        wait_until(lambda page=page, address=address: page.address() == address, what=f"{address}")
        expected = answers.count({name: value.removeprefix("'") for name, value in address.items()})
        wait_until(lambda page=page, expected=expected: page.headline() == expected == page.table_count(), what=f"{expected}")
        assert page.find("#segmentation").get_attribute("value") == "Spending"
