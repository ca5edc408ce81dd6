"""The tables of the benchmark of the dashboard: what was measured, and how far the targets are reached."""

from collections.abc import Iterator, Mapping

import numpy as np

from tests.benchmarks.gestures import Found
from tests.benchmarks.results import in_milliseconds, in_times, met, table

_MOST_TIMES_EMPTY = 2
_MOST_OF_USUAL = 1 / 5
_MOST_TIMES_SMALLEST = 1.5
_MOST_MEGABYTES = 1.5
_MOVE = "ours, move, filters on every view"
_EMPTY = "empty callback, mouse-up"
_USUAL = "usual page, mouse-up, filters on every view"
_LOAD = "ours, load, first drag painted"
_BYTES = "ours, bytes"


def report(found: Mapping[int, Found]) -> list[str]:
    """What was measured, by number of customers: the targets in one table, all times in another."""
    smallest = min(found)
    targets = [row for customers, each in found.items() for row in _targets(customers, each, found[smallest], smallest)]
    times = [
        [f"{customers:,}", what, *map(in_milliseconds, np.percentile(each[what], (50, 95))), f"{len(each[what])}"]
        for customers, each in found.items()
        for what in each
        if what != _BYTES
    ]
    return [
        table(["customers", "what", "measured", "beside", "ratio", "target", "met"], targets),
        table(["customers", "what", "p50", "p95", "measured"], times),
    ]


def _targets(customers: int, each: Found, first: Found, smallest: int) -> Iterator[list[str]]:
    """A row for each target."""
    move, empty, usual = (float(np.percentile(each[what], 95)) for what in (_MOVE, _EMPTY, _USUAL))
    load, first_load = float(np.median(each[_LOAD])), float(np.median(first[_LOAD]))
    megabytes = each[_BYTES][0] / 1e6
    dragging = "p95 while dragging, filters on every view"
    for beside, value, most, said in (
        ("p95 of the empty callback", empty, _MOST_TIMES_EMPTY, f"≤ {_MOST_TIMES_EMPTY} ×"),
        ("p95 of the usual page", usual, _MOST_OF_USUAL, f"≤ {_MOST_OF_USUAL:.2f} ×"),
    ):
        times = f"{beside}, {in_milliseconds(value)}"
        yield [f"{customers:,}", dragging, in_milliseconds(move), times, in_times(move / value), said, met(move / value <= most)]
    ratio = load / first_load
    yield [
        *(f"{customers:,}", "first load, median until a first drag is painted", in_milliseconds(load)),
        *((f"{smallest:,} customers", in_times(ratio)) if customers != smallest else ("", "")),
        *((f"≤ {_MOST_TIMES_SMALLEST} ×", met(ratio <= _MOST_TIMES_SMALLEST)) if customers != smallest else ("", "")),
    ]
    target = f"≤ {_MOST_MEGABYTES} MB"
    yield [
        f"{customers:,}",
        "bytes of one load, compressed",
        f"{megabytes:.2f} MB",
        "",
        "",
        target,
        met(megabytes <= _MOST_MEGABYTES),
    ]
