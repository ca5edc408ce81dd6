"""Damaged versions: readers answer from the newest intact one before, or refuse plainly, and the next refresh succeeds."""

import contextlib
import logging
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from etl.refresh import main as refresh
from tests.helpers import refreshed
from tests.warehouse.crashing import Tally, ask, customers
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import DamagedError, InputError, NotPublishedError
from warehouse.history import HISTORY, STAYS
from warehouse.kept import main as versions
from warehouse.rollback import main as rollback
from warehouse.versions import CURRENT, current, published

Spoil = Callable[[bytes], bytes]
HEADERS, BLOCK = 12288, 262144
"""A DuckDB file: three headers of 4 kB, then blocks of 256 kB."""


def flip(data: bytes, place: int) -> bytes:
    """`data` with one byte turned over."""
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def blank(data: bytes, place: int, count: int) -> bytes:
    """`data` with `count` bytes of zeros."""
    return data[:place] + bytes(len(data[place : place + count])) + data[place + count :]


pytestmark = pytest.mark.xdist_group("damage")  # the two versions are made once

WAYS: dict[str, Spoil] = {
    "emptied": lambda _: b"",
    "text": lambda _: b"not a database\n" * 1000,
    "other bytes": lambda data: random.Random(7).randbytes(len(data)),
    "cut in the header": lambda data: data[:100],
    "cut after the headers": lambda data: data[:HEADERS],
    "cut in the middle": lambda data: data[: len(data) // 2],
    "cut by one byte": lambda data: data[:-1],
    "first block of zeros": lambda data: blank(data, HEADERS, BLOCK),
    "last block of zeros": lambda data: blank(data, HEADERS + (len(data) - HEADERS) // BLOCK * BLOCK - BLOCK, BLOCK),
    "a byte of the magic word": lambda data: flip(data, 9),
    "a byte of both headers": lambda data: flip(flip(data, 4100), 8200),
    "a byte in the middle": lambda data: flip(data, len(data) // 2),
    "a byte near the end": lambda data: flip(data, len(data) - BLOCK + 5000),
}

READ = {"emptied", "cut after the headers", "cut by one byte", "a byte of both headers", "a byte in the middle"}
"""The ways after which reading is tried in `make test` too."""

REFRESHED = {"text", "cut in the middle", "a byte in the middle"}
"""The ways after which a refresh is tried in `make test` too."""


def spoil(path: Path, way: Spoil) -> None:
    """Damage the file of a version where it stands, as a failing disk would."""
    path.chmod(0o644)
    path.write_bytes(way(path.read_bytes()))


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with versions 1 and 2, of 20 and 21 customers, to be copied."""
    folder = tmp_path_factory.mktemp("two")
    quick = folder / "quick.toml"
    quick.write_text('[spending]\nfeatures = ["annual_income_k", "spending_score"]\nk_max = 3\n')
    for count in (20, 21):
        refreshed(folder / "warehouse", customers(folder, count), quick)
    return folder


@pytest.fixture
def warehouse(two_versions: Path, tmp_path: Path) -> Path:
    """A copy of that warehouse."""
    directory = tmp_path / "warehouse"
    directory.mkdir()
    for path in (two_versions / "warehouse").glob("v*.duckdb"):
        (directory / path.name).write_bytes(path.read_bytes())
    (directory / CURRENT).symlink_to("v2.duckdb")
    return directory


def again(warehouse: Path, two_versions: Path, customers: str = "customers_21.csv") -> int:
    """Refresh the warehouse; returns the exit status."""
    given = {"--customers": two_versions / customers, "--warehouse": warehouse, "--segmentations": two_versions / "quick.toml"}
    return refresh([str(word) for pair in given.items() for word in pair])


@pytest.mark.parametrize("way", [pytest.param(way, marks=[] if way in READ else pytest.mark.soak) for way in WAYS])
def test_a_damaged_version_is_stood_in_for(warehouse: Path, way: str, caplog: pytest.LogCaptureFixture):
    """A reader with the version open, and one who comes later, get version 1, whole, and are told."""
    early, late, tally = Warehouse(warehouse), Warehouse(warehouse), Tally()
    ask(early.snapshot(), tally)
    spoil(warehouse / "v2.duckdb", WAYS[way])
    with caplog.at_level(logging.WARNING):
        for reader in (late, early, late):
            snapshot = reader.snapshot()
            assert (snapshot.version, snapshot.stands_in_for) == (1, 2)
            ask(snapshot, tally)
    assert sum("version 1 is read instead" in message for message in caplog.messages) == 2  # once per reader
    assert (tally.reads, tally.mixed) == (4, [])


@pytest.mark.parametrize("way", [pytest.param(way, marks=[] if way in REFRESHED else pytest.mark.soak) for way in WAYS])
def test_a_refresh_past_a_damaged_version(warehouse: Path, two_versions: Path, way: str, capsys: pytest.CaptureFixture[str]):
    """It succeeds, says that it is built upon version 1, and readers move to it."""
    reader = Warehouse(warehouse)
    spoil(warehouse / "v2.duckdb", WAYS[way])
    assert again(warehouse, two_versions) == 0
    assert "VERSION 2 IS DAMAGED: this one is built upon version 1" in capsys.readouterr().out
    snapshot, tally = reader.snapshot(), Tally()
    assert (snapshot.version, snapshot.stands_in_for) == (3, None)
    assert snapshot.columns("select distinct run_id from segments.runs order by 1") == {"run_id": [1, 3]}
    ask(snapshot, tally)
    assert tally.mixed == []


@pytest.mark.parametrize("times", [20, pytest.param(600, marks=pytest.mark.soak)])
def test_any_flipped_byte(warehouse: Path, times: int):
    """Wherever a byte is turned over, a reader gets the right answer of version 2, or that of version 1 with a word about it."""
    good = (warehouse / "v2.duckdb").read_bytes()
    chance, tally, stood_in = random.Random(11), Tally(), 0
    reader = Warehouse(warehouse)
    for place in [chance.randrange(len(good)) for _ in range(times)]:
        spoil(warehouse / "v2.duckdb", lambda _, place=place: flip(good, place))  # type: ignore[misc]
        snapshot = reader.snapshot()
        stood_in += snapshot.stands_in_for == 2
        ask(snapshot, tally)
    assert (tally.reads, tally.mixed) == (times, [])
    assert stood_in > times / 2


def test_a_lost_version_is_stood_in_for(warehouse: Path, two_versions: Path):
    """The same where the file is gone; its number is not given to another version."""
    (warehouse / "v2.duckdb").unlink()
    snapshot = Warehouse(warehouse).snapshot()
    assert (snapshot.version, snapshot.stands_in_for) == (1, 2)
    assert again(warehouse, two_versions) == 0
    assert published(warehouse) == [1, 3]


def test_a_refresh_without_the_link(warehouse: Path, two_versions: Path, capsys: pytest.CaptureFixture[str]):
    """The gate compares with the newest version there is, also where nothing points at it."""
    (warehouse / CURRENT).unlink()
    few = customers(two_versions, 9)
    assert again(warehouse, two_versions, few.name) == 2
    assert "9 customers after 21 in version 2: more than 50% are gone" in capsys.readouterr().err


@pytest.fixture(scope="session")
def hit_within(two_versions: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of version 2 with one turned over inside a table of its history, where opening the file does not look."""
    good = (two_versions / "warehouse" / "v2.duckdb").read_bytes()
    tried = tmp_path_factory.mktemp("hit") / "v2.duckdb"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("warehouse.connection._LOOK_AT", -1)
        for place in range(HEADERS + 5000, len(good), BLOCK):  # a block has one checksum
            tried.write_bytes(flip(good, place))
            with contextlib.suppress(DamagedError):
                snapshot = Snapshot(tried)
                try:
                    snapshot.look_into((*HISTORY, *STAYS))
                except DamagedError:
                    return tried.read_bytes()
    pytest.fail("no byte of the history was hit")


@pytest.fixture
def hidden_damage(warehouse: Path, hit_within: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The warehouse with version 2 damaged there."""
    monkeypatch.setattr("warehouse.connection._LOOK_AT", -1)
    spoil(warehouse / "v2.duckdb", lambda _: hit_within)
    return warehouse


def test_damage_that_a_query_finds(hidden_damage: Path):
    """Where only a query comes upon the damage, it is refused in words, and the next snapshot is another version's."""
    reader = Warehouse(hidden_damage)
    snapshot = reader.snapshot()
    assert (snapshot.version, snapshot.stands_in_for) == (2, None)
    with pytest.raises(DamagedError, match=r"v2\.duckdb: is damaged and cannot be read"):
        snapshot.look_into((*HISTORY, *STAYS))
    stand_in = reader.snapshot()
    assert (stand_in.version, stand_in.stands_in_for) == (1, 2)
    assert reader.snapshot() is stand_in


def test_history_is_not_lost_to_damage_that_nobody_met(hidden_damage: Path, two_versions: Path):
    """A refresh reads the history it carries on to the last row, and takes the newest version in which that is whole."""
    assert again(hidden_damage, two_versions) == 0
    snapshot = Warehouse(hidden_damage).snapshot()
    assert snapshot.columns("select distinct run_id from segments.runs order by 1") == {"run_id": [1, 3]}
    assert snapshot.columns("select distinct from_run_id from segments.membership_history order by 1")["from_run_id"][0] == 1


def test_all_versions_are_damaged(warehouse: Path, two_versions: Path, capsys: pytest.CaptureFixture[str]):
    """Then a reader is refused with the name of the file, every command says so in a line, and a refresh still succeeds."""
    for path in warehouse.glob("v*.duckdb"):
        spoil(path, WAYS["cut in the middle"])
    reader = Warehouse(warehouse)
    for _ in range(2):
        with pytest.raises(DamagedError, match=r"v2\.duckdb"):
            reader.snapshot()
    assert again(warehouse, two_versions) == 0
    assert reader.snapshot().version == 3
    assert capsys.readouterr().err == ""


def test_the_sample_does_not_replace_what_cannot_be_read(
    warehouse: Path, two_versions: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A damaged warehouse may hold real customers: without CUSTOMERS it is left alone."""
    for path in warehouse.glob("v*.duckdb"):
        spoil(path, WAYS["text"])
    monkeypatch.chdir(tmp_path)
    assert refresh(["--warehouse", str(warehouse), "--segmentations", str(two_versions / "quick.toml")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(warehouse) in line
    assert published(warehouse) == [1, 2]


def test_a_directory_emptied_and_built_anew(warehouse: Path, two_versions: Path):
    """Version 1 again, under the same path: an open reader moves to it, and says plainly when there is nothing."""
    (warehouse / CURRENT).unlink()
    (warehouse / CURRENT).symlink_to("v1.duckdb")
    reader = Warehouse(warehouse)
    held = reader.snapshot()
    assert held.value("select count(*) from raw.customers") == 20
    for path in warehouse.iterdir():
        path.unlink()
    with pytest.raises(NotPublishedError, match="run `make refresh` first"):
        reader.snapshot()
    assert again(warehouse, two_versions) == 0
    snapshot = reader.snapshot()
    assert (snapshot.version, snapshot.value("select count(*) from raw.customers")) == (1, 21)
    assert held.value("select count(*) from raw.customers") == 20


def test_a_link_to_something_else(
    warehouse: Path, two_versions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A link to a file of another name is said in one line by readers and commands; a rollback by number sets it right."""
    monkeypatch.setenv("WAREHOUSE", str(warehouse))
    (warehouse / CURRENT).unlink()
    (warehouse / CURRENT).symlink_to("backup.duckdb")
    with pytest.raises(InputError, match=r"backup.duckdb: is not a warehouse version"):
        Warehouse(warehouse).snapshot()
    assert versions() == 0
    assert again(warehouse, two_versions) == 2
    assert "backup.duckdb: is not a warehouse version" in capsys.readouterr().err
    assert rollback(["--version", "1"]) == 0
    assert current(warehouse) == 1


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_version_that_may_not_be_read(two_versions: Path):
    """No permission is not damage: no older version stands in, and the line says what is wrong."""
    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        directory.chmod(0o755)
        for name in ("v1.duckdb", "v2.duckdb"):
            shutil.copy(two_versions / "warehouse" / name, directory / name)
        (directory / CURRENT).symlink_to("v2.duckdb")
        (directory / "v2.duckdb").chmod(0)
        with as_nobody(), pytest.raises(InputError, match=rf"{directory}/v2.duckdb: cannot be read: Permission denied") as error:
            Warehouse(directory).snapshot()
        assert not isinstance(error.value, NotPublishedError | DamagedError)
    finally:
        shutil.rmtree(directory)
