"""Names by people: shown at once, kept through refreshes, rollbacks and erasures, and refused where they would mislead."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import refreshed
from tests.warehouse.crashing import leftovers
from warehouse.builder import builder
from warehouse.checks import run_checks
from warehouse.connection import Snapshot, Warehouse, identity
from warehouse.errors import BusyError, InputError
from warehouse.forget import forget
from warehouse.label import Label, label, main, segments
from warehouse.publish import locked
from warehouse.rollback import rollback

HOSTILE = "<img src=x onerror=alert(1)> \"'; -- 🛍️"


@pytest.fixture
def warehouse(tmp_path: Path, four_published: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Version 1 of four customers, in the directory that the commands take, and its source."""
    shutil.copytree(four_published, tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "w"))
    return tmp_path / "w"


def says(name: str | None = None, segment: int = 1, algorithm: str = "kmeans", by: str = "Ann", description: str | None = None):
    return Label("spending", algorithm, segment, by, name, description)


def shown(directory: Path, algorithm: str = "kmeans") -> dict[int, str]:
    """By segment id: the name that a reader sees."""
    rows = Warehouse(directory).snapshot().rows("from marts.segment_profiles where algorithm = ?", [algorithm])
    return {row["segment_id"]: row["segment_name"] for row in rows}


def labels(directory: Path, columns: str = "segment_id, segment_name, description") -> list[tuple[Any, ...]]:
    rows = Warehouse(directory).snapshot().rows(f"select {columns} from segments.labels order by labelled_at")
    return [tuple(row.values()) for row in rows]


def test_a_name_is_shown_at_once(warehouse: Path):
    """Open readers see it at their next query, in every relation; only that segment changes, and all claims still hold."""
    reader = Warehouse(warehouse)
    before, automatic = reader.snapshot(), shown(warehouse)
    label(warehouse, says(HOSTILE, description="They & co"))
    after = reader.snapshot()
    assert after.version == before.version == 1
    assert shown(warehouse) == automatic | {1: HOSTILE}
    assert HOSTILE not in shown(warehouse, "hierarchical").values()
    assert set(after.columns("select segment_name from marts.customer_segments where algorithm = 'kmeans'")["segment_name"]) == {
        HOSTILE,
        *list(automatic.values())[1:],
    }
    (row,) = after.rows("from segments.segments where algorithm = 'kmeans' and segment_id = 1")
    assert (row["automatic_name"], row["description"]) == (automatic[1], "They & co")
    assert before.value("select segment_name from segments.segments where algorithm = 'kmeans' order by segment_id") == automatic[1]
    assert leftovers(warehouse) == set()
    copy = warehouse / "copy.duckdb"
    shutil.copyfile(warehouse / "v1.duckdb", copy)
    with builder(copy) as connection:
        run_checks(connection)


def test_the_older_client_reads_a_labelled_version(warehouse: Path):
    """The file keeps its format: the duckdb client of an earlier release reads the name."""
    label(warehouse, says("Big spenders"))
    client = Path(sys.executable).with_name("duckdb")
    query = "select segment_name from segments.newest_labels"
    command = [str(client), "-readonly", "-csv", "-noheader", str(warehouse / "v1.duckdb"), query]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "Big spenders\n"


def test_who_when_and_the_old_value_are_kept(warehouse: Path):
    """Every label is a row that stays; an empty name takes the person's name back, and what is not said stays as it is."""
    automatic = shown(warehouse)[1]
    label(warehouse, says("Big spenders", by="Ann"))
    label(warehouse, says(description="Buy often", by="Bob"))
    label(warehouse, says("Regulars", by="Cy"))
    label(warehouse, says("", by="Di"))
    columns = "run_id, segment_name, description, previous_name, previous_description, labelled_by"
    assert labels(warehouse, columns) == [
        (1, "Big spenders", None, automatic, None, "Ann"),
        (1, "Big spenders", "Buy often", "Big spenders", None, "Bob"),
        (1, "Regulars", "Buy often", "Big spenders", "Buy often", "Cy"),
        (1, None, "Buy often", "Regulars", "Buy often", "Di"),
    ]
    assert shown(warehouse)[1] == automatic
    label(warehouse, says(description=""))
    (row,) = (row for row in segments(warehouse) if (row["algorithm"], row["segment_id"]) == ("kmeans", 1))
    assert (row["description"], row["labelled_by"], row["labelled_at"]) == (None, None, None)


