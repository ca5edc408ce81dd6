"""Erasing a person: from every version, from every byte, and for good."""

import contextlib
import hashlib
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

import etl.refresh
import warehouse.connection as warehouse_connection
import warehouse.erase as warehouse_erase
from tests.helpers import HEADER, QUICK, contents, four, refreshed
from tests.warehouse.crashing import COUNTS, customers
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import BuildError, InputError
from warehouse.forget import forget as erase_customer
from warehouse.forget import main as forget
from warehouse.forgotten import FILE
from warehouse.versions import CURRENT, current, published

pytestmark = pytest.mark.xdist_group("forget")  # the three versions are made once

PERSON = "PERSON-7731"
ROW = f"{PERSON},Female,73,79,73"
BLANK = "\u200b"
"""One that nobody sees."""
ODD = ["PERSON-8842", "'=C-4711-Q", hashlib.sha256(b"C-4812-Q").hexdigest().upper()]
"""Ids as the warehouse shows them: of one with a blank behind it, with the apostrophe of a spreadsheet, and a hash in capitals."""


@pytest.fixture(scope="session")
def three_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source, and a warehouse of three versions that hold the person, to be copied."""
    folder = tmp_path_factory.mktemp("three")
    path = customers(folder, 19).rename(folder / "customers_27.csv")
    blank, formula, hashed = ODD
    path.write_text(
        f"{path.read_text()}{ROW}\nC0099,Male,{PERSON},1,1\nC0098,Male,1,1,{PERSON},1,1\nC100,Male,33,15,10\nC1001,Male,33,45,40\n"
        f'"{blank}{BLANK}",Male,33,75,70\n{formula},Male,33,16,11\n{hashed},Male,33,46,41\n'
    )
    (folder / "quick.toml").write_text(QUICK)
    for _ in range(3):
        refreshed(folder / "w", path, folder / "quick.toml", max_rejected=0.5)
    return folder


@pytest.fixture
def source(tmp_path: Path, three_versions: Path) -> Path:
    """19 customers and the person, another's rejected row that mentions them, a broken line that does, and five with odd ids."""
    return Path(shutil.copy(three_versions / "customers_27.csv", tmp_path))


