"""What a hand does on the Explore page and on its rivals, and the milliseconds from each gesture to what it changes on the page."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import cycle, islice
from typing import TypeAlias

from tests.benchmarks.chromium import Seen, Site, Tab
from tests.benchmarks.rivals import VIEWS
from tests.dashboard.browser import wait_until

Found: TypeAlias = defaultdict[str, list[float]]
"""Milliseconds, of a load bytes too, by what was measured."""

HISTOGRAMS = VIEWS[:3]
MOVES = 24
_CTRL = 2
_LOADS = 3
_GESTURES = 4
_CLICKS = 8
_SHORT, _LONG = 60, 300
"""Milliseconds without any event, paint or request, after which a page is at rest: within a gesture, and after it."""
_FROM, _TO = 0.25, 0.9
"""Between which shares of its width a brush is dragged."""


def ours(address: str) -> Site:
    """The Explore page."""
    return Site(
        address, "document.querySelector('.headline strong') !== null", {"headline": ".headline", "table": "#table-caption"}
    )


def usual(address: str) -> Site:
    """The usual page of Dash: there when Plotly has made the last of its figures ready for the mouse."""
    return Site(address, f"document.querySelectorAll('[data-view] .nsewdrag').length === {len(VIEWS)}", {})


def empty(address: str) -> Site:
    """The page with the callback that does nothing."""
    return Site(address, "document.querySelector('#ask') !== null", {"answer": "#answer"})


def measure_ours(tab: Tab, address: str, view: str, found: Found) -> None:
    """Load the Explore page, and drag a brush on a histogram without and with filters on every other view.

    Every other drag is made without a pause, the next move as soon as the page has taken the last one, as a hand's: a page that is
    slower than the hand falls behind. After each move of the others the page comes to rest: what it paints late is not missed.
    """
    if not found["ours, bytes"]:
        tab.open(ours(address))
        tab.rest(1000)
        found["ours, bytes"].append(tab.bytes_received())
    for _ in range(_LOADS):
        _load(tab, ours(address), view, "pointermove", found, "ours")
    tab.click(".reset")
    tab.rest(_LONG)
    names = {*tab.views(), "headline"} - {view}
    for filters in ("no filters", "filters on every view"):
        if filters != "no filters":
            pile_up(tab, view)
        for pause in (0, _SHORT):
            seen = drag(tab, view, pause)
            found[f"ours, move, {filters}"] += seen.latencies("pointermove", names)
            found[f"ours, mouse-up, {filters}"] += seen.latencies("pointerup", names)
            found[f"ours, table, {filters}"] += seen.latencies("pointerup", {"table"})
            tab.click(f".chip[data-filter='{view}']")
            tab.rest(_LONG)


def _load(tab: Tab, site: Site, view: str, follows: str, found: Found, whose: str) -> None:
    """Load a page with an empty cache, and drag as soon as its views are there; `follows` is the event that the others follow."""
    found[f"{whose}, load, views there"].append(tab.open(site))
    tab.drag(view, (_FROM, 0.4), (0.8, 0.6))
    tab.rest(_LONG)
    found[f"{whose}, load, first drag painted"].append(tab.take().first(follows, {*tab.views()} - {view}))


def drag(tab: Tab, view: str, pause: float) -> Seen:
    """Drag a brush to and fro on a histogram, each time by one bin at least, and let go."""
    box = tab.box(f"[data-view='{view}'] svg")
    y = box["y"] + box["height"] / 2
    tab.take()
    tab.mouse("mousePressed", box["x"] + _FROM * box["width"], y)
    *places, last = (box["x"] + share * box["width"] for share in to_and_fro(1 / len(tab.counts(view)), MOVES + 1))
    for x in places:
        tab.mouse("mouseMoved", x, y)
        if pause:
            tab.rest(pause)
    tab.rest(_LONG)
    tab.mouse("mouseReleased", last, y)
    tab.rest(_LONG)
    return tab.take()


def to_and_fro(step: float, count: int) -> Iterator[float]:
    """So many shares of a width, each a step from the one before, first away from where a drag began."""
    steps = int((_TO - _FROM) / step)
    there = [_FROM + step * place for place in range(1, steps + 1)]
    return islice(cycle([*there, *there[-2:0:-1]]), count)


def pile_up(tab: Tab, but: str) -> None:
    """Filter by every view of the Explore page but one: drag across most of a plot, choose all bars but the last."""
    for view in tab.views():
        if view == but:
            continue
        if tab.driver.find_elements("css selector", f"[data-view='{view}'] .bar-row"):
            for place in range(1, max(2, len(tab.counts(view)))):
                tab.click_bar(view, place, _CTRL)
        else:
            tab.drag(view, (0.2, 0.15), (0.9, 0.85))
        tab.rest(_LONG)


def measure_usual(tab: Tab, address: str, view: str, found: Found) -> None:
    """Load the usual page, and select on a histogram without and with selections in every other view."""
    _load(tab, usual(address), view, "pointerup", found, "usual page")
    clear(tab, view)
    others = {*tab.views()} - {view}
    for filters in ("no filters", "filters on every view"):
        for other in others if filters != "no filters" else ():
            select(tab, other)
        for _ in range(_GESTURES):
            found[f"usual page, mouse-up, {filters}"] += select(tab, view).latencies("pointerup", others)
            clear(tab, view)


def select(tab: Tab, view: str) -> Seen:
    """Drag across most of a figure."""
    tab.take()
    tab.drag(view, (0.2, 0.25), (0.85, 0.75))
    tab.rest(_LONG)
    return tab.take()


def clear(tab: Tab, view: str) -> None:
    """Double-click a figure, which ends its selection."""
    outline = f"[data-view='{view}'] .selectionlayer path"

    def is_cleared() -> bool:
        for _ in range(2):
            tab.click(f"[data-view='{view}'] .nsewdrag")
        tab.rest(_LONG)
        return not tab.driver.find_elements("css selector", outline)

    wait_until(is_cleared, what=f"the selection of {view} to end")


def measure_empty(tab: Tab, address: str, found: Found) -> None:
    """Click the button of the callback that does nothing."""
    tab.open(empty(address))
    tab.rest(_LONG)
    for place in range(_CLICKS + 1):
        tab.take()
        tab.click("#ask")
        tab.rest(_SHORT)
        if place:  # the first one finds nothing warm
            found["empty callback, mouse-up"] += tab.take().latencies("pointerup", {"answer"})
