"""The SQL page in a browser: what is on it is what DuckDB says, and what is written on it stays."""

from pathlib import Path
from urllib.parse import quote, unquote

import duckdb
import pytest
from selenium.webdriver.common.keys import Keys

from tests.dashboard.browser import serve, wait_until

pytestmark = pytest.mark.browser

SIZES = (
    "select segment_name, size\nfrom marts.segment_profiles\nwhere segmentation = 'spending' and algorithm = 'kmeans'\norder by all"
)


class Asking:
    """The SQL page in a browser."""

    def __init__(self, dash_duo, directory: Path, address: str = "/sql", **settings: bool) -> None:
        serve(dash_duo, directory, **settings)
        self.driver = dash_duo.driver
        self.duo = dash_duo
        self.go(address)

    def go(self, address: str) -> None:
        self.driver.get(self.duo.server.url + address)
        wait_until(lambda: self.find(".editor-text").is_displayed(), what="the editor")

    def find(self, selector: str):
        return self.driver.find_element("css selector", selector)

    def all(self, selector: str) -> list:
        return self.driver.find_elements("css selector", selector)

    def write(self, text: str) -> None:
        """Replace what is in the editor, as a paste does."""
        area = self.find(".editor-text")
        area.click()
        area.send_keys(Keys.CONTROL, "a")
        self.driver.execute_script("document.execCommand('insertText', false, arguments[0])", text)

    def text(self) -> str:
        return self.find(".editor-text").get_attribute("value")

    def run(self, text: str, waits_for: str = "row") -> None:
        self.write(text)
        self.find(".editor-text").send_keys(Keys.CONTROL, Keys.ENTER)
        wait_until(lambda: waits_for in self.find(".ask-bar .view-caption").text + self.find(".ask-error").text, what=waits_for)

    def cells(self) -> list[list[str]]:
        """What the table shows."""
        rows = "[...document.querySelectorAll('#ask-grid .ag-center-cols-container .ag-row')]"
        by_place = f"{rows}.sort((a, b) => a.getAttribute('row-index') - b.getAttribute('row-index'))"
        return self.driver.execute_script(
            f"return {by_place}.map(row => [...row.querySelectorAll('.ag-cell')].map(cell => cell.textContent))"
        )

    def tab(self, name: str) -> None:
        next(tab for tab in self.all(".side-tab") if tab.text == name).click()

    def pick(self, label: str, option: str) -> None:
        """Choose for the plot."""
        script = """
        const label = [...document.querySelectorAll('#ask-axes label')].find((one) => one.firstChild.textContent === arguments[0]);
        const select = label.querySelector('select');
        select.value = [...select.options].find((one) => one.text === arguments[1]).value;
        select.dispatchEvent(new Event('change'));
        """
        self.driver.execute_script(script, label, option)

    def traces(self) -> list[dict]:
        wait_until(lambda: self.all("#ask-plot .nsewdrag"), what="the plot")
        data = "document.querySelector('#ask-plot .js-plotly-plot').data"
        return self.driver.execute_script(f"return {data}.map(({{type, x, y}}) => ({{type, x: [...x], y: [...y]}}))")


def test_what_is_asked_is_answered(dash_duo, published):
    """The rows on the page are DuckDB's, with types, and the plot is of them; address and browser remember the statement."""
    page = Asking(dash_duo, published)
    page.run(SIZES)
    with duckdb.connect(str((published / "current.duckdb").resolve()), read_only=True) as connection:
        expected = [[name, str(size)] for name, size in connection.execute(SIZES).fetchall()]
    wait_until(lambda: page.cells() == expected, what=f"the rows {expected}")
    assert [each.text.split("\n") for each in page.all(".ag-header-cell-text")] == [["segment_name", "varchar"], ["size", "bigint"]]
    (trace,) = page.traces()
    assert [[name, int(size)] for name, size in expected] == [list(pair) for pair in zip(trace["x"], trace["y"], strict=True)]
    page.pick("As", "Line")
    wait_until(lambda: page.traces()[0]["type"] == "scatter", what="a line")
    address = page.driver.current_url
    assert unquote(address.partition("#sql=")[2]) == SIZES

    page.find("#link-explore").click()
    wait_until(lambda: page.all("#explore"), what="Explore")
    page.find("#link-sql").click()
    wait_until(lambda: page.text() == SIZES, what="the statement, as it was left")
    page.tab("History")
    assert SIZES.split("\n")[0] in page.find(".side-row").text
    assert dash_duo.get_logs() == []


