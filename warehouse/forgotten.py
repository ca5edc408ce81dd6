"""Who was erased on request: salted hashes of customer ids, so that no later refresh brings a person back.

A hash is pseudonymous, not anonymous: whoever has the file can test whether an id they know is among them. That much must be
kept to honour the request for as long as a source may still hold the person.
"""

import csv
import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from warehouse.blanks import id_of, named_id
from warehouse.connection import literal
from warehouse.errors import InputError

FILE = "forgotten.csv"
LONG_ID = 6
"""From this many characters an id is looked for inside other people's values too; a shorter one stands there by chance."""


@dataclass(frozen=True)
class Forgotten:
    """The people erased from a warehouse."""

    salt: str
    """What is put before an id when it is hashed."""
    hashes: tuple[str, ...]
    """SHA-256 of salt and id, hexadecimal; and of salt and the id's own SHA-256, which the lists of campaigns may have for it."""

    def hash(self, customer_id: str) -> str:
        """The hash of an id."""
        return hashlib.sha256((self.salt + id_of(customer_id)).encode()).hexdigest()

    def hashes_of(self, customer_id: str) -> tuple[str, str]:
        """All that is kept of an id."""
        return self.hash(customer_id), self.hash(hashlib.sha256(id_of(customer_id).encode()).hexdigest())

    def holds(self, customer_id: str) -> bool:
        """Whether that person was erased."""
        return self.hash(customer_id) in self.hashes

    def holds_sql(self, expression: str) -> str:
        """SQL: whether the text that `expression` gives is the id of a person who was erased, as it is or hashed."""
        hashes = ", ".join(map(literal, self.hashes))
        return f"sha256({literal(self.salt)} || {named_id(expression)}) in (select unnest([{hashes}]::varchar[]))"


NOBODY = Forgotten("", ())


def read(directory: Path) -> Forgotten:
    """Read who was erased from the warehouse in `directory`; nobody where there is no such file.

    Raises InputError for a file that cannot be understood: loading without it could bring people back.
    """
    path = directory / FILE
    try:
        rows = list(csv.reader(path.read_text(encoding="ascii").splitlines()))
    except FileNotFoundError:
        return Forgotten(secrets.token_hex(16), ())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read, and without it erased people could come back: {error}") from error
    if not rows or rows[0][:1] != ["salt"] or any(len(row) != 2 for row in rows):
        raise InputError(f"{path}: is damaged, and without it erased people could come back; restore it from a backup")
    return Forgotten(rows[0][1], tuple(row[0] for row in rows[1:]))


def remember(directory: Path, forgotten: Forgotten, customer_id: str) -> None:
    """Add a person. Call it with the lock held."""
    if new := [one for one in forgotten.hashes_of(customer_id) if one not in forgotten.hashes]:
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        _write(directory, forgotten.salt, [*_lines(directory), *(f"{one},{now}" for one in new)])


def take_back(directory: Path, forgotten: Forgotten, customer_id: str) -> None:
    """Take a person off the list: who comes back as a customer is loaded again. Call it with the lock held."""
    theirs = forgotten.hashes_of(customer_id)
    _write(directory, forgotten.salt, [line for line in _lines(directory) if not line.startswith(theirs)])


def _lines(directory: Path) -> list[str]:
    path = directory / FILE
    return path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else []


def _write(directory: Path, salt: str, lines: list[str]) -> None:
    temporary = directory / f"{FILE}.building"
    with temporary.open("w", encoding="ascii") as file:
        file.write("\n".join([f"salt,{salt}", *lines, ""]))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / FILE)
