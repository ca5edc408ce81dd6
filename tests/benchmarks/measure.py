"""Measuring a command: its seconds and its peak memory, as the system counts them for the process alone."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_LAUNCH = Path(__file__).parent / "launch.py"
_LIBRARIES = ("duckdb", "numpy", "scipy", "scikit-learn", "statsmodels", "faiss-cpu", "fastcluster", "genieclust")


class StoppedError(RuntimeError):
    """A command took longer than it was given."""


@dataclass(frozen=True)
class Measure:
    """What a command took."""

    seconds: float
    peak_gigabytes: float
    said: str
    """What it printed."""

    @property
    def answer(self) -> dict[str, Any]:
        """What the last line that it printed says, which is JSON."""
        found: dict[str, Any] = json.loads(self.said.splitlines()[-1])
        return found


def measured(*command: str | Path, seconds: float | None = None, memory: int | None = None) -> Measure:
    """Run Python with these arguments in a process of its own, within so many seconds and bytes of memory.

    Raises StoppedError where it takes longer, RuntimeError with what it said where it fails.
    """
    launched = subprocess.run(
        [sys.executable, "-I", _LAUNCH, json.dumps([seconds, memory]), sys.executable, *map(str, command)],
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(launched.stdout)
    if found["status"] == -signal.SIGKILL and seconds is not None and found["seconds"] >= seconds:
        raise StoppedError(f"stopped after {seconds:,.0f} s")
    if found["status"]:
        raise RuntimeError(f"exit status {found['status']}: {found['said']}")
    return Measure(found["seconds"], found["kilobytes"] * 1024 / 1e9, found["said"])


@contextmanager
def sampled(look: Callable[[], float], seconds: float) -> Iterator[list[float]]:
    """What `look` says every so many seconds while the block runs."""
    seen: list[float] = []
    is_over = threading.Event()

    def follow() -> None:
        while not is_over.wait(seconds):
            seen.append(look())

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()


def steps_of(refresh: Measure) -> dict[str, float]:
    """The seconds of each step of a refresh, and their total, as it says them itself."""
    return {name: float(seconds) for name, seconds in re.findall(r"(\w+) ([\d.]+) s", refresh.said.partition("Times")[2])}


def machine_memory() -> int:
    """The bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def machine() -> str:
    """What the numbers were measured on, in a line."""
    libraries = []
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            libraries.append(f"{name} {version(name)}")
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores, {machine_memory() / 1e9:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}, {', '.join(libraries)}"
    )
