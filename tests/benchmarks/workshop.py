"""What the parts of the benchmark of clustering share: generated customers, their truth, warehouses and whole refreshes."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb
import numpy as np

from analytics.points import Floats, Labels
from analytics.stability import adjusted_rand
from etl.customers import load_customers
from etl.mapping import read_mapping
from etl.sample import write_sample, write_truth
from tests.benchmarks.measure import Measure, measured, sampled, steps_of
from tests.benchmarks.results import RESULTS
from warehouse.build import build
from warehouse.builder import add_scratch, builder
from warehouse.connection import literal
from warehouse.versions import CURRENT

THREE = ("age", "annual_income_k", "spending_score")
TWELVE = tuple(f"feature_{place:02}" for place in range(1, 13))
_SEED = 12
_GROUPS = 5


@dataclass(frozen=True)
class Customers:
    """Generated customers."""

    path: Path
    """Their CSV file."""
    truth: Path
    """In which group each was planted: customer_id, planted_group."""


@dataclass(frozen=True)
class Refreshed:
    """What a whole refresh took, from a CSV file to a published version with the shipped segmentations."""

    measure: Measure
    """Of the process."""
    again: Measure
    """Of a second refresh of the same file, upon the first."""
    steps: dict[str, float]
    """Seconds of each step, and their total."""
    disk_gigabytes: float
    """The most that stood in the warehouse directory at one time."""
    rand: float
    """Adjusted Rand index of the published segments of `spending` by K-Means against the truth."""


@dataclass
class Workshop:
    """A folder in which everything is made once and used by every part."""

    folder: Path
    memory_limit: str
    """What DuckDB may take."""
    most_seconds: float
    """After which a method is stopped."""
    results: Path = RESULTS
    """The page of the results; pictures go beside it."""
    _refreshed: dict[int, Refreshed] = field(default_factory=dict)

    def customers(self, count: int) -> Customers:
        """So many customers of the synthetic sample, in the Kaggle file's columns."""
        path = self.folder / f"customers_{count}.csv"
        truth = path.with_name(f"_{path.stem}_truth.csv")
        if not truth.exists():
            write_sample(path, count)
            write_truth(path, count)
        return Customers(path, truth)

    def wide_customers(self, count: int) -> Customers:
        """So many customers of five groups planted in twelve columns: normal around their centres, which overlap a little."""
        found = Customers(self.folder / f"wide_{count}.csv", self.folder / f"_wide_{count}_truth.csv")
        if not found.truth.exists():
            random = np.random.default_rng(_SEED)
            group = random.integers(_GROUPS, size=count)
            centres = random.normal(scale=0.8, size=(_GROUPS, len(TWELVE)))
            values = random.normal(centres[group]).round(3)
            given = {"customer_id": np.arange(1, count + 1), "planted_group": group, **dict(zip(TWELVE, values.T, strict=True))}
            with duckdb.connect() as connection:
                connection.register("given", {name: np.ascontiguousarray(column) for name, column in given.items()})
                for columns, path in (("* exclude (planted_group)", found.path), ("customer_id, planted_group", found.truth)):
                    connection.execute(f"copy (select {columns} from given) to {literal(path)} (header)")
        return found

    def warehouse(self, customers: Customers) -> Path:
        """A warehouse of these customers up to the features."""
        path = customers.path.with_suffix(".duckdb")
        if not path.exists():
            mapping = path.with_suffix(".toml")
            mapping.write_text("[columns]\n" + "".join(f'{name} = "numeric"\n' for name in TWELVE), encoding="utf-8")
            is_wide = customers.path.stem.startswith("wide")
            scratch, unfinished = path.with_suffix(".scratch"), path.with_suffix(".unfinished")
            with builder(unfinished, self.memory_limit) as connection:
                add_scratch(connection, str(scratch))
                load_customers(connection, customers.path, read_mapping(mapping if is_wide else None))
                build(connection, ["features"])
                connection.execute("checkpoint warehouse")
            scratch.unlink()
            unfinished.rename(path)
        return path

    def published(self, count: int) -> Path:
        """The warehouse directory of so many customers, as a refresh publishes it."""
        folder = self.folder / f"published_{count}"
        if not folder.exists():
            given: list[str | Path] = ["--customers", self.customers(count).path, "--warehouse", folder]
            measured("-m", "etl.refresh", *given, "--memory-limit", self.memory_limit)
        return folder

    def refreshed(self, count: int) -> Refreshed:
        """A whole refresh of so many customers, and another; done once."""
        if count not in self._refreshed:
            customers = self.customers(count)
            folder = self.folder / f"warehouse_{count}"
            given: list[str | Path] = ["--customers", customers.path, "--warehouse", folder, "--memory-limit", self.memory_limit]
            with sampled(partial(size_of, folder), 0.25) as seen:
                measure = measured("-m", "etl.refresh", *given)
            seen.append(size_of(folder))
            rand = agreement(folder / CURRENT, customers.truth)
            again = measured("-m", "etl.refresh", *given)
            self._refreshed[count] = Refreshed(measure, again, steps_of(measure), max(seen), rand)
            for path in folder.iterdir():
                path.unlink()
        return self._refreshed[count]


def read_customers(warehouse: Path, names: tuple[str, ...], truth: Path) -> tuple[Floats, Labels]:
    """The scaled features (n, d) of all customers, and the group in which each was planted (n,), as a number from 0."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        read = connection.execute(
            f"""
            with groups as (
                select planted_group, row_number() over (order by planted_group) - 1 as place
                from (select distinct planted_group from read_csv({literal(truth)}))
            )

            select place, {", ".join(names)}
            from features.customer_features_scaled
            inner join read_csv({literal(truth)}, types = {{'customer_id': 'varchar'}}) using (customer_id)
            inner join groups using (planted_group)
            """
        ).fetchnumpy()
    values = np.column_stack([np.asarray(read[name], dtype=np.float64) for name in names])
    return values, np.asarray(read["place"], dtype=np.int64)


def agreement(published: Path, truth: Path) -> float:
    """Adjusted Rand index of the published segments of `spending` by K-Means, of all customers, against the truth."""
    with duckdb.connect(str(published.resolve()), read_only=True) as connection:
        rows = connection.execute(
            f"""
            select dense_rank() over (order by planted_group) - 1, dense_rank() over (order by segment_id) - 1, count(*)
            from segments.assignments
            inner join read_csv({literal(truth)}, types = {{'customer_id': 'varchar'}}) using (customer_id)
            where segmentation = 'spending' and algorithm = 'kmeans'
            group by planted_group, segment_id
            """
        ).fetchall()
    planted, found, counts = np.array(rows, dtype=np.int64).T
    return adjusted_rand(planted, found, counts.astype(np.float64))


def size_of(path: Path) -> float:
    """Gigabytes of a file, or of the files in a folder, that is there or not."""
    total = 0
    for file in [path, *path.rglob("*")]:
        try:
            total += file.stat().st_size if file.is_file() and not file.is_symlink() else 0
        except OSError:  # gone between the listing and the look
            continue
    return total / 1e9
