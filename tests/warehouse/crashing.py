"""Killing what works on a warehouse while others read it: the commands in processes of their own, and the readers."""

import multiprocessing
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from etl.console import Reporter
from etl.refresh import refresh
from tests.helpers import HEADER
from warehouse.connection import Snapshot, Warehouse
from warehouse.forget import forget
from warehouse.publish import LOCK
from warehouse.rollback import rollback
from warehouse.settings import Settings
from warehouse.versions import CURRENT, published

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.warehouse.crashing", "tests.warehouse.warm"])  # a killed process has then begun to work

NEWEST = "run_id = (select max(run_id) from segments.assignments)"
COUNTS = (
    "select count(*) from raw.customers",
    "select sum(rows_kept) from raw.sources",
    "select count(*) from staging.customers",
    "select count(*) from features.customer_features_scaled",
    f"select sum(size) from segments.segments where {NEWEST} and algorithm = 'kmeans'",
    f"select max(n_customers) from segments.runs where {NEWEST}",
    "select count(*) from marts.customers",
    "select sum(count_customers) from marts.crossfilter_cube",
    "select count_customers from marts.provenance",
)
"""What must be one number in a version, and differs from each version to the next."""


@dataclass
class Tally:
    """What readers have seen."""

    reads: int = 0
    """Answers, each of several queries on one snapshot."""
    failed: list[str] = field(default_factory=list)
    """Errors."""
    mixed: list[str] = field(default_factory=list)
    """Answers whose numbers do not agree."""
    versions: Counter[int] = field(default_factory=Counter)
    """How often each version answered."""

    def add(self, other: "Tally") -> None:
        """Count what another reader has seen."""
        self.reads += other.reads
        self.failed += other.failed
        self.mixed += other.mixed
        self.versions += other.versions


def customers(folder: Path, count: int) -> Path:
    """A file of `count` customers, C0000 onwards, in three clumps; its name says how many."""
    path = folder / f"customers_{count}.csv"
    rows = (
        f"C{i:04d},{'Male' if i % 2 else 'Female'},{20 + i % 40},{15 + 30 * (i % 3) + i % 7},{10 + 30 * (i % 3) + i % 5}\n"
        for i in range(count)
    )
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def ask(snapshot: Snapshot, tally: Tally) -> None:
    """Ask one snapshot everything, and see that it agrees with itself."""
    numbers = [snapshot.value(sql) for sql in COUNTS]
    runs = [
        snapshot.value(f"select {column} from {table}")
        for column, table in (("max(run_id)", "segments.runs"), ("version", "marts.provenance"))
    ]
    named = snapshot.value("select source_file from marts.provenance")
    in_file = snapshot.value("select sum(rows_in) from raw.sources")
    if len(set(numbers)) != 1 or set(runs) != {snapshot.version} or named != f"customers_{in_file}.csv":
        tally.mixed.append(f"version {snapshot.version}: {numbers}, {runs}, {named}, {in_file}")
    tally.reads += 1
    tally.versions[snapshot.version] += 1


def read_until(stopped: Callable[[], bool], directory: Path, pause: float) -> Tally:
    """Ask until `stopped`, with a pause of some seconds between two answers."""
    warehouse, tally = Warehouse(directory), Tally()
    while not stopped():
        try:
            ask(warehouse.snapshot(), tally)
        except Exception as error:  # whatever it is, it is a failed read
            tally.failed.append(f"{type(error).__name__}: {error}")
        time.sleep(pause)
    return tally


def _read_elsewhere(stop: Any, directory: Path, pause: float, answer: Any) -> None:
    answer.send(read_until(stop.is_set, directory, pause))


@contextmanager
def readers(directory: Path, kills: int) -> Iterator[Tally]:
    """Readers in threads of this process and one in another, for the block; the tally is complete when it ends.

    Beside few kills they leave the machine to the other tests most of the time.
    """
    threads, pause = (1, 0.1) if kills <= 25 else (2, 0.0)
    tally, tallies = Tally(), []
    stop, stop_elsewhere = threading.Event(), PROCESSES.Event()
    mine, theirs = PROCESSES.Pipe()
    elsewhere = PROCESSES.Process(target=_read_elsewhere, args=(stop_elsewhere, directory, pause, theirs))
    here = [threading.Thread(target=lambda: tallies.append(read_until(stop.is_set, directory, pause))) for _ in range(threads)]
    for reader in (elsewhere, *here):
        reader.start()
    try:
        yield tally
    finally:
        stop.set()
        stop_elsewhere.set()
        tally.add(mine.recv() if mine.poll(60) else Tally(failed=["the reader in the other process does not answer"]))
        for reader in (elsewhere, *here):
            reader.join()
        for each in tallies:
            tally.add(each)


def do_refresh(directory: Path, file: Path, segmentations: Path) -> None:
    """A refresh, in whatever process this is."""
    settings = Settings(customers=file, warehouse=directory, segmentations=segmentations, force=True)
    refresh(settings, Reporter(Console(quiet=True)))


def do_forget(directory: Path, customer_id: str) -> None:
    """An erasure, in whatever process this is."""
    forget(directory, customer_id)


def do_rollback(directory: Path, number: int | None) -> None:
    """A rollback, in whatever process this is."""
    rollback(directory, number)


def run(work: Callable[..., None], *arguments: object) -> float:
    """Do `work` in a process of its own, to the end. Returns how long it took, seconds."""
    started = time.monotonic()
    process = PROCESSES.Process(target=work, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - started


def kill(seconds: float, work: Callable[..., None], *arguments: object) -> bool:
    """Do `work` in a process of its own and kill it after `seconds`. Returns whether it still lived then."""
    process = PROCESSES.Process(target=work, args=arguments)
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def moments(seed: int, longest: float) -> Iterator[float]:
    """Random moments to kill at, seconds."""
    chance = random.Random(seed)
    while True:
        yield chance.uniform(0, longest)


def leftovers(directory: Path) -> set[str]:
    """The files that do not belong in a warehouse directory at rest."""
    belong = {CURRENT, LOCK, "forgotten.csv", *(f"v{number}.duckdb" for number in published(directory))}
    return {path.name for path in directory.iterdir()} - belong
