"""Reading a file into the temporary table `source_rows`, every value as text and every row with its line."""

import csv
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.errors import InputError

_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class SourceFile:
    """A file that can be read, and what its first bytes say."""

    path: Path
    """The file."""
    kind: str
    """csv or parquet; the content decides, not the name."""
    headers: tuple[str, ...]
    """The header of each column, as it came."""
    delimiter: str = ","
    """What separates the values of a CSV file."""

    def fingerprint(self) -> str:
        """SHA-256 of the file's bytes, hexadecimal."""
        return fingerprint(self.path)


@dataclass(frozen=True)
class BrokenLine:
    """A line that is not a row: it has too many or too few values, or an open quote."""

    line: int
    reason: str
    text: str


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_source(connection: duckdb.DuckDBPyConnection, path: Path) -> SourceFile:
    """Look at a file's first bytes. Raises InputError, naming the file, when it cannot be a table."""
    if path.is_dir():
        raise InputError(f"{path}: is a directory; give a CSV or Parquet file")
    try:
        with path.open("rb") as file:
            first_line = file.readline(1_000_000)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if not first_line.strip():
        what = "line 1 is blank" if first_line else "is empty"
        raise InputError(f"{path}: {what}; give a CSV or Parquet file with a header and customers")
    if first_line.startswith(b"PAR1"):
        return SourceFile(path, "parquet", _parquet_headers(connection, path))
    if first_line.startswith(b"PK\x03\x04"):
        raise InputError(f"{path}: looks like an Excel workbook; save it as CSV first")
    try:
        header = first_line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: line 1 is not UTF-8 text; save the file as UTF-8") from error
    if "\0" in header:
        raise InputError(f"{path}: is not a text file; give CSV (UTF-8) or Parquet")
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        headers = next(csv.reader([header.rstrip("\r\n")], delimiter=delimiter))
    except csv.Error as error:
        raise InputError(f"{path}: line 1 is not the header of a CSV file with lines ended by LF or CRLF: {error}") from error
    return SourceFile(path, "csv", tuple(headers), delimiter)


def read_rows(connection: duckdb.DuckDBPyConnection, source: SourceFile, names: Sequence[str]) -> list[BrokenLine]:
    """Fill the temporary table `source_rows` (source_line, then `names`, all text) and return the broken lines.

    Raises InputError when the file cannot be read at all.
    """
    try:
        if source.kind == "parquet":
            _read_parquet(connection, source, names)
            return []
        return _read_csv(connection, source, names)
    except duckdb.ConversionException as error:
        raise InputError(f"{source.path}: {_first_line(error)}") from error
    except duckdb.Error as error:  # a damaged Parquet file can raise any of them
        raise InputError(f"{source.path}: cannot be read as {source.kind}: {_first_line(error)}") from error


def _parquet_headers(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, ...]:
    try:
        cursor = connection.execute("select * from read_parquet($path) limit 0", {"path": str(path)})
    except duckdb.Error as error:
        raise InputError(f"{path}: is a damaged Parquet file: {_first_line(error)}") from error
    return tuple(column[0] for column in cursor.description)


def _read_parquet(connection: duckdb.DuckDBPyConnection, source: SourceFile, names: Sequence[str]) -> None:
    values = ", ".join(
        f"cast({_identifier(header)} as varchar) as {name}" for header, name in zip(source.headers, names, strict=True)
    )
    connection.execute(
        f"create or replace temporary table source_rows as select file_row_number + 1 as source_line, {values} "
        "from read_parquet($path, file_row_number = true)",
        {"path": str(source.path)},
    )


