"""Driving the Explore page as a hand would, and asking DuckDB the same question another way."""

import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

import duckdb
from selenium.webdriver.chrome.options import Options

from dashboard.app import create_app
from warehouse.settings import Settings

CUSTOMERS = """
select
    features.*,
    {segments}
from features.customer_features as features
"""


def chromium_options() -> Options:
    """Chromium headless, perhaps as root, and cut off from everything but its own machine."""
    options = Options()
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--window-size=1400,1000",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
    ):
        options.add_argument(flag)
    return options


def serve(dash_duo, directory: Path, **settings: bool) -> None:
    """Serve a warehouse and open its first page; a busy machine gets its time.

    The server stops by an exception in each of its threads, so it is stopped once none is answering a request any more.
    """
    app, stop, busy = create_app(Settings(warehouse=directory, **settings)), dash_duo.server.stop, Counter()
    answer = app.server.wsgi_app

    def count_and_answer(*request):
        busy["requests"] += 1
        try:
            return answer(*request)
        finally:
            busy["requests"] -= 1

    def stop_when_idle() -> None:
        wait_until(lambda: busy["requests"] == 0, what="requests that are still being answered")
        stop()

    app.server.wsgi_app, dash_duo.server.stop = count_and_answer, stop_when_idle
    dash_duo.port = free_port(getattr(dash_duo, "port", None))
    dash_duo.start_server(app, start_timeout=60, port=dash_duo.port)


