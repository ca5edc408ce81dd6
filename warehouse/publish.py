"""Publishing: a version is built beside the others, checked, then made current by one atomic rename of a link.

Nothing a reader has open is ever written to. Whatever stops a refresh, the link still points at the last good version.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import duckdb

from warehouse import forgotten
from warehouse.builder import add_scratch, builder
from warehouse.connection import ROWS, Snapshot, is_of_the_machine
from warehouse.errors import BusyError, DamagedError, InputError, MallError
from warehouse.history import HISTORY, MARTS, STAYS
from warehouse.lake import folder_of, lake_of, lakes, seal, version_with
from warehouse.settings import Settings
from warehouse.versions import CURRENT, current, file_name, files, taken, version_of

LOCK = "refresh.lock"
_PATIENCE = 2.0
"""Seconds that whoever has the lock may take to write who it is."""
BUILDING = ".building"
"""What the names of unfinished files have in them."""
_OURS = re.compile(rf"^(v\d+\.duckdb|{re.escape(CURRENT)}|forgotten(\.csv)?){re.escape(BUILDING)}")
"""Unfinished files of ours: they may be removed by whoever holds the lock."""


@dataclass(frozen=True)
class Draft:
    """A version that is being built and that no reader can see yet."""

    number: int
    """The version number it will be published under."""
    connection: duckdb.DuckDBPyConnection
    """A connection that writes to it."""
    previous: Path | None
    """The version it follows: the current one, or the newest older one where that is damaged."""


Engine = Callable[[duckdb.DuckDBPyConnection, Path], AbstractContextManager[duckdb.DuckDBPyConnection]]
"""Makes of the connection that builds a version, of the file named, one that has the customers somewhere else."""


def duckdb_itself(connection: duckdb.DuckDBPyConnection, _: Path) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """The engine that has the customers in the version's own file."""
    return contextlib.nullcontext(connection)


