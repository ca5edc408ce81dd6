"""Statements that mean no good get nothing: no file, no other version, no more than their limits."""

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warehouse.attacks import ATTACKS, SOAKED, VERSION
from tests.warehouse.statements import TIGHT, digest, leftovers, token
from warehouse import sandbox_child
from warehouse.connection import Snapshot, Warehouse
from warehouse.sandbox import Sandbox
from warehouse.statement_error import StatementError

SECRET = "hunter2"
HARMLESS = ("select * from duckdb_secrets()", "select * from which_secret('s3://x', 's3')", "select * from checkpoint()")
"""Of the attacks that read, write or open doors, those that DuckDB answers, with nothing."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(TIGHT, tmp_path / "slots")


@pytest.fixture(scope="module")
def attacked(published: Path) -> tuple[Snapshot, str]:
    """The version that is attacked, and its digest before."""
    db = Warehouse(published).snapshot()
    return db, digest(db.path)


def attacks() -> list[object]:
    """All of them; `make soak` runs those that take all of a processor or of the memory and are like another one."""
    return [
        pytest.param(group, statement, id=f"{group}-{place}", marks=[pytest.mark.soak] if statement in SOAKED else [])
        for group, statements in ATTACKS.items()
        for place, statement in enumerate(statements)
    ]


@pytest.mark.parametrize(("group", "statement"), attacks())
def test_an_attack_gets_nothing(sandbox: Sandbox, attacked: tuple[Snapshot, str], tmp_path: Path, group: str, statement: str):
    """No statement reads a file, writes one, changes the version, or takes more than its limits: it fails or is harmless."""
    (secret := tmp_path / "secret.txt").write_text(SECRET)
    out = tmp_path / "out"
    db, before = attacked
    try:
        found = sandbox.rows(db, statement.replace("{file}", str(secret)).replace("{out}", str(out)), token())
    except StatementError as error:
        said = str(error)
    else:
        assert group in ("hogs", "large") or (statement in HARMLESS and not found.rows)
        assert len(found.rows) <= TIGHT.most_rows
        said = str(found.rows)
    assert SECRET not in said
    assert "Traceback" not in said
    assert not out.exists()
    assert before == digest(db.path)
    assert not leftovers(sandbox)


@pytest.fixture(scope="module")
def writable(published: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Snapshot, str]:
    """A version that may be written to, alone in its folder, and its digest before."""
    path = tmp_path_factory.mktemp("writable") / "v1.duckdb"
    shutil.copy((published / "current.duckdb").resolve(), path)
    path.chmod(0o644)
    return Snapshot(path), digest(path)


@pytest.mark.parametrize("statement", VERSION)
@pytest.mark.parametrize("kind", ["rows", "csv"])
def test_the_version_itself_cannot_be_written_to(sandbox: Sandbox, writable: tuple[Snapshot, str], statement: str, kind: str):
    """DuckDB would write to the files of an open database, and remove them; nothing is changed beside it either."""
    db, before = writable
    with pytest.raises(StatementError):
        ask(sandbox, db, statement.replace("{version}", str(db.path)), kind)
    assert before == digest(db.path)
    assert [db.path] == list(db.path.parent.iterdir())


def ask(sandbox: Sandbox, db: Snapshot, statement: str, kind: str) -> None:
    if kind == "rows":
        sandbox.rows(db, statement, token())
    else:
        sandbox.file(db, statement, token(), kind, {}).close()


def test_the_system_lets_a_statement_do_nothing_to_files(tmp_path: Path):
    """Whatever DuckDB would do: only what is named can be read, nothing made, changed or removed, and nobody reached."""
    (own := tmp_path / "own").write_text("own")
    (other := tmp_path / "other").write_text("other")
    code = f"""
import os, socket, sys
sys.path.insert(0, {str(Path(sandbox_child.__file__).parent)!r})
from sandbox_child import _lock_files
_lock_files([{str(own)!r}, *sys.path])
assert open({str(own)!r}).read() == "own"
attempts = [
    lambda: open({str(other)!r}), lambda: os.listdir({str(tmp_path)!r}),
    lambda: open({str(own)!r}, "w"), lambda: open({str(own)!r}, "a"),
    lambda: os.truncate({str(own)!r}, 0), lambda: os.unlink({str(own)!r}), lambda: os.rename({str(own)!r}, {str(own)!r} + "x"),
    lambda: os.mkdir({str(tmp_path / "x")!r}), lambda: os.symlink("x", {str(tmp_path / "x")!r}),
    lambda: os.link({str(own)!r}, {str(tmp_path / "x")!r}), lambda: open({str(tmp_path / "x")!r}, "w"),
    lambda: socket.create_connection(("127.0.0.1", 9)), lambda: os.execv("/bin/true", ["true"]),
]
for place, attempt in enumerate(attempts):
    try:
        attempt()
    except PermissionError:
        continue
    sys.exit(f"attempt {{place}} was let through")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_hog_is_held(sandbox: Sandbox, sample: Snapshot):
    """A statement that wants all memory gets what it may have, and a gigabyte for the program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with pytest.raises(StatementError, match="needs more"):
        sandbox.rows(sample, "select list(range) from range(2000000000)", token())
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, (TIGHT.memory_mb + 1024) * 1024)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_text('{file}')",
        "with x as (copy (select 1) to '{out}') select * from x",
        "select * from read_text('/dev/stdout')",
        "explain select 1",
        "select 1) to '{out}' (format csv); --",
        "select 1; select 2",
    ],
)
def test_a_download_opens_no_other_door(sandbox: Sandbox, sample: Snapshot, tmp_path: Path, kind: str, statement: str):
    """Where standard output may be written, nothing else may."""
    (secret := tmp_path / "secret.txt").write_text(SECRET)
    out = tmp_path / "out"
    with pytest.raises(StatementError):
        sandbox.file(sample, statement.replace("{file}", str(secret)).replace("{out}", str(out)), token(), kind, {})
    assert not out.exists()
