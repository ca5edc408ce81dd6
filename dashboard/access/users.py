"""The users file: a table per user in TOML, with a role and the hash of a password."""

import fcntl
import logging
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from dashboard.access.roles import ROLES, Role
from warehouse.errors import BusyError, InputError
from warehouse.toml import read_toml

FEWEST_CHARACTERS, MOST_CHARACTERS = 12, 256
"""Of a password."""
MOST_HASHED = 2
"""Passwords that a process compares at once: each takes 64 MiB for a moment."""
_WAIT_SECONDS = 5
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_HEAD = "# Who may enter the dashboard, and as what: viewer, analyst or editor. `make user` writes this file.\n"

log = logging.getLogger(__name__)
_hasher = PasswordHasher()
_hashing = threading.BoundedSemaphore(MOST_HASHED)


@cache
def _nobody() -> str:
    """A hash that no password has."""
    return _hasher.hash(secrets.token_hex())


@dataclass(frozen=True)
class Known:
    """Somebody of the users file."""

    role: Role
    """What they may do."""
    password: str | None = None
    """The hash of their password, as Argon2 writes it; None for those whom only a proxy lets in."""


def folded(name: str) -> str:
    """A name as the users file has it: without spaces around it, and without capitals."""
    return name.strip().lower()


def read(path: Path) -> dict[str, Known]:
    """The users of a file, by name. Raises InputError naming the file and the user, never the hash."""
    found = {}
    for name, table in read_toml(path).items():
        _check(path, name)
        if not isinstance(table, Mapping) or str(table.get("role")) not in ROLES or not set(table) <= {"role", "password"}:
            raise InputError(f"{path}: [{name}]: give role = {', '.join(ROLES)}, and a password that `make user` wrote")
        if "password" in table and not _is_hash(table["password"]):
            raise InputError(f"{path}: [{name}]: the password is no Argon2 hash; `make user NAME={name}` writes one")
        found[name] = Known(ROLES[table["role"]], table.get("password"))
    return found


def _check(path: Path, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(f"{path}: {name[:80]!r} is no name: give at most 64 small letters, digits and . _ @ -")


def _is_hash(value: Any) -> bool:
    if not isinstance(value, str) or not value.isascii():
        return False
    try:
        extract_parameters(value)
    except InvalidHashError:
        return False
    return True


def write(path: Path, users: Mapping[str, Known]) -> None:
    """Put the users into a file, all of them or none. Raises InputError.

    Its owner, group and who may read it stay as they were; of a new one nobody but its owner may.
    """
    for name in users:
        _check(path, name)
    lines = [_HEAD]
    for name, known in sorted(users.items()):
        password = f'password = "{known.password}"\n' if known.password else ""
        lines.append(f'\n["{name}"]\nrole = "{known.role.name.lower()}"\n{password}')
    target = path.resolve()  # a link stays one
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text("".join(lines), encoding="ascii")
        if target.exists():
            before = target.stat()
            shutil.chown(unfinished, before.st_uid, before.st_gid)
            unfinished.chmod(before.st_mode & 0o777)
        unfinished.replace(target)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@contextmanager
def changing(path: Path) -> Iterator[dict[str, Known]]:
    """The users of a file, which are written when the block ends: nobody else changes them meanwhile. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        known = read(path) if path.exists() else {}
        yield known
        write(path, known)
    finally:
        os.close(folder)


def hashed(password: str) -> str:
    """The hash of a password. Raises InputError for one that is too short to be safe, or too long to be one."""
    if not FEWEST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise InputError(f"a password has {FEWEST_CHARACTERS} to {MOST_CHARACTERS} characters")
    return _hasher.hash(password)


def is_password(known: Known | None, password: str) -> bool:
    """Whether a password is theirs; for nobody it takes as long to say no. Raises BusyError where many are compared."""
    with _room():
        try:
            return _hasher.verify((known and known.password) or _nobody(), password) and known is not None
        except Argon2Error:
            return False


@contextmanager
def _room() -> Iterator[None]:
    if not _hashing.acquire(timeout=_WAIT_SECONDS):
        raise BusyError("many are signing in just now; try again in a moment")
    try:
        yield
    finally:
        _hashing.release()


class Users:
    """The users file of a server that runs: it is read again when it changes. While it cannot be read, nobody is in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, ...] | None = None
        self._users: dict[str, Known] = {}

    def __getitem__(self, name: str) -> Known | None:
        """Who has that name, or None."""
        stamp = self._now()
        if stamp != self._stamp:
            try:
                self._users = read(self._path)
            except InputError as error:
                self._users = {}
                log.error("nobody may enter until the users file can be read: %s", error)
            self._stamp = stamp
        return self._users.get(name)

    def _now(self) -> tuple[int, ...]:
        try:
            about = self._path.stat()
        except OSError:
            return ()
        return about.st_ino, about.st_mtime_ns, about.st_size, about.st_mode
