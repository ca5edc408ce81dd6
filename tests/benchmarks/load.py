"""How `make serve` bears many people while refreshes publish. `make load`; see RESULTS.md.

Locust plays the people (load_users.py) in a process of its own, on the same machine. While they ask, a refresh publishes a new
version three times, with other customers each time, and the memory of the server's processes is looked at every second.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import psutil

from dashboard.access import users
from dashboard.access.roles import Role
from dashboard.access.users import Known
from etl.sample import write_sample
from tests.benchmarks.chromium import ending_in_order
from tests.benchmarks.measure import measured, sampled
from tests.benchmarks.results import OTHERS, RESULTS, dated, in_milliseconds, save, table
from tests.dashboard.servers import Server, serving

PEOPLE, SECONDS, CUSTOMERS = (50, 200), 180, 100_000
VERSIONS = 3
"""How often a new version is published meanwhile."""
_USERS = Path(__file__).with_name("load_users.py")
_LOCUST = Path(".venv/load/bin/locust")
_PER_SECOND = 4
"""People who come in a second."""
STALE, ROWS = "Stale versions", "Rows as captioned"
"""What is checked of answers, beside the requests."""


@dataclass(frozen=True)
class Found:
    """What a run with so many people found."""

    people: int
    rows: list[dict[str, Any]]
    """Per kind of request: name, requests, failures, p50, p95, p99 in milliseconds."""
    errors: list[str]
    """What failed, in words."""
    published: int
    """Versions that were published meanwhile."""
    seconds: float
    """How long the people were there."""
    held: list[float]
    """Gigabytes that the server's processes held, every second."""


def measure(people: int, seconds: int, customers: int, folder: Path, locust: Path) -> Found:
    """Let so many people at a server for so long; `locust` is the program that plays them."""
    directory = folder / f"warehouse_{people}"
    _refresh(directory, customers, 0, folder)
    environ = {"WAREHOUSE": directory, "USERS": _users_file(folder, people), "ACCESS": folder / f"access_{people}.sqlite"}
    with serving(folder, "-m", "dashboard.serve", **environ) as server, sampled(partial(_holds, server), 1) as held:
        answers = folder / f"found_{people}.json"
        began = time.monotonic()
        options = {
            "--locustfile": _USERS,
            "--host": f"http://127.0.0.1:{server.port}",
            "--users": people,
            "--spawn-rate": _PER_SECOND,
            "--run-time": f"{seconds}s",
        }
        crowd = subprocess.Popen(
            [locust, "--headless", *(part for option in options.items() for part in map(str, option))],
            env={**os.environ, "LOAD_WAREHOUSE": str(directory), "LOAD_FOUND": str(answers)},
            stdout=subprocess.DEVNULL,
            stderr=(folder / "locust.log").open("w"),
        )
        try:
            published = sum(
                _publish(crowd, began + seconds * place / (VERSIONS + 1), directory, customers, place, folder)
                for place in range(1, VERSIONS + 1)
            )
            crowd.wait(timeout=seconds + 120)
        finally:
            crowd.kill()
        if not answers.exists():
            raise RuntimeError(f"Locust said nothing: {(folder / 'locust.log').read_text()[-2000:]}")
        found = json.loads(answers.read_text(encoding="utf-8"))
        return Found(people, found["rows"], found["errors"], published, time.monotonic() - began, held[:])


def _publish(crowd: Any, at: float, directory: Path, customers: int, place: int, folder: Path) -> bool:
    """Publish another version at a time; whether the people were still there afterwards."""
    while time.monotonic() < at and crowd.poll() is None:
        time.sleep(0.2)
    _refresh(directory, customers, place, folder)
    return crowd.poll() is None


def _refresh(directory: Path, customers: int, place: int, folder: Path) -> None:
    """Refresh from generated customers, a hundred more each time."""
    path = folder / f"customers_{place}.csv"
    if not path.exists():
        write_sample(path, customers + 100 * place)
    measured("-m", "etl.refresh", "--customers", path, "--warehouse", directory, "--memory-limit", "2GB")


