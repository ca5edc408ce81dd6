"""Measuring a command: its seconds and its peak memory, as the system counts them for the process alone."""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import monotonic


@dataclass(frozen=True)
class Measure:
    """What a command took."""

    seconds: float
    peak_gigabytes: float
    said: str
    """What it printed."""


def measured(*command: str | Path) -> Measure:
    """Run Python with these arguments in a process of its own. Raises RuntimeError with what it said where it fails."""
    started = monotonic()
    child = subprocess.Popen([sys.executable, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"exit status {child.returncode}: {said}")
    return Measure(monotonic() - started, used.ru_maxrss * 1024 / 1e9, said)


def machine() -> str:
    """What the numbers were measured on, in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    libraries = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "numpy", "scikit-learn", "statsmodels"))
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}, {libraries}"
