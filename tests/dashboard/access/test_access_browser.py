"""Signing in as people do it, under `make serve`."""

import pytest

from tests.dashboard.access.people import PASSWORD, guarded
from tests.dashboard.browser import wait_until
from tests.dashboard.servers import serving
from tests.dashboard.test_accessible import PAGES, RULES, broken, refused
from warehouse.connection import Warehouse

pytestmark = pytest.mark.browser


@pytest.fixture
def served(bundled_published, tmp_path):
    """The address of a dashboard that asks who enters."""
    settings = guarded(bundled_published, tmp_path)
    given = {"WAREHOUSE": settings.warehouse, "USERS": settings.users, "ACCESS": settings.access, "WORKERS": 1}
    with serving(tmp_path, "-m", "dashboard.serve", **given) as server:
        yield f"http://127.0.0.1:{server.port}"


def sign_in(driver, name: str, password: str = PASSWORD) -> None:
    for field, text in (("name", name), ("password", password)):
        element = driver.find_element("id", field)
        element.clear()
        element.send_keys(text)
    driver.find_element("css selector", "button").click()


def there(driver, selector: str) -> None:
    wait_until(lambda: driver.find_elements("css selector", selector), what=selector)


def test_people_sign_in_look_around_and_sign_out(served, dash_duo):
    """A wrong password is told, the page that was wanted comes after the right one, and afterwards nothing is there any more."""
    driver = dash_duo.driver
    driver.get(f"{served}/segments?gender=Female")
    driver.execute_script(RULES.read_text(encoding="utf-8"))
    assert broken(driver) == []
    sign_in(driver, "edda", "wrong password")
    assert "not the name and the password" in driver.find_element("css selector", "[role=alert]").text
    driver.get_log("browser")
    sign_in(driver, "edda")
    there(driver, ".segment-card")
    assert "gender=Female" in driver.current_url
    driver.find_element("css selector", ".user summary").click()
    driver.find_element("css selector", ".user button").click()
    there(driver, "#password")
    driver.get(f"{served}/sql#sql=select%2042")
    sign_in(driver, "edda", "wrong password")
    there(driver, "[role=alert]")
    driver.get_log("browser")
    sign_in(driver, "edda")
    there(driver, PAGES["sql"])
    wait_until(
        lambda: driver.find_element("css selector", "textarea").get_property("value") == "select 42",
        what="the statement of the address",
    )
    assert refused(driver) == []


def test_a_session_that_ends_leads_to_the_form(served, dash_duo):
    """While a page is open: it does not stand there with errors."""
    driver = dash_duo.driver
    driver.get(served)
    sign_in(driver, "adam")
    there(driver, ".ag-row")
    driver.delete_all_cookies()
    there(driver, "#password")  # the page asks for a new version every few seconds


def test_a_viewer_filters_and_is_told_no_small_number(served, dash_duo, bundled_published):
    """A click on a bar counts on the server what DuckDB counts; there is no table, no SQL and no picture of single customers."""
    driver = dash_duo.driver
    driver.get(served)
    sign_in(driver, "vera")
    there(driver, "[data-view='gender'] .bar-row")
    (rows, women) = (driver.find_elements("css selector", "[data-view='gender'] .bar-row"), 0)
    next(row for row in rows if row.text.startswith("Female")).click()
    db = Warehouse(bundled_published).snapshot()
    women = db.value("select count(*) from marts.customers where gender = 'Female'")
    wait_until(lambda: driver.find_element("css selector", ".headline").text.startswith(f"{women:,} of"), what="the women")
    counts = driver.execute_script(
        "return [...document.querySelectorAll(\"[data-view='age'] [data-count]\")].map((bar) => bar.dataset.count)"
    )
    known = [int(count) for count in counts if count != "null"]
    assert known
    assert all(count == 0 or count >= 5 for count in known)
    outlined = driver.find_elements("css selector", "[data-view='age'] .few[data-count]")
    assert len(outlined) == counts.count("null")
    assert not driver.find_elements("css selector", "#customers, canvas, .statement")
    assert not any(button.is_displayed() for button in driver.find_elements("css selector", "[data-sql-of]"))
    driver.get(f"{served}/segments")
    there(driver, PAGES["segments"])
    driver.get(f"{served}/sql")
    wait_until(lambda: "for analysts" in driver.find_element("css selector", "h1").text, what="the refusal")
    assert refused(driver) == []
