"""What is written down of who enters: events, sessions, wrong passwords; and what never is."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.access import records
from dashboard.access.audit_log import shape
from dashboard.access.proxy import site
from dashboard.access.records import (
    KEPT,
    MOST_AT_ONCE,
    MOST_EVER,
    MOST_HERE,
    MOST_OF_NAME,
    MOST_WRONG,
    SESSION,
    WINDOW,
    Event,
    Records,
    is_of,
)
from dashboard.access.roles import Role, User
from warehouse.errors import BusyError, InputError

KNOWN = {"marts", "customers", "customer_id", "a", "b"}
ANNA = User("anna", Role.ANALYST)


@pytest.fixture
def clock(monkeypatch):
    """The time, which can be moved."""
    now = [datetime(2026, 11, 1, 12, tzinfo=UTC)]
    monkeypatch.setattr(records, "_now", lambda: now[0])
    return now


@pytest.fixture
def kept(tmp_path, clock):
    return Records(tmp_path / "access.sqlite")


def test_events_are_a_table(kept, tmp_path):
    """Who as what from where did what, oldest first; any program that reads SQLite can, and nobody but the owner."""
    kept.write(Event.SIGNED_IN, ANNA, "10.0.0.1")
    kept.write(Event.EXPORTED, ANNA, "10.0.0.1", 3, 200, "customers.csv")
    first = ("2026-11-01T12:00:00.000+00:00", "signed in", "anna", "analyst", "10.0.0.1", None, None, "")
    assert list(kept.audit()) == [first, (first[0], "exported", "anna", "analyst", "10.0.0.1", 3, 200, "customers.csv")]
    assert list(kept.audit(datetime(2026, 11, 2, tzinfo=UTC))) == []
    with sqlite3.connect(tmp_path / "access.sqlite") as other:
        assert other.execute("select count(*) from audit").fetchone() == (2,)
    assert (tmp_path / "access.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_session_is_its_tokens_alone_and_ends(kept, clock, tmp_path):
    """A token is not in the file; another password's hash, an end, or twelve hours end a session."""
    token = kept.begin("anna", "hash")
    assert token.encode() not in (tmp_path / "access.sqlite").read_bytes()
    session = kept.session(token)
    assert session is not None
    assert (session.user, is_of(session, "hash"), is_of(session, "other")) == ("anna", True, False)
    assert kept.session(token[:-1]) is None
    clock[0] += SESSION - timedelta(seconds=1)
    assert kept.session(token) is not None
    clock[0] += timedelta(seconds=1)
    assert kept.session(token) is None
    again = kept.begin("anna", "hash")
    kept.end(again)
    assert kept.session(again) is None


def wrong(kept: Records, name: str, address: str, times: int = 1) -> list[bool]:
    """Try wrong passwords; which of them were looked at."""
    found = []
    for _ in range(times):
        attempt = kept.attempt(name, address)
        if attempt is not None:
            kept.was_wrong(attempt)
        found.append(attempt is not None)
    return found


@pytest.mark.parametrize("name", ["anna", "nobody-of-that-name"])
def test_one_name_from_one_address_has_five_tries(kept, clock, name):
    """Then both wait a quarter of an hour, whether there is such a name or not; others do not."""
    assert wrong(kept, name, "10.0.0.1", MOST_WRONG + 2) == [True] * MOST_WRONG + [False] * 2
    assert wrong(kept, name, "10.0.0.2") == [True]
    assert wrong(kept, "bert", "10.0.0.1") == [True]
    clock[0] += WINDOW + timedelta(seconds=1)
    assert wrong(kept, name, "10.0.0.1") == [True]


def test_the_right_password_takes_back_what_was_counted(kept):
    """Of the name at that address; what was not looked at is not counted."""
    wrong(kept, "anna", "10.0.0.1", MOST_WRONG - 1)
    kept.was_none(kept.attempt("anna", "10.0.0.1"))
    kept.was_right(kept.attempt("anna", "10.0.0.1"))
    assert wrong(kept, "anna", "10.0.0.1", MOST_WRONG + 1) == [True] * MOST_WRONG + [False]


def test_one_address_has_twenty_tries_whatever_the_names(kept):
    """Also where no name is anybody's; right passwords of many people are none of them."""
    for place in range(2 * MOST_HERE):
        kept.was_right(kept.attempt(f"colleague-{place}", "10.0.0.1"))
    assert [wrong(kept, f"name-{place}", "10.0.0.1") for place in range(MOST_HERE)] == [[True]] * MOST_HERE
    assert wrong(kept, "anna", "10.0.0.1") == [False]
    assert wrong(kept, "anna", "10.0.0.2") == [True]