def _users_file(folder: Path, people: int) -> Path:
    """So many analysts, with one password."""
    path, hashed = folder / "users.toml", users.hashed("a password for the load")
    users.write(path, {f"colleague-{place}": Known(Role.ANALYST, hashed) for place in range(people)})
    return path


def _holds(server: Server) -> float:
    """Gigabytes that the processes of a server hold; what they share counts once."""
    return sum(map(_held, [server.process.pid, *server.pids()])) / 1e9


def _held(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except psutil.Error:  # a worker that has just made room for another
        return 0


def report(found: Sequence[Found], customers: int) -> list[str]:
    """Paragraphs and tables."""
    parts = [f"{customers:,} customers, {found[0].seconds:.0f} s with each number of people; times in milliseconds."]
    kinds = list(dict.fromkeys(row["name"] for one in found for row in one.rows if row["name"] not in (STALE, ROWS)))
    head = [
        "Kind of request",
        *(f"{one.people} people: {what}" for one in found for what in ("requests", "p50", "p95", "p99", "failed")),
    ]
    parts.append(table(head, [[kind, *(cell for one in found for cell in _cells(one, kind))] for kind in kinds]))
    return [*parts, *(_told(one) for one in found)]


def _cells(one: Found, kind: str) -> list[str]:
    row = next((row for row in one.rows if row["name"] == kind), None)
    if row is None:
        return ["–"] * 5
    return [f"{row['requests']:,}", *(in_milliseconds(row[name]) for name in ("p50", "p95", "p99")), str(row["failures"])]


def _told(one: Found) -> str:
    """In words: how many requests, failures and stale answers there were, and whether the memory grew."""
    asked = [row for row in one.rows if row["name"] not in (STALE, ROWS)]
    requests, failures = (sum(row[name] for row in asked) for name in ("requests", "failures"))
    checks = [row for row in one.rows if row["name"] == STALE]
    checked, stale = (sum(row[name] for row in checks) for name in ("requests", "failures"))
    failures += sum(row["failures"] for row in one.rows if row["name"] == ROWS)
    quarter = max(len(one.held) // 4, 1)
    second, last = (mean(one.held[part]) for part in (slice(quarter, 2 * quarter), slice(-quarter, None)))
    told = [
        f"{one.people} people: {requests:,} requests, {requests / one.seconds:.0f} a second, {failures} of which failed.",
        f"{one.published} versions were published while they asked;",
        f"of {checked:,} looks for a new version {stale} were told an older one than was published before.",
        f"The server held {second:.2f} GB in the second quarter of the time, {last:.2f} GB in the last,",
        f"and {max(one.held):.2f} GB at most.",
    ]
    return "\n".join([" ".join(told), *(f"- {error}" for error in one.errors[:10])])


def main() -> None:
    """Measure what was asked for, print it and save it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.load", description=__doc__)
    parser.add_argument("--locust", type=Path, default=_LOCUST, help="the program (default %(default)s)")
    parser.add_argument("--people", type=int, nargs="+", default=list(PEOPLE), help="how many (default %(default)s)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="how long each number of people stays (default %(default)s)")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="how many customers there are (default %(default)s)")
    parser.add_argument("--results", type=Path, help=f"the page to save to (default {RESULTS}; {OTHERS} for other numbers)")
    given = parser.parse_args()
    is_usual = (tuple(given.people), given.seconds, given.customers) == (PEOPLE, SECONDS, CUSTOMERS)
    results = given.results or (RESULTS if is_usual else OTHERS)
    results.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="mall-load-"))
    try:
        with ending_in_order():
            found = [measure(people, given.seconds, given.customers, folder, given.locust) for people in given.people]
            text = dated(*report(found, given.customers))
            save("load", text, results)
            print(f"{text}\n\nSaved in {results}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
