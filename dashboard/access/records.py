"""What is written down: who signed in and is still in, and who took or changed what. SQLite: several processes write it."""

import hashlib
import logging
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import duckdb

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
MOST_WRONG_HERE = 20
"""Of any names from one address."""
MOST_WRONG_NAME = 50
"""Of one name from anywhere; who has signed in from an address before is not kept out by those who have not."""
MOST_WRONG_EVER = 1000
"""Of anybody from anywhere that are written down; further ones are refused without being looked at."""
_BUSY_SECONDS = 5
_LONGEST = 2_000
_IPV6_SITE = 64

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
create table if not exists sessions (
    token_hash text primary key,
    user text not null,
    password_hash text not null,
    ends_at text not null
) strict;
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
        """Make it where it is not there, and drop what is too old. Raises InputError where it cannot be written."""
        self._path = path
        try:
            path.touch(mode=0o600)
            with closing(self._open()) as connection:
                connection.execute("pragma journal_mode = wal")
                connection.executescript(_SCHEMA)
                connection.execute("delete from audit where at < ?", (_text(_now() - KEPT),))
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
            log.error("who enters and what they do cannot be written down: %s", error)
            raise BusyError("it cannot be written down who did this, so it is not done; try again in a moment") from error

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
        """Begin a session; returns its token, which is not kept."""
        self._ask("delete from sessions where ends_at < ?", (_text(_now()),))
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

    def must_wait(self, user: str | None, address: str) -> bool:
        """Whether there were too many wrong passwords lately to look at another one; `user` is None for an unknown name."""
        ((own, here, named, ever, is_known_here),) = self._ask(
            """
            select
                count(*) filter (where user is :user and address = :address),
                count(*) filter (where address = :address),
                count(*) filter (where user = :user),
                count(*),
                exists(select 1 from audit where event = :signed_in and user = :user and address = :address)
            from audit
            where event = :wrong and at > :since
            """,
            {
                "user": user,
                "address": address,
                "signed_in": Event.SIGNED_IN.value,
                "wrong": Event.WRONG_PASSWORD.value,
                "since": _text(_now() - WINDOW),
            },
        )
        is_flooded = (named >= MOST_WRONG_NAME or ever >= MOST_WRONG_EVER) and not is_known_here
        return (user is not None and own >= MOST_WRONG) or here >= MOST_WRONG_HERE or is_flooded


def is_of(session: Session, password_hash: str) -> bool:
    """Whether a session began with this password's hash."""
    return secrets.compare_digest(session.password_hash, _hash(password_hash))


def site(address: str) -> str:
    """An address as it is counted and written down: of IPv6 the network, which is one customer's of a provider."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    found = getattr(found, "ipv4_mapped", None) or found
    if found.version == 4 or found.is_loopback:
        return str(found)
    return f"{ip_address(int(found) >> _IPV6_SITE << _IPV6_SITE)}/{_IPV6_SITE}"


def shape(sql: str) -> str:
    """A statement without what it looks for: no number and no text of it is written down, which may be a customer's."""
    encoded = sql.encode(errors="replace")
    kinds = duckdb.tokenize(encoded.decode())
    ends = [*(start for start, _ in kinds), len(encoded)][1:]
    parts = [(encoded[start:end].decode(errors="replace"), kind) for (start, kind), end in zip(kinds, ends, strict=True)]
    hidden = (duckdb.token_type.numeric_const, duckdb.token_type.string_const)
    kept = ("? " if kind in hidden and text.strip() != "." else text for text, kind in parts if kind != duckdb.token_type.comment)
    return " ".join("".join(kept).split())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
