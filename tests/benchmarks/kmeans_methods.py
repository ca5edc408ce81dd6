"""K-Means from a warehouse by one method, in a process of its own: `python -m tests.benchmarks.kmeans_methods --help`.

The clock runs from the connection on: the libraries are imported before, and what a partition is worth is computed elsewhere.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

import duckdb
import numpy as np

from analytics.draw import number_of
from warehouse.builder import add_scratch

STARTS = 10
SEED = 7
_MOST_POINTS = 2**31 - 1
"""More customers a centroid than there are: faiss takes them all."""


def fetch(warehouse: Path, memory_limit: str, names: Sequence[str], kind: str = "double") -> Any:
    """(n, d): the scaled features of all customers."""
    with duckdb.connect(str(warehouse), read_only=True, config={"memory_limit": memory_limit}) as connection:
        columns = ", ".join(f"cast({name} as {kind}) as {name}" for name in names)
        read = connection.execute(f"select {columns} from features.customer_features_scaled").fetchnumpy()
    return np.column_stack([read.pop(name) for name in names])


def _ours(warehouse: Path, memory_limit: str, names: Sequence[str], k: int) -> Any:
    """What analytics.run does for one number of segments, without the customers that only the evidence asks for."""
    from analytics.assign import polish
    from analytics.cells import make_cells
    from analytics.coreset import draw_coreset
    from analytics.kmeans import fit_kmeans
    from analytics.points import Points
    from analytics.reader import MOST_CELLS
    from warehouse.builder import builder

    with builder(warehouse, memory_limit) as connection, scaled_customers(connection, warehouse, names):
        connection.execute("create temporary table sampled (customer_id varchar, place bigint)")
        fine_cells = ""
        nobody, no_points = np.zeros((0, len(names))), np.zeros(0, dtype=np.int64)
        if make_cells(connection, names, MOST_CELLS):
            fine_cells = "fine_cells"
            cells = connection.execute(f"select _weight, {', '.join(names)} from cells order by point_id").fetchnumpy()
            means = np.column_stack([cells[name] for name in names])
            points = Points(means, np.asarray(cells["_weight"], dtype=np.float64), 0.0, nobody, no_points)
        else:
            coreset = draw_coreset(connection, names, MOST_CELLS)
            points = Points(coreset.values, coreset.weights, 0.0, nobody, no_points, is_sample=True)
        labels = fit_kmeans(points, k, SEED)
        partition = polish(connection, names, points, labels, fine_cells)
        return points.centroids(labels) if partition is None else partition.centroids


@contextmanager
def scaled_customers(connection: duckdb.DuckDBPyConnection, warehouse: Path, names: Sequence[str]) -> Iterator[None]:
    """A scratch database with the customers where analytics looks for them: as a view, as nothing is written back."""
    scratch = warehouse.with_suffix(".scratch")
    add_scratch(connection, str(scratch))
    connection.execute(
        f"create view scratch.scaled_customers as select customer_id, {', '.join(names)}, {number_of('customer_id')} as _draw "
        "from warehouse.features.customer_features_scaled"
    )
    try:
        yield
    finally:
        connection.execute("detach scratch")
        scratch.unlink()


def _scikit_learn(warehouse: Path, memory_limit: str, names: Sequence[str], k: int) -> Any:
    from sklearn.cluster import KMeans

    values = fetch(warehouse, memory_limit, names)
    return KMeans(n_clusters=k, n_init=STARTS, random_state=SEED).fit(values).cluster_centers_


def _minibatch(warehouse: Path, memory_limit: str, names: Sequence[str], k: int) -> Any:
    from sklearn.cluster import MiniBatchKMeans

    values = fetch(warehouse, memory_limit, names)
    return MiniBatchKMeans(n_clusters=k, n_init=STARTS, random_state=SEED).fit(values).cluster_centers_


def _faiss(warehouse: Path, memory_limit: str, names: Sequence[str], k: int, **options: int) -> Any:
    import faiss

    values = fetch(warehouse, memory_limit, names, "float")
    model = faiss.Kmeans(len(names), k, nredo=STARTS, seed=SEED, **options)
    model.train(values)
    return model.centroids


def _faiss_all(warehouse: Path, memory_limit: str, names: Sequence[str], k: int) -> Any:
    return _faiss(warehouse, memory_limit, names, k, max_points_per_centroid=_MOST_POINTS)


@dataclass(frozen=True)
class Method:
    """One way to K-Means."""

    title: str
    module: str
    """What it needs to be installed."""
    fit: Callable[[Path, str, Sequence[str], int], Any]
    """The centroids (k, d), by the warehouse, DuckDB's limit of memory, the features and k."""


METHODS = {
    "ours": Method("ours", "analytics.run", _ours),
    "scikit-learn": Method(f"scikit-learn KMeans(n_init={STARTS})", "sklearn.cluster", _scikit_learn),
    "minibatch": Method(f"scikit-learn MiniBatchKMeans(n_init={STARTS})", "sklearn.cluster", _minibatch),
    "faiss": Method(f"faiss.Kmeans(nredo={STARTS}) on all customers", "faiss", _faiss_all),
    "faiss-sample": Method(f"faiss.Kmeans(nredo={STARTS}), which takes 256 customers a centroid", "faiss", _faiss),
}


def main() -> None:
    """Fit, write the centroids, and say how long it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.kmeans_methods", description=__doc__)
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("output", type=Path, help="the centroids, as .npy")
    parser.add_argument("features", nargs="+")
    parser.add_argument("--memory-limit", default="3GB")
    parser.add_argument("--k", type=int, default=5)
    given = parser.parse_args()
    method = METHODS[given.method]
    import_module(method.module)
    started = monotonic()
    centroids = method.fit(given.warehouse, given.memory_limit, given.features, given.k)
    seconds = monotonic() - started
    np.save(given.output, np.asarray(centroids, dtype=np.float64))
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
