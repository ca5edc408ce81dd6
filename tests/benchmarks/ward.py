"""The parts ward and ward-growth: Ward's clustering of a warehouse against other libraries, and how it grows by itself."""

import math
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from tests.benchmarks.measure import Measure, StoppedError, machine_memory, measured
from tests.benchmarks.results import in_gigabytes, in_seconds, in_times, met, table
from tests.benchmarks.ward_methods import CUTS, METHODS
from tests.benchmarks.workshop import THREE, Workshop

_FASTER = 20
"""Times faster than scipy that Ward is to be."""
_EXCESS = 0.05
"""The part by which the within-cluster sum of squares may be above scipy's; what is below it is better."""
_GROWTH = 3
"""Times as long that the largest may take as the smallest, beyond the scan."""
_SMALL_MEMORY = 4 * 10**9
_OVER = 1.1
"""How many more customers than those that should just fit are tried."""
_QUICK = 10_000
"""Customers from whose time that of more is reckoned where it grows with the square."""


def bench_cuts(workshop: Workshop, sizes: Sequence[int]) -> Iterator[str]:
    """Every method at each number of customers: time and memory, then the sums of squares of the cuts."""
    for count in sizes:
        found = {name: _measured(workshop, name, count) for name in METHODS}
        yield f"{count:,} customers, 3 features, cut at k = {CUTS[0]} … {CUTS[-1]}:\n\n{_costs(found)}\n\n{_worth(found)}"


def _measured(workshop: Workshop, name: str, count: int) -> Measure | str:
    """What a method took; in words where it did not run."""
    if find_spec(METHODS[name].module.partition(".")[0]) is None:
        return "not installed"
    given: list[str | Path] = [
        name,
        "--warehouse",
        workshop.warehouse(workshop.customers(count)),
        "--memory-limit",
        workshop.memory_limit,
    ]
    try:
        return measured("-m", "tests.benchmarks.ward_methods", *given, "--features", *THREE, seconds=workshop.most_seconds)
    except StoppedError as error:
        return str(error)
    except RuntimeError as error:
        return f"failed: {str(error).splitlines()[-1]}"


def _costs(found: dict[str, Measure | str]) -> str:
    ours = found["ours"]
    assert isinstance(ours, Measure), ours
    rows = []
    for name, measure in found.items():
        title = METHODS[name].title
        if isinstance(measure, str):
            rows.append([title, measure, "", "", "", ""])
            continue
        ratio = measure.answer["seconds"] / ours.answer["seconds"]
        held = [f"≥ {_FASTER} ×", met(ratio >= _FASTER)] if name == "scipy" else ["", ""]
        taken = [in_seconds(measure.answer["seconds"]), in_times(ratio), in_gigabytes(measure.peak_gigabytes)]
        rows.append([title, *taken, *held])
    return table(["method", "seconds", "times ours", "peak memory", "target", "met"], rows)


def _worth(found: dict[str, Measure | str]) -> str:
    """The sums of squares beside scipy's."""
    scipy = found["scipy"]
    if isinstance(scipy, str):
        return f"There is nothing to hold the cuts against: scipy {scipy}."
    head = ["within-cluster sum of squares beside scipy's", *(f"k = {k}" for k in CUTS), "least", "most", "target", "met"]
    rows = []
    for name, measure in found.items():
        if isinstance(measure, Measure) and name != "scipy":
            beside = [own / other - 1 for own, other in zip(measure.answer["within"], scipy.answer["within"], strict=True)]
            held = [f"at most {_EXCESS:.0%} above at every k", met(max(beside) <= _EXCESS)] if name == "ours" else ["", ""]
            rows.append([METHODS[name].title, *(f"{part:+.1%}" for part in [*beside, min(beside), max(beside)]), *held])
    return table(head, rows)


def bench_growth(workshop: Workshop, sizes: Sequence[int]) -> Iterator[str]:
    """Ours at growing numbers of customers, then where the others end."""
    first: float | None = None
    rows = []
    for count in sizes:
        measure = _measured(workshop, "ours", count)
        assert isinstance(measure, Measure), measure
        answer = measure.answer
        beyond = answer["tree"] + answer["labels"]
        first = first or beyond
        is_last = count == sizes[-1]
        rows.append(
            [
                *(f"{count:,}", in_seconds(answer["scan"]), in_seconds(answer["tree"]), in_seconds(answer["labels"])),
                *(in_times(beyond / first), in_gigabytes(measure.peak_gigabytes)),
                *([f"< {_GROWTH} ×", met(beyond / first < _GROWTH)] if is_last else ["", ""]),
            ]
        )
    head = ["customers", "scan", "tree and cuts", "labels of all customers", "tree and labels, beside the first"]
    yield "Ours:\n\n" + table([*head, "peak memory", "target", "met"], rows)
    yield _ends(workshop, sizes)


def most_customers(memory: float, bytes_a_pair: float) -> int:
    """The most customers of whose n (n - 1) / 2 pairs so many bytes each go into this memory."""
    return math.floor((1 + math.sqrt(1 + 8 * memory / bytes_a_pair)) / 2)


def _ends(workshop: Workshop, sizes: Sequence[int]) -> str:
    """Where the other methods end, tried with little memory."""
    rows = []
    for name, method in METHODS.items():
        if find_spec(method.module.partition(".")[0]) is None:
            rows.append([method.title, "not installed", "", ""])
        elif method.bytes_a_pair:
            here = most_customers(machine_memory(), method.bytes_a_pair)
            tried = round(_OVER * most_customers(_SMALL_MEMORY, method.bytes_a_pair))
            size = f"{method.bytes_a_pair:g} bytes a pair of customers"
            rows.append([method.title, size, f"{here:,} customers", f"{tried:,} customers: {_tried(name, tried, _SMALL_MEMORY)}"])
        elif method.grow is not None:
            taken = measured("-m", "tests.benchmarks.ward_methods", name, "--try", str(_QUICK)).answer["seconds"]
            reckoned = in_seconds(taken * (max(sizes) / _QUICK) ** 2)
            told = f"time grows with the square: {max(sizes):,} customers would take {reckoned}"
            rows.append([method.title, "memory grows with the customers", told, ""])
        elif name == "genieclust":
            measure = _measured(workshop, name, max(sizes))
            told = (
                measure
                if isinstance(measure, str)
                else f"{in_seconds(measure.answer['seconds'])}, {in_gigabytes(measure.peak_gigabytes)}"
            )
            rows.append([method.title, "memory grows with the customers", f"does not end: {max(sizes):,} customers: {told}", ""])
    memory = in_gigabytes(machine_memory() / 1e9)
    return "The others:\n\n" + table(["method", "needs", f"ends on this machine ({memory}) beyond", "tried within 4 GB"], rows)


def _tried(name: str, count: int, memory: int) -> str:
    """What a method says of so many customers within this memory."""
    try:
        answer = measured("-m", "tests.benchmarks.ward_methods", name, "--try", str(count), memory=memory).answer
    except RuntimeError as error:
        return str(error).splitlines()[-1]
    return str(answer.get("failed", "did not fail"))