def test_many_addresses_do_not_guess_one_name_and_do_not_keep_its_owner_out(kept):
    """Who has signed in from an address before still can, also while very many are tried."""
    kept.write(Event.SIGNED_IN, ANNA, "10.0.0.1")
    assert all(wrong(kept, "anna", f"10.1.0.{place}") == [True] for place in range(MOST_OF_NAME))
    assert wrong(kept, "anna", "10.2.0.1") == [False]
    assert wrong(kept, "bert", "10.2.0.1") == [True]
    for place in range(MOST_EVER):
        wrong(kept, f"name-{place}", f"10.{3 + place // 250}.{place % 250}.1")
    assert wrong(kept, "carl", "10.99.0.1") == [False]
    assert wrong(kept, "anna", "10.0.0.1") == [True]


def test_of_many_at_once_few_are_looked_at(kept, clock):
    """The others are asked to come again, and are not counted; what a process left that has died is forgotten."""
    attempts = [kept.attempt("anna", "10.0.0.1") for _ in range(MOST_AT_ONCE)]
    with pytest.raises(BusyError, match="signing in just now"):
        kept.attempt("anna", "10.0.0.1")
    assert kept.attempt("bert", "10.0.0.1") is not None
    kept.was_right(attempts[0])
    assert kept.attempt("anna", "10.0.0.1") is not None
    clock[0] += timedelta(minutes=2)
    assert wrong(kept, "anna", "10.0.0.1", MOST_WRONG + 1) == [True] * MOST_WRONG + [False]


def test_a_file_that_vanishes_is_not_made_again(kept, tmp_path):
    """It would have no tables, and be readable for all."""
    path = tmp_path / "access.sqlite"
    path.unlink()
    with pytest.raises(BusyError):
        kept.session("token")
    assert not path.exists()


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    """Names and addresses are in it."""
    path = tmp_path / "access.sqlite"
    path.touch(mode=0o644)
    Records(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["access.sqlite"]


def test_what_is_old_is_dropped(kept, clock):
    """After four hundred days, when something else is written."""
    kept.write(Event.SIGNED_IN, ANNA, "10.0.0.1")
    clock[0] += KEPT + timedelta(seconds=1)
    kept.write(Event.ASKED, ANNA, "10.0.0.1")
    assert [row[1] for row in kept.audit()] == ["asked in SQL"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    """In one line that says what to set."""
    with pytest.raises(InputError, match="ACCESS="):
        Records(Path("/proc/nowhere/access.sqlite"))
    other = tmp_path / "other.sqlite"
    other.write_text("this is no database, whatever its name says" * 100)
    with pytest.raises(InputError, match="ACCESS="):
        Records(other)


def test_what_cannot_be_written_down_is_not_done(kept, tmp_path):
    """The caller gets an error before it does anything."""
    with sqlite3.connect(tmp_path / "access.sqlite") as other:
        other.execute("drop table audit")
    with pytest.raises(BusyError, match="not done"):
        kept.write(Event.EXPORTED, ANNA, "10.0.0.1")
    with pytest.raises(BusyError):
        kept.attempt("anna", "10.0.0.1")


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        (
            "select 1 from marts.customers where customer_id = 'zoe-11' -- zoe",
            "select ? from marts.customers where customer_id = ?",
        ),
        ("select 'ä😀x''y', $$zoe$$, 1.5e3, -7", "select ?, ?, ?, -?"),
        ("select /* zoe */ a\n\n  from b", "select a from b"),
        ('select * from marts.customers where customer_id = "zoe-11"', "select * from marts.customers where customer_id = ?"),
        ("select a as zoe from b where a = zoe", "select a as ? from b where a = ?"),
        ('select "A" from zoe.customers, czoe0123', 'select "A" from ?.customers, ?'),
        ('=HYPERLINK("zoe")', "=?(?)"),
        ("select 'zoe", "select ?"),
        ("", ""),
        ("\x00 ÷ ∞", None),
        ("select '\ud800'", "select ?"),
    ],
)
def test_the_shape_of_a_statement_has_nothing_of_a_customer(sql, wanted):
    """Numbers, texts and comments go; the words that say what is asked stay."""
    found = shape(sql, KNOWN)
    assert "zoe" not in found
    if wanted is not None:
        assert found.replace(" ", "") == wanted.replace(" ", "")


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::1"),
        ("203.0.113.7:5123", "203.0.113.7"),
        ("[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        ("'; drop table audit", "unknown"),
        ("", "unknown"),
    ],
)
def test_addresses_are_counted_by_who_has_them(address, wanted):
    """An IPv6 customer has 2^64 addresses."""
    assert site(address) == wanted