def free_port(wanted: int | None = None) -> int:
    """A port that nobody listens on, the wanted one where it is free: at one address a browser compiles the scripts once.

    Others are below those that systems hand out by themselves: a browser's own are among these.
    """
    while True:
        port, wanted = wanted or random.randrange(20_000, 30_000), None
        with socket.socket() as asked:
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                asked.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(holds: Callable[[], bool], seconds: float = 60, what: str = "") -> None:
    """Wait until `holds()`; an element that is being redrawn counts as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except Exception as error:
            what = f"{what} {type(error).__name__}"
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def open_action(dash_duo, name: str) -> None:
    """Open a page from the menu of actions."""
    dash_duo.wait_for_element("#actions").click()
    link = dash_duo.find_element(f"#link-{name}")
    wait_until(link.is_displayed, what="the menu")
    link.click()


class Page:
    """The Explore page in a browser."""

    def __init__(self, dash_duo) -> None:
        self.driver = dash_duo.driver
        still = "const page = window.mall.shown(); page.polled = (page.polled || 0) + 1; return page.polled > 5"
        wait_until(lambda: self.driver.execute_script(still), what="the views, which are not drawn anew any more")
        wait_until(
            lambda: len(self.driver.find_elements("css selector", ".ag-row, .ag-overlay-no-rows-center")) > 0, what="the table"
        )

    def find(self, selector: str):
        return self.driver.find_element("css selector", selector)

    def mouse(self, kind: str, x: float, y: float, modifiers: int = 0) -> None:
        buttons = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1, "modifiers": modifiers}
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", buttons)

    def box(self, selector: str) -> dict[str, float]:
        """Where an element is, after scrolling it into view: events outside the viewport are lost."""
        script = "const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'}); "
        box = self.driver.execute_script(
            script + "const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]", selector
        )
        return dict(zip(("x", "y", "width", "height"), box, strict=True))

    def drag(self, view: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag inside a view's plot, from and to shares of its width and height."""
        box = self.box(f"[data-view='{view}'] svg")
        points = [
            (
                box["x"] + box["width"] * (start[0] + (end[0] - start[0]) * step / 4),
                box["y"] + box["height"] * (start[1] + (end[1] - start[1]) * step / 4),
            )
            for step in range(5)
        ]
        self.mouse("mousePressed", *points[0])
        for point in points[1:]:
            self.mouse("mouseMoved", *point)
        self.mouse("mouseReleased", *points[-1])

    def hold(self, view: str, start: float, *through: float) -> tuple[float, float]:
        """Begin a drag across a view's plot, at shares of its width, and hold on; returns where the mouse is."""
        box = self.box(f"[data-view='{view}'] svg")
        xs, y = [box["x"] + share * box["width"] for share in (start, *through)], box["y"] + box["height"] / 2
        self.mouse("mousePressed", xs[0], y)
        for x in xs[1:]:
            self.mouse("mouseMoved", x, y)
        return xs[-1], y

    def click(self, selector: str, modifiers: int = 0) -> None:
        box = self.box(selector)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.mouse("mousePressed", x, y, modifiers)
        self.mouse("mouseReleased", x, y, modifiers)

    def click_bar(self, view: str, place: int, modifiers: int = 0) -> None:
        self.click(f"[data-view='{view}'] .bar-row:nth-of-type({place})", modifiers)

    def sql(self, button: str) -> str:
        """The statement that a button shows; its dialog is closed again."""
        self.click(button)
        wait_until(lambda: self.find(".statement").is_displayed(), what="the statement")
        statement = self.find(".statement").text
        self.press("Escape")
        wait_until(lambda: not self.driver.find_elements("css selector", ".statement"), what="the dialog to close")
        return statement

    def views(self) -> list[str]:
        script = "return [...document.querySelectorAll('[data-view]')].map(view => view.dataset.view)"
        return self.driver.execute_script(script)

    def counts(self, view: str) -> list[int]:
        """The customers of every bar of a view."""
        script = (
            "return [...document.querySelectorAll(`[data-view='${arguments[0]}'] [data-count]`)].map(bar => +bar.dataset.count)"
        )
        return self.driver.execute_script(script, view)

    def headline(self) -> int:
        return int(self.find(".headline strong").text.split(" of ")[0].replace(",", ""))

    def table_count(self) -> int:
        return int(self.find("#table-caption").text.split(" ")[0].replace(",", ""))

    def address(self) -> dict[str, str]:
        """The filters in the address bar, as text."""
        query = self.driver.execute_script("return window.location.search").removeprefix("?")
        return {name: value for name, value in parse_qsl(query) if name not in ("segmentation", "algorithm", "axes", "v")}

    def version(self) -> str:
        """The version in the address bar."""
        return dict(parse_qsl(self.driver.execute_script("return window.location.search").removeprefix("?")))["v"]

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key where the focus is."""
        code = {" ": 32, "Enter": 13, "Escape": 27, "Delete": 46, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        text = {" ": " ", "Enter": "\r"}.get(key)
        event = {"key": key, "windowsVirtualKeyCode": code.get(key, ord(key.upper()[0])), "modifiers": modifiers}
        down = {"type": "keyDown", **event, **({"text": text} if text else {})}
        self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", down)
        self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def focus(self, selector: str) -> None:
        self.driver.execute_script("document.querySelector(arguments[0]).focus()", selector)


class Answers:
    """The same numbers from DuckDB, by a way of its own: features joined with assignments, not the marts."""

    def __init__(self, path) -> None:
        self.connection = duckdb.connect(str(path), read_only=True)
        self.bins = self.connection.execute("from marts.crossfilter_bins order by dimension, bin").fetchall()
        pairs = self.connection.execute("select distinct segmentation, algorithm from segments.assignments").fetchall()
        segments = ", ".join(
            f"(select segment_id from segments.assignments as a where a.customer_id = features.customer_id "
            f"and a.segmentation = '{segmentation}' and a.algorithm = '{algorithm}') as {segmentation}_{algorithm}"
            for segmentation, algorithm in pairs
        )
        self.connection.execute(f"create temporary table everyone as {CUSTOMERS.format(segments=segments)}")

    def count(self, filters: dict[str, str], also: str = "true") -> int:
        """Customers that meet the filters of an address, and one more condition."""
        conditions = " and ".join([*(self._condition(*each) for each in filters.items()), also])
        (count,) = self.connection.execute(f"select count(*) from everyone where {conditions}").fetchone()
        return count

    def counts(self, view: str, filters: dict[str, str]) -> list[int]:
        """Customers per bin of a view, which never filters itself."""
        others = {name: value for name, value in filters.items() if name != view}
        return [
            self.count(others, self._bin(view, lower, upper, category, segment))
            for dimension, _, lower, upper, category, segment in self.bins
            if dimension == view
        ]

    @staticmethod
    def _bin(view: str, lower, upper, category, segment) -> str:
        if segment is not None:
            return f"{view} = {segment}"
        return f"{view} = '{category}'" if category is not None else f"{view} >= {lower} and {view} < {upper}"

    @staticmethod
    def _condition(name: str, value: str) -> str:
        ranges = [part.split("..") for part in value.split(",")]
        if all(len(edges) == 2 for edges in ranges):
            columns = zip(name.split("*"), ranges, strict=True)
            return " and ".join(f"{column} >= {low} and {column} < {high}" for column, (low, high) in columns)
        listed = ", ".join(f"'{part}'" for part in value.removeprefix("!").split(","))
        return f"cast({name} as varchar) {'not in' if value.startswith('!') else 'in'} ({listed})"
