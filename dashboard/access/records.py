"""The file of who entered: what they took or changed, their sessions, and wrong passwords. SQLite: several processes write it."""

import hashlib
import logging
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from dashboard.access.roles import User
from warehouse.errors import BusyError, InputError
from warehouse.settings import Settings

SESSION = timedelta(hours=12)
"""How long somebody who signed in stays so."""
KEPT = timedelta(days=400)
"""How long it is remembered who did what."""
WINDOW = timedelta(minutes=15)
"""Over which wrong passwords are counted."""
MOST_WRONG = 5
"""Wrong passwords of one name from one address, after which both have to wait."""
MOST_HERE = 20
"""Of any names from one address."""
MOST_OF_NAME = 50
"""Of one name from anywhere; who has signed in from an address before is not kept out by those who have not."""
MOST_EVER = 1000
"""Of any names from anywhere, likewise."""
_BUSY_SECONDS = 5
_LONGEST = 2_000
_BUCKETS = 65_536

_SCHEMA = """
create table if not exists audit (
    at text not null,
    event text not null,
    user text,
    role text,
    address text not null,
    version integer,
    count_rows integer,
    detail text not null default ''
) strict;
create index if not exists audit_by_event on audit (event, at);
create table if not exists attempts (
    at text not null,
    bucket integer not null,
    address text not null
) strict;
create index if not exists attempts_by_time on attempts (at);
create table if not exists sessions (
    token_hash text primary key,
    user text not null,
    password_hash text not null,
    ends_at text not null
) strict;
"""
_ATTEMPTS = """
select
    count(*) filter (where bucket = :bucket and address = :address),
    count(*) filter (where address = :address),
    count(*) filter (where bucket = :bucket),
    count(*),
    exists(select 1 from audit where event = :signed_in and user = :name and address = :address)
from attempts
"""
COLUMNS = ("at", "event", "user", "role", "address", "version", "count_rows", "detail")
"""The columns of the audit log: UTC time, one of Event, who as what from where, and what: version, rows and words."""

log = logging.getLogger(__name__)


class Event(StrEnum):
    """What is written down."""

    SIGNED_IN = "signed in"
    WRONG_PASSWORD = "wrong password"
    SIGNED_OUT = "signed out"
    ASKED = "asked in SQL"
    EXPORTED = "exported"
    EDITED = "edited"


@dataclass(frozen=True)
class Session:
    """Somebody who signed in."""

    user: str
    """Their name."""
    password_hash: str
    """The hash of their password's hash then: another password, or none, ends the session."""


def path_of(settings: Settings) -> Path:
    """The file of who entered and what they did, of these settings."""
    return settings.access or settings.warehouse / "access.sqlite"


class Records:
    """The file of who entered and what they did."""

    def __init__(self, path: Path) -> None:
        """Make it where it is not there. Raises InputError where it cannot be written."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            with closing(self._open()) as connection:
                connection.execute("pragma journal_mode = wal")
                connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"{path}: cannot be written: {error}; say where who enters is written down with ACCESS=") from error

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)

    def _ask(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Run a statement. Raises BusyError where the file cannot be written or read now."""
        try:
            with closing(self._open()) as connection:
                return connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: sqlite3.Error) -> BusyError:
        log.error("who enters and what they do cannot be written down: %s", error)
        return BusyError("it cannot be written down who did this, so it is not done; try again in a moment")

    def write(
        self, event: Event, user: User, address: str, version: int | None = None, rows: int | None = None, detail: str = ""
    ) -> None:
        """Write down what somebody does, before it is done. Raises BusyError where that is not possible."""
        row = (_text(_now()), event.value, user.name or None, user.role.name.lower(), address, version, rows, detail[:_LONGEST])
        self._ask(f"insert into audit values ({', '.join('?' * len(row))})", row)

    def audit(self, since: datetime | None = None) -> Iterator[tuple[Any, ...]]:
        """What was written down, the oldest first, as COLUMNS."""
        yield from self._ask(
            f"select {', '.join(COLUMNS)} from audit where at >= ? order by at, rowid", (_text(since) if since else "",)
        )

    def begin(self, user: str, password_hash: str) -> str:
        """Begin a session, and drop what is too old; returns its token, which is not kept."""
        self._ask("delete from sessions where ends_at < ?", (_text(_now()),))
        self._ask("delete from audit where at < ?", (_text(_now() - KEPT),))
        token = secrets.token_urlsafe(32)
        ends = _text(_now() + SESSION)
        self._ask("insert into sessions values (?, ?, ?, ?)", (_hash(token), user, _hash(password_hash), ends))
        return token

    def session(self, token: str) -> Session | None:
        """The session of a token; None where there is none, or it has ended."""
        found = self._ask(
            "select user, password_hash from sessions where token_hash = ? and ends_at > ?", (_hash(token), _text(_now()))
        )
        return Session(*found[0]) if found else None

    def end(self, token: str) -> None:
        """End a session."""
        self._ask("delete from sessions where token_hash = ?", (_hash(token),))

    def attempt(self, name: str, address: str) -> bool:
        """Count an attempt to sign in, before its password is looked at; whether it may be, or there were too many lately.

        Whoever tries, known here or not, is counted alike, so that nobody learns who is. Of a name, which may be a password in the
        wrong field, only sixteen bits of its hash are kept.
        """
        values = {
            "now": _text(_now()),
            "since": _text(_now() - WINDOW),
            "bucket": _bucket(name),
            "name": name,
            "address": address,
            "signed_in": Event.SIGNED_IN.value,
        }
        try:
            with closing(self._open()) as connection:
                connection.execute("begin immediate")  # of two at once the second sees the first
                connection.execute("delete from attempts where at < :since", values)
                own, here, named, ever, is_known_here = connection.execute(_ATTEMPTS, values).fetchone()
                is_flooded = (named >= MOST_OF_NAME or ever >= MOST_EVER) and not is_known_here
                may = own < MOST_WRONG and here < MOST_HERE and not is_flooded
                if may:
                    connection.execute("insert into attempts values (:now, :bucket, :address)", values)
                connection.execute("commit")
                return may
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def succeeded(self, name: str, address: str) -> None:
        """Take back what was counted of a name at an address: the password was right."""
        self._ask("delete from attempts where bucket = ? and address = ?", (_bucket(name), address))


def is_of(session: Session, password_hash: str) -> bool:
    """Whether a session began with this password's hash."""
    return secrets.compare_digest(session.password_hash, _hash(password_hash))


def _bucket(name: str) -> int:
    return int(_hash(name)[:8], 16) % _BUCKETS


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
