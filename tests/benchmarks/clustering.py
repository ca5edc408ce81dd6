"""How clustering and whole refreshes do against what people use instead, in one run. `make bench`; see RESULTS.md.

Every part is measured at the sizes its targets name, unless other numbers of customers are given, and saved as soon as it is done.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.benchmarks import kmeans, refreshes, ward
from tests.benchmarks.results import OTHERS, RESULTS, dated, save
from tests.benchmarks.workshop import Workshop

_Bench = Callable[[Workshop, Sequence[int]], Iterator[str]]

PARTS: dict[str, tuple[_Bench, Sequence[int]]] = {
    "kmeans": (kmeans.bench_three, (1_000_000, 10_000_000)),
    "kmeans12": (kmeans.bench_twelve, (1_000_000,)),
    "ward": (ward.bench_cuts, (20_000,)),
    "ward-growth": (ward.bench_growth, (100_000, 1_000_000, 10_000_000)),
    "refresh": (refreshes.bench, (1_000_000, 10_000_000)),
    "growth": (refreshes.bench_growth, (10_000, 100_000, 1_000_000, 10_000_000)),
}
"""By name what measures a part, yielding text, and the numbers of customers it is meant for."""


def bench(name: str, workshop: Workshop, sizes: Sequence[int] = ()) -> None:
    """Measure a part, and save what there is of it after each of its steps."""
    measure, meant = PARTS[name]
    found: list[str] = []
    for text in measure(workshop, sizes or meant):
        print(text, flush=True)
        found.append(text)
        save(name, dated(*found), workshop.results)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.clustering", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"which (default: all of {', '.join(PARTS)})")
    parser.add_argument("--customers", type=int, nargs="+", default=[], help="how many, in place of those of the targets")
    parser.add_argument("--memory-limit", default="3GB", help="for DuckDB (default %(default)s)")
    parser.add_argument("--limit", type=float, default=900, help="seconds after which a method is stopped (default %(default)s)")
    parser.add_argument("--results", type=Path, help=f"the page to save to (default {OTHERS} for other numbers, else {RESULTS})")
    parser.add_argument("--folder", type=Path, help="where files are made and removed again (default: a temporary one)")
    given = parser.parse_args()
    for name in given.parts:
        if name not in PARTS:
            parser.error(f"there is no part {name}; there are {', '.join(PARTS)}")
    folder = Path(tempfile.mkdtemp(prefix="mall-bench-", dir=given.folder))
    try:
        results = given.results or (OTHERS if given.customers else RESULTS)
        results.parent.mkdir(parents=True, exist_ok=True)
        workshop = Workshop(folder, given.memory_limit, given.limit, results)
        for name in given.parts or PARTS:
            bench(name, workshop, given.customers)
        print(f"Saved in {results}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
