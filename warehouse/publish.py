"""Publishing: a version is built beside the others, checked, then made current by one atomic rename of a link.

Nothing a reader has open is ever written to. Whatever stops a refresh, the link still points at the last good version.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.connection import builder
from warehouse.errors import BusyError, InputError
from warehouse.versions import CURRENT, current, file_name, published

LOCK = "refresh.lock"
_BUILDING = ".building"


@dataclass(frozen=True)
class Draft:
    """A version that is being built and that no reader can see yet."""

    number: int
    """The version number it will be published under."""
    connection: duckdb.DuckDBPyConnection
    """A connection that writes to it."""
    previous: Path | None = None
    """The file of the version whose history it carries on; None where nothing has been published."""


@contextmanager
def new_version(directory: Path, keep: int) -> Iterator[Draft]:
    """Build a version in the block; it is published when the block ends, and thrown away when it raises.

    `keep` is how many versions stay on disk, the new one included.
    Raises BusyError when another process builds here, InputError when the directory cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{directory}: cannot make the warehouse directory: {error.strerror}") from error
    with _lock(directory):
        _sweep(directory)
        number = max(published(directory), default=0) + 1
        building = directory / f"{file_name(number)}{_BUILDING}"
        try:
            with builder(building) as connection:
                yield Draft(number, connection, _previous(directory))
                connection.execute("checkpoint warehouse")
            _publish(building, directory / file_name(number))
        finally:
            _sweep(directory)
        _retire(directory, keep)


def _previous(directory: Path) -> Path | None:
    link = directory / CURRENT
    return link.resolve() if link.exists() else None


def _publish(building: Path, final: Path) -> None:
    with building.open("rb") as file:
        os.fsync(file.fileno())
    building.chmod(0o444)
    building.rename(final)
    link = final.parent / f"{CURRENT}{_BUILDING}"
    link.symlink_to(final.name)
    link.replace(final.parent / CURRENT)
    directory = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _sweep(directory: Path) -> None:
    """Remove what an interrupted build left behind; only ever called with the lock held."""
    for leftover in directory.glob(f"*{_BUILDING}*"):
        leftover.unlink(missing_ok=True)


def _retire(directory: Path, keep: int) -> None:
    for number in published(directory)[:-keep]:
        if number != current(directory):
            (directory / file_name(number)).unlink(missing_ok=True)


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; the kernel frees it when the process dies, so it can never go stale."""
    path = directory / LOCK
    try:
        file = path.open("a+")
    except OSError as error:
        raise InputError(f"{path}: cannot write to the warehouse directory: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise BusyError(f"{directory} is being refreshed by {holder}; try again when it has ended") from error
        file.truncate(0)
        file.write(f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
