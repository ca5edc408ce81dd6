"""How soon the Explore page follows a hand, against what Dash does instead, in one run. `make bench-dashboard`; see RESULTS.md.

Server and browser are processes of their own, as for a user. All numbers of customers, the Explore page and its rivals are measured
in turn, in rounds, so that what else the machine does meets all alike; the results are saved after every round.
"""

import argparse
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks import gestures
from tests.benchmarks.chromium import Tab, browser, ending_in_order, served
from tests.benchmarks.dashboard_report import report
from tests.benchmarks.gestures import HISTOGRAMS, Found
from tests.benchmarks.results import OTHERS, RESULTS, dated, save
from tests.benchmarks.workshop import Workshop
from warehouse.connection import Warehouse

SIZES = (200, 100_000, 1_000_000, 10_000_000)
"""The numbers of customers that the targets name."""


@dataclass
class Bench:
    """A warehouse, its pages, and what was measured of them."""

    ours: str
    """Address of the Explore page."""
    usual: str
    """Address of the usual page."""
    found: Found = field(default_factory=lambda: defaultdict(list))


@contextmanager
def benches(warehouses: Mapping[int, Path]) -> Iterator[dict[int, Bench]]:
    """Serve the Explore page and the usual page of warehouses, which are given by their numbers of customers."""
    with ExitStack() as servers:
        yield {
            customers: Bench(
                servers.enter_context(served("dashboard", WAREHOUSE=str(directory))),
                servers.enter_context(served("tests.benchmarks.rivals", "usual", WAREHOUSE=str(directory))),
            )
            for customers, directory in sorted(warehouses.items())
        }


def measure(warehouses: Mapping[int, Path], rounds: int) -> Iterator[str]:
    """Measure in rounds; yields what there is after each, as a text."""
    with browser() as tab, served("tests.benchmarks.rivals", "empty") as empty, benches(warehouses) as all_benches:
        capabilities = tab.driver.capabilities
        about = f"Chromium {capabilities['browserVersion']}, dash {version('dash')}, plotly {version('plotly')}"
        for number in range(rounds):
            for bench in list(all_benches.values())[:: 1 if number % 2 == 0 else -1]:  # none always comes after the largest
                measure_once(tab, bench, empty, HISTOGRAMS[number % len(HISTOGRAMS)])
            found = {customers: bench.found for customers, bench in all_benches.items()}
            yield dated(f"{about}; rounds: {number + 1}", *report(found))


def measure_once(tab: Tab, bench: Bench, empty: str, view: str) -> None:
    """A round of a warehouse, in which the brush is dragged on one histogram."""
    gestures.measure_ours(tab, bench.ours, view, bench.found)
    gestures.measure_empty(tab, empty, bench.found)
    gestures.measure_usual(tab, bench.usual, view, bench.found)


def by_customers(directories: Sequence[Path]) -> dict[int, Path]:
    """Warehouse directories by their numbers of customers."""
    return {Warehouse(path).snapshot().value("select count(*) from marts.customers"): path for path in directories}


def main() -> None:
    """Measure what was asked for, print it and save it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.dashboard", description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", help=f"how many (default {SIZES}); their warehouses are made")
    parser.add_argument("--warehouse", type=Path, action="append", help="measure this directory instead; may be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (default %(default)s)")
    parser.add_argument("--memory-limit", default="3GB", help="for DuckDB in a refresh (default %(default)s)")
    parser.add_argument("--results", type=Path, help=f"the page to save to (default {OTHERS} for other sizes, else {RESULTS})")
    parser.add_argument("--folder", type=Path, help="where files are made and removed again (default: a temporary one)")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mall-bench-", dir=given.folder))
    try:
        with ending_in_order():
            workshop = Workshop(folder, given.memory_limit, 0)
            warehouses = by_customers(given.warehouse or []) or {n: workshop.published(n) for n in given.customers or SIZES}
            results = given.results or (RESULTS if sorted(warehouses) == sorted(SIZES) else OTHERS)
            results.parent.mkdir(parents=True, exist_ok=True)
            for text in measure(warehouses, given.rounds):
                save("dashboard", text, results)
                print(text.splitlines()[2], flush=True)
            print(f"{text}\n\nSaved in {results}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
