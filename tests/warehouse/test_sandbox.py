"""What a statement of a stranger is answered: rows, files, and errors that name their place."""

import csv
import errno
import subprocess
from pathlib import Path

import duckdb
import pytest

from dashboard.export import FORMULA
from tests.warehouse.statements import TIGHT, leftovers, token
from warehouse.connection import Snapshot
from warehouse.errors import BusyError, InputError
from warehouse.sandbox import Limits, Sandbox
from warehouse.statement_error import StatementError, span


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(TIGHT, tmp_path / "slots")


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


def test_a_file_is_whole_or_not_there(tmp_path: Path, sample: Snapshot):
    """One that grows too large, or fails at its last row, is an error and no half of a file."""
    sandbox = Sandbox(Limits(most_file_bytes=10_000), tmp_path)
    with pytest.raises(StatementError, match="larger than"):
        sandbox.file(sample, "select hash(range) from range(100000)", token(), "csv", {})
    with pytest.raises(StatementError, match="Conversion"):
        sandbox.file(sample, "select if(range = 4999, 'x', '1')::int from range(5000)", token(), "csv", {})


@pytest.mark.parametrize("mine", ["", "x", "../slot-0", "A" * 32, "0" * 31 + "\n"])
def test_a_token_is_a_token(sandbox: Sandbox, sample: Snapshot, mine: str):
    """Nothing else names a file of ours."""
    with pytest.raises(InputError):
        sandbox.rows(sample, "select 1", mine)
    sandbox.stop(mine)