@pytest.fixture
def given(tmp_path: Path, source: Path, quick: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands look for the warehouse, with the source for a refresh; nothing is there yet."""
    for name, value in {"WAREHOUSE": tmp_path / "w", "CUSTOMERS": source, "SEGMENTATIONS": quick, "MAX_REJECTED": 0.5}.items():
        monkeypatch.setenv(name, str(value))
    return tmp_path / "w"


@pytest.fixture
def warehouse(given: Path, three_versions: Path) -> Path:
    """Three versions that hold the person, in the directory that the commands take."""
    return Path(shutil.copytree(three_versions / "w", given, symlinks=True))


@pytest.fixture
def newest(warehouse: Path) -> Path:
    """The same directory with the newest version alone, for what is the same of each."""
    for number in (1, 2):
        (warehouse / f"v{number}.duckdb").unlink()
    return warehouse


@dataclass(frozen=True)
class Erased:
    """What an erasure found and left."""

    directory: Path
    """Three versions without the person, to be read only."""
    before: Path
    """The same three before."""
    reader: Warehouse
    """It had the newest version open before."""
    said: str
    """What the command wrote."""


@pytest.fixture(scope="session")
def erased(three_versions: Path, tmp_path_factory: pytest.TempPathFactory) -> Erased:
    """The three versions after the person was erased from them."""
    directory = Path(shutil.copytree(three_versions / "w", tmp_path_factory.mktemp("erased") / "w", symlinks=True))
    reader = Warehouse(directory)
    assert reader.snapshot().version == 3
    with pytest.MonkeyPatch.context() as monkeypatch, contextlib.redirect_stdout(io.StringIO()) as said:
        monkeypatch.setenv("WAREHOUSE", str(directory))
        assert forget(["--id", f" {PERSON} "]) == 0
    return Erased(directory, three_versions / "w", reader, said.getvalue())


@pytest.fixture
def kept_one(given: Path, erased: Erased) -> Path:
    """The directory that the commands take with a kept version that holds the person, and the current one, which does not."""
    given.mkdir()
    shutil.copy(erased.before / "v1.duckdb", given)
    shutil.copy(erased.directory / "v3.duckdb", given)
    (given / CURRENT).symlink_to("v3.duckdb")
    return given


Load = Callable[[str], Path]


@pytest.fixture
def load(tmp_path: Path, quick: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Publish one more version from a file of this text; returns the directory, which the commands take."""

    def load(text: str) -> Path:
        (tmp_path / "customers.csv").write_text(text)
        given = {"WAREHOUSE": tmp_path / "w", "CUSTOMERS": tmp_path / "customers.csv", "SEGMENTATIONS": quick, "FORCE": 1}
        for name, value in given.items():
            monkeypatch.setenv(name, str(value))
        assert etl.refresh.main([]) == 0
        return tmp_path / "w"

    return load


def holding(directory: Path, *texts: str) -> list[str]:
    """The files with one of the texts in their bytes, or, as DuckDB compresses, in a value of a table."""
    found = [path.name for path in directory.iterdir() if any(text.encode() in path.read_bytes() for text in texts)]
    for path in directory.glob("v*.duckdb"):
        snapshot = Snapshot(path)
        tables = snapshot.rows("select schema_name, table_name from duckdb_tables() where database_name = 'warehouse'")
        for table in tables:
            name = f"{table['schema_name']}.{table['table_name']}"
            rows = repr(snapshot.rows(f"from {name}"))
            found += [f"{path.name}: {name}" for text in texts if text in rows]
        snapshot.close()
    return found


def agrees(snapshot: Snapshot) -> int:
    """The number of customers, which every table must agree on."""
    (number,) = {snapshot.value(sql) for sql in COUNTS}
    assert snapshot.value("select bool_and(rows_in = rows_kept + rows_rejected + rows_duplicate + rows_forgotten) from raw.sources")
    return int(number)


def test_nothing_is_left_of_a_person(erased: Erased):
    """Neither the id nor the row is in any byte of the directory; every version says what was removed, and still adds up."""
    assert holding(erased.before, PERSON)
    assert [f"Version {number}: erased: " in erased.said for number in (3, 2, 1)] == [True] * 3
    assert holding(erased.directory, PERSON, ROW) == []
    assert published(erased.directory) == [1, 2, 3]
    before, after = (
        [agrees(Snapshot(directory / f"v{number}.duckdb")) for number in (1, 2, 3)]
        for directory in (erased.before, erased.directory)
    )
    assert after == [number - 1 for number in before]
    snapshot = erased.reader.snapshot()
    assert (snapshot.version, agrees(snapshot)) == (3, before[-1] - 1)
    reasons = snapshot.columns("select distinct reason, row_text from raw.rejects")
    assert reasons == {"reason": ["erased on request"], "row_text": [None]}


def test_models_stay_as_they_were_fitted(erased: Erased):
    """An erasure changes no scaling, no centroid and nobody else's segment."""
    tables = (
        "from features.scaling order by all",
        "from features.imputation order by all",
        "from segments.centroids order by all",
        f"from segments.assignments where customer_id <> '{PERSON}' order by all",
        f"from marts.customers where customer_id <> '{PERSON}' order by all",
    )
    before, after = (Warehouse(directory).snapshot() for directory in (erased.before, erased.directory))
    assert [after.rows(sql) for sql in tables] == [before.rows(sql) for sql in tables]
    bare = "select count(*) from duckdb_columns() where comment is null and not internal and database_name = 'warehouse'"
    assert after.value(bare) == 0


def test_events_follow(erased: Erased):
    """Customers in both segments are counted without the person, as if they had never been there."""
    after = Warehouse(erased.directory).snapshot()
    sizes = after.rows(f"from segments.segments where run_id = {after.version} order by segmentation, algorithm, segment_id")
    events = after.rows(f"from segments.events where run_id = {after.version} order by segmentation, algorithm, segment_id")
    assert [event["count_shared"] for event in events] == [segment["size"] for segment in sizes]
    assert {(event["event"], event["share_of_previous"], event["share_of_new"]) for event in events} == {("kept", 1, 1)}


@pytest.mark.soak
def test_rules_are_counted_anew(newest: Path):
    """What a rule is said to catch is what it catches of those who remain."""
    with duckdb.connect(str((newest / CURRENT).resolve())) as connection:
        connection.execute("update segments.segments set rule_coverage = 0.123")
    assert forget(["--id", PERSON]) == 0
    after = Warehouse(newest).snapshot()
    for segment in after.rows(f"from segments.segments where run_id = {after.version}"):
        members = f"segments.assignments where algorithm = '{segment['algorithm']}' and segment_id = {segment['segment_id']}"
        caught = f"select customer_id from features.customer_features where {segment['rule_sql']}"
        hits = after.value(f"select count(*) from (select customer_id from {members} intersect {caught})")
        assert segment["rule_coverage"] == hits / after.value(f"select count(*) from {members}")
        assert segment["rule_purity"] == hits / after.value(f"select count(*) from ({caught})")


def test_the_next_refresh_does_not_bring_them_back(given: Path, erased: Erased, source: Path, capsys: pytest.CaptureFixture[str]):
    """It names the file and the lines that still hold them, however their ids stand there; with UNDO they are loaded again."""
    shutil.copytree(erased.directory, given, symlinks=True, ignore=shutil.ignore_patterns("v[12].duckdb"))
    for shown in ODD:
        assert holding(given, shown)
        assert forget(["--id", f"{shown}{BLANK}" if shown == ODD[0] else shown]) == 0
    assert holding(given, PERSON, *ODD) == []
    capsys.readouterr()
    assert etl.refresh.main([]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"{source.name}: still holds people who were erased on request, in 4 rows (line 21, 26, 27, 28)" in out
    assert holding(given, PERSON, ROW, *ODD) == []
    assert agrees(Warehouse(given).snapshot()) == 21
    for shown in (PERSON, *ODD):
        assert forget(["--id", shown, "--undo"]) == 0
    assert etl.refresh.main([]) == 0
    loaded = repr(Warehouse(given).snapshot().rows("from raw.customers union all by name from raw.rejects"))
    assert all(shown in loaded for shown in (PERSON, *ODD))
    assert forget(["--id", PERSON, "--undo"]) == 2


def test_an_unknown_person(warehouse: Path, capsys: pytest.CaptureFixture[str]):
    """One line, status 2, no file is touched and nobody is remembered."""
    before = {path: path.stat().st_ino for path in warehouse.iterdir()}
    for unknown in ("PERSON-773", "C00", "person-7731"):
        assert forget(["--id", unknown]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"no customer '{unknown}' in version 3, 2, 1" in line
    assert forget(["--id", "  "]) == 2
    assert {path: path.stat().st_ino for path in warehouse.iterdir()} == before


@pytest.mark.soak
@pytest.mark.parametrize("blank", "\t\u00a0")
def test_an_id_with_blanks_around_it(load: Load, blank: str):
    """An id that stands in the source with a tab or another blank is erased, and stays out, however it is asked for."""
    text = f'{four()}"{PERSON}{blank}",Female,73,79,73\n'
    warehouse = load(text)
    assert forget(["--id", f"{PERSON}{blank}"]) == 0
    assert holding(warehouse, PERSON) == []
    load(text)
    assert holding(warehouse, PERSON) == []
    assert forget(["--id", PERSON, "--undo"]) == 0


def test_an_id_within_another(newest: Path, capsys: pytest.CaptureFixture[str]):
    """An id that is part of another customer's stays there, and that is said; what was erased is gone all the same."""
    before = agrees(Warehouse(newest).snapshot())
    assert forget(["--id", "C100"]) == 0
    assert "; 'C100' still stands in the file, within 'C1001' (" in capsys.readouterr().out
    assert Warehouse(newest).snapshot().rows("from raw.customers where customer_id = 'C100'") == []
    assert agrees(Warehouse(newest).snapshot()) == before - 1


@pytest.fixture(scope="session")
def with_notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of customers with notes, of whom one is a segment, with a rejected row, to be copied."""
    folder = tmp_path_factory.mktemp("notes")
    (folder / "customers.csv").write_text(
        f"{HEADER.strip()},Note\n1,Male,19,104832,39,likes 104832\n2,Female,21,90000,41,no.104832!\n3,Female,20,104832,46,1048321\n"
        "4,Male,23,92000,47,London calling\n104832,Male,30,97000,45,itself 104832\nfar-away,Male,40,20,99,\n9,Male,30,30,30,x,y\n"
    )
    (folder / "two.toml").write_text('[spending]\nfeatures = ["annual_income_k", "spending_score"]\nk = 2\nk_max = 3\n')
    refreshed(folder / "w", folder / "customers.csv", folder / "two.toml", force=True)
    return folder / "w"


@pytest.fixture
def noted(with_notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which the commands take."""
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "w"))
    return Path(shutil.copytree(with_notes, tmp_path / "w", symlinks=True))


def test_only_text_is_blanked(noted: Path, capsys: pytest.CaptureFixture[str]):
    """A number that looks like the id is another's own and stays; text that mentions the id goes, and is counted."""
    assert forget(["--id", "104832"]) == 0
    assert "1 row of raw.customers" in (out := capsys.readouterr().out)
    assert "2 mentions in raw.customers" in out
    rows = (
        Warehouse(noted).snapshot().columns("select customer_id, annual_income_k as income, note from raw.customers order by all")
    )
    assert rows == {
        "customer_id": ["1", "2", "3", "4", "far-away"],
        "income": ["104832", "90000", "104832", "92000", "20"],
        "note": [None, None, "1048321", "London calling", None],
    }


def test_the_last_of_a_segment(noted: Path):
    """A person who is a segment by themselves can be erased too."""
    before = Warehouse(noted).snapshot()
    alone = "select distinct customer_id from segments.assignments inner join segments.segments "
    alone += "using (run_id, segmentation, algorithm, segment_id) where size = 1"
    assert before.value("select min(size) from segments.segments") == 1
    assert before.columns(alone) == {"customer_id": ["far-away"]}
    assert forget(["--id", "far-away"]) == 0
    assert holding(noted, "far-away") == []
    assert agrees(Warehouse(noted).snapshot()) == 5


def test_a_word_is_nobody(with_notes: Path):
    """What stands in the notes of customers, in a category or in a reason is no customer's id: nothing is blanked."""
    before = contents(Warehouse(with_notes).snapshot())
    for word in ("London", "calling", "Female", "kmeans", "values", "7"):
        with pytest.raises(InputError, match="no customer"):
            erase_customer(with_notes, word)
    assert contents(Warehouse(with_notes).snapshot()) == before
    assert not (with_notes / FILE).exists()


@pytest.mark.soak
def test_an_id_that_stands_by_chance(load: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Where the bytes of an id cannot be avoided though no value has it, no more is promised than was done."""
    load(f"{four()}{ROW}\n")
    monkeypatch.setattr(warehouse_erase, "_stands_in", lambda *_: True)
    assert forget(["--id", PERSON]) == 0
    assert f"; '{PERSON}' still stands in the file, by chance: no value has it" in capsys.readouterr().out


@pytest.mark.soak
def test_asked_twice(newest: Path):
    """The second time finds nothing more to do."""
    assert forget(["--id", PERSON]) == 0
    inodes = [path.stat().st_ino for path in newest.glob("v*.duckdb")]
    assert forget(["--id", PERSON]) == 0
    assert [path.stat().st_ino for path in newest.glob("v*.duckdb")] == inodes


def test_a_damaged_version_is_removed(warehouse: Path, capsys: pytest.CaptureFixture[str]):
    """A kept version that cannot be read may hold the person: it goes. The current one never does: then a refresh is asked for.

    The versions that can be read are written anew all the same.
    """
    for number in (1, 3):
        (warehouse / f"v{number}.duckdb").chmod(0o644)
        (warehouse / f"v{number}.duckdb").write_bytes(PERSON.encode())
    capsys.readouterr()
    assert forget(["--id", PERSON]) == 2
    said = capsys.readouterr()
    assert "version 3 still holds the customer: it is damaged; run make refresh" in said.err
    assert "Version 2: erased: " in said.out
    assert "Version 1: was removed: it is damaged" in said.out
    assert (current(warehouse), published(warehouse)) == (3, [2, 3])
    assert etl.refresh.main([]) == 0
    assert forget(["--id", PERSON]) == 0
    assert "Version 3: was removed: it is damaged" in capsys.readouterr().out
    assert holding(warehouse, PERSON) == []
    assert current(warehouse) == 4


@pytest.mark.soak
@pytest.mark.parametrize("look_at", [100_000, -1])
def test_damage_within_a_table(warehouse: Path, look_at: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A version that opens, and of which a block cannot be read, is damaged, also where only a large table is: the others go on."""
    path = warehouse / "v2.duckdb"
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(good.replace(PERSON.encode(), PERSON.lower().encode()))
    monkeypatch.setattr(warehouse_connection, "_LOOK_AT", look_at)
    capsys.readouterr()
    assert forget(["--id", PERSON]) == 0
    out = capsys.readouterr().out
    assert [line.partition(" rows")[0] for line in out.splitlines()[1:2]] == ["Version 2: was removed: it is damaged"]
    assert published(warehouse) == [1, 3]
    assert holding(warehouse, PERSON) == []


def altered(path: Path, sql: str) -> None:
    """Change a published version, as an earlier release may have written it."""
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def test_a_check_that_fails(kept_one: Path, capsys: pytest.CaptureFixture[str]):
    """An old version of which a check says that it is wrong loses the person and stays, and the line says which check."""
    wrong = "update segments.centroids set value = 'nan'"
    altered(kept_one / "v1.duckdb", wrong)
    capsys.readouterr()
    assert forget(["--id", PERSON]) == 0
    last = capsys.readouterr().out.splitlines()[1]
    assert last.startswith("Version 1: erased: ")
    assert "; look before you roll back to it: a check failed: Scaling, centroids" in last
    assert published(kept_one) == [1, 3]
    assert holding(kept_one, PERSON) == []


def test_a_check_that_fails_in_the_current_version(newest: Path, capsys: pytest.CaptureFixture[str]):
    """Readers are given no version of which a check says that it is wrong: it stays, and a refresh is asked for."""
    altered(newest / "v3.duckdb", "update segments.centroids set value = 'nan'")
    before = (newest / "v3.duckdb").stat().st_ino
    assert forget(["--id", PERSON]) == 2
    assert "numbers_are_finite.sql); run make refresh" in capsys.readouterr().err
    assert (newest / "v3.duckdb").stat().st_ino == before
    assert published(newest) == [3]


def test_a_version_of_an_earlier_release(kept_one: Path, capsys: pytest.CaptureFixture[str]):
    """A kept version that lacks a column of this release, and so cannot be written anew, is removed."""
    altered(kept_one / "v1.duckdb", "drop view marts.load_sources; alter table raw.sources drop column rows_forgotten")
    assert forget(["--id", PERSON]) == 0
    assert "Version 1: was removed: it is of an earlier release" in capsys.readouterr().out
    assert published(kept_one) == [3]


def test_a_defect_of_ours_removes_nothing(warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Where our own SQL fails, every version of this release stays, and one line says that they hold the person."""

    def broken(*_: object) -> None:
        raise BuildError("marts/customers.sql: Binder Error")

    (warehouse / "v2.duckdb").unlink()  # of the kept versions one is enough
    monkeypatch.setattr(warehouse_erase, "build", broken)
    capsys.readouterr()
    assert forget(["--id", PERSON]) == 2
    assert "version 3, 1 still hold the customer: marts/customers.sql" in capsys.readouterr().err
    assert published(warehouse) == [1, 3]


def test_a_list_that_cannot_be_read_stops_a_refresh(warehouse: Path, capsys: pytest.CaptureFixture[str]):
    """Nothing is loaded past tombstones that are not understood."""
    (warehouse / "forgotten.csv").write_text("nonsense")
    assert etl.refresh.main([]) == 2
    assert "forgotten.csv" in capsys.readouterr().err
    assert current(warehouse) == 3


def test_tombstones_hold_no_id(erased: Erased):
    """The file has salted hashes, and SQL hashes an id as Python does."""
    (salt_line, person, hashed) = (erased.directory / "forgotten.csv").read_text().splitlines()
    salt = salt_line.removeprefix("salt,")
    row = duckdb.sql(f"select sha256('{salt}' || '{PERSON}'), sha256('{salt}' || sha256('{PERSON}'))").fetchall()
    assert (person.split(",")[0], hashed.split(",")[0]) == row[0]
