"""Whatever is killed, readers get whole answers and the next refresh leaves nothing behind."""

import contextlib
import io
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.refresh import main as refresh_main
from tests.warehouse.crashing import (
    PROCESSES,
    Tally,
    customers,
    do_forget,
    do_refresh,
    do_rollback,
    kill,
    leftovers,
    moments,
    readers,
    run,
)
from warehouse.publish import LOCK
from warehouse.versions import current, published

Record = Callable[[str, object], None]

SIZES = range(20, 32)
"""A number of customers for each version, so that a mixed answer shows."""


def report(record_property: Record, kills: int, tally: Tally) -> None:
    """Put the figures where `make soak` prints them."""
    figures = {"kills": kills, "reads": tally.reads, "failed": len(tally.failed), "mixed": len(tally.mixed)}
    record_property("figures", figures)
    seen = f"{tally.reads} reads of {len(tally.versions)} versions"
    print(f"\n{kills} kills, {seen}, {len(tally.failed)} failed, {len(tally.mixed)} mixed")


def start(folder: Path, quick: Path) -> tuple[Path, list[Path]]:
    """A warehouse with two versions, and the files for more."""
    files = [customers(folder, count) for count in SIZES]
    directory = folder / "warehouse"
    for file in files[:2]:
        run(do_refresh, directory, file, quick)
    return directory, files


@pytest.mark.parametrize("wanted", [1, pytest.param(250, marks=pytest.mark.soak)])
def test_a_refresh_killed_at_any_moment(tmp_path: Path, quick: Path, wanted: int, record_property: Record):
    """A refresh killed at random moments: no read fails or mixes versions, and the next good refresh leaves no file over."""
    directory, files = start(tmp_path, quick)
    kills, survived = 0, 0
    with readers(directory, wanted) as tally:
        takes = run(do_refresh, directory, files[2], quick)  # beside readers it takes longer
        for moment in moments(wanted, 1.15 if wanted > 25 else 1.6):
            started = time.monotonic()
            was_killed = kill(moment * takes, do_refresh, directory, files[(kills + survived) % len(files)], quick)
            kills, survived = kills + was_killed, survived + (not was_killed)
            takes = 1.05 * takes if was_killed else time.monotonic() - started  # other work comes and goes
            if kills >= wanted and survived:
                break
        run(do_refresh, directory, files[0], quick)
        assert leftovers(directory) == set()
    report(record_property, kills, tally)
    assert (tally.failed, tally.mixed) == ([], [])
    assert tally.reads > wanted
    assert len(tally.versions) > 2
    assert len(published(directory)) == 3
    assert current(directory) == max(published(directory))


@pytest.mark.parametrize("wanted", [1, pytest.param(50, marks=pytest.mark.soak)])
def test_an_erasure_killed_at_any_moment(tmp_path: Path, quick: Path, wanted: int, record_property: Record):
    """An erasure killed at random moments: no read fails or mixes versions, and run again it leaves no byte of the person."""
    directory, files = start(tmp_path, quick)
    run(do_refresh, directory, files[2], quick)
    kills = 0
    takes = 1.0
    with readers(directory, wanted) as tally:
        for number, moment in enumerate(moments(wanted, 1)):
            person = f"C{number % 20:04d}"
            kills += kill(moment * takes, do_forget, directory, person)
            takes = run(do_forget, directory, person)
            assert leftovers(directory) == set()
            assert [path.name for path in directory.iterdir() if person.encode() in path.read_bytes()] == []
            if kills == wanted:
                break
            if number % 8 == 7:  # a few remain to be clustered
                (directory / "forgotten.csv").unlink()
                for file in files[3:6]:
                    run(do_refresh, directory, file, quick)
    report(record_property, kills, tally)
    assert (tally.failed, tally.mixed) == ([], [])


@pytest.mark.soak
@pytest.mark.parametrize("wanted", [100])
def test_a_rollback_killed_at_any_moment(tmp_path: Path, quick: Path, wanted: int, record_property: Record):
    """A rollback killed at random moments leaves the one version current or the other, and readers get either."""
    directory, files = start(tmp_path, quick)
    kills = 0
    with readers(directory, wanted) as tally:
        for number, moment in enumerate(moments(wanted, 0.15)):
            kills += kill(
                moment,
                do_rollback,
                directory,
                1 + number % 2 if current(directory) != 1 + number % 2 else None if number % 2 else 2,
            )
            assert current(directory) in (1, 2)
            if kills == wanted:
                break
        run(do_refresh, directory, files[2], quick)
    report(record_property, kills, tally)
    assert (tally.failed, tally.mixed) == ([], [])
    assert leftovers(directory) == set()
    assert published(directory) == [1, 2, 3]


def _main(arguments: list[str], answer: object) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        status = refresh_main(arguments)
    answer.send((status, said.getvalue()))  # type: ignore[attr-defined]


def test_two_refreshes_at_once(tmp_path: Path, quick: Path):
    """One publishes; the other ends at once with status 3 and one line that names the first and since when."""
    directory, file = tmp_path / "warehouse", customers(tmp_path, 20)
    arguments = ["--customers", str(file), "--warehouse", str(directory), "--segmentations", str(quick)]
    pipes = [PROCESSES.Pipe(), PROCESSES.Pipe()]
    both = [PROCESSES.Process(target=_main, args=(arguments, theirs)) for _, theirs in pipes]
    for process in both:
        process.start()
    answers = [mine.recv() for mine, _ in pipes]
    for process in both:
        process.join()
    first = both[answers.index((0, ""))]
    (refused,) = [text for status, text in answers if status == 3]
    (line,) = refused.splitlines()
    assert re.search(rf"{directory} is being changed by process {first.pid} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", line)
    assert published(directory) == [1]


def test_the_lock_of_a_dead_process(tmp_path: Path, quick: Path):
    """A refresh that was killed leaves its name in the lock, and the next one takes it over."""
    directory, file = tmp_path / "warehouse", customers(tmp_path, 20)
    run(do_refresh, directory, file, quick)
    process = PROCESSES.Process(target=do_refresh, args=(directory, file, quick))
    process.start()
    deadline = time.monotonic() + 60
    while not list(directory.glob("*.building")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.join()
    assert f"process {process.pid} since" in (directory / LOCK).read_text()
    assert leftovers(directory) != set()
    run(do_refresh, directory, file, quick)
    assert published(directory) == [1, 2]
    assert leftovers(directory) == set()
