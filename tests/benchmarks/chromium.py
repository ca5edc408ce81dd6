"""Chromium and servers for the benchmark of the dashboard: started, driven, and stopped whatever happens."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from selenium.webdriver import Chrome

from tests.dashboard.browser import Page, chromium_options, free_port

_PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")
_PATIENCE = 300
"""Seconds after which a page or a server is given up."""


@dataclass(frozen=True)
class Site:
    """A page to measure."""

    address: str
    is_there: str
    """JavaScript: whether its views are there."""
    watched: dict[str, str]
    """By name: the selectors of what is watched besides its views."""


@dataclass(frozen=True)
class Seen:
    """What the probe in a page saw."""

    events: list[dict[str, Any]]
    """kind, `at` and `handled`, in milliseconds since the navigation began."""
    paints: list[dict[str, Any]]
    """The name of what changed, and `at` which millisecond it was painted."""
    failures: int = 0
    """Answers that were errors, and errors of scripts."""

    def latencies(self, kind: str, names: Collection[str]) -> list[float]:
        """Milliseconds from each event of a kind to the last paint of any of the names before the page got another event.

        Where the page got the next event before it had painted, it is the first paint after. An event that no paint follows changed
        nothing and does not count; raises RuntimeError where that is so for most, or where something failed.
        """
        if self.failures:
            raise RuntimeError(f"{self.failures} failures in the page: what it does is not what it should do")
        painted = sorted(paint["at"] for paint in self.paints if paint["name"] in names)
        ends = [event["handled"] for event in self.events[1:]] + [float("inf")]
        found = []
        for event, end in zip(self.events, ends, strict=True):
            after = [at for at in painted if at >= event["handled"]]
            if event["kind"] == kind and after:
                found.append(max((at for at in after if at < end), default=after[0]) - event["at"])
        count = sum(event["kind"] == kind for event in self.events)
        if len(found) <= count / 2:
            raise RuntimeError(f"{len(found)} of {count} events ({kind}) were followed by a paint: the page does not follow")
        return found

    def first(self, kind: str, names: Collection[str]) -> float:
        """The millisecond, since the navigation began, at which what the first event of a kind changed was painted."""
        began = next(float(event["at"]) for event in self.events if event["kind"] == kind)
        return began + self.latencies(kind, names)[0]


class Tab(Page):
    """A tab of the browser, with the probe in every page that it opens."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self._script: str | None = None
        driver.set_script_timeout(_PATIENCE)
        driver.set_page_load_timeout(_PATIENCE)

    def open(self, site: Site) -> float:
        """Open a page with an empty cache; returns the millisecond, since the navigation began, at which its views were there."""
        self.driver.get("about:blank")  # the page before is gone, and what it was doing
        if self._script:
            self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": self._script})
        source = {"source": f"({_PROBE})({json.dumps(site.is_there)})"}
        self._script = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)["identifier"]
        self.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        self.driver.get(site.address)
        wait = "const done = arguments[0], look = () => (probe.shown() === null ? requestAnimationFrame(look) : done()); look()"
        self.driver.execute_async_script(wait)
        views = {view: f"[data-view='{view}']" for view in self.views()}
        self.driver.execute_script("probe.watch(arguments[0])", views | site.watched)
        return float(self.driver.execute_script("return probe.shown()"))

    def rest(self, quiet: float) -> None:
        """Wait until nothing has happened in the page for so many milliseconds: no event, no paint, no open request."""
        self.driver.execute_async_script("probe.rest(...arguments)", quiet)

    def take(self) -> Seen:
        """What was seen since this was last asked."""
        return Seen(**self.driver.execute_script("return probe.take()"))

    def bytes_received(self) -> int:
        """What came over the wire since the navigation began: bodies as they were compressed, and headers."""
        script = "return performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0)"
        return int(self.driver.execute_script(script))


@contextmanager
def browser() -> Iterator[Tab]:
    """A tab of a headless Chromium of its own, which is cut off from everything but this machine."""
    driver = Chrome(options=chromium_options())
    started = _with_children([psutil.Process(driver.service.process.pid)])
    try:
        yield Tab(driver)
    finally:
        started = _with_children(started)
        try:
            driver.quit()
        finally:
            _, alive = psutil.wait_procs(started, timeout=5)
            for process in alive:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(alive, timeout=5)


def _with_children(processes: Iterable[psutil.Process]) -> set[psutil.Process]:
    """Processes and all that they have started."""
    found = set(processes)
    for process in list(found):
        with suppress(psutil.NoSuchProcess):
            found.update(process.children(recursive=True))
    return found


@contextmanager
def served(module: str, *arguments: str, **environment: str) -> Iterator[str]:
    """Run a module that serves pages, in a process of its own; returns the address, once it answers."""
    port = free_port()
    given = {**os.environ, **environment, "HOST": "127.0.0.1", "PORT": str(port)}
    server = subprocess.Popen([sys.executable, "-m", module, *arguments], env=given, stdout=subprocess.DEVNULL)
    try:
        _wait_for(server, port)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{' '.join(map(str, server.args))}: does not answer")


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Turn a request to end the process into an exception, so that what was started is stopped."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
