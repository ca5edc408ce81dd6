"""Statements of strangers in the queue, and how they end: answered, stopped, too slow, or with their server."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.warehouse.statements import ENDLESS, TIGHT, leftovers, token, until
from warehouse.connection import Snapshot
from warehouse.errors import BusyError
from warehouse.sandbox import Limits, Sandbox
from warehouse.slots import StoppedError
from warehouse.statement_error import StatementError


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(TIGHT, tmp_path / "slots")


def test_a_flag_that_was_left_behind_is_swept_up(sandbox: Sandbox, sample: Snapshot):
    """What a killed server has left does not stay for ever."""
    sandbox.rows(sample, "select 1", token())
    (old := sandbox._slots._folder() / f"wanted-{token()}").touch()
    os.utime(old, (0, 0))
    sandbox.rows(sample, "select 1", token())
    assert not old.exists()


def test_whoever_has_the_token_stops_a_statement(sandbox: Sandbox, sample: Snapshot):
    """It ends at once, from another thread, and its slot is free again."""
    mine = token()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(Sandbox(Limits(seconds=60), sandbox._slots._given).rows, sample, ENDLESS, mine)
        until(lambda: leftovers(sandbox))
        sandbox.stop("0" * 32)  # somebody else's
        assert leftovers(sandbox)
        sandbox.stop(mine)
        with pytest.raises(StoppedError):
            running.result(timeout=30)
    assert not leftovers(sandbox)


def test_a_stop_may_come_before_its_statement(sandbox: Sandbox, sample: Snapshot):
    """Both are on their way at the same time: the statement does not run, and the next one does."""
    mine = token()
    sandbox.stop(mine)
    with pytest.raises(StoppedError):
        sandbox.rows(sample, "select 1", mine)
    assert sandbox.rows(sample, "select 1", mine).rows == [[1]]


def test_two_run_and_the_others_wait(tmp_path: Path, sample: Snapshot):
    """Two at a time, whichever server process they are in; more wait, and those for whom there is no room are sent away."""
    limits = Limits(seconds=60, at_once=2, most_waiting=1, most_wait_seconds=0.5)
    one, other = Sandbox(limits, tmp_path), Sandbox(limits, tmp_path)
    tokens = [token() for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(each.rows, sample, ENDLESS, mine) for each, mine in zip((one, one, other), tokens, strict=True)]
        until(lambda: len(leftovers(one)) == 3 or any(each.done() for each in running))
        with pytest.raises(BusyError, match="all the time"):
            running[[each.done() for each in running].index(True) if any(each.done() for each in running) else 2].result(timeout=30)
        with pytest.raises(BusyError, match="all the time"):
            one.rows(sample, "select 1", token())
        for mine in tokens:
            one.stop(mine)
    assert one.rows(sample, "select 1", token()).rows == [[1]]


def test_no_room_in_the_queue(tmp_path: Path, sample: Snapshot):
    """A process keeps so many threads for statements, and no more: the next one is told so at once."""
    sandbox = Sandbox(Limits(seconds=60, at_once=1, most_waiting=0), tmp_path)
    mine = token()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(sandbox.rows, sample, ENDLESS, mine)
        until(lambda: leftovers(sandbox))
        with pytest.raises(BusyError, match="waiting already"):
            sandbox.rows(sample, "select 1", token())
        sandbox.stop(mine)
        with pytest.raises(StoppedError):
            running.result(timeout=30)


def test_a_statement_dies_with_its_server(tmp_path: Path, sample: Snapshot):
    """When the server is killed, what it had started is gone, and the slots are free."""
    code = (
        "import sys; from pathlib import Path\n"
        "from warehouse.connection import Warehouse; from warehouse.sandbox import Limits, Sandbox\n"
        "Sandbox(Limits(seconds=60), Path(sys.argv[1])).rows(Warehouse(Path(sys.argv[2])).snapshot(), sys.argv[3], '0' * 32)"
    )
    server = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(sample.path.parent), ENDLESS])
    try:
        until(lambda: children(server.pid))
        (child,) = children(server.pid)
    finally:
        server.kill()
        server.wait()
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    assert Sandbox(TIGHT, tmp_path).rows(sample, "select 1", token()).rows == [[1]]


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [each.pid for each in psutil.Process(pid).children()]


def statements() -> list[psutil.Process]:
    """The processes of statements that this process runs."""
    return [each for each in psutil.Process().children() if any("sandbox_child" in word for word in each.cmdline())]


def test_nothing_is_left_running(sandbox: Sandbox, sample: Snapshot):
    """A statement that is too slow is dead once that is said."""
    before = set(children(os.getpid()))
    with pytest.raises(StatementError, match="longer than 1 s"):
        sandbox.rows(sample, "select levenshtein(repeat('a', 300000), repeat('b', 300000))", token())
    assert set(children(os.getpid())) <= before


def test_a_killed_statement_is_said_to_have_taken_too_much(sandbox: Sandbox, sample: Snapshot):
    """Its process may be killed by the system: that is no defect, and one line."""
    with ThreadPoolExecutor() as pool:
        running = pool.submit(Sandbox(Limits(seconds=60), sandbox._slots._given).rows, sample, ENDLESS, token())
        until(statements)
        for statement in statements():
            statement.kill()
        with pytest.raises(StatementError, match="needs more than it may take"):
            running.result(timeout=30)
