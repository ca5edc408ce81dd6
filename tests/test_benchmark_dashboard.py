"""The benchmark of the dashboard measures what it says: late paints, slow pages, a rival that counts right. No time is asserted."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.benchmarks import dashboard, gestures
from tests.benchmarks.chromium import Seen, Tab, browser, served
from tests.benchmarks.dashboard_report import report
from tests.benchmarks.gestures import Found
from tests.benchmarks.rivals import VIEWS
from tests.dashboard.browser import Answers
from warehouse.versions import CURRENT

VIEW = "age"
BOX = "annual_income_k*spending_score"
OTHERS = [view for view in VIEWS if view != VIEW]
SLOWER = 100
"""Milliseconds."""


def on_browser(test):
    """Of a benchmark that people start themselves: `make soak` runs these."""
    return pytest.mark.soak(pytest.mark.browser(test))


def _event(kind: str, at: float) -> dict[str, object]:
    return {"kind": kind, "at": at, "handled": at + 1}


def _paint(name: str, at: float) -> dict[str, object]:
    return {"name": name, "at": at}


def test_an_event_lasts_until_the_last_view_is_painted():
    """Of what is painted before the next event the last paint counts; other names do not."""
    events = [_event("pointermove", 100), _event("pointermove", 200), _event("pointerup", 300)]
    paints = [_paint("age", 120), _paint("gender", 150), _paint("table", 190), _paint("age", 230), _paint("table", 400)]
    seen = Seen(events, paints)
    assert seen.latencies("pointermove", {"age", "gender"}) == [50, 30]
    assert seen.latencies("pointerup", {"table"}) == [100]
    assert seen.first("pointermove", {"age", "gender"}) == 150


def test_a_page_that_falls_behind_is_not_fast():
    """An event that comes before the one before it is painted does not end its time."""
    seen = Seen([_event("pointermove", 100), _event("pointermove", 110)], [_paint("age", 160)])
    assert seen.latencies("pointermove", {"age"}) == [60, 50]


def test_a_page_that_does_nothing_is_not_measured():
    """Neither where most events change nothing, nor where something failed."""
    events = [_event("pointermove", at) for at in (100, 200, 300)]
    with pytest.raises(RuntimeError, match="1 of 3 events"):
        Seen(events, [_paint("age", 130)]).latencies("pointermove", {"age"})
    with pytest.raises(RuntimeError, match="1 failures"):
        Seen(events, [_paint("age", 330)], 1).latencies("pointermove", {"age"})


@pytest.mark.parametrize("bins", [2, 20, 27, 40])
def test_every_move_is_by_a_bin(bins: int):
    """The places of a drag lie within the plot, and none is nearer to the one before than a bin is wide."""
    places = list(gestures.to_and_fro(1 / bins, 50))
    assert len(places) == 50
    assert min(places) > 0.25
    assert max(places) <= 0.9
    if bins > 2:
        assert {round(abs(one - other) * bins, 6) for one, other in pairwise([0.25, *places])} == {1}


def _found(move: float, load: float, megabytes: float) -> Found:
    times = {"ours, move": move, "empty callback, mouse-up": 20, "usual page, mouse-up": 200}
    found = {what if "empty" in what else f"{what}, filters on every view": [value] * 3 for what, value in times.items()}
    return defaultdict(list, found | {"ours, load, first drag painted": [load] * 3, "ours, bytes": [megabytes * 1e6]})


@pytest.mark.parametrize(
    ("move", "load", "megabytes", "met"),
    [(30, 1400, 1.5, ["yes"] * 4), (40.2, 1510, 1.51, ["**no**"] * 4), (40, 900, 1, ["yes"] * 4)],
)
def test_targets_are_judged(move: float, load: float, megabytes: float, met: list[str]):
    """Twice an empty callback, a fifth of the usual page, 1.5 times the smallest load, 1.5 MB: each is reached or is not."""
    targets, times = report({200: _found(10, 1000, 1), 10_000_000: _found(move, load, megabytes)})
    rows = [row.strip("| ").split(" | ") for row in targets.splitlines() if row.startswith("| 10,000,000")]
    assert [row[-1] for row in rows] == met
    assert "| 200 | ours, move, filters on every view | 10.0 ms | 10.0 ms | 3 |" in times


@pytest.fixture
def tab() -> Iterator[Tab]:
    with browser() as opened:
        yield opened


@on_browser
def test_no_process_is_left():
    """Not even when something fails, and the driver has died and cannot stop its browser."""
    started: list[psutil.Process] = []

    def fail() -> None:
        with browser() as tab:
            driver = psutil.Process(tab.driver.service.process.pid)
            started.extend(driver.children(recursive=True))
            driver.kill()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert started
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in started)


@on_browser
def test_a_page_that_is_slowed_is_measured_as_slow(tab: Tab, published: Path):
    """Each frame that the page draws is made to take longer, by what the measured times then are longer."""
    slow = """
        const next = window.requestAnimationFrame.bind(window);
        window.requestAnimationFrame = (draw) => next((time) => {
          draw(time);
          for (const end = performance.now() + arguments[0]; performance.now() < end; );
        });
    """
    with served("dashboard", WAREHOUSE=str(published)) as address:
        tab.open(gestures.ours(address))
        medians = []
        for _ in range(2):
            tab.rest(500)
            medians.append(np.median(gestures.drag(tab, VIEW, 60).latencies("pointermove", set(OTHERS))))
            tab.click(f".chip[data-filter='{VIEW}']")
            tab.driver.execute_script(slow.replace("arguments[0]", str(SLOWER)))
    assert medians[0] > 0
    assert 0.7 * SLOWER < medians[1] - medians[0] < 2 * SLOWER


@on_browser
def test_the_usual_page_counts_right(tab: Tab, published: Path):
    """What the rival shows after each of several selections, one upon the other, is what SQL says."""
    answers = Answers((published / CURRENT).resolve())
    with served("tests.benchmarks.rivals", "usual", WAREHOUSE=str(published)) as address:
        tab.open(gestures.usual(address))
        assert sorted(tab.views()) == sorted(VIEWS)
        filters: dict[str, str] = {}
        for view in (VIEW, BOX, "gender", "spending_kmeans"):
            gestures.select(tab, view)
            filters[view] = _selection(tab, view)
            for other in VIEWS:
                if other != BOX:
                    assert _shown(tab, other, "y") == answers.counts(other, filters), f"{other} under {filters}"
            others = {name: value for name, value in filters.items() if name != BOX}
            assert sum(map(sum, _shown(tab, BOX, "z"))) == answers.count(others)
        gestures.clear(tab, VIEW)
        del filters[VIEW]
        assert _shown(tab, "gender", "y") == answers.counts("gender", filters)


def _plot(tab: Tab, view: str, script: str) -> list:
    return tab.driver.execute_script(
        f"const plot = document.getElementById(arguments[0]).querySelector('.js-plotly-plot'); return {script}", view
    )


def _shown(tab: Tab, view: str, values: str) -> list:
    return _plot(tab, view, f"plot.data[0].{values}")


def _selection(tab: Tab, view: str) -> str:
    """What is selected in a figure, as it would stand in an address."""
    if view in ("gender", "spending_kmeans"):
        return ",".join(map(str, _plot(tab, view, "plot.data[0].selectedpoints.map((place) => plot.data[0].x[place])")))
    x0, x1, y0, y1 = _plot(tab, view, "['x0', 'x1', 'y0', 'y1'].map((edge) => plot.layout.selections[0][edge])")
    ranges = [sorted((x0, x1)), sorted((y0, y1))]
    return ",".join("..".join(map(str, pair)) for pair in (ranges if view == BOX else ranges[:1]))


@on_browser
@pytest.mark.soak  # all pages, all gestures: half a minute
def test_a_round_measures_everything(published: Path, monkeypatch: pytest.MonkeyPatch):
    """Every figure is there and positive, and the text has a row for each target; ours has the views of its rival."""
    for name, few in (("MOVES", 4), ("_LOADS", 1), ("_GESTURES", 1), ("_CLICKS", 2)):
        monkeypatch.setattr(gestures, name, few)
    warehouses = dashboard.by_customers([published])
    with browser() as tab, served("tests.benchmarks.rivals", "empty") as empty, dashboard.benches(warehouses) as benches:
        (bench,) = benches.values()
        dashboard.measure_once(tab, bench, empty, VIEW)
        found = bench.found
        tab.open(gestures.ours(bench.ours))
        assert set(VIEWS) <= set(tab.views())
    assert len(found["ours, move, filters on every view"]) == 2 * 4
    assert all(value > 0 for values in found.values() for value in values)
    targets, times = report(dict.fromkeys(warehouses, found))
    assert targets.count("p95 while dragging") == 2
    assert times.count("\n") == len(found)


def test_sizes_of_the_targets_go_into_the_results(published: Path):
    """Warehouses are told apart by how many customers they hold."""
    (customers,) = dashboard.by_customers([published])
    assert customers not in dashboard.SIZES