def test_a_name_stays_through_refresh_rollback_and_erasure(warehouse: Path, tmp_path: Path):
    """A refresh carries it on, one after a rollback finds what was said in the version left, an erasure leaves it in all."""
    source = tmp_path / "customers.csv", tmp_path / "quick.toml"
    automatic = shown(warehouse)
    label(warehouse, says("Big spenders", description="Buy often"))
    second = refreshed(warehouse, *source)
    names = "select list(segment_name order by run_id) from segments.segments where algorithm = 'kmeans' and segment_id = 1"
    assert second.value(names) == ["Big spenders", "Big spenders"]
    assert second.value("select description from marts.segment_profiles where labelled_by = 'Ann'") == "Buy often"
    label(warehouse, says("Big savers", segment=2))
    assert Warehouse(warehouse).snapshot().value(names.replace("= 1", "= 2")) == [automatic[2], "Big savers"]
    rollback(warehouse, 1)
    assert shown(warehouse) == automatic | {1: "Big spenders"}
    third = refreshed(warehouse, *source)
    expected = automatic | {1: "Big spenders", 2: "Big savers"}
    assert (third.version, shown(warehouse)) == (3, expected)
    assert labels(warehouse) == [(1, "Big spenders", "Buy often"), (2, "Big savers", None)]
    (warehouse / "v2.duckdb").unlink()  # of the kept versions one is enough
    forget(warehouse, "4")
    assert third.path.exists()
    earlier = Snapshot(warehouse / "v1.duckdb")
    assert earlier.value(names) == ["Big spenders"]
    assert earlier.value("select count(*) from segments.assignments where customer_id = '4'") == 0
    earlier.close()
    assert shown(warehouse) == expected
    assert labels(warehouse) == [(1, "Big spenders", "Buy often"), (2, "Big savers", None)]
    label(warehouse, says("", segment=2))
    assert shown(warehouse) == automatic | {1: "Big spenders"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (says("x" * 61), "the name has 61 characters; at most 60 are kept"),
        (says(description="x" * 501), "the description has 501 characters; at most 500 are kept"),
        (says("two\nlines"), "the name has control characters or more than one line; write plain text"),
        (says("\x1b[31mred"), "the name has control characters"),
        (says("turned \u202eround"), "the name has control characters"),
        (says("half \ud83d"), "the name has control characters"),
        (says("\u2060\u2060"), "the name has nothing that can be seen"),
        (says(description="\x00"), "the description has control characters"),
        (says("x", by=" "), "say who gives the name"),
        (says("x", by="x" * 61), "the name of who says so has 61 characters"),
        (says("x", segment=9), "spending by kmeans has no segment 9; it has 1, 2"),
        (says("x", algorithm="guess"), "there is no segmentation 'spending' by 'guess'; there is spending by kmeans, "),
        (says(), "nothing to change"),
        (says(""), "nothing to change"),
    ],
)
def test_what_cannot_be_a_label_is_refused(warehouse: Path, given: Label, message: str):
    """One line says why, and the file stays as it was."""
    before = identity(warehouse / "v1.duckdb")
    with pytest.raises(InputError) as error:
        label(warehouse, given)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert identity(warehouse / "v1.duckdb") == before


def test_no_two_segments_read_alike(warehouse: Path):
    """A name that another segment is shown under is refused however it is written, a name given back too; elsewhere it is free."""
    automatic = shown(warehouse)
    with pytest.raises(InputError, match=r"segment 2 is called “.*” already; give another name"):
        label(warehouse, says(f" {automatic[2].upper()}\u200b "))
    label(warehouse, says("Big spenders"))
    label(warehouse, says("BIG  spenders", algorithm="hierarchical"))
    label(warehouse, says(automatic[1], segment=2))
    with pytest.raises(InputError, match="segment 2 is called"):
        label(warehouse, says(""))
    assert shown(warehouse) == {**automatic, 1: "Big spenders", 2: automatic[1]}


