"""Literal customers and small readings of a warehouse, for the tests."""

import fcntl
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from rich.console import Console

from analytics.points import Points
from etl.accounts import LoadReport
from etl.console import Reporter
from etl.customers import load_customers
from etl.mapping import read_mapping
from etl.refresh import refresh
from warehouse.build import build
from warehouse.builder import add_scratch
from warehouse.connection import Snapshot, Warehouse
from warehouse.settings import Settings
from warehouse.versions import current

QUICK = '[spending]\nfeatures = ["annual_income_k", "spending_score"]\nk_max = 3\n'
"""A segmentation that is fitted in no time."""

HEADER = "CustomerID,Gender,Age,Annual Income (k$),Spending Score (1-100)\n"
"""The header of the Kaggle file."""

FOUR = "1,Male,19,15,39\n2,Female,21,15,81\n3,Female,20,86,6\n4,Male,23,90,77\n"
"""Four customers, the fewest that can be clustered."""

SCHEMAS = ("raw", "staging", "features", "segments", "marts")


def four() -> str:
    """The smallest file that can be published."""
    return HEADER + FOUR


def refreshed(directory: Path, customers: Path | None, segmentations: Path | None, **settings: Any) -> Snapshot:
    """Refresh quietly and open what was published."""
    refresh(
        Settings(customers=customers, warehouse=directory, segmentations=segmentations, **settings), Reporter(Console(quiet=True))
    )
    return Warehouse(directory).snapshot()


def once(directory: Path, make: Callable[[Path], object]) -> Path:
    """Make a warehouse, once for all processes of a test run; returns its directory."""
    with Path(f"{directory}.once").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if current(directory) is None:
            make(directory)
    return directory


def published_once(folder: Path, customers: str, segmentations: str = QUICK) -> Path:
    """Publish the text of a file, once for all processes of a test run, to be copied or read only.

    Returns the folder, with the warehouse `w`, the file and its segmentations in it.
    """

    def make(directory: Path) -> None:
        (folder / "customers.csv").write_text(customers)
        (folder / "quick.toml").write_text(segmentations)
        refreshed(directory, folder / "customers.csv", folder / "quick.toml")

    folder.mkdir(exist_ok=True)
    once(folder / "w", make)
    return folder


def loaded(connection: duckdb.DuckDBPyConnection, path: Path, mapping: str = "") -> LoadReport:
    """Load the raw layer of a file, with the text of a mapping file, however many of its rows are rejected."""
    said = path.parent / "mapping.toml"
    if mapping:
        said.write_text(mapping)
    return load_customers(connection, path, read_mapping(said if mapping else None))


def featured(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Load a file and build its features."""
    loaded(connection, path)
    build(connection, ["staging", "features"])


@contextmanager
def features_of(folder: Path, customers: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory with the features of the text of a file, which is written to the folder."""
    (folder / "customers.csv").write_text(customers)
    with duckdb.connect() as connection:
        add_scratch(connection)
        featured(connection, folder / "customers.csv")
        yield connection


def rejects(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int, str, str, str]]:
    """The rows that were rejected, by line: source, line, rule, reason, text."""
    return connection.execute("select source, source_line, rule, reason, row_text from raw.rejects order by source_line").fetchall()


def relations_of(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Every table and view of the five schemas, as schema.name."""
    return {
        name
        for (name,) in connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where not temporary union all "
            "select schema_name || '.' || view_name from duckdb_views() where not internal and not temporary"
        ).fetchall()
    }


def macros_of(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Every table macro of the five schemas, as schema.name."""
    found = connection.execute(
        "select schema_name || '.' || function_name from duckdb_functions() where function_type = 'table_macro' and not internal"
    )
    return {name for (name,) in found.fetchall()}


IGNORED = {"run_id", "from_run_id", "version", "created_at", "loaded_at", "built_at", "valid_from", "data_since"}
"""The columns in which two refreshes of one file may differ."""


def contents(snapshot: Snapshot, without: Collection[str] = ()) -> dict[str, list[str]]:
    """The rows of every relation, in an order of their own, without the IGNORED columns and those of `without`.

    The gate is left out: it speaks of the version before.
    """
    found = {}
    for relation in sorted(relations_of(snapshot._connection) - {"raw.gate", "marts.gate"}):
        columns = [name for name in snapshot.columns(f"from {relation} limit 0") if name not in IGNORED.union(without)]
        if not columns:
            continue
        rows = snapshot.columns(f"select {', '.join(columns)} from {relation}")
        found[relation] = [str(columns), *sorted(map(repr, zip(*rows.values(), strict=True)))]
    return found


def same_groups(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Whether two labelings group the same things together, however the groups are numbered."""
    pairs = set(zip(one, other, strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def blobs(seed: int, count: int, features: int = 2) -> np.ndarray:
    """(count, features): random points in three clumps."""
    random = np.random.default_rng(seed)
    centres = random.uniform(-4, 4, (3, features))
    return centres[random.integers(0, 3, count)] + random.normal(size=(count, features))


def celled(customers: np.ndarray, width: float) -> tuple[Points, np.ndarray]:
    """Customers (n, d) folded into cells of `width`, each cell a point; and (n,) the cell of each customer."""
    _, cell_of = np.unique(np.floor(customers / width), axis=0, return_inverse=True)
    weights = np.bincount(cell_of).astype(float)
    means = np.column_stack([np.bincount(cell_of, feature) for feature in customers.T]) / weights[:, None]
    scatter = float(((customers - means[cell_of]) ** 2).sum())
    return Points(means, weights, scatter, customers, cell_of.astype(np.int64)), cell_of