def _read_csv(connection: duckdb.DuckDBPyConnection, source: SourceFile, names: Sequence[str]) -> list[BrokenLine]:
    columns = ", ".join(f"'{name}': 'varchar'" for name in names)
    connection.execute("drop table if exists source_errors; drop table if exists source_scans")
    connection.execute(
        f"""
        create or replace temporary table source_rows as
        select row_number() over () + 1 as source_line, *
        from read_csv(
            $path, auto_detect = false, header = true, delim = $delimiter, quote = '"', escape = '"', columns = {{{columns}}},
            ignore_errors = true, store_rejects = true, rejects_table = 'source_errors', rejects_scan = 'source_scans',
            rejects_limit = 0
        )
        """,
        {"path": str(source.path), "delimiter": source.delimiter},
    )
    errors = connection.execute(
        "select line_byte_position, min(error_message), min(csv_line) from source_errors group by line_byte_position order by 1"
    ).fetchall()
    (row_count,) = connection.execute("select count(*) from source_rows").fetchone() or (0,)
    if not errors and _count_lines(source.path) == row_count + 1:
        return []  # every line after the header is a row: the lines are right as they are
    broken = [(position, _plain(message), text.strip("\r\n")) for position, message, text in errors]
    broken_lines, row_lines = _find_lines(
        source.path, [(position, text.count("\n")) for position, _, text in broken], _further_lines(connection, names)
    )
    _number_lines(connection, row_lines, row_count)
    return [BrokenLine(line, reason, text) for line, (_, reason, text) in zip(broken_lines, broken, strict=True)]


def _further_lines(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[int, int]:
    """For the rows with line ends inside their values: the place of the row, from 0, and how many there are."""
    text = f"concat_ws('', {', '.join(names)})"
    counted = f"length({text}) - length(replace({text}, chr(10), ''))"
    return dict(connection.execute(f"select source_line - 2, {counted} as further from source_rows where further > 0").fetchall())


def _find_lines(path: Path, broken: Sequence[tuple[int, int]], further: Mapping[int, int]) -> tuple[list[int], list[int]]:
    """The first lines of the broken rows, and those of the others.

    `broken` are the bytes at which broken rows start (from 1, ascending) and how many further lines each has; `further` says
    the same of the other rows, by their place from 0.
    """
    at: list[int] = []
    rows: list[int] = []
    offset = skip = 0
    remaining = list(reversed(broken))
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            offset += len(line)
            last = offset - line.endswith(b"\n")  # where lines end in CRLF, a row is said to start at an LF before it
            if skip:
                skip -= 1
            elif remaining and remaining[-1][0] <= last and line.strip(b"\r\n"):
                skip = remaining.pop()[1]
                at.append(number)
            elif number > 1 and line.strip():
                skip = further.get(len(rows), 0)
                rows.append(number)
    return at + [number] * len(remaining), rows


def _number_lines(connection: duckdb.DuckDBPyConnection, row_lines: Sequence[int], row_count: int) -> None:
    """Correct the lines of `source_rows` for empty and broken lines, which are no rows of it."""
    if len(row_lines) != row_count:
        return  # DuckDB sees other rows than the lines show: the count of the row is the best there is
    connection.execute(
        "update source_rows set source_line = lines.line from "
        "(select unnest($lines::bigint[]) as line, unnest(range(2, len($lines::bigint[]) + 2)) as counted) as lines "
        "where source_rows.source_line = lines.counted",
        {"lines": row_lines},
    )


def line_texts(path: Path, counts: Mapping[int, int]) -> dict[int, str]:
    """The text of some rows of a file, by their first line, as it stands there; `counts` says how many lines each has."""
    if not counts:
        return {}
    first = {line: start for start, count in counts.items() for line in range(start, start + count)}
    texts = dict.fromkeys(counts, "")
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if number in first:
                texts[first[number]] += line
    return {line: text.rstrip("\r\n") for line, text in texts.items()}


def _count_lines(path: Path) -> int:
    count, last = 0, b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last not in (b"\n", b""))


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    return re.sub(r"^\w+( \w+)* Error: ", "", str(error).splitlines()[0])


def _plain(message: str) -> str:
    match = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    return (
        f"the row has {match.group(2)} values where the header has {match.group(1)}" if match else _first_line(Exception(message))
    )