def test_texts_stay_texts_and_odd_names_are_drawn(dash_duo, published):
    """Whatever came before: a text that looks like a date, and values that JavaScript knows as something else."""
    page = Asking(dash_duo, published)
    page.run("select date '2026-01-02' as a")
    page.run("select unnest(['2026-01-01', 'no date', '']) as a")
    wait_until(lambda: page.cells() == [["2026-01-01"], ["no date"], [""]], what="the texts")
    page.run("select unnest(['constructor', '__proto__', 'valueOf']) as k, 1 as v")
    page.pick("Colour", "k")
    wait_until(lambda: [trace["y"] for trace in page.traces()] == [[1], [1], [1]], what="a bar for each")
    page.run("select range::varchar as k, 1 as v from range(10000)")
    wait_until(lambda: "too many" in page.find("#ask-axes").text, what="a plot that is refused")
    assert dash_duo.get_logs() == []


def test_what_is_written_stays_written(dash_duo, published):
    """On another page and back, by a link or by Back: what came with the address, and what was changed since it ran."""
    page = Asking(dash_duo, published, f"/sql#sql={quote('select 1 as one')}")
    for there, back in ((lambda: page.find("#link-explore").click(), lambda: page.find("#link-sql").click()),) * 2:
        page.find(".ask-run").click()
        wait_until(lambda: page.cells() == [["1"]], what="the answer")
        there()
        wait_until(lambda: page.all("#explore"), what="Explore")
        back()
        wait_until(lambda: page.text() == "select 1 as one", what="the statement")
    page.run("select 1 as one -- a")
    page.find(".editor-text").send_keys("b")
    page.find("#link-explore").click()
    wait_until(lambda: page.all("#explore"), what="Explore")
    page.driver.back()
    wait_until(lambda: page.all(".editor-text"), what="the page")
    assert "b" in page.text()


def test_numbers_are_sorted_as_numbers(dash_duo, published):
    """Also where one is too long for a browser and came as text."""
    page = Asking(dash_duo, published)
    page.run("select unnest([10, 9007199254740993, 9, null, 100]) as n")
    wait_until(lambda: len(page.cells()) == 5, what="the rows")
    page.find("#ask-grid .ag-header-cell-label").click()
    wait_until(lambda: page.cells() == [["9"], ["10"], ["100"], ["9007199254740993"], [""]], what="the order")


def test_an_error_is_marked_where_it_is(dash_duo, published):
    """DuckDB's words stand below, the place is underlined, and both go when the statement changes; the old rows fade."""
    page = Asking(dash_duo, published)
    page.run("select '𝄞' as sign")
    page.run("select '𝄞', nope\nfrom marts.customers", waits_for="Binder Error")
    wait_until(lambda: page.find(".marked").text == "nope", what="the mark")
    assert "stale" in page.find("#ask-found").get_attribute("class")
    page.find(".editor-text").send_keys("x")
    assert page.all(".marked") == []
    assert page.find(".ask-error").text == ""


def test_a_statement_can_be_stopped(dash_duo, published):
    """Stop ends it, whoever waits sees so at once, and the next one runs."""
    page = Asking(dash_duo, published)
    page.write("select count(*) from range(1000000000000000)")
    page.find(".ask-run").click()
    wait_until(lambda: "Running" in page.find(".ask-bar .view-caption").text, what="it to run")
    next(each for each in page.all(".ask-bar .tool") if each.text == "Stop").click()
    wait_until(lambda: page.find(".ask-bar .view-caption").text == "Stopped.", what="it to stop")
    page.run("select 1 as one")
    wait_until(lambda: page.cells() == [["1"]], what="the next answer")


def test_what_runs_goes_on_while_another_page_is_looked_at(dash_duo, published):
    """Its answer is there on the way back, or it can still be stopped."""
    page = Asking(dash_duo, published)
    page.write("select count(*) as n from range(2000000000) where range % 7 = 1")
    page.find(".ask-run").click()
    page.find("#link-explore").click()
    wait_until(lambda: page.all("#explore"), what="Explore")
    page.find("#link-sql").click()
    wait_until(lambda: page.cells() == [["285714286"]] or "took longer" in page.find(".ask-error").text, what="the answer")
    page.write("select count(*) from range(1000000000000000)")
    page.find(".ask-run").click()
    page.find("#link-explore").click()
    wait_until(lambda: page.all("#explore"), what="Explore")
    page.find("#link-sql").click()
    wait_until(lambda: not page.find(".ask-run").is_enabled(), what="it still runs")
    next(each for each in page.all(".ask-bar .tool") if each.text == "Stop").click()
    page.run("select 1 as one")
    wait_until(lambda: page.cells() == [["1"]], what="the next answer")


