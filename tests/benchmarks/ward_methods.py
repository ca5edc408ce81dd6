"""Ward's clustering by one method, in a process of its own: `python -m tests.benchmarks.ward_methods --help`.

The clock runs from the connection on: the libraries are imported before, and what the cuts are worth is computed elsewhere.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from tests.benchmarks.kmeans_methods import fetch, scaled_customers

CUTS = tuple(range(2, 11))


def _ours(warehouse: Path, memory_limit: str, names: Sequence[str]) -> dict[str, Any]:
    """What analytics.run does, with the seconds of its parts; the customers themselves are read after the clock has stopped."""
    from analytics.assign import label_by_point
    from analytics.hierarchical import fit_ward
    from analytics.reader import read_inputs, read_leaves
    from warehouse.builder import builder

    with builder(warehouse, memory_limit) as connection, scaled_customers(connection, warehouse, names):
        clock = [monotonic()]
        inputs = read_inputs(connection, names)
        leaves = read_leaves(connection, inputs)
        clock.append(monotonic())
        tree = fit_ward(leaves)
        cuts = [tree.cut(k) for k in CUTS]
        clock.append(monotonic())
        label_by_point(connection, cuts[-1])
        connection.execute("select label, count(*) from labelled_customers group by label").fetchall()
        clock.append(monotonic())
        found = {
            "seconds": clock[2] - clock[0],
            "scan": clock[1] - clock[0],
            "tree": clock[2] - clock[1],
            "labels": clock[3] - clock[2],
        }
        read = connection.execute(f"select point_id, {', '.join(names)} from customer_points").fetchnumpy()
    places = np.asarray(read.pop("point_id"))
    values = np.column_stack([read.pop(name) for name in names])
    return {**found, "values": values, "cuts": [labels[places] for labels in cuts]}


def _by_tree(grow: Callable[[Any], Any]) -> Callable[[Path, str, Sequence[str]], dict[str, Any]]:
    """A method whose tree has the form of scipy's."""

    def fit(warehouse: Path, memory_limit: str, names: Sequence[str]) -> dict[str, Any]:
        from scipy.cluster.hierarchy import fcluster

        started = monotonic()
        values = fetch(warehouse, memory_limit, names)
        tree = grow(values)
        cuts = [fcluster(tree, k, "maxclust") - 1 for k in CUTS]
        return {"seconds": monotonic() - started, "values": values, "cuts": cuts}

    return fit


def _scipy(values: Any) -> Any:
    from scipy.cluster.hierarchy import linkage

    return linkage(values, method="ward")


def _fastcluster(values: Any) -> Any:
    import fastcluster

    return fastcluster.linkage(values, method="ward")


def _fastcluster_vector(values: Any) -> Any:
    import fastcluster

    return fastcluster.linkage_vector(values, method="ward")


def _genieclust(warehouse: Path, memory_limit: str, names: Sequence[str]) -> dict[str, Any]:
    import genieclust

    started = monotonic()
    values = fetch(warehouse, memory_limit, names)
    model = genieclust.Genie()  # keeps what the cuts have in common
    cuts = [model.set_params(n_clusters=k).fit_predict(values) for k in CUTS]
    return {"seconds": monotonic() - started, "values": values, "cuts": cuts}


@dataclass(frozen=True)
class Method:
    """One way to a hierarchy."""

    title: str
    module: str
    """What it needs to be installed."""
    fit: Callable[[Path, str, Sequence[str]], dict[str, Any]]
    """Seconds, customers (n, d) and their labels for each of CUTS, by the warehouse, DuckDB's limit of memory and the features."""
    grow: Callable[[Any], Any] | None = None
    """The tree of customers (n, d) in memory, where that is tried by itself."""
    bytes_a_pair: float = 0
    """Bytes that it needs for each pair of customers."""


METHODS = {
    "ours": Method("ours", "analytics.run", _ours),
    "scipy": Method("scipy linkage(method='ward')", "scipy.cluster.hierarchy", _by_tree(_scipy), _scipy, 16),
    "fastcluster": Method("fastcluster.linkage(method='ward')", "fastcluster", _by_tree(_fastcluster), _fastcluster, 8),
    "fastcluster-vector": Method(
        "fastcluster.linkage_vector(method='ward')", "fastcluster", _by_tree(_fastcluster_vector), _fastcluster_vector
    ),
    "genieclust": Method("genieclust.Genie, which is not Ward's", "genieclust", _genieclust),
}
"""scipy keeps the distances of all pairs twice, in doubles, and fastcluster once."""


def within(values: Any, labels: Any) -> float:
    """The sum over customers (n, d) of the squared distance to the mean of their label (n,)."""
    sizes = np.maximum(np.bincount(labels), 1)
    means = np.column_stack([np.bincount(labels, column) / sizes for column in values.T])
    offsets = values - means[labels]
    return float(np.einsum("nd,nd->", offsets, offsets))


def _tried(grow: Callable[[Any], Any], count: int) -> dict[str, Any]:
    """Grow a tree of so many random customers with three features; says whether there was memory for it."""
    values = np.random.default_rng(0).normal(size=(count, 3))
    started = monotonic()
    try:
        grow(values)
    except MemoryError as error:
        return {"failed": f"MemoryError: {error}".rstrip(": ")}
    return {"seconds": monotonic() - started}


def main() -> None:
    """Fit, and say how long it took and what the cuts are worth; or try whether so many customers go into memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ward_methods", description=__doc__)
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("--try", type=int, dest="tried", help="grow a tree of so many random customers, and nothing else")
    parser.add_argument("--warehouse", type=Path)
    parser.add_argument("--features", nargs="+")
    parser.add_argument("--memory-limit", default="3GB")
    given = parser.parse_args()
    method = METHODS[given.method]
    import_module(method.module)
    if given.tried is not None:
        assert method.grow is not None
        print(json.dumps(_tried(method.grow, given.tried)))
        return
    found = method.fit(given.warehouse, given.memory_limit, given.features)
    values = found.pop("values")
    found["within"] = [within(values, labels) for labels in found.pop("cuts")]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
