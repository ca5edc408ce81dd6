import csv
import errno
import hashlib
import os
import resource
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import psutil
import pytest

from dashboard.export import FORMULA
from tests.warehouse.attacks import ATTACKS, VERSION
from warehouse import sandbox_child
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import BusyError, InputError
from warehouse.sandbox import Limits, Sandbox
from warehouse.slots import StoppedError
from warehouse.statement_error import StatementError, span

SECRET = "hunter2"
TIGHT = Limits(seconds=1, memory_mb=256)
HARMLESS = ("select * from duckdb_secrets()", "select * from which_secret('s3://x', 's3')", "select * from checkpoint()")
"""Of the attacks that read, write or open doors, those that DuckDB answers, with nothing."""
ENDLESS = "select count(*) from range(100000000000)"


def token() -> str:
    return os.urandom(16).hex()


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(TIGHT, tmp_path / "slots")


def attacks() -> list[object]:
    return [
        pytest.param(group, statement, id=f"{group}-{place}")
        for group, statements in ATTACKS.items()
        for place, statement in enumerate(statements)
    ]


@pytest.mark.parametrize(("group", "statement"), attacks())
def test_an_attack_gets_nothing(sandbox: Sandbox, published: Path, tmp_path: Path, group: str, statement: str):
    """No statement reads a file, writes one, changes the version, or takes more than its limits: it fails or is harmless."""
    (secret := tmp_path / "secret.txt").write_text(SECRET)
    out = tmp_path / "out"
    db = Warehouse(published).snapshot()
    before = digest(db.path)
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


@pytest.mark.parametrize("statement", VERSION)
@pytest.mark.parametrize("kind", ["rows", "csv"])
def test_the_version_itself_cannot_be_written_to(sandbox: Sandbox, published: Path, tmp_path: Path, statement: str, kind: str):
    """DuckDB would write to the files of an open database, and remove them; nothing is changed beside it either."""
    path = Path(shutil.copy((published / "current.duckdb").resolve(), tmp_path / "v1.duckdb"))
    before = digest(path)
    with pytest.raises(StatementError):
        ask(sandbox, Snapshot(path), statement.replace("{version}", str(path)), kind)
    assert before == digest(path)
    assert {"v1.duckdb", "slots"} == {each.name for each in tmp_path.iterdir()}


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


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leftovers(sandbox: Sandbox) -> list[str]:
    """Files of statements that are still wanted."""
    return [path.name for path in sandbox._slots._folder().glob("wanted-*")]


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


def test_values_come_as_json_holds_them(sandbox: Sandbox, sample: Snapshot):
    """Numbers and truth are themselves; what JSON or a browser would change is text; two columns may share a name."""
    found = sandbox.rows(
        sample,
        """
        select
            1 as a, 2 as a, 1.50::decimal(9, 2) as money, 9007199254740993 as large, sum(range) as total, 'nan'::double as nan,
            true as yes, null as nothing, [1, 2] as list, date '2026-01-31' as day, 'ü' as text,
            12345678901234567.5::decimal(18, 1) as exact
        from range(3)
        """,
        token(),
    )
    assert found.rows[0] == [
        1,
        2,
        1.5,
        "9007199254740993",
        3,
        "nan",
        True,
        None,
        "[1, 2]",
        "2026-01-31",
        "ü",
        "12345678901234567.5",
    ]
    assert [column["name"] for column in found.columns[:3]] == ["a", "a", "money"]
    assert found.columns[2]["type"] == "DECIMAL(9,2)"
    assert not found.has_more


@pytest.mark.parametrize(
    "statement",
    [
        "from marts.segment_profiles",
        "describe marts.customers",
        "summarize marts.segment_profiles",
        "show all tables",
        "explain select 1",
        "explain analyze select 1",
        "values (1), (2)",
        "table marts.provenance",
        "; select 1 ;; -- the end; or not",
        "select ';' ; /* ; */",
        "select '-- ;'",
        "select 1 -- no line follows",
        "select 'é' ; -- é",
        "-- first\nselect 1",
        "pivot marts.customer_segments on gender in ('Female', 'Male') using count(*) group by segment_name",
        "select now(), uuid(), interval 3 days, 'a'::blob, {'a': 1}, map {'a': 1}",
        "with visitors as (from features.customer_values limit 1) select * from marts.score_customers('visitors')",
    ],
)
def test_what_reads_may_run(sandbox: Sandbox, sample: Snapshot, statement: str):
    """Whatever only reads is answered, however it is written and ended."""
    assert sandbox.rows(sample, statement, token()).columns


def test_a_page_shows_so_many_rows(tmp_path: Path, sample: Snapshot):
    """More rows, or more characters, than a page holds are cut off, and it says so."""
    sandbox = Sandbox(Limits(most_rows=10, most_bytes=200), tmp_path)
    ten = sandbox.rows(sample, "select range from range(10)", token())
    eleven = sandbox.rows(sample, "select range from range(11)", token())
    wide = sandbox.rows(sample, "select repeat('x', 90) from range(5)", token())
    wider = sandbox.rows(sample, "select repeat('字', 30) from range(5)", token())
    shown = [(len(each.rows), each.has_more) for each in (ten, eleven, wide, wider)]
    assert shown == [(10, False), (10, True), (2, True), (2, True)]


