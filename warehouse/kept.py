"""The versions on disk: `python -m warehouse.kept`, or `make versions`. Works where a version, or the link, is damaged."""

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from warehouse.connection import Snapshot
from warehouse.errors import InputError, MallError, ReleaseError, refuse
from warehouse.lake import lakes
from warehouse.settings import Settings
from warehouse.versions import current, files, version_of


@dataclass(frozen=True)
class Kept:
    """One version on disk."""

    number: int
    """Its number."""
    is_current: bool
    """Whether the link points at it."""
    bytes: int
    """Size of its file, and of what lies in Parquet files beside it."""
    is_damaged: bool = False
    """Whether it cannot be read; then nothing more is known."""
    built_at: datetime | None = None
    """When it was built, UTC."""
    source: str = ""
    """The file it was loaded from."""
    count_customers: int | None = None
    """Its customers."""
    count_runs: int | None = None
    """The refreshes it remembers, its own included."""


def kept(directory: Path) -> list[Kept]:
    """The versions in `directory`, newest first. Raises InputError where there is none."""
    try:
        now = current(directory)
    except InputError:
        now = None
    found = [_kept(path, version_of(path) == now) for path in reversed(files(directory))]
    if now is not None and now not in (one.number for one in found):
        found.insert(0, Kept(now, True, 0, is_damaged=True))  # its file is gone
    if not found:
        raise InputError(f"{directory}: no warehouse has been published there; run `make refresh` first")
    return found


def _kept(path: Path, is_current: bool) -> Kept:
    size = path.stat().st_size + sum(
        file.stat().st_size for folder in lakes(path.parent, path) for file in folder.rglob("*.parquet")
    )
    try:
        snapshot = Snapshot(path)
        about = snapshot.rows("from marts.provenance")[0]
        runs = snapshot.value("select count(distinct run_id) from segments.runs")
        snapshot.close()
    except ReleaseError:  # or no warehouse at all
        return Kept(version_of(path), is_current, size)
    except InputError:
        return Kept(version_of(path), is_current, size, is_damaged=True)
    return Kept(version_of(path), is_current, size, False, about["built_at"], about["source_file"], about["count_customers"], runs)


def main() -> int:
    """The command line; returns the exit status."""
    try:
        versions = kept(Settings.from_environment().warehouse)
    except MallError as error:
        return refuse("versions", error)
    table = Table(box=None, pad_edge=False)
    for title in ("version", "", "built, UTC", "source"):
        table.add_column(title, overflow="fold")
    for title in ("customers", "runs", "size, MB"):
        table.add_column(title, justify="right")
    for one in versions:
        mark = " ".join([*(["current"] if one.is_current else []), *(["damaged"] if one.is_damaged else [])])
        table.add_row(
            str(one.number),
            mark,
            f"{one.built_at:%Y-%m-%d %H:%M}" if one.built_at else "–",
            one.source or "–",
            "–" if one.count_customers is None else f"{one.count_customers:,}",
            "–" if one.count_runs is None else str(one.count_runs),
            f"{one.bytes / 1e6:,.1f}",
        )
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:  # a pipe has no width to keep to
        console.width = 200
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
