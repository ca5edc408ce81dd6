"""How much memory there is, how much a text such as 4GB or 40% says, and what readers may take of it."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_UNITS = {unit + end: base**power for power, unit in enumerate("MGT", 2) for end, base in (("B", 1000), ("iB", 1024))}
_AMOUNT = re.compile(r"([1-9]\d{0,5}(?:\.\d{1,3})?) ?([MGT]i?B)|([1-9]\d?|100)%")


@dataclass(frozen=True)
class ReaderLimits:
    """What DuckDB may take in a process that reads, with all versions that it holds open."""

    memory_bytes: int
    threads: int

    def newest(self) -> dict[str, str | int]:
        """What DuckDB is told of the newest version: half of the memory."""
        return self._told(self.memory_bytes / 2)

    def older(self, count: int) -> dict[str, str | int]:
        """What DuckDB is told of each of up to `count` older versions that stay open: they share the other half."""
        return self._told(self.memory_bytes / 2 / count)

    def _told(self, count_bytes: float) -> dict[str, str | int]:
        return {"memory_limit": f"{int(count_bytes / 1000)}kB", "threads": self.threads}


def in_bytes(text: str) -> int:
    """How many bytes a text says; a share is one of the machine's. Raises ValueError, which says how an amount is written."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError("give an amount of memory such as 4GB, or a share of the machine's such as 60%")
    amount, unit, share = match.groups()
    return int(float(amount) * _UNITS[unit]) if share is None else machine_bytes() * int(share) // 100


def machine_bytes(cgroups: Path = _CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """The memory of the machine, or what the container or the unit of this process may take, where that is less."""
    least = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for folder, name in _bounds(cgroups, _text(own)):
        while folder.is_relative_to(cgroups):
            said = _text(folder / name).strip()
            least = min(least, int(said)) if said.isdigit() else least  # "max" is none
            folder = folder.parent
    return least


def _bounds(cgroups: Path, own: str) -> Iterator[tuple[Path, str]]:
    """The folders of the groups that bound the memory of a process, and the files in them: of version 2, and of version 1."""
    for line in own.splitlines():
        _, controllers, group = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            yield cgroups / group.lstrip("/"), "memory.max"
        elif controllers == "memory":
            yield cgroups / "memory" / group.lstrip("/"), "memory.limit_in_bytes"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