@contextmanager
def new_version(
    directory: Path, keep: int, memory_limit: str = Settings.memory_limit, engine: Engine = duckdb_itself
) -> Iterator[Draft]:
    """Build a version in the block; it is published when the block ends, and thrown away when it raises.

    `keep` is how many versions stay on disk, the new one and the one it follows included; `memory_limit` is DuckDB's.
    Raises BusyError when another process builds here, InputError when the directory cannot be written or is full.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{directory}: cannot make the warehouse directory: {error.strerror}") from error
    _refuse_odd_place(directory)
    with locked(directory):
        previous, last_number = _previous(directory)
        number = 1 + max([*taken(directory), last_number, current(directory) or 0])
        final = directory / file_name(number)
        with unfinished(final) as building:
            with builder(building, memory_limit) as connection:
                add_scratch(connection, ":memory:" if forgotten.read(directory).hashes else f"{building}.scratch")
                with engine(connection, final) as computing:
                    yield Draft(number, computing, previous)
                connection.execute("checkpoint warehouse")
            settle(folder_of(final))
            with undisturbed():
                put(building, final)
                point_at(directory, number)
                _retire(directory, keep, previous)


def _refuse_odd_place(directory: Path) -> None:
    """Raises InputError for a directory in which nothing could be published, before anything is built."""
    if "?" in str(directory):
        raise InputError(f"{directory}: DuckDB takes a question mark in a path for the end of it; name another directory")
    link = directory / CURRENT
    if link.exists() and not link.is_symlink():
        raise InputError(f"{link}: is not the link to a published version but a file or folder of its own; move it away")


@contextmanager
def unfinished(final: Path) -> Iterator[Path]:
    """The place to build `final` at. What is left there is removed; a full disk or a lost directory is said in one line."""
    try:
        yield final.with_name(f"{final.name}{BUILDING}")
    except MallError:
        raise
    except (OSError, MemoryError, duckdb.Error) as error:
        if not is_of_the_machine(error):
            raise
        said = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), "out of memory")
        is_memory = isinstance(error, MemoryError | duckdb.OutOfMemoryException)
        what = "allow more with MEMORY_LIMIT" if is_memory else "make room there, or name another directory with WAREHOUSE"
        raise InputError(
            f"{final.parent}: the warehouse could not be written, and nothing was published: {said}; {what}"
        ) from error
    finally:
        sweep(final.parent)


def interrupt_on_terminate() -> None:
    """Take SIGTERM, which a service manager or a shutdown sends, as Ctrl-C: what was begun is cleared up."""
    if threading.current_thread() is threading.main_thread():  # only that one is ever interrupted
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no interruption come between the steps of the block: it would say that nothing was published when something was."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


def put(building: Path, final: Path) -> None:
    """Give a finished file its name; what is under that name is replaced at once."""
    with building.open("rb") as file:
        os.fsync(file.fileno())
    building.chmod(building.stat().st_mode & 0o444)  # nobody writes it any more; whom the umask keeps out stays out
    building.replace(final)
    _sync(final.parent)


def settle(folder: Path) -> None:
    """See that a lake is on the disk, and take away what was needed to write it; nobody writes it any more."""
    if not folder.exists():
        return
    seal(folder)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path.suffix != ".parquet" and path.name != ROWS:
            path.unlink()
            continue
        with contextlib.suppress(PermissionError):  # workers may write as another user
            if path.is_file():
                path.chmod(path.stat().st_mode & 0o444)
            _sync(path)
    _sync(folder)


def point_at(directory: Path, number: int) -> None:
    """Make a version the current one, at once. Call it with the lock held."""
    link = directory / f"{CURRENT}{BUILDING}"
    link.unlink(missing_ok=True)
    link.symlink_to(file_name(number))
    link.replace(directory / CURRENT)
    _sync(directory)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(directory: Path) -> None:
    """Remove what an interrupted build left behind; only ever called with the lock held."""
    for leftover in directory.iterdir():
        if _OURS.match(leftover.name):
            _remove(leftover)
    for folder in lakes(directory):
        version = version_with(folder)
        if not version.exists() or (len(lakes(directory, version)) > 1 and _reads_another(version, folder)):
            _remove(folder)


def _reads_another(version: Path, folder: Path) -> bool:
    """Whether a version has its lake elsewhere. By name: the directory can be called in more ways than one."""
    used = lake_of(version)
    return used is not None and used.name != folder.name


def _remove(path: Path) -> None:
    """Remove a file, or a folder of ours. What cannot be removed now stays: the next refresh tries again."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _previous(directory: Path) -> tuple[Path | None, int]:
    """The newest version up to the current one that can be read, and the highest number that it knows of."""
    now = current(directory)
    for path in reversed(files(directory)):
        if now is None or version_of(path) <= now:
            with contextlib.suppress(DamagedError), contextlib.closing(Snapshot(path)) as snapshot:
                snapshot.look_into((*HISTORY, *STAYS, *MARTS))  # what is carried on from it must be whole
                has_runs = snapshot.value(
                    "select count(*) from duckdb_tables() where schema_name = 'segments' and table_name = 'runs'"
                )
                return path, int((has_runs and snapshot.value("select max(run_id) from segments.runs")) or 0)
    return None, 0


def _retire(directory: Path, keep: int, previous: Path | None) -> None:
    """Remove all but the newest `keep` versions. The one this was built upon is the last to go: a rollback returns to it."""
    versions = files(directory)
    kept = set(versions[-keep:])
    if previous is not None and keep > 1 and previous not in kept and previous in versions:
        kept.remove(min(kept, key=versions.index))
        kept.add(previous)
    for path in versions:
        if path not in kept and path != directory / file_name(current(directory) or 0):
            _remove(path)
            for folder in lakes(directory, path):
                _remove(folder)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; the kernel frees it when the process dies, so it can never go stale.

    Raises BusyError naming who holds it and since when.
    """
    path = directory / LOCK
    try:
        file = path.open("a+")
    except OSError as error:
        raise InputError(f"{path}: cannot write to the warehouse directory: {error.strerror}") from error
    with file:
        _lock(file, directory)
        with contextlib.suppress(OSError):  # a full disk: the lock holds without a name in it
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC".encode())
        sweep(directory)
        try:
            yield
        finally:
            file.truncate(0)


def _lock(file: IO[str], directory: Path) -> None:
    """Take the lock. Where it is taken, and names nobody who lives, its holder has yet to write its name or has just ended."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip()
            if _is_alive(holder) or time.monotonic() > deadline:
                who = holder or "another process"
                raise BusyError(f"{directory} is being changed by {who}; try again when it has ended") from error
            time.sleep(0.01)
        else:
            return


def _is_alive(holder: str) -> bool:
    """Whether the process that a lock names still runs."""
    named = re.match(r"process (\d+) since ", holder)
    return named is not None and Path("/proc", named.group(1)).exists()
