"""A shop whose customers are clustered again and again: published as a refresh does, or in memory as far as the marts."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from analytics.draw import number_of
from analytics.run import SEED, read_segmentations, run
from tests.helpers import HEADER, featured, once, refreshed
from warehouse.build import build
from warehouse.connection import Snapshot
from warehouse.history import hold_stays

CENTRES = [(20, 80), (25, 20), (55, 50), (85, 80), (90, 20)]
SPENDING = '[spending]\nfeatures = ["annual_income_k", "spending_score"]\nk = 5\nk_min = 5\nk_max = 5\n'
BOTH = SPENDING + '[who]\nfeatures = ["age"]\nk = 2\nk_max = 2\n'

Customer = tuple[str, int, float, float]


def crowd(centres: Sequence[tuple[float, float]] = CENTRES, each: int = 20, seed: int = 0) -> list[Customer]:
    """Customers in clumps of income and score: id, age, income, score."""
    random = np.random.default_rng(seed)
    return [
        (f"c{clump}-{member}", int(random.integers(20, 60)), *(np.array(centre) + random.normal(0, 2, 2)).round(2).tolist())
        for clump, centre in enumerate(centres)
        for member in range(each)
    ]


def as_csv(customers: Sequence[Customer]) -> str:
    """The file of some customers."""
    return HEADER + "".join(f"{i},Male,{a},{x},{y}\n" for i, a, x, y in customers)


class Shop:
    """A warehouse that is refreshed again and again; from a copy of the directory `begun` on, where that is given."""

    def __init__(self, directory: Path, begun: Path | None = None) -> None:
        self.directory = directory
        if begun is not None:
            shutil.copytree(begun, directory / "warehouse", symlinks=True)

    def refresh(self, customers: Sequence[Customer], toml: str = SPENDING, name: str = "warehouse") -> Snapshot:
        """Publish a version; returns it, open."""
        (self.directory / "customers.csv").write_text(as_csv(customers))
        (self.directory / "own.toml").write_text(toml)
        return refreshed(self.directory / name, self.directory / "customers.csv", self.directory / "own.toml")


def refreshed_once(folder: Path, *refreshes: tuple[Sequence[Customer], str], begun: Path | None = None) -> Path:
    """The directory of a shop's warehouse, refreshed once for all processes of a test run, to be copied or read only."""

    def make(_: Path) -> None:
        shop = Shop(folder, begun)
        for customers, toml in refreshes:
            shop.refresh(customers, toml).close()

    folder.mkdir(exist_ok=True)
    return once(folder / "warehouse", make)


class ShopInMemory:
    """A database that is refreshed again and again: what a refresh does as far as the marts, without a version.

    `run_id` is the last run that the database has.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, directory: Path, run_id: int = 0) -> None:
        self.connection = connection
        self.directory = directory
        self.run_id = run_id

    def refresh(self, customers: Sequence[Customer], toml: str = SPENDING, seed: int = SEED) -> "ShopInMemory":
        """Cluster these customers; returns itself, to ask of."""
        (self.directory / "customers.csv").write_text(as_csv(customers))
        (self.directory / "own.toml").write_text(toml)
        self.run_id += 1
        featured(self.connection, self.directory / "customers.csv")
        if self.run_id == 1:
            build(self.connection, ["segments"])
        hold_stays(self.connection, None, self.run_id)
        build(self.connection, ["segments.assignments", "segments.merges"])  # a new version has them empty
        run(self.connection, self.run_id, read_segmentations(self.directory / "own.toml"), seed)
        return self

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """As of a snapshot: a dictionary for each row."""
        cursor = self.connection.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def value(self, sql: str) -> Any:
        """As of a snapshot: the first value of the first row."""
        return next(iter(self.rows(sql)[0].values()))


def segments_of(db: Snapshot | ShopInMemory) -> dict[str, tuple[int, ...]]:
    """By customer, the segments of all clusterings."""
    rows = db.rows(
        "select customer_id, list(segment_id order by segmentation, algorithm) as ids from segments.assignments group by 1"
    )
    return {row["customer_id"]: tuple(row["ids"]) for row in rows}


HOLD_GIVEN = f"create table scratch.scaled_customers as select *, {number_of('customer_id')} as _draw from given"
"""What analytics.reader.hold_customers would leave behind of scaled features that are given."""
