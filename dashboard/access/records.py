"""The file of who entered: what they took or changed, their sessions, and wrong passwords. SQLite: several processes write it."""

import hashlib
import logging
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
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
MOST_AT_ONCE = 3
"""Attempts of one name from one address that are looked at at the same time."""
MOST_HERE = 20
"""Of any names from one address."""
MOST_OF_NAME = 50
"""Of one name from anywhere; who has signed in from an address before is not kept out by those who have not."""
MOST_EVER = 1000
"""Of any names from anywhere, likewise."""
_BUSY_SECONDS = 5
_LONGEST = 2_000
_BUCKETS = 65_536
_LOOKED_AT = timedelta(minutes=1)
"""After which an attempt is not looked at any more: the process that did has died."""

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
create index if not exists audit_by_time on audit (at);
create table if not exists attempts (
    at text not null,
    bucket integer not null,
    address text not null,
    is_wrong integer not null default 0
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
    count(*) filter (where not is_wrong and bucket = :bucket and address = :address),
    count(*) filter (where is_wrong and bucket = :bucket and address = :address),
    count(*) filter (where is_wrong and address = :address),
    count(*) filter (where is_wrong and bucket = :bucket),
    count(*) filter (where is_wrong),
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
    REFUSED = "was refused"


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
            path.chmod(0o600)
            with closing(self._open()) as connection:
                connection.execute("pragma journal_mode = delete")  # a full disk then keeps nobody from reading
                connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"{path}: cannot be written: {error}; say where who enters is written down with ACCESS=") from error

    def _open(self) -> sqlite3.Connection:
        """The file as it was made when the server started: one that has vanished since is not made again, readable for all."""
        address = f"{self._path.resolve().as_uri()}?mode=rw"
        return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """The file, open. Raises BusyError where it cannot be written or read now."""
        try:
            with closing(self._open()) as connection:
                yield connection
        except sqlite3.Error as error:
            log.error("who enters and what they do cannot be written down (a file that has vanished needs a restart): %s", error)
            raise BusyError("it cannot be written down who did this, so it is not done; try again in a moment") from error

    @contextmanager
    def _alone(self) -> Iterator[sqlite3.Connection]:
        """The file, open, in a transaction that sees what every other one has written."""
        with self._connected() as connection:
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")

    def _ask(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement."""
        with self._connected() as connection:
            return connection.execute(sql, values).fetchall()

    def write(
        self, event: Event, user: User, address: str, version: int | None = None, rows: int | None = None, detail: str = ""
    ) -> None:
        """Write down what somebody does, before it is done. Raises BusyError where that is not possible."""
        now = _now()
        row = (_text(now), event.value, user.name or None, user.role.name.lower(), address, version, rows, detail[:_LONGEST])
        with self._alone() as connection:
            connection.execute("delete from audit where at < ?", (_text(now - KEPT),))
            connection.execute(f"insert into audit values ({', '.join('?' * len(row))})", row)

    def audit(self, since: datetime | None = None) -> Iterator[tuple[Any, ...]]:
        """What was written down, the oldest first, as COLUMNS."""
        yield from self._ask(
            f"select {', '.join(COLUMNS)} from audit where at >= ? order by at, rowid", (_text(since) if since else "",)
        )

    def begin(self, user: str, password_hash: str) -> str:
        """Begin a session, and drop those that have ended; returns its token, which is not kept."""
        token, now = secrets.token_urlsafe(32), _now()
        row = (_hash(token), user, _hash(password_hash), _text(now + SESSION))
        with self._alone() as connection:
            connection.execute("delete from sessions where ends_at < ?", (_text(now),))
            connection.execute("insert into sessions values (?, ?, ?, ?)", row)
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

    def attempt(self, name: str, address: str) -> int | None:
        """Begin an attempt to sign in, before its password is looked at; None where there were too many wrong ones lately.

        Whoever tries, known here or not, is counted alike, so that nobody learns who is. Of a name, which may be a password in the
        wrong field, only sixteen bits of its hash are kept. Raises BusyError where several of that name are being looked at.
        """
        now = _now()
        values = {
            "now": _text(now),
            "since": _text(now - WINDOW),
            "left_over": _text(now - _LOOKED_AT),
            "bucket": int(_hash(name)[:8], 16) % _BUCKETS,
            "name": name,
            "address": address,
            "signed_in": Event.SIGNED_IN.value,
        }
        with self._alone() as connection:
            connection.execute("delete from attempts where at < :since or (not is_wrong and at < :left_over)", values)
            looked_at, own, here, named, ever, is_known_here = connection.execute(_ATTEMPTS, values).fetchone()
            is_flooded = (named >= MOST_OF_NAME or ever >= MOST_EVER) and not is_known_here
            if own >= MOST_WRONG or here >= MOST_HERE or is_flooded:
                return None
            if looked_at >= MOST_AT_ONCE:
                raise BusyError("somebody of that name is signing in just now; try again in a moment")
            added = connection.execute("insert into attempts (at, bucket, address) values (:now, :bucket, :address)", values)
            return added.lastrowid

    def was_wrong(self, attempt: int) -> None:
        """Count an attempt as a wrong password."""
        self._ask("update attempts set is_wrong = 1 where rowid = ?", (attempt,))

    def was_right(self, attempt: int) -> None:
        """Forget an attempt, and what else was counted of its name at its address."""
        same = "(bucket, address) = (select bucket, address from attempts where rowid = ?)"
        self._ask(f"delete from attempts where rowid = ? or (is_wrong and {same})", (attempt, attempt))

    def was_none(self, attempt: int) -> None:
        """Forget an attempt whose password was not looked at."""
        self._ask("delete from attempts where rowid = ?", (attempt,))


def is_of(session: Session, password_hash: str) -> bool:
    """Whether a session began with this password's hash."""
    return secrets.compare_digest(session.password_hash, _hash(password_hash))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
