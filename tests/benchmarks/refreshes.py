"""The parts refresh and growth: whole refreshes against plain loads and a plain script, and how each step grows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from analytics.stability import adjusted_rand
from tests.benchmarks.measure import Measure, StoppedError, measured
from tests.benchmarks.picture import MOST_GIGABYTES, draw
from tests.benchmarks.results import in_gigabytes, in_seconds, in_times, met, table
from tests.benchmarks.workshop import Customers, Refreshed, Workshop, size_of
from warehouse.connection import literal

_TYPED = "import duckdb, sys; duckdb.connect(sys.argv[2]).execute(f\"create table customers as from read_csv('{sys.argv[1]}')\")"
_TEXT = _TYPED.replace("')\"", "', all_varchar = true)\"")
_HEAD = ("what", "seconds", "beside", "ratio", "peak memory", "disk", "adjusted Rand", "target", "met")
_MOST_TIMES_TYPED = 15
_MOST_TIMES_TEXT = 3
_FASTER = 10
_NO_TIME = 0.05
"""Seconds: a step that takes less at every size is not shown."""


@dataclass(frozen=True)
class Plain:
    """What something simpler took."""

    measure: Measure
    disk_gigabytes: float


def bench(workshop: Workshop, sizes: Sequence[int]) -> Iterator[str]:
    """A refresh of the largest number of customers against plain loads of their file, of the smallest against a plain script."""
    yield _against_loads(workshop, max(sizes))
    yield _against_script(workshop, min(sizes))


def _against_loads(workshop: Workshop, count: int) -> str:
    customers = workshop.customers(count)
    typed, text = plain_load(workshop, customers, _TYPED), plain_load(workshop, customers, _TEXT)
    whole = workshop.refreshed(count)
    ratio = whole.measure.seconds / typed.measure.seconds
    load = whole.steps["load"] / text.measure.seconds
    is_small = whole.measure.peak_gigabytes <= MOST_GIGABYTES
    target = f"≤ {_MOST_TIMES_TYPED} ×, ≤ {MOST_GIGABYTES} GB"
    rows = [
        _row("plain typed load", typed.measure, typed.disk_gigabytes),
        _row("plain load as text", text.measure, text.disk_gigabytes),
        [
            *("refresh", in_seconds(whole.measure.seconds), "typed load", in_times(ratio)),
            *(*_cost(whole), target, met(ratio <= _MOST_TIMES_TYPED and is_small)),
        ],
        [
            *("refresh of the same file again", in_seconds(whole.again.seconds), "refresh"),
            *(in_times(whole.again.seconds / whole.measure.seconds), in_gigabytes(whole.again.peak_gigabytes), "", "", "", ""),
        ],
        [
            *("of it loading", in_seconds(whole.steps["load"]), "load as text", in_times(load)),
            *("", "", "", f"≤ {_MOST_TIMES_TEXT} ×", met(load <= _MOST_TIMES_TEXT)),
        ],
    ]
    return f"{count:,} customers, {workshop.memory_limit} for DuckDB:\n\n{table(_HEAD, rows)}"


def _against_script(workshop: Workshop, count: int) -> str:
    customers, whole = workshop.customers(count), workshop.refreshed(count)
    output = workshop.folder / "labels.csv"
    target = f"≥ {_FASTER} × as fast"
    taken = in_seconds(whole.measure.seconds)
    try:
        script = measured("-m", "tests.benchmarks.by_hand", customers.path, output, seconds=workshop.most_seconds)
    except StoppedError as error:
        least = workshop.most_seconds / whole.measure.seconds
        rows = [["plain script", str(error), *[""] * 7]]
        ratio, is_met = f"more than {in_times(least)} as fast", met(least >= _FASTER)
    else:
        rows = [_row("plain script", script, size_of(output), f"{_rand(output, customers.truth):.4f}")]
        faster = script.seconds / whole.measure.seconds
        ratio, is_met = f"{in_times(faster)} as fast", met(faster >= _FASTER)
    rows.append(["refresh", taken, "plain script", ratio, *_cost(whole), target, is_met])
    return f"{count:,} customers, against a script with pandas and scikit-learn:\n\n{table(_HEAD, rows)}"


def _row(title: str, measure: Measure, disk: float, rand: str = "") -> list[str]:
    return [title, in_seconds(measure.seconds), "", "", in_gigabytes(measure.peak_gigabytes), in_gigabytes(disk), rand, "", ""]


def _cost(whole: Refreshed) -> list[str]:
    return [in_gigabytes(whole.measure.peak_gigabytes), in_gigabytes(whole.disk_gigabytes), f"{whole.rand:.4f}"]


def plain_load(workshop: Workshop, customers: Customers, load: str) -> Plain:
    """What a plain load of their file into a database takes."""
    path = workshop.folder / "plain.duckdb"
    measure = measured("-c", load, customers.path, path)
    disk = size_of(path)
    path.unlink()
    return Plain(measure, disk)


def _rand(labels: Path, truth: Path) -> float:
    """Adjusted Rand index of what the script found of `spending` against the truth."""
    rows = duckdb.execute(
        f"""
        select dense_rank() over (order by planted_group) - 1, spending, count(*)
        from read_csv({literal(labels)}) inner join read_csv({literal(truth)}) using (customer_id)
        group by planted_group, spending
        """
    ).fetchall()
    planted, found, counts = np.array(rows, dtype=np.int64).T
    return adjusted_rand(planted, found, counts.astype(np.float64))


def bench_growth(workshop: Workshop, sizes: Sequence[int]) -> Iterator[str]:
    """Each step of a refresh at growing numbers of customers: a table, and a picture beside it."""
    found = {count: workshop.refreshed(count) for count in sorted(sizes)}
    names = list(next(iter(found.values())).steps)
    shown = [name for name in names if any(each.steps[name] > _NO_TIME for each in found.values())]
    rows = [
        [
            *(f"{count:,}", *(f"{each.steps[name]:.1f} s" for name in shown)),
            *(in_gigabytes(each.measure.peak_gigabytes), in_gigabytes(each.disk_gigabytes), f"{each.rand:.4f}"),
        ]
        for count, each in found.items()
    ]
    picture = workshop.results.with_name("growth.png")
    draw(picture, found, shown)
    yield table(["customers", *shown, "peak memory", "disk", "adjusted Rand"], rows)
    yield f"![Seconds of each step and peak memory, by the number of customers]({picture.name})"
