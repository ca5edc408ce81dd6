"""Good files, damaged in every way: no line is lost, no value is changed, nothing but InputError is raised."""

import re
from collections import Counter
from pathlib import Path
from random import Random
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import etl.source
from etl.customers import load_customers
from etl.headers import match
from etl.source import make_tables, open_source, read_rows
from etl.vocabulary import CUSTOMERS
from tests.etl.mutations import (
    BLANKS,
    ENCODINGS,
    ENDS,
    FAULT,
    GOOD,
    MUTATIONS,
    as_bytes,
    damaged,
    lines_of,
    number_of,
    values_of,
)
from warehouse.builder import add_scratch
from warehouse.errors import InputError

ROWS = "from raw.customers order by source_line"
REJECTS = "select source_line, rule, reason, row_text from raw.rejects order by source_line"
COUNTS = "select rows_in, rows_kept, rows_rejected, rows_duplicate, rows_forgotten, encoding, delimiter from raw.sources"
RANGES = {"age": (0, 120), "annual_income_k": (0, 1e12), "spending_score": (0, 100)}

few = settings(max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
some = settings(few, max_examples=120)
many = settings(few, max_examples=5_000, derandomize=False)

mutated = st.tuples(
    st.sampled_from(sorted(GOOD)),
    st.lists(st.tuples(st.sampled_from(range(len(MUTATIONS))), st.integers(0, 9_999)), max_size=4),
    st.sampled_from(ENDS),
    st.sampled_from(ENCODINGS),
    st.integers(0, 9_999),
    st.sampled_from((0, 0, 1, 1, 2, 5)),
)


def refused(error: InputError) -> None:
    """Count the files that cannot be used, by what is said of them."""
    event("refused: " + re.sub(r"^/\S+: |'.*|[0-9]+", "", str(error))[:50])


def content_of(drawn: tuple) -> bytes:
    """The bytes of a mutated file."""
    name, mutations, end, encoding, seed, damages = drawn
    lines = GOOD[name].split("\n")[:-1]
    for which, with_seed in mutations:
        lines = MUTATIONS[which](lines, Random(with_seed))
    random = Random(seed)
    content = as_bytes(lines, end, encoding, random)
    for _ in range(damages):
        content = damaged(content, random)
    return content


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write over and over."""
    return tmp_path_factory.mktemp("mutations") / "customers.csv"


@some
@given(drawn=mutated)
def test_damaged_files_are_read_line_by_line(path: Path, drawn: tuple):
    """Every line is in one row or is one broken line, with the values that stand there, whichever reader reads it."""
    read_exactly(path, content_of(drawn))


@few
@given(drawn=mutated)
def test_damaged_files_are_accounted_for(path: Path, drawn: tuple):
    """Every line is in one kept row, one reject or one dropped copy; every value kept is the one that stands there."""
    account_for(path, content_of(drawn))


@pytest.mark.soak
@pytest.mark.parametrize("claim", ["read_exactly", "account_for"])
@many
@given(drawn=mutated)
def test_thousands_of_damaged_files(path: Path, claim: str, drawn: tuple):
    """Both claims over thousands of files, other ones every time."""
    {"read_exactly": read_exactly, "account_for": account_for}[claim](path, content_of(drawn))


def reserved_words(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What cannot stand as the name of a column: a header may have been damaged into one."""
    words = connection.execute("select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'").fetchall()
    return [word for (word,) in words]


def read_exactly(path: Path, content: bytes) -> None:
    """Read a file by both readers and check its rows against its lines."""
    path.write_bytes(content)
    with duckdb.connect(config={"threads": 1}) as connection:
        add_scratch(connection)
        try:
            source = open_source(connection, path, "x", is_known=CUSTOMERS.knows)
            columns = match(source.headers, reserved=reserved_words(connection))
        except InputError as error:
            refused(error)
            return
        assert source.dialect is not None
        assert source.text is not None
        event(f"read, {source.text.encoding}, {'plain' if source.text.is_plain else 'not plain'}")
        found = []
        for way in ("either", "exact") if source.text.is_plain else ("exact",):
            make_tables(connection, [column.name for column in columns])
            with patch.object(etl.source, "_read_plain", etl.source._read_plain if way == "either" else lambda *_: False):
                read_rows(connection, source, columns)
            names = ", ".join(column.name for column in columns)
            rows = connection.execute(f"select source_line, count_lines, {names} from source_rows order by source_line").fetchall()
            broken = "select source_line, reason <> 'the row is blank' from source_rejects order by source_line"
            found.append((rows, connection.execute(broken).fetchall()))
        assert found[0][0] == found[-1][0]
        assert found[0][1] == found[-1][1]
        lines = lines_of(content, source.text.encoding)
        rows, broken = found[0]
        for line, count, *values in rows:
            there = values_of("".join(lines[line - 1 : line - 1 + count]), source.dialect.delimiter, source.dialect.quote) or []
            assert [value or "" for value in values] == there[: len(columns)]
            assert not any(value.strip() for value in there[len(columns) :])
        held = [n for line, count, *_ in rows for n in range(line, line + count)]
        wanted = lines[source.dialect.header_line :]
        while wanted and not wanted[-1].strip():
            wanted.pop()
        assert sorted([*held, *(line for line, _ in broken)]) == [source.dialect.header_line + n for n in range(1, len(wanted) + 1)]
        for line, has_text in broken:
            values = values_of(lines[line - 1], source.dialect.delimiter, source.dialect.quote)
            is_text = FAULT not in lines[line - 1] and "\0" not in lines[line - 1]
            assert not (is_text and values and len(values) == len(columns) and has_text), line


def account_for(path: Path, content: bytes) -> None:
    """Load a file and check what became of each of its lines."""
    path.write_bytes(content)
    with duckdb.connect(config={"threads": 1}) as connection:
        add_scratch(connection)
        try:
            report = load_customers(connection, path)
            source = open_source(connection, path, path.name, is_known=CUSTOMERS.knows)
        except InputError as error:
            refused(error)
            return
        assert source.dialect is not None
        assert source.text is not None
        event(f"read, {source.text.encoding}, {'plain' if source.text.is_plain else 'not plain'}")
        assert report.rows_in == report.rows_kept + report.rows_rejected + report.rows_duplicate
        check_lines(connection, source, lines_of(content, source.text.encoding))
        check_numbers(connection)
        if source.text.is_plain:
            found = [connection.execute(query).fetchall() for query in (ROWS, REJECTS, COUNTS)]
            with patch.object(etl.source, "_read_plain", lambda *_: False):
                load_customers(connection, path)
            assert found == [connection.execute(query).fetchall() for query in (ROWS, REJECTS, COUNTS)]


def check_lines(connection: duckdb.DuckDBPyConnection, source: etl.source.SourceFile, lines: list[str]) -> None:
    """Check kept rows, rejects and copies against the lines of the file."""
    dialect, width = source.dialect, len(source.headers)
    assert dialect is not None
    columns = connection.execute("select column_name, source_header from raw.columns order by position").fetchall()
    has_ids = all(header for name, header in columns if name == "customer_id")
    seen: Counter[int] = Counter()

    def take(line: int) -> list[str] | None:
        """The values of the row that begins at a line, its lines marked as seen."""
        text, last = lines[line - 1], line
        seen[line] += 1
        while (values := values_of(text, dialect.delimiter, dialect.quote)) is None and last < len(lines):
            last += 1
            seen[last] += 1
            text += lines[last - 1]
        return values[:width] if values and not any(value.strip() for value in values[width:]) else values

    kept = {}
    for row in connection.execute(f"select * exclude (source_file) {ROWS}").fetchall():
        line, *stored = row if has_ids else (row[0], *row[2:])
        assert [value or "" for value in stored] == take(line), line
        kept[line] = tuple((value or "").strip(BLANKS) for value in stored)
    for line, rule, reason, text in connection.execute(REJECTS).fetchall():
        span = 1 + len(re.findall(r"\r\n|\r|\n", text))
        seen.update(range(line, line + span))
        whole = "".join(lines[line - 1 : line - 1 + span])
        there = whole.rstrip("\r\n").replace(FAULT, "\ufffd").replace("\0", "\ufffd")
        assert text == there or not (text.strip() or there.strip()), line
        check_reason(rule, reason, whole, values_of(there, dialect.delimiter, dialect.quote), width)
    below = lines[dialect.header_line :]
    while below and not below[-1].strip():
        below.pop()
    left = [n for n in range(dialect.header_line + 1, dialect.header_line + len(below) + 1) if not seen[n]]
    copies = 0
    for line in left:
        if not seen[line]:
            assert tuple(value.strip(BLANKS) for value in take(line) or ()) in kept.values(), line
            copies += 1
    (counts,) = connection.execute(COUNTS).fetchall()
    assert counts[3] == copies
    assert set(seen.values()) <= {1}
    assert sorted(seen) == list(range(dialect.header_line + 1, dialect.header_line + len(below) + 1))


def check_reason(rule: str, reason: str, lines: str, values: list[str] | None, width: int) -> None:
    """No row is rejected without a cause that can be seen in it."""
    numbers = [number_of(value, mark) for value in values or () for mark in ".,"]
    causes = {
        "unreadable text": FAULT in lines or "\0" in lines,
        "blank row": set(numbers) <= {None},
        "broken row": values is None or len(values) != width,
        "not a number": any(isinstance(number, str) for number in numbers),
        "out of range": any(isinstance(number, float) and not 0 <= number <= 100 for number in numbers),
    }
    assert causes.get(rule, True), (rule, reason, lines)


def check_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    """Check each number of staging against Python's reading of the text it comes from."""
    columns = connection.execute("select column_name, decimal_mark from raw.columns where kind = 'numeric'").fetchall()
    for name, mark in columns:
        texts = dict(connection.execute(f"select customer_id, {name} from raw.customers").fetchall())
        numbers = dict(connection.execute(f"select customer_id, {name} from staging.customers").fetchall())
        assert len(numbers) == len(texts)
        for customer, text in texts.items():
            number = numbers[customer.strip(BLANKS)]
            assert number == number_of(text, mark), (name, mark, text)
            assert number is None or RANGES[name][0] <= number <= RANGES[name][1]