@pytest.mark.parametrize(
    ("statement", "marked"),
    [
        ("select nope, 1 from marts.customers", "nope"),
        ("\n\n-- first\nselect 1,\n  nope\nfrom marts.customers", "nope"),
        ("select 1,\n  cast('x' as int)", "cast('x' as int)"),
        ("selec 1", "selec"),
        ("select 'ü', nope from marts.customers", "nope"),
        ("select " + "1 + " * 100 + "nope from marts.customers", "nope"),
        ("select nope from marts.customers where " + "true and " * 100 + "true", "nope"),
        ("select * from marts.nothing;", "marts.nothing"),
    ],
)
def test_an_error_names_its_place(sandbox: Sandbox, sample: Snapshot, statement: str, marked: str):
    """DuckDB's own words, and the characters of the statement that they are about."""
    with pytest.raises(StatementError) as raised:
        sandbox.rows(sample, statement, token())
    assert raised.value.span is not None
    start, end = raised.value.span
    assert marked == statement[start:end]
    assert "LINE" not in str(raised.value)


def test_an_error_without_a_place_marks_nothing():
    """Where DuckDB quotes nothing, or something else, nothing is marked."""
    assert span("Binder Error: no", "select 1") is None
    assert span("Parser Error: no\n\nLINE 9: select 1\n        ^", "select 1") is None
    assert span("Parser Error: no\n\nLINE 1: select 2\n               ^", "select 1") is None


def test_a_file_has_every_row(tmp_path: Path, sample: Snapshot):
    """A download has every row; no text of a CSV is a formula, and no whole number of a Parquet is rounded."""
    sandbox = Sandbox(Limits(most_rows=1), tmp_path / "slots")
    statement = "select '=1+1' as a, 1 as a, (9007199254740993 + range)::hugeint as large from range(3) -- all"
    with sandbox.file(sample, statement, token(), "csv", {}, FORMULA) as file:
        csv = file.read()
    assert csv == b"a,a_,large\n'=1+1,1,9007199254740993\n'=1+1,1,9007199254740994\n'=1+1,1,9007199254740995\n"
    with sandbox.file(sample, statement, token(), "parquet", {"of": "it's"}) as file:
        (path := tmp_path / "rows.parquet").write_bytes(file.read())
    with duckdb.connect() as connection:
        rows = connection.execute(f"from '{path}'").fetchall()
        about = connection.execute(f"select key, value from parquet_kv_metadata('{path}')").fetchall()
    assert [("=1+1", 1, f"900719925474099{last}") for last in (3, 4, 5)] == rows
    assert about == [(b"of", b"it's")]


@pytest.mark.parametrize(
    "value",
    ["'=1+1'", "'=1+1'::enum('=1+1')", "union_value(s := '=1+1')", "'@x'", "'+x'", "'-x'", "e'\\tx'"],
)
def test_no_value_of_a_file_for_spreadsheets_is_a_formula(sandbox: Sandbox, sample: Snapshot, value: str):
    """Whatever type it has: an apostrophe stands before it; numbers are numbers, and names of columns are no formulas either."""
    with sandbox.file(
        sample, f'select {value} as "=name", -1 as "-n", -1.5::decimal(3, 1) as d', token(), "csv", {}, FORMULA
    ) as file:
        (name, minus, _), (text, number, decimal) = list(csv.reader(file.read().decode().splitlines()))
    assert (name, minus) == ("'=name", "'-n")
    assert text.startswith("'")
    assert (number, decimal) == ("-1", "-1.5")


def test_so_many_files_at_a_time(tmp_path: Path, sample: Snapshot):
    """One that a client has not taken yet keeps its place; closed, it makes room."""
    sandbox = Sandbox(Limits(most_files=1), tmp_path)
    with sandbox.file(sample, "select 1", token(), "csv", {}), pytest.raises(BusyError, match="downloaded"):
        sandbox.file(sample, "select 1", token(), "csv", {})
    with pytest.raises(StatementError):
        sandbox.file(sample, "select nope", token(), "csv", {})
    sandbox.file(sample, "select 1", token(), "csv", {}).close()


def test_without_room_there_is_one_line(sandbox: Sandbox, sample: Snapshot, monkeypatch: pytest.MonkeyPatch):
    """A full disk, or no more processes, are the machine's fault, and said so."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(InputError, match="no room"):
        sandbox.rows(sample, "select 1", token())
    assert not leftovers(sandbox)


def test_a_flag_that_was_left_behind_is_swept_up(sandbox: Sandbox, sample: Snapshot):
    """What a killed server has left does not stay for ever."""
    sandbox.rows(sample, "select 1", token())
    (old := sandbox._slots._folder() / f"wanted-{token()}").touch()
    os.utime(old, (0, 0))
    sandbox.rows(sample, "select 1", token())
    assert not old.exists()


def test_a_file_is_whole_or_not_there(tmp_path: Path, sample: Snapshot):
    """One that grows too large, or fails at its last row, is an error and no half of a file."""
    sandbox = Sandbox(Limits(most_file_bytes=10_000), tmp_path)
    with pytest.raises(StatementError, match="larger than"):
        sandbox.file(sample, "select hash(range) from range(100000)", token(), "csv", {})
    with pytest.raises(StatementError, match="Conversion"):
        sandbox.file(sample, "select if(range = 4999, 'x', '1')::int from range(5000)", token(), "csv", {})


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


@pytest.mark.parametrize("mine", ["", "x", "../slot-0", "A" * 32, "0" * 31 + "\n"])
def test_a_token_is_a_token(sandbox: Sandbox, sample: Snapshot, mine: str):
    """Nothing else names a file of ours."""
    with pytest.raises(InputError):
        sandbox.rows(sample, "select 1", mine)
    sandbox.stop(mine)


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


def until(holds, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
