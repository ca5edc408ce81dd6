"""The parts kmeans and kmeans12: K-Means with k = 5 from a warehouse, against what is installed beside it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from analytics.points import Floats, Labels
from analytics.stability import adjusted_rand
from tests.benchmarks.kmeans_methods import METHODS
from tests.benchmarks.measure import StoppedError, measured
from tests.benchmarks.results import in_gigabytes, in_seconds, in_times, met, table
from tests.benchmarks.workshop import THREE, TWELVE, Customers, Workshop, read_customers

K = 5
_AT_ONCE = 500_000
_HEAD = ("method", "seconds", "times ours", "peak memory", "inertia", "above the best", "adjusted Rand", "target", "met")


@dataclass(frozen=True)
class Fit:
    """What a method took, and what its centroids are worth to all customers."""

    seconds: float
    peak_gigabytes: float
    inertia: float
    """Sum over all customers of the squared distance to the nearest centroid, scaled units."""
    rand: float
    """Adjusted Rand index of the nearest centroids of all customers against the groups that were planted."""


@dataclass(frozen=True)
class Target:
    """What the work is to reach."""

    faster: float
    """Times faster than scikit-learn."""
    excess: float
    """Inertia above the best that any method found, as a part of it."""


def bench_three(workshop: Workshop, sizes: Sequence[int]) -> Iterator[str]:
    """Three features: a table for each number of customers."""
    for count in sizes:
        target = Target(20 if count >= 10_000_000 else 10, 0.001)
        yield _bench(workshop, workshop.customers(count), THREE, target, f"{count:,} customers, 3 features")


def bench_twelve(workshop: Workshop, sizes: Sequence[int]) -> Iterator[str]:
    """Twelve features: a table for each number of customers."""
    for count in sizes:
        yield _bench(workshop, workshop.wide_customers(count), TWELVE, Target(3, 0.01), f"{count:,} customers, 12 features")


def _bench(workshop: Workshop, customers: Customers, names: tuple[str, ...], target: Target, title: str) -> str:
    warehouse = workshop.warehouse(customers)
    fits = fit_all(workshop, warehouse, names, customers.truth)
    return f"{title}:\n\n{table(_HEAD, rows(fits, target, workshop.most_seconds))}"


def fit_all(workshop: Workshop, warehouse: Path, names: tuple[str, ...], truth: Path) -> dict[str, Fit | str]:
    """What each method did; in words where it did not."""
    found: dict[str, Fit | str] = {}
    values, planted = read_customers(warehouse, names, truth)
    for name, method in METHODS.items():
        if find_spec(method.module.partition(".")[0]) is None:
            found[name] = "not installed"
            continue
        output = workshop.folder / "centroids.npy"
        given: list[str | Path] = [name, warehouse, output, *names, "--k", str(K), "--memory-limit", workshop.memory_limit]
        try:
            measure = measured("-m", "tests.benchmarks.kmeans_methods", *given, seconds=workshop.most_seconds)
        except StoppedError as error:
            found[name] = str(error)
            continue
        inertia, labels = assigned(values, np.load(output))
        rand = adjusted_rand(planted, labels, np.ones(len(labels)))
        found[name] = fit = Fit(measure.answer["seconds"], measure.peak_gigabytes, inertia, rand)
        print(f"{method.title}: {in_seconds(fit.seconds)}", flush=True)
    return found


def assigned(values: Floats, centroids: Floats) -> tuple[float, Labels]:
    """The inertia of customers (n, d) around the nearest of the centroids (k, d), and which that is (n,)."""
    inertia, labels = 0.0, []
    for start in range(0, len(values), _AT_ONCE):
        some = values[start : start + _AT_ONCE]
        squares = np.stack([np.einsum("nd,nd->n", offsets, offsets) for offsets in (some - centroid for centroid in centroids)])
        inertia += float(squares.min(axis=0).sum())
        labels.append(squares.argmin(axis=0))
    return inertia, np.concatenate(labels)


def rows(fits: dict[str, Fit | str], target: Target, most_seconds: float) -> list[list[str]]:
    """The rows of the table: what every method did, and whether the target is met."""
    best = min(fit.inertia for fit in fits.values() if isinstance(fit, Fit))
    ours = fits["ours"]
    seconds = ours.seconds if isinstance(ours, Fit) else math.nan
    found = []
    for name, fit in fits.items():
        ratio = (fit.seconds if isinstance(fit, Fit) else most_seconds) / seconds
        held = ["", ""]
        if name == "scikit-learn":
            held = [f"≥ {target.faster:g} ×", met(ratio >= target.faster)]
        if name == "ours" and isinstance(fit, Fit):
            held = [f"inertia ≤ {target.excess:.1%} above the best", met(fit.inertia / best - 1 <= target.excess)]
        found.append([METHODS[name].title, *_cells(fit, ratio, best), *held])
    return found


def _cells(fit: Fit | str, ratio: float, best: float) -> list[str]:
    if isinstance(fit, str):
        is_told = fit.startswith("stopped") and ratio > 1
        return [fit, f"more than {in_times(ratio)}" if is_told else "", "", "", "", ""]
    return [
        *(in_seconds(fit.seconds), in_times(ratio), in_gigabytes(fit.peak_gigabytes)),
        *(f"{fit.inertia:,.1f}", f"{fit.inertia / best - 1:.4%}", f"{fit.rand:.4f}"),
    ]
