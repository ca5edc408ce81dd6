"""Erasing a person from every version: `python -m warehouse.forget --id ID`, or `make forget ID=...`.

A version's file is written anew without the person (`warehouse.erase`) and takes the place of the old one at once. The models
stay as they were fitted; counts follow the customers who remain.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.blanks import id_of, stripped
from warehouse.connection import Snapshot
from warehouse.erase import erase, holds, is_earlier
from warehouse.errors import BuildError, DamagedError, GateError, InputError, MallError, refuse
from warehouse.forgotten import read, remember, take_back
from warehouse.publish import locked, unfinished
from warehouse.settings import Settings
from warehouse.versions import current, files, version_of


@dataclass(frozen=True)
class Erasure:
    """What was done to one version."""

    version: int
    """Its number."""
    done: str
    """What was done, in words."""


def forget(
    directory: Path,
    customer_id: str,
    tell: Callable[[Erasure], None] = lambda _: None,
    begin: Callable[[int], None] = lambda _: None,
) -> list[Erasure]:
    """Erase a customer from all versions in `directory`, newest first; `tell` hears of each as soon as it is done.

    `begin` hears the number of a version before it is written anew, which takes a third to a half of a refresh.

    Raises InputError when no version knows the customer, and, once all versions were tried, when some still hold the customer;
    BusyError while the warehouse is being refreshed. Interrupted, it can be run again.
    """
    customer_id = id_of(customer_id)
    if not directory.is_dir() or not files(directory):
        raise InputError(f"{directory}: no warehouse has been published there; run `make refresh` first")
    with locked(directory):
        forgotten = read(directory)
        versions = list(reversed(files(directory)))
        held = {path: holds(path, customer_id) for path in versions}
        is_known = any(holds(path, customer_id, is_mention_enough=False) for path in versions if held[path])
        if not is_known and not forgotten.holds(customer_id):  # a word in a note is nobody
            numbers = ", ".join(str(version_of(path)) for path in versions)
            raise InputError(f"{directory}: no customer '{customer_id}' in version {numbers}")
        with unfinished(directory / "forgotten"):
            remember(directory, forgotten, customer_id)
        done: list[Erasure] = []
        refused: dict[int, MallError] = {}
        for path in versions:
            try:
                if held[path]:
                    begin(version_of(path))
                words = _erase(path, customer_id) if held[path] else "does not hold the customer"
            except MallError as error:
                refused[version_of(path)] = error
            else:
                done.append(Erasure(version_of(path), words))
                tell(done[-1])
        if refused:
            raise _still_held(directory, refused)
        return done


def restore(directory: Path, customer_id: str) -> None:
    """Let a person who was erased be loaded again by the next refresh.

    Raises InputError for one who was not, and where the list cannot be written.
    """
    with locked(directory):
        forgotten = read(directory)
        if not forgotten.holds(customer_id):
            raise InputError(f"{directory}: customer '{customer_id}' was not erased")
        with unfinished(directory / "forgotten"):
            take_back(directory, forgotten, customer_id)


def _erase(path: Path, customer_id: str) -> str:
    """Erase a customer from one version, or remove it where that is beyond repair. Returns what was done."""
    is_current = version_of(path) == current(path.parent)
    try:
        return f"erased: {erase(path, customer_id, must_pass=is_current)}"
    except MallError as error:
        lost = _lost(path, error)
        if not lost and not isinstance(error, BuildError | GateError):  # no room: the error says what to do
            raise
        if is_current:
            advice = "run make refresh, which leaves the customer out, then make forget again"
            raise InputError(f"{lost or error}; {advice}") from error
        if not lost:
            raise InputError(f"{error}; only removing {path} would take the customer out of it") from error
    with unfinished(path):
        path.unlink()
    return f"was removed: {lost}"


def _lost(path: Path, error: MallError) -> str | None:
    """Why a version that could not be written anew never can be: proven by its own file. None where that is not so."""
    try:
        Snapshot(path, is_thorough=True).close()
    except DamagedError:
        return "it is damaged"
    return "it is of an earlier release" if isinstance(error, BuildError) and is_earlier(path) else None


def _still_held(directory: Path, refused: Mapping[int, MallError]) -> InputError:
    numbers = ", ".join(map(str, refused))
    reasons = "; ".join(dict.fromkeys(map(str, refused.values())))
    return InputError(f"{directory}: version {numbers} still hold{'s' if len(refused) == 1 else ''} the customer: {reasons}")


def _begun(version: int) -> None:
    print(f"Version {version}: being written anew ...", end="\r", flush=True)


def _told(erasure: Erasure) -> None:
    clear = "\x1b[K" if sys.stdout.isatty() else ""  # what _begun has left of the line
    print(f"{clear}Version {erasure.version}: {erasure.done}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m warehouse.forget", description="Erase a customer from every version.")
    parser.add_argument("--id", required=True, help="the customer's id, as in staging.customers")
    parser.add_argument("--undo", action="store_true", help="let a customer who was erased be loaded again")
    given = parser.parse_args(arguments)
    directory = Settings.from_environment().warehouse
    try:
        if not stripped(given.id):
            raise InputError("give the customer's id: make forget ID=...")
        if given.undo:
            restore(directory, given.id)
            print("The next refresh loads the customer again, where a source holds them.")
            return 0
        forget(directory, given.id, _told, _begun if sys.stdout.isatty() else lambda _: None)
    except MallError as error:
        return refuse("forget", error)
    except KeyboardInterrupt:
        print("forget: interrupted; run it again to finish", file=sys.stderr)
        return 130
    print("Refreshes leave the customer out. Sources, reports and exports are yours to clear; the next refresh names the source.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
