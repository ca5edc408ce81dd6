"""A full disk, a directory that may not be written, no memory: one line, status 2, and the old version stays."""

import codecs
import contextlib
import io
import os
import resource
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import etl.refresh
import warehouse.forget
import warehouse.rollback
from tests.helpers import QUICK, once
from tests.warehouse.crashing import PROCESSES, Tally, ask, customers, do_refresh, leftovers, run
from warehouse.connection import Warehouse
from warehouse.versions import current, published

NOBODY = 65534

Command = Callable[[list[str]], int]
Limit = Callable[[], None]


def _say(command: Command, arguments: list[str], environ: dict[str, str], limit: Limit | None, size: int, answer: object) -> None:
    os.environ.update(environ)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        if size >= 0:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        if limit is not None:
            limit()
        try:
            status = command(arguments)
        except BaseException:
            status = -1
            traceback.print_exc()
    answer.send((status, said.getvalue()))  # type: ignore[attr-defined]


def said(command: Command, *arguments: object, size: int = -1, limit: Limit | None = None, **environ: object) -> tuple[int, str]:
    """Run a command in a process of its own, where no file can grow beyond `size` bytes.

    Returns its status, -1 for a traceback, and what it says on stderr.
    """
    mine, theirs = PROCESSES.Pipe()
    given = {name: str(value) for name, value in environ.items()}
    process = PROCESSES.Process(target=_say, args=(command, [*map(str, arguments)], given, limit, size, theirs))
    process.start()
    theirs.close()
    status, text = mine.recv()
    process.join()
    return status, text


@pytest.fixture(scope="module")
def twenty(shared_folder: Path) -> Path:
    """A folder with a warehouse of 20 customers, its files, and one of 21, to be copied."""
    folder = shared_folder / "twenty"

    def make(directory: Path) -> None:
        (folder / "quick.toml").write_text(QUICK)
        customers(folder, 21)
        do_refresh(directory, customers(folder, 20), folder / "quick.toml")

    folder.mkdir(exist_ok=True)
    once(folder / "warehouse", make)
    return folder


