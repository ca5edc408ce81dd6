"""Reading a file into the table `source_rows`, every value as text and every row with its line.

A CSV file that any reader must see alike goes through DuckDB's own reader; any other through etl.records, which is slower and
says of every line what became of it. Both give the same rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from etl import parquet
from etl.dialect import detect
from etl.files import fingerprint, first_line, short
from etl.mapping import FileOptions
from etl.records import Broken, Dialect, Row, readable
from etl.records import rows as exact_rows
from etl.text import Text, scan
from etl.vocabulary import IGNORE
from etl.workbook import Sheet, read_sheet
from warehouse.columns import Column
from warehouse.connection import escaped, literal
from warehouse.errors import InputError

_BATCH = 50_000
"""Rows handed to DuckDB at a time."""
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd", b"7z\xbc\xaf": "7z"}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class SourceFile:
    """A file that can be read, and what a look at it tells."""

    path: Path
    """The file."""
    name: str
    """The name to show for it."""
    kind: str
    """csv, parquet or excel; the content decides, not the name."""
    headers: tuple[str, ...]
    """The header of each column, as it came."""
    fingerprint: str
    """SHA-256 of its bytes, hexadecimal."""
    types: tuple[str, ...] = ()
    """DuckDB's type of each column of a Parquet file."""
    typed: frozenset[int] = frozenset()
    """The places, from 0, of the columns whose numbers are typed as such: they have no decimal mark."""
    text: Text | None = None
    """What the scan of a text file told."""
    dialect: Dialect | None = None
    """How a text file is written."""
    sheet: Sheet | None = None
    """The sheet of a workbook."""
    state: tuple[int, int] = (0, 0)
    """Size and time of the file when it was opened: it must not change while it is read."""

    def is_as_it_was(self) -> bool:
        """Whether the file is still the one that was opened."""
        return self.path.exists() and state_of(self.path) == self.state


