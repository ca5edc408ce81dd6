import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from warehouse.connection import Warehouse
from warehouse.errors import BusyError, InputError, MallError
from warehouse.forgotten import read, remember
from warehouse.publish import LOCK, interrupt_on_terminate, locked, new_version
from warehouse.versions import CURRENT, current, published

HOLDER = """
import sys
from pathlib import Path
from warehouse.publish import new_version
with new_version(Path(sys.argv[1]), keep=3) as draft:
    draft.connection.execute("create table answers as select 0 as answer")
    print("building", flush=True)
    sys.stdin.read()
"""
"""A process that builds a version and never ends it."""


def publish(directory: Path, answer: int, keep: int = 3) -> int:
    """Publish a version that holds one number."""
    with new_version(directory, keep) as draft:
        draft.connection.execute("create table answers as select $answer as answer", {"answer": answer})
    return draft.number


def fail(directory: Path, failure: type[BaseException]) -> None:
    """Write a good deal of a version, then fail."""
    with new_version(directory, keep=3) as draft:
        draft.connection.execute("create table big as from range(300000)")
        raise failure


def names(directory: Path) -> set[str]:
    """The names of the files in a directory."""
    return {path.name for path in directory.iterdir()}


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of a build in tmp_path, where version 1 is published."""
    publish(tmp_path, 1)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "building\n"
        yield process
        process.kill()


def test_a_version_is_published_when_its_block_ends(tmp_path: Path):
    """Versions count from 1, the link points at the newest, and nothing else is left but the lock."""
    assert publish(tmp_path / "made" / "on the way", 41) == 1
    assert publish(tmp_path / "made" / "on the way", 42) == 2
    directory = tmp_path / "made" / "on the way"
    assert names(directory) == {"v1.duckdb", "v2.duckdb", CURRENT, LOCK}
    assert (directory / CURRENT).readlink() == Path("v2.duckdb")
    assert Warehouse(directory).snapshot().value("select answer from answers") == 42


def test_nobody_sees_a_version_while_it_is_built(tmp_path: Path):
    """Inside the block the old version is current."""
    publish(tmp_path, 1)
    with new_version(tmp_path, keep=3) as draft:
        draft.connection.execute("create table answers as select 2 as answer")
        assert current(tmp_path) == 1
        assert Warehouse(tmp_path).snapshot().value("select answer from answers") == 1
    assert current(tmp_path) == 2


def test_what_is_read_on_the_way(tmp_path: Path):
    """It stands in a file beside the version, which goes with the build; in memory alone where people were erased."""
    for erased in (False, True):
        if erased:
            remember(tmp_path, read(tmp_path), "C1")
        with new_version(tmp_path, keep=3) as draft:
            draft.connection.execute("create table scratch.read as select 1 as row")
            draft.connection.execute("checkpoint scratch")
            assert draft.connection.execute("from read").fetchall() == [(1,)]
            assert [name for name in names(tmp_path) if "scratch" in name] == ([] if erased else ["v1.duckdb.building.scratch"])
            draft.connection.execute("create table answers as select 2 as answer")
        assert not [name for name in names(tmp_path) if "scratch" in name]


@pytest.mark.parametrize("failure", [RuntimeError, MallError, KeyboardInterrupt])
def test_a_failing_build_leaves_no_trace(tmp_path: Path, failure: type[BaseException]):
    """Whatever is raised in the block, the old version stays current, byte for byte, and no file is left over."""
    publish(tmp_path, 1)
    before = (tmp_path / CURRENT).read_bytes(), names(tmp_path)
    with pytest.raises(failure):
        fail(tmp_path, failure)
    assert ((tmp_path / CURRENT).read_bytes(), names(tmp_path)) == before
    assert publish(tmp_path, 2) == 2


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; make room there"),
        (MemoryError(), "out of memory; allow more with MEMORY_LIMIT"),
        (duckdb.OutOfMemoryException("Out of Memory Error: 2.7 GiB used"), "2.7 GiB used; allow more with MEMORY_LIMIT"),
    ],
)
def test_a_machine_that_is_too_small(tmp_path: Path, failure: Exception, advice: str):
    """The line says what ran out, and what to give more of."""
    with pytest.raises(InputError, match=advice), new_version(tmp_path, keep=3):
        raise failure
    assert names(tmp_path) == {LOCK}


def test_a_first_build_that_fails_publishes_nothing(tmp_path: Path):
    """Where there was no version there is none afterwards."""
    with pytest.raises(RuntimeError):
        fail(tmp_path, RuntimeError)
    assert names(tmp_path) == {LOCK}


@pytest.mark.parametrize(("keep", "kept"), [(1, [5]), (2, [4, 5]), (3, [3, 4, 5]), (9, [1, 2, 3, 4, 5])])
def test_the_last_versions_are_kept(tmp_path: Path, keep: int, kept: list[int]):
    """`keep` versions stay on disk, the newest among them."""
    for answer in range(1, 6):
        publish(tmp_path, answer, keep)
    assert published(tmp_path) == kept
    assert current(tmp_path) == 5


def test_a_reader_keeps_its_version(tmp_path: Path):
    """An open snapshot answers from its version though newer ones are published and its file is retired."""
    publish(tmp_path, 1, keep=1)
    warehouse = Warehouse(tmp_path)
    held = warehouse.snapshot()
    assert warehouse.snapshot() is held
    publish(tmp_path, 2, keep=1)
    publish(tmp_path, 3, keep=1)
    assert published(tmp_path) == [3]
    assert (held.version, held.value("select answer from answers")) == (1, 1)
    newest = warehouse.snapshot()
    assert (newest.version, newest.value("select answer from answers")) == (3, 3)
    assert held.value("select answer from answers") == 1


def test_a_published_file_is_not_writable(tmp_path: Path):
    """The file of a version has no write permission, for nobody; whom the umask keeps out cannot read it either."""
    publish(tmp_path, 1)
    assert (tmp_path / "v1.duckdb").stat().st_mode & 0o777 == 0o444
    before = os.umask(0o077)
    try:
        publish(tmp_path, 2)
    finally:
        os.umask(before)
    assert (tmp_path / "v2.duckdb").stat().st_mode & 0o777 == 0o400


def test_a_second_build_is_refused_with_the_name_of_the_first(tmp_path: Path, holder: subprocess.Popen[str]):
    """While a process builds, another gets BusyError naming it; readers go on."""
    with pytest.raises(BusyError, match=rf"{tmp_path} is being changed by process {holder.pid} since .* UTC"):
        publish(tmp_path, 2)
    assert Warehouse(tmp_path).snapshot().value("select answer from answers") == 1


@pytest.mark.parametrize("found", ["", "process 999999999 since 2026-11-24 03:15:00 UTC"], ids=["nothing", "a dead process"])
def test_a_holder_is_named_once_it_has_written_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str):
    """Between taking the lock and writing a name into it, a holder is waited for; the name of a dead one is not told."""
    name = f"process {os.getpid()} since 2026-11-25 03:15:00 UTC"
    (tmp_path / LOCK).write_text(found)
    monkeypatch.setattr("warehouse.publish.time.sleep", lambda _: (tmp_path / LOCK).write_text(name))
    with (tmp_path / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match=name), locked(tmp_path):
            pass


def test_a_holder_that_ends_while_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A holder that has just taken its name out lets go a moment later: the lock is then there to be had."""
    with (tmp_path / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        monkeypatch.setattr("warehouse.publish.time.sleep", lambda _: fcntl.flock(file, fcntl.LOCK_UN))
        with locked(tmp_path):
            assert f"process {os.getpid()} since" in (tmp_path / LOCK).read_text()


def test_a_killed_build_blocks_nothing(tmp_path: Path, holder: subprocess.Popen[str]):
    """The lock dies with its holder, and the next build removes what it left behind."""
    holder.kill()
    holder.wait()
    assert any(".building" in name for name in names(tmp_path))
    assert publish(tmp_path, 2) == 2
    assert names(tmp_path) == {"v1.duckdb", "v2.duckdb", CURRENT, LOCK}


def test_a_build_gets_a_number_of_its_own_after_a_step_back(tmp_path: Path):
    """When the link was set back by hand, the next version does not overwrite the newer one."""
    publish(tmp_path, 1)
    publish(tmp_path, 2)
    (tmp_path / CURRENT).unlink()
    (tmp_path / CURRENT).symlink_to("v1.duckdb")
    assert publish(tmp_path, 3) == 3
    assert published(tmp_path) == [1, 2, 3]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_directory_that_cannot_be_made(tmp_path: Path, place: str):
    """Where a file stands in the place of the directory, the error names the directory."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"{tmp_path / place}: cannot make the warehouse directory"):
        publish(tmp_path / place, 1)


def test_a_lock_that_cannot_be_written(tmp_path: Path):
    """Where the lock cannot be opened, the error names it."""
    (tmp_path / LOCK).mkdir()
    with pytest.raises(InputError, match=f"{tmp_path / LOCK}: cannot write"):
        publish(tmp_path, 1)


def test_what_is_not_ours_stays(tmp_path: Path):
    """A refresh clears up after an interrupted one, and leaves other people's files alone whatever they are called."""
    (tmp_path / "house.building.csv").write_text("theirs")
    (tmp_path / "my.building.notes").mkdir()
    (tmp_path / "v7.duckdb.building.spill").mkdir()
    (tmp_path / "forgotten.csv.building").write_text("ours")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "v3.duckdb.building").symlink_to("elsewhere")
    publish(tmp_path, 1)
    assert names(tmp_path) == {"v1.duckdb", CURRENT, LOCK, "house.building.csv", "my.building.notes", "elsewhere"}