@pytest.fixture
def directory(twenty: Path) -> Iterator[Path]:
    """A warehouse of 20 customers, and beside it a file of 21, where everybody may reach them: tmp_path is closed to others."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    shutil.copytree(twenty, folder, symlinks=True, dirs_exist_ok=True)
    folder.chmod(0o755)
    yield folder / "warehouse"
    shutil.rmtree(folder)


def refresh(directory: Path, **options: object) -> tuple[int, str]:
    """Refresh from the file beside the directory."""
    folder = directory.parent
    arguments = ["--customers", folder / "customers_21.csv", "--warehouse", directory, "--segmentations", folder / "quick.toml"]
    return said(etl.refresh.main, *arguments, **options)  # type: ignore[arg-type]


def stays(directory: Path, version: int, text: str) -> None:
    """What must hold after a refusal: one line that names the directory, the version as it was, and no file left over."""
    (line,) = text.splitlines()
    assert str(directory) in line
    assert current(directory) == version
    assert leftovers(directory) == set()
    tally = Tally()
    ask(Warehouse(directory).snapshot(), tally)
    assert tally.mixed == []


@pytest.mark.parametrize("steps", [3, pytest.param(120, marks=pytest.mark.soak)])
def test_a_disk_that_fills_up(directory: Path, steps: int):
    """Wherever in a refresh the disk is full, it ends with one line and status 2; with room it succeeds."""
    room = 2 * (directory / "v1.duckdb").stat().st_size
    for step in range(steps):
        status, text = refresh(directory, size=int(room * (step / steps) ** 2))
        if status == 0:
            break
        assert status == 2, text
        stays(directory, 1, text)
    assert step > steps // 3
    assert refresh(directory, size=2 * room) == (0, "")
    assert leftovers(directory) == set()


def test_a_disk_that_is_full_for_an_erasure(directory: Path):
    """An erasure that has no room says so, both versions stay as they were, and with room it is done."""
    assert refresh(directory)[0] == 0
    before = {path: path.stat().st_ino for path in directory.glob("v*.duckdb")}
    for size in (0, 3_000_000):
        status, text = said(warehouse.forget.main, "--id", "C0003", size=size, WAREHOUSE=directory)
        assert status == 2, text
        stays(directory, 2, text)
        assert {path: path.stat().st_ino for path in directory.glob("v*.duckdb")} == before
    assert said(warehouse.forget.main, "--id", "C0003", WAREHOUSE=directory)[0] == 0
    assert not any(b"C0003" in path.read_bytes() for path in before)


def test_an_undone_erasure_without_room_or_permission(directory: Path):
    """It says so in one line, and the person stays on the list."""
    assert said(warehouse.forget.main, "--id", "C0003", WAREHOUSE=directory)[0] == 0
    before = (directory / "forgotten.csv").read_text()
    status, text = said(warehouse.forget.main, "--id", "C0003", "--undo", size=0, WAREHOUSE=directory)
    assert status == 2, text
    stays(directory, 1, text)
    directory.chmod(0o555)
    (directory / "refresh.lock").chmod(0o666)
    status, text = said(warehouse.forget.main, "--id", "C0003", "--undo", limit=_as_nobody, WAREHOUSE=directory)
    directory.chmod(0o755)
    assert status == 2, text
    stays(directory, 1, text)
    assert (directory / "forgotten.csv").read_text() == before


def _as_nobody() -> None:
    for encoding in ("ascii", "utf-8-sig"):
        codecs.lookup(encoding)  # while the library of this Python can be read: it may be closed to others
    if os.geteuid() == 0:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        pytest.param(warehouse.rollback.main, ["--version", "1"], marks=pytest.mark.soak),
        pytest.param(warehouse.forget.main, ["--id", "C0003"], marks=pytest.mark.soak),
        (None, []),
    ],
)
def test_a_directory_that_may_not_be_written(directory: Path, command: Command | None, arguments: list[str]):
    """Whoever may only read gets one line and status 2 from every command that writes, and readers of that user go on."""
    run(do_refresh, directory, directory.parent / "customers_21.csv", directory.parent / "quick.toml")
    directory.chmod(0o555)
    (directory / "refresh.lock").chmod(0o444)
    if command is None:
        status, text = refresh(directory, limit=_as_nobody)
    else:
        status, text = said(command, *arguments, limit=_as_nobody, WAREHOUSE=directory)
    assert status == 2, text
    assert "Permission denied" in text
    stays(directory, 2, text)
    directory.chmod(0o755)
    assert published(directory) == [1, 2]


def test_a_lock_that_may_be_written_in_a_directory_that_may_not(directory: Path):
    """The permission can also be missing only when the version is written."""
    directory.chmod(0o555)
    (directory / "refresh.lock").chmod(0o666)
    status, text = refresh(directory, limit=_as_nobody)
    assert status == 2, text
    stays(directory, 1, text)
    directory.chmod(0o755)


def _little_memory() -> None:
    import duckdb

    connect = duckdb.connect

    def connected(*arguments: object, **options: object) -> duckdb.DuckDBPyConnection:
        connection = connect(*arguments, **options)  # type: ignore[arg-type]
        connection.execute("set memory_limit = '3MB'; set max_temp_directory_size = '0B'")
        return connection

    duckdb.connect = connected


def test_too_little_memory(directory: Path):
    """Where the memory does not suffice, the same."""
    status, text = refresh(directory, limit=_little_memory)
    assert status == 2, text
    stays(directory, 1, text)


def test_too_little_memory_for_an_erasure(directory: Path):
    """An erasure without memory removes no version either."""
    assert refresh(directory)[0] == 0
    status, text = said(warehouse.forget.main, "--id", "C0003", limit=_little_memory, WAREHOUSE=directory)
    assert status == 2, text
    stays(directory, 2, text)
    assert published(directory) == [1, 2]
