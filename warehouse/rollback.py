"""Going back to an earlier version, at once: `python -m warehouse.rollback`, or `make rollback`.

The link is moved; no file is written or removed, so `make rollback VERSION=12` goes forward again.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.connection import Snapshot
from warehouse.errors import DamagedError, InputError, MallError, ReleaseError, refuse
from warehouse.publish import locked, point_at, unfinished
from warehouse.settings import Settings
from warehouse.versions import CURRENT, current, file_name, published


@dataclass(frozen=True)
class Return:
    """What a rollback did."""

    left: int | None
    """The version that was current; None where the link named none."""
    to: int
    """The version that is."""
    about: str
    """What it holds, in words."""


def rollback(directory: Path, wanted: int | None = None) -> Return:
    """Make an earlier version the current one: `wanted`, or the one the current one was built upon.

    Raises InputError where there is none that can be read, BusyError while the warehouse is being refreshed.
    """
    if not directory.is_dir():
        raise InputError(f"{directory}: no warehouse has been published there; run `make refresh` first")
    with locked(directory), unfinished(directory / CURRENT):
        left = _left(directory, wanted)
        kept = [number for number in published(directory) if number != left]
        if wanted is not None and wanted not in kept:
            others = ", ".join(map(str, kept)) or "no other"
            now = f", and {left} is current" if left is not None else ""
            raise InputError(f"{directory}: version {wanted} is not there to return to; there is {others}{now}")
        for number in [wanted] if wanted is not None else _candidates(directory, left or 0, kept):
            try:
                about = _about(directory / file_name(number))
            except DamagedError:
                if wanted is not None:
                    raise
                continue
            point_at(directory, number)
            return Return(left, number, about)
    raise InputError(f"{directory}: there is no version before {left} to return to")


def _left(directory: Path, wanted: int | None) -> int | None:
    """The current version. Where a person names the version to go to, it does not matter that the link is wrong or missing."""
    try:
        left = current(directory)
    except InputError:
        if wanted is None:
            raise
        return None
    if left is None and wanted is None:
        raise InputError(f"{directory}: no warehouse has been published there; run `make refresh` first")
    return left


def _candidates(directory: Path, left: int, kept: Sequence[int]) -> list[int]:
    """Those the current version remembers go first: it was built upon them. Newest first."""
    before = sorted((number for number in kept if number < left), reverse=True)
    try:
        snapshot = Snapshot(directory / file_name(left))
    except DamagedError:
        return before
    try:
        remembered = {row["run_id"] for row in snapshot.rows("select distinct run_id from segments.runs")}
    except ReleaseError:
        remembered = set()
    finally:
        snapshot.close()
    return sorted(before, key=lambda number: (number not in remembered, -number))


def _about(path: Path) -> str:
    snapshot = Snapshot(path)
    try:
        about = snapshot.rows("from marts.provenance")[0]
    except ReleaseError:
        return "of an earlier release"
    finally:
        snapshot.close()
    return f"{about['count_customers']:,} customers of {about['source_file']}, built {about['built_at']:%Y-%m-%d %H:%M} UTC"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m warehouse.rollback", description="Return to an earlier version, at once.")
    parser.add_argument("--version", type=int, help="the version to go to (default: the one before)")
    given = parser.parse_args(arguments)
    try:
        done = rollback(Settings.from_environment().warehouse, given.version)
    except MallError as error:
        return refuse("rollback", error)
    left = f"Version {done.left} was left; " if done.left is not None else ""
    print(f"{left}{'v' if left else 'V'}ersion {done.to} is current: {done.about}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
