"""Slots that processes share, and flags by which a task is cancelled from any of them: both are files in a folder of the user.

The system gives back the slot of a process that dies; a flag that one has left behind is swept up later.
"""

import contextlib
import fcntl
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.errors import BusyError, InputError

GLANCE_SECONDS = 0.05
"""Between two looks whether a slot is free, or a task is still wanted."""
_WANTED, _STOPPED = "wanted", "stopped"
"""How the names of flags begin."""
_LEFT_BEHIND_SECONDS = 600
"""A flag as old is nobody's any more."""


class StoppedError(InputError):
    """Somebody cancelled a task before it was done."""


class Slots:
    """So many tasks run at a time in all processes that share the folder, and so many wait for their turn in this one."""

    def __init__(self, at_once: int, most_waiting: int, most_wait_seconds: float, folder: Path | None = None) -> None:
        self._at_once, self._most_wait_seconds = at_once, most_wait_seconds
        self._given = folder
        self._inside = threading.BoundedSemaphore(at_once + most_waiting)

    @contextmanager
    def slot(self, token: str, owner: str = "") -> Iterator[Callable[[], None]]:
        """Wait for a slot; gives what raises StoppedError once the task with this token was cancelled.

        Somebody with a name has one slot at a time, and one task that waits for it: the others are for others. Raises BusyError
        where too many wait, or for too long, and InputError where the token is in use.
        """
        if not self._inside.acquire(blocking=False):
            raise BusyError("Other statements are waiting already. Try again in a moment.")
        try:
            with self._flag(token) as ask, self._own_turn(owner, ask), self._turn("slot", self._at_once, ask):
                yield ask
        finally:
            self._inside.release()

    def cancel(self, token: str) -> None:
        """Cancel the task with this token, whichever process runs it, or the one that comes with it soon."""
        try:
            self._path(token).unlink()
        except FileNotFoundError:
            self._path(token, _STOPPED).touch(mode=0o600)

    @contextmanager
    def _flag(self, token: str) -> Iterator[Callable[[], None]]:
        """A file that is there for as long as the task is wanted: to cancel it, anybody removes the file."""
        self._sweep()
        flag = self._path(token)
        try:
            os.close(os.open(flag, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError as error:
            raise InputError("a statement with this token runs already") from error

        stopped = self._path(token, _STOPPED)

        def ask() -> None:
            if not flag.exists() or stopped.exists():
                raise StoppedError("Stopped.")

        try:
            ask()
            yield ask
        finally:
            flag.unlink(missing_ok=True)
            stopped.unlink(missing_ok=True)

    @contextmanager
    def _own_turn(self, owner: str, ask: Callable[[], None]) -> Iterator[None]:
        """Wait until the owner has no other task that runs; nobody in particular has as many as there are."""
        if not owner:
            yield
            return
        own = hashlib.sha256(owner.encode()).hexdigest()[:16]
        place = self._free(f"place-{own}", 2)
        if place is None:
            raise BusyError("Two statements of yours run or wait already. Try again when one of them is done, or stop it.")
        try:
            with self._turn(f"turn-{own}", 1, ask):
                yield
        finally:
            os.close(place)

    @contextmanager
    def _turn(self, what: str, count: int, ask: Callable[[], None]) -> Iterator[None]:
        """Wait for one of so many of something."""
        deadline = time.monotonic() + self._most_wait_seconds
        while (taken := self._free(what, count)) is None:
            if time.monotonic() > deadline:
                raise BusyError("Other statements take all the time there is. Try again in a moment.")
            ask()
            time.sleep(GLANCE_SECONDS)
        try:
            yield
        finally:
            os.close(taken)

    def _free(self, what: str, count: int) -> int | None:
        """The locked file of one of so many of something, open; None where all are taken."""
        for number in range(count):
            slot = os.open(self._folder() / f"{what}-{number}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(slot)
            else:
                return slot
        return None

    def _sweep(self) -> None:
        """Remove flags that were left behind; the files that are locked stay, whatever their names."""
        for flag in (path for what in (_WANTED, _STOPPED) for path in self._folder().glob(f"{what}-*")):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - flag.stat().st_mtime > _LEFT_BEHIND_SECONDS:
                    flag.unlink()

    def _path(self, token: str, what: str = _WANTED) -> Path:
        return self._folder() / f"{what}-{token}"

    def _folder(self) -> Path:
        """The folder of who runs, made where it is not there. Raises InputError where it is another user's."""
        folder = self._given or Path(tempfile.gettempdir()) / f"mall-sql-{os.getuid()}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise InputError(f"{folder}: is another user's; no statement can run")
        return folder
