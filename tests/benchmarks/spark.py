"""How a refresh on Spark grows, against one by DuckDB: what is read, shuffled, written and held. `make bench-spark`.

The cluster is a master and two workers of one core each on this machine, so times say what Spark costs, not what a cluster gains:
DuckDB has the same two cores. What is read, shuffled and written is what Spark's event log says of every task, and so is the memory
of the largest one for what it sorts, joins and groups; the memory of the driver is the peak of Python and of its Java machine.
"""

import argparse
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from etl.sample import write_sample
from tests.benchmarks.measure import Measure, measured, sampled
from tests.benchmarks.results import RESULTS, dated, in_gigabytes, in_seconds, in_times, save, table
from tests.spark.standalone import standalone
from warehouse.connection import literal
from warehouse.versions import file_name

_HEAD = (
    *(
        "customers",
        "DuckDB",
        "Spark",
        "ratio",
        "cells",
        "rows read",
        "shuffled",
        "spilled",
        "written",
        "kept",
        "largest task",
        "driver",
    ),
    *("equal assignments", "furthest centroid"),
)
_SAMPLE_SECONDS = 0.5
_MEMORY = "2g"
"""Of each worker."""


@dataclass(frozen=True)
class Cost:
    """What a refresh on Spark took."""

    measure: Measure
    rows: int
    """Rows read, by all tasks."""
    shuffled: float
    spilled: float
    written: float
    """Gigabytes, of all tasks; written is what comes back and what is needed on the way, too."""
    largest: float
    """Gigabytes of memory of the largest task."""
    driver: float
    """Gigabytes of memory, of Python and Java together."""


def bench(customers: int, folder: Path) -> list[str]:
    """Measure so many customers; returns a row of the table."""
    path = folder / "customers.csv"
    write_sample(path, customers)
    given = ("-m", "etl.refresh", "--customers", path)
    one = measured(*given, "--warehouse", folder / "duckdb")
    other = _on_spark([*given, "--warehouse", folder / "spark"], folder)
    versions = [folder / name / file_name(1) for name in ("duckdb", "spark")]
    cells, equal, furthest = _compare(*versions)
    kept = sum(path.stat().st_size for path in (folder / "spark").rglob("*") if path.is_file()) / 1e9
    return [
        f"{customers:,}",
        in_seconds(one.seconds),
        in_seconds(other.measure.seconds),
        in_times(other.measure.seconds / one.seconds),
        f"{cells:,}",
        f"{other.rows:,}",
        *map(in_gigabytes, (other.shuffled, other.spilled, other.written, kept, other.largest, other.driver)),
        f"{equal:.4%}",
        f"{furthest:.0e}",
    ]


def _on_spark(command: Sequence[str | Path], folder: Path) -> Cost:
    events, settings = folder / "events", folder / "settings"
    events.mkdir()
    settings.mkdir()
    (settings / "spark-defaults.conf").write_text(
        f"spark.eventLog.enabled true\nspark.eventLog.dir {events.as_uri()}\nspark.eventLog.rolling.enabled false\n"
        "spark.eventLog.compress false\n"
    )
    with standalone(folder / "cluster", workers=0) as cluster, _environment(SPARK_CONF_DIR=str(settings)):
        for _ in range(2):
            cluster.start_worker(memory=_MEMORY)
        with sampled(_java_gigabytes, _SAMPLE_SECONDS) as java:
            measure = measured(*command, "--engine", "spark", "--spark-master", cluster.address)
    (log,) = events.iterdir()
    told = _told(log)
    gigabytes = [told[what] / 1e9 for what in ("shuffled", "spilled", "written", "largest")]
    return Cost(measure, told["rows"], *gigabytes, measure.peak_gigabytes + max(java))


def _told(log: Path) -> Counter[str]:
    """What an event log's tasks read, in rows, and shuffled, spilled and wrote, in bytes; and the most that one of them held."""
    found: Counter[str] = Counter()
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if '"SparkListenerTaskEnd"' in line and (metrics := json.loads(line).get("Task Metrics")):
                found["rows"] += metrics["Input Metrics"]["Records Read"]
                found["shuffled"] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
                found["spilled"] += metrics["Disk Bytes Spilled"]
                found["written"] += metrics["Output Metrics"]["Bytes Written"]
                found["largest"] = max(found["largest"], metrics["Peak Execution Memory"])
    return found


def _java_gigabytes() -> float:
    """The most that the Java machine of a driver has held, as Linux counts it; 0 where there is none."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, StopIteration):
            if b"org.apache.spark.deploy.SparkSubmit" in (process / "cmdline").read_bytes():
                lines = (process / "status").read_text().splitlines()
                return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e9
    return 0.0


def _compare(one: Path, other: Path) -> tuple[int, float, float]:
    """The most cells of a segmentation, the share of assignments that are equal, and the furthest distance of two centroids."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach {literal(one)} as one (read_only); attach {literal(other)} as other (read_only)")
        (cells,) = connection.execute("select max(n_points) from other.segments.runs").fetchone() or (0,)
        key = "customer_id, segmentation, algorithm"
        (share,) = connection.execute(
            "select avg(cast(assigned.segment_id is not distinct from others.segment_id as double)) "
            f"from one.segments.assignments as assigned full join other.segments.assignments as others using ({key})"
        ).fetchone() or (0.0,)
        (furthest,) = connection.execute(
            "select max(abs(centroids.scaled_value - others.scaled_value)) from one.segments.centroids as centroids "
            "full join other.segments.centroids as others using (segmentation, algorithm, segment_id, feature)"
        ).fetchone() or (0.0,)
    return int(cells), float(share), float(furthest)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Variables that processes have which are started in the block."""
    kept = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure refreshes on Spark.")
    parser.add_argument("--customers", type=int, nargs="*", default=[1_000_000, 10_000_000], help="how many (default %(default)s)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the table goes (default %(default)s)")
    given = parser.parse_args()
    rows = []
    for customers in given.customers:
        with tempfile.TemporaryDirectory(prefix="mall-bench-") as folder:
            rows.append(bench(customers, Path(folder)))
    text = table(_HEAD, rows)
    print(text)
    save("spark", dated(text), given.results)


if __name__ == "__main__":
    main()
