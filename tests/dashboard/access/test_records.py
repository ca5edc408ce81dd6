"""What is written down of who enters: events, sessions, wrong passwords; and what never is."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.access import records
from dashboard.access.records import (
    KEPT,
    MOST_WRONG,
    MOST_WRONG_HERE,
    MOST_WRONG_NAME,
    SESSION,
    WINDOW,
    Event,
    Records,
    is_of,
    shape,
    site,
)
from dashboard.access.roles import NOBODY, Role, User
from warehouse.errors import BusyError, InputError

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


def wrong(kept: Records, user: User, address: str, times: int) -> None:
    for _ in range(times):
        kept.write(Event.WRONG_PASSWORD, user, address)


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


def test_one_name_from_one_address_has_five_tries(kept, clock):
    """Then both wait a quarter of an hour; others do not."""
    wrong(kept, ANNA, "10.0.0.1", MOST_WRONG - 1)
    assert not kept.must_wait("anna", "10.0.0.1")
    wrong(kept, ANNA, "10.0.0.1", 1)
    assert kept.must_wait("anna", "10.0.0.1")
    assert not kept.must_wait("anna", "10.0.0.2")
    assert not kept.must_wait("bert", "10.0.0.1")
    clock[0] += WINDOW + timedelta(seconds=1)
    assert not kept.must_wait("anna", "10.0.0.1")


def test_one_address_has_twenty_tries_whatever_the_names(kept):
    """Also where no name is anybody's."""
    wrong(kept, NOBODY, "10.0.0.1", MOST_WRONG_HERE)
    assert kept.must_wait(None, "10.0.0.1")
    assert kept.must_wait("anna", "10.0.0.1")
    assert not kept.must_wait(None, "10.0.0.2")


def test_many_addresses_do_not_guess_one_name_and_do_not_keep_its_owner_out(kept):
    """Who has signed in from an address before still can."""
    kept.write(Event.SIGNED_IN, ANNA, "10.0.0.1")
    for place in range(MOST_WRONG_NAME):
        wrong(kept, ANNA, f"10.1.0.{place}", 1)
    assert kept.must_wait("anna", "10.2.0.1")
    assert not kept.must_wait("anna", "10.0.0.1")


def test_what_is_old_is_dropped(kept, clock, tmp_path):
    """After four hundred days, at the next start."""
    kept.write(Event.SIGNED_IN, ANNA, "10.0.0.1")
    clock[0] += KEPT + timedelta(seconds=1)
    assert list(Records(tmp_path / "access.sqlite").audit()) == []


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    """In one line that says what to set."""
    with pytest.raises(InputError, match="ACCESS="):
        Records(tmp_path / "nowhere" / "access.sqlite")
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


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        (
            "select 1 from marts.customers where customer_id = 'zoe-11' -- zoe",
            "select ? from marts.customers where customer_id = ?",
        ),
        ("select 'ä😀x''y', $$zoe$$, 1.5e3, -7", "select ?, ?, ?, -?"),
        ("select /* zoe */ a\n\n  from b", "select a from b"),
        ("select 'zoe", "select ?"),
        ("", ""),
        ("\x00 ÷ ∞", None),
        ("select '\ud800'", "select ?"),
    ],
)
def test_the_shape_of_a_statement_has_nothing_of_a_customer(sql, wanted):
    """Numbers, texts and comments go; the words that say what is asked stay."""
    found = shape(sql)
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
        ("'; drop table audit", "unknown"),
        ("", "unknown"),
    ],
)
def test_addresses_are_counted_by_who_has_them(address, wanted):
    """An IPv6 customer has 2^64 addresses."""
    assert site(address) == wanted
