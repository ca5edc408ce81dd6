"""Slots are shared fairly: who has a name gets one at a time, and the others are for others."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.dashboard.browser import wait_until
from warehouse.errors import BusyError
from warehouse.slots import Slots


def token() -> str:
    return os.urandom(16).hex()


def enter(slots: Slots, owner: str = "") -> None:
    """Run a task that does nothing."""
    with slots.slot(token(), owner):
        pass


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "slots"


def test_one_owner_has_one_slot_and_one_task_that_waits(folder):
    """In all processes together: another process's slots are other objects over the same folder."""
    here, there = (Slots(2, 4, 0.2, folder) for _ in range(2))
    with here.slot(token(), "anna"):
        with pytest.raises(BusyError, match="Other statements take"):
            enter(there, "anna")  # she waits in vain
        enter(there, "bert")
    enter(there, "anna")


def test_a_third_task_of_an_owner_is_refused_at_once(folder):
    """While one runs and one waits: it does not wait in a place that others could have."""
    slots = Slots(2, 4, 5, folder)
    with ThreadPoolExecutor() as pool, slots.slot(token(), "anna"):
        waiting = pool.submit(enter, slots, "anna")
        wait_until(lambda: len(list(folder.glob("wanted-*"))) == 2, what="the second task")
        with pytest.raises(BusyError, match="Two statements of yours"):
            enter(slots, "anna")
        enter(slots, "bert")
        assert not waiting.done()
    assert waiting.result() is None


def test_nobody_in_particular_has_all_of_them(folder):
    """Where people are not asked who they are."""
    slots = Slots(2, 4, 0.2, folder)
    with slots.slot(token()), slots.slot(token()), pytest.raises(BusyError, match="Other statements take"):
        enter(slots)


def test_sweeping_leaves_the_files_that_are_locked(folder):
    """Whatever the names of their owners make of them, and however old they are; flags that are as old go."""
    slots = Slots(2, 4, 0.2, folder)
    owner = next(f"colleague-{number}" for number in range(10_000) if _of(f"colleague-{number}").endswith("ed"))
    enter(slots, owner)
    (old := folder / f"wanted-{token()}").touch()
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    enter(slots)
    assert not old.exists()
    assert {f"place-{_of(owner)}-0", f"turn-{_of(owner)}-0", "slot-0"} <= {path.name for path in folder.iterdir()}


def _of(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()[:16]