def test_a_folder_of_that_name_is_no_version(tmp_path: Path):
    """Its number is passed over, and nothing fails because of it."""
    (tmp_path / "v1.duckdb").mkdir()
    assert [publish(tmp_path, answer, keep=1) for answer in (1, 2)] == [2, 3]
    assert published(tmp_path) == [3]


def test_a_place_where_nothing_can_be_published(tmp_path: Path):
    """A folder in the place of the link, or a path that DuckDB cannot write to, is refused before anything is built."""
    (tmp_path / CURRENT).mkdir()
    with pytest.raises(InputError, match="is not the link to a published version"):
        publish(tmp_path, 1)
    assert published(tmp_path) == []
    with pytest.raises(InputError, match="question mark"):
        publish(tmp_path / "a?b", 1)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_after_the_link_has_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: signal.Signals):
    """It stops nothing any more: what is published is not said to be not published."""
    handler = signal.getsignal(sent)
    monkeypatch.setattr("warehouse.publish._retire", lambda *_: os.kill(os.getpid(), sent))
    assert publish(tmp_path, 1) == current(tmp_path) == 1
    assert signal.getsignal(sent) is handler


def test_a_refresh_that_is_told_to_end(tmp_path: Path):
    """SIGTERM is an interruption: it unwinds, so that what was begun is cleared up."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        interrupt_on_terminate()
        with pytest.raises(KeyboardInterrupt), new_version(tmp_path, 3):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert published(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["refresh.lock"]