def test_the_schema_writes_for_you(dash_duo, published):
    """A click on a relation or a column writes its name; typing offers names, and Tab takes one."""
    page = Asking(dash_duo, published)
    page.write("from ")
    page.find(".side-search").send_keys("segment_profiles")
    wait_until(lambda: page.find(".side-relation .side-name").text == "segment_profiles", what="the relation")
    page.find(".side-relation .side-name").click()
    assert page.text() == "from marts.segment_profiles"
    page.write("select  from marts.segment_profiles")
    for _ in range(len(" from marts.segment_profiles")):
        page.find(".editor-text").send_keys(Keys.ARROW_LEFT)
    page.find(".editor-text").send_keys("segment_na")
    wait_until(lambda: [each.text.split("\n")[0] for each in page.all(".editor-words li")] == ["segment_name"], what="the word")
    page.find(".editor-text").send_keys(Keys.TAB)
    assert page.text() == "select segment_name from marts.segment_profiles"
    page.find(".editor-text").send_keys(Keys.CONTROL, "z")
    assert page.text() != "select segment_name from marts.segment_profiles"


def test_a_statement_comes_with_an_address_and_is_not_run_by_itself(dash_duo, published):
    """Who opens a link sees the statement as it is, hostile or not, and decides."""
    hostile = 'select \'<img src=x onerror="window.hacked = 1">\' as "<b>bold</b>" -- <script>window.hacked = 1</script>'
    page = Asking(dash_duo, published, f"/sql#sql={quote(hostile)}")
    assert page.text() == hostile
    assert page.find("#ask-found").is_displayed() is False
    page.find(".editor-text").send_keys(Keys.CONTROL, Keys.ENTER)
    wait_until(lambda: page.cells() == [['<img src=x onerror="window.hacked = 1">']], what="the text, as text")
    page.tab("History")
    assert page.driver.execute_script("return window.hacked") is None


def test_a_saved_statement_comes_back(dash_duo, published):
    """It has a name, opens with a click, and can be forgotten; what a browser keeps for us and is nonsense is nothing."""
    page = Asking(dash_duo, published)
    page.write("select 42 as answer")
    next(each for each in page.all(".ask-bar summary") if each.text == "Save").click()
    page.find(".ask-bar .saved-name").send_keys("The answer", Keys.ENTER)
    wait_until(lambda: page.find(".side-row .side-statement").text == "The answer", what="the name")
    page.driver.execute_script("localStorage.setItem('mall-sql-history', '[1, {\"sql\": 2}, null]')")
    page.driver.refresh()
    wait_until(lambda: page.find(".editor-text").is_displayed(), what="the editor")
    page.tab("History")
    assert page.all(".side-row") == []
    page.tab("Saved")
    page.find(".side-row .side-statement").click()
    assert page.text() == "select 42 as answer"
    page.find(".side-remove").click()
    assert page.all(".side-row") == []


def test_what_a_view_counts_runs_on_the_page(dash_duo, published):
    """The statement behind a view of Explore leads to the SQL page, and gives the view's numbers there."""
    serve(dash_duo, published)
    dash_duo.wait_for_element("[data-sql-of='headline']").click()
    dash_duo.wait_for_element("[data-run]").click()
    wait_until(lambda: "count_customers" in dash_duo.find_element(".editor-text").get_attribute("value"), what="the statement")
    dash_duo.find_element(".ask-run").click()
    count = "document.querySelector('#ask-grid .ag-cell')?.textContent"
    wait_until(lambda: dash_duo.driver.execute_script(f"return {count}") == "2000", what="the number of customers")


def test_where_sql_is_off_the_page_says_so(dash_duo, published):
    """One sentence, and no editor."""
    serve(dash_duo, published, allow_sql=False)
    dash_duo.driver.get(dash_duo.server.url + "/sql")
    wait_until(lambda: "SQL is off here" in dash_duo.find_element(".answer").text, what="the sentence")
    assert dash_duo.driver.find_elements("css selector", ".editor") == []
    assert dash_duo.get_logs() == []