def open_source(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    options: FileOptions | None = None,
    is_known: Callable[[str], bool] = lambda _: False,
) -> SourceFile:
    """Look at a file. Raises InputError, naming it, when it cannot be a table."""
    options = options or FileOptions()
    try:
        if not path.is_file() and path.exists():
            raise InputError(f"{path}: is no file; give a file, a folder of files or a pattern")
        state = state_of(path)
        with path.open("rb") as file:
            start = file.read(16)
        if not start:
            raise InputError(f"{path}: is empty; give a file with a header and rows")
        if start.startswith(b"PAR1"):
            headers, types = parquet.read_columns(connection, path)
            typed = frozenset(place for place, type_ in enumerate(types) if parquet.is_number(type_))
            return SourceFile(path, name, "parquet", headers, fingerprint(path), types, typed, state=state)
        if start.startswith(_WORKBOOKS):
            sheet = read_sheet(path, options)
            return SourceFile(path, name, "excel", sheet.headers, fingerprint(path), typed=sheet.numeric, sheet=sheet, state=state)
        packed = next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), None)
        if packed:
            raise InputError(f"{path}: is compressed with {packed}; unpack it first")
        text = scan(path, options.encoding)
        dialect, headers = detect(text, options, is_known)
    except (OSError, ValueError) as error:
        raise InputError(f"{short(path)}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return SourceFile(path, name, "csv", headers, text.fingerprint, text=text, dialect=dialect, state=state)


def make_tables(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """Make the empty tables `source_rows` (file, line, lines, then `names`), in the scratch database, and `source_rejects`."""
    columns = "".join(f", {name} varchar" for name in names)
    connection.execute(
        f"create or replace table scratch.source_rows (source_file varchar, source_line bigint, count_lines integer{columns})"
    )
    connection.execute(
        "create or replace temporary table source_rejects "
        "(source_file varchar, source_line bigint, rule varchar, reason varchar, row_text varchar)"
    )


def read_rows(connection: duckdb.DuckDBPyConnection, source: SourceFile, columns: Sequence[Column]) -> None:
    """Add the file's rows to `source_rows`, and the lines that are none to `source_rejects`; `columns` has one per header.

    Raises InputError when the file cannot be read at all.
    """
    try:
        if source.kind == "parquet":
            parquet.read_rows(connection, source.path, source.name, source.headers, source.types, columns)
        elif source.sheet is not None:
            _insert(connection, source, columns, source.sheet.rows)
        elif not _read_plain(connection, source, columns):
            _read_exactly(connection, source, columns)
    except OSError as error:
        raise InputError(f"{source.path}: cannot be read any more: {error.strerror}") from error
    except duckdb.Error as error:  # a damaged Parquet file can raise any of them
        if "write" in str(error).replace(str(source.path), "").replace(escaped(source.path), ""):
            raise  # the disk of the warehouse, not the file
        raise InputError(f"{source.path}: cannot be read as {source.kind}: {first_line(error)}") from error


def line_texts(source: SourceFile, counts: Mapping[int, int]) -> dict[int, str]:
    """The text of some rows, by their first line, as it stands in the file; `counts` says how many lines each has."""
    if source.sheet is not None:
        return {row.line: ",".join(row.values) for row in source.sheet.rows if row.line in counts}
    if source.text is None or not counts:
        return {}
    first = {line: start for start, count in counts.items() for line in range(start, start + count)}
    texts = dict.fromkeys(counts, "")
    last = max(first)
    for number, line in enumerate(source.text.lines(), start=1):
        if number > last:
            break
        if number in first:
            texts[first[number]] += line
    return {line: readable(text) for line, text in texts.items()}


def _read_plain(connection: duckdb.DuckDBPyConnection, source: SourceFile, columns: Sequence[Column]) -> bool:
    """Read by DuckDB; False, and nothing read, where its rows are not exactly the lines below the header."""
    text, dialect = source.text, source.dialect
    assert text is not None
    assert dialect is not None
    kept = {_place(place): column for place, column in enumerate(columns) if column.kind != IGNORE}
    if not text.is_plain or dialect.quote != '"' or len(columns) < 2 or not kept:
        return False
    types = ", ".join(f"'{_place(place)}': 'varchar'" for place in range(len(columns)))
    # ids have hardly a value twice, and are written twice as quickly so as by what DuckDB would choose
    made = ", ".join(f"{c.name} varchar{' using compression zstd' if c.kind == 'id' else ''}" for c in kept.values())
    connection.execute(f"create or replace table scratch.plain_rows ({made})")
    try:
        connection.execute(
            f"""
            insert into scratch.plain_rows
            select {", ".join(kept)}
            from read_csv(
                $path, auto_detect = false, header = false, skip = $above, delim = $delimiter, quote = '"', escape = '"',
                columns = {{{types}}}, strict_mode = true, null_padding = false, nullstr = '', compression = 'none'
            )
            """,
            {"path": escaped(source.path), "above": dialect.header_line, "delimiter": dialect.delimiter},
        )
    except duckdb.Error as error:
        connection.execute("drop table scratch.plain_rows")
        if isinstance(error, duckdb.IOException):
            raise
        return False
    counted = connection.execute("select count(*) from scratch.plain_rows").fetchone()
    is_right = counted == (text.count_lines - dialect.header_line,)
    if is_right:
        _add_plain(connection, source.name, dialect.header_line + 1)
    connection.execute("drop table if exists scratch.plain_rows")
    return is_right


def _add_plain(connection: duckdb.DuckDBPyConnection, name: str, first: int) -> None:
    """Add `scratch.plain_rows` to `source_rows`, a row per line from line `first`, in the order they were read.

    To have the file read by all threads its lines are numbered afterwards; the rows of the first file, mostly the only one, are not
    even copied, but become the table.
    """
    held_rows, new_rows = connection.execute(
        "select (select count(*) from source_rows), (select count(*) from scratch.plain_rows)"
    ).fetchone() or (0, 0)
    if held_rows or not new_rows:
        connection.execute(
            "insert into source_rows by name "
            f"select $name as source_file, rowid + {first} as source_line, 1 as count_lines, * from scratch.plain_rows",
            {"name": name},
        )
        return
    wanted, held = (
        [column[0] for column in connection.execute(f"from {table} limit 0").description]
        for table in ("scratch.source_rows", "scratch.plain_rows")
    )
    connection.execute(
        f"""
        create or replace sequence scratch.numbers start {first};
        alter table scratch.plain_rows add column source_file varchar default {literal(name)};
        alter table scratch.plain_rows add column source_line bigint default nextval('scratch.numbers');
        alter table scratch.plain_rows add column count_lines integer default 1;
        """
    )
    for column in ("source_file", "source_line", "count_lines"):
        connection.execute(f"alter table scratch.plain_rows alter {column} drop default")
    for column in wanted:
        if column not in (*held, "source_file", "source_line", "count_lines"):
            connection.execute(f"alter table scratch.plain_rows add column {column} varchar")
    connection.execute("drop sequence scratch.numbers; drop table scratch.source_rows")
    connection.execute("alter table scratch.plain_rows rename to source_rows")


def _read_exactly(connection: duckdb.DuckDBPyConnection, source: SourceFile, columns: Sequence[Column]) -> None:
    assert source.text is not None
    assert source.dialect is not None
    free = [place for place, column in enumerate(columns) if column.kind in ("text", IGNORE)]
    batch: list[Row] = []
    broken: list[Broken] = []
    for found in exact_rows(source.text.lines(), source.dialect, len(columns), free):
        if isinstance(found, Broken):
            broken.append(found)
        else:
            batch.append(found)
        if len(batch) == _BATCH:
            _insert(connection, source, columns, batch)
            batch.clear()
    _insert(connection, source, columns, batch)
    _insert_broken(connection, source, broken)


def _insert(connection: duckdb.DuckDBPyConnection, source: SourceFile, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    if not rows:
        return
    given: dict[str, np.ndarray] = {
        "source_line": np.array([row.line for row in rows]),
        "count_lines": np.array([row.count_lines for row in rows], dtype=np.int32),
    }
    for place, column in enumerate(columns):
        if column.kind != IGNORE:
            given[column.name] = np.array([row.values[place] for row in rows], dtype=object)
    names = ", ".join(f"nullif({column.name}, '') as {column.name}" for column in columns if column.kind != IGNORE)
    connection.register("given", given)
    connection.execute(
        f"insert into source_rows by name select $name as source_file, source_line, count_lines, {names} from given",
        {"name": source.name},
    )
    connection.unregister("given")


def _insert_broken(connection: duckdb.DuckDBPyConnection, source: SourceFile, broken: Sequence[Broken]) -> None:
    if not broken:
        return
    fields = ("rule", "reason", "text")
    given: dict[str, np.ndarray] = {name: np.array([getattr(one, name) for one in broken], dtype=object) for name in fields}
    given["line"] = np.array([one.line for one in broken])
    connection.register("given", given)
    connection.execute("insert into source_rejects select $name, line, rule, reason, text from given", {"name": source.name})
    connection.unregister("given")


def state_of(path: Path) -> tuple[int, int]:
    """Size and time of a file."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _place(place: int) -> str:
    return f"column_at_{place}"
