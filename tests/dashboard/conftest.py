"""The browser, started once for all tests that drive it."""

from collections.abc import Iterator

import pytest

from tests.dashboard.browser import chromium_options


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory):
    """One Chromium: its start takes longer than most of what is done with it."""
    from dash.testing.composite import DashComposite

    with DashComposite(
        server=None, browser="Chrome", options=[chromium_options()], download_path=str(tmp_path_factory.mktemp("download"))
    ) as started:
        yield started


@pytest.fixture
def dash_duo(browser, dash_thread_server) -> Iterator:
    """The same as that of dash[testing], in a tab of its own: nothing of the tests before is shown or in the log.

    Of what they kept there are the scripts alone, which are named by what they hold.
    """
    driver, before = browser.driver, browser.driver.window_handles
    driver.switch_to.new_window("tab")
    tab = driver.current_window_handle
    for each in before:
        driver.switch_to.window(each)
        driver.close()
    driver.switch_to.window(tab)
    driver.set_window_size(1400, 1000)
    driver.get_log("browser")
    browser.server = dash_thread_server
    yield browser
    driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": dash_thread_server.url, "storageTypes": "all"})
    driver.get("about:blank")  # a page that is left asks its server for nothing more