def test_while_a_refresh_is_running_a_label_is_refused(warehouse: Path, capsys: pytest.CaptureFixture[str]):
    """One line, the status of everything that finds the lock taken, and nothing changed."""
    automatic = shown(warehouse)
    with locked(warehouse):
        assert main(["--segmentation", "spending", "--segment", "1", "--name", "Big spenders"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"label: {warehouse} is being changed by process ")
    assert shown(warehouse) == automatic


def test_of_two_at_once_none_is_lost_in_silence(warehouse: Path):
    """Whoever is not told to try again finds the label kept."""

    def give(segment: int) -> bool:
        try:
            label(warehouse, says(f"Segment {segment}", segment))
        except BusyError:
            return False
        return True

    with ThreadPoolExecutor(2) as hands:
        kept = [segment for segment, is_kept in zip((1, 2), hands.map(give, (1, 2)), strict=True) if is_kept]
    assert kept
    assert sorted(segment for segment, *_ in labels(warehouse)) == kept
    assert {segment for segment, name in shown(warehouse).items() if name == f"Segment {segment}"} == set(kept)


def test_the_command_names_and_lists(warehouse: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """The login name signs where nobody else does; without a name and a description the segments are listed."""
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    automatic = shown(warehouse)[1]
    assert main(["--segmentation", "spending", "--segment", "1", "--name", HOSTILE, "--description", "[b]x[/b] :smile:"]) == 0
    assert capsys.readouterr().out == f"Segment 1 of spending, kmeans, is called “{HOSTILE}”; before, “{automatic}”\n"
    assert main(["--segmentation", "spending"]) == 0
    heading, first, *others = capsys.readouterr().out.splitlines()
    assert " ".join(heading.split()) == "segmentation algorithm segment name automatic name description by at, UTC"
    assert all(part in first for part in (HOSTILE, automatic, "[b]x[/b] :smile:", "root"))
    assert len(others) == 3
    assert main(["--name", "x"]) == 2
    assert "say which segment" in capsys.readouterr().err


def test_where_nothing_is_published_there_is_nothing_to_name(tmp_path: Path):
    """No directory, or an empty one, is one line, and no lock is left there."""
    for directory in (tmp_path / "missing", tmp_path):
        with pytest.raises(InputError, match="no warehouse has been published there; run `make refresh` first"):
            label(directory, says("x"))
    assert list(tmp_path.iterdir()) == []


def test_a_version_of_an_earlier_release_cannot_be_labelled(warehouse: Path):
    """Its file has no place for labels: a refresh makes one."""
    (warehouse / "v1.duckdb").chmod(0o644)
    with builder(warehouse / "v1.duckdb") as connection:
        connection.execute("drop view segments.newest_labels")
    with pytest.raises(InputError, match="is of another release"):
        label(warehouse, says("x"))


def test_what_is_told_of_a_segment_is_told_under_its_new_name(warehouse: Path):
    """In alerts of the newest run, of that segment alone; a version of a release that kept none is labelled all the same."""
    (path,) = warehouse.glob("v*.duckdb")
    name = shown(warehouse)[1]
    path.chmod(0o644)
    with builder(path) as connection:
        for segment in (1, 2):
            connection.execute(
                "insert into segments.alerts by name select 1 as run_id, $1 as place, 0 as previous_run_id, "
                "'spending' as segmentation, 'kmeans' as algorithm, 'size' as kind, 'note' as severity, "
                "$1 as segment_id, '“' || $2 || '” grew.' as sentence",
                [segment, name],
            )
    label(warehouse, says("Savers"))
    rows = Warehouse(warehouse).snapshot().rows("select sentence from segments.alerts order by segment_id")
    assert [row["sentence"] for row in rows] == ["“Savers” grew.", f"“{name}” grew."]
    path.chmod(0o644)
    with builder(path) as connection:
        connection.execute("drop table segments.alerts")
    label(warehouse, says("Spenders"))
    assert shown(warehouse)[1] == "Spenders"
