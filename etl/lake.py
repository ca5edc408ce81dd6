"""Reading files where the cluster reads them: nobody but the cluster looks at more than their beginnings.

What each file holds is told by its size, its time and its first and last megabyte. The rows are those that etl.source gives, but
that a value of a text file may have no line end inside: lines are read wherever they lie, each by itself.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import duckdb

from etl import parquet
from etl.dialect import detect
from etl.files import short
from etl.mapping import FileOptions
from etl.records import MOST_CHARACTERS
from etl.source import SourceFile, state_of
from etl.text import BOMS, Text, refuse_binary
from etl.vocabulary import IGNORE
from warehouse.build import Context, execute_file
from warehouse.catalog import SQL
from warehouse.columns import Column
from warehouse.errors import InputError
from warehouse.lake import refuse_pattern
from warehouse.lake_connection import LakeConnection

_PLAIN = ("VARCHAR", "BOOLEAN", "BLOB", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
"""Types of DuckDB's, beside numbers, whose values Spark writes as text in the same way."""
_OURS = ("_source_file", "_source_line", "_file_path", "_metadata")
_LOOK = 1 << 20
"""Bytes at the beginning and the end of a file that are looked at."""


def open_in_lake(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    options: FileOptions | None = None,
    is_known: Callable[[str], bool] = lambda _: False,
) -> SourceFile:
    """Look at the beginning of a file, as etl.source.open_source does at all of it. Raises InputError, naming it."""
    options = options or FileOptions()
    if any("\udc80" <= character <= "\udcff" for character in str(path)):  # a byte that is no text, as Python has it
        raise InputError(f"{short(path)}: its name is no text, and ENGINE=spark finds no such file: give it another one")
    refuse_pattern(path.absolute())
    if path.name[0] in "._":
        raise InputError(
            f"{path}: ENGINE=spark passes over files whose names begin with a point or an underscore: give it another one"
        )
    try:
        state = state_of(path)
        with path.open("rb") as file:
            head = file.read(_LOOK)
            file.seek(max(0, state[0] - _LOOK))
            tail = file.read(_LOOK)
        if not head:
            raise InputError(f"{path}: is empty; give a file with a header and rows")
        fingerprint = hashlib.sha256(f"{state} ".encode() + head + tail).hexdigest()
        if head.startswith(b"PAR1"):
            headers, types = parquet.read_columns(connection, path)
            for header in headers:
                if header.lower() in _OURS:
                    raise InputError(f"{path}: ENGINE=spark has a column '{header}' of its own: give that one another name")
            typed = frozenset(place for place, type_ in enumerate(types) if parquet.is_number(type_))
            return SourceFile(path, name, "parquet", headers, fingerprint, types, typed, state=state)
        ends_open = not tail.endswith((b"\n", b"\r"))
        text = Text(path, "utf-8", _bom(path, head, options), 0, False, fingerprint, ends_open)
        dialect, headers = detect(text, options, is_known)
    except (OSError, ValueError) as error:
        raise InputError(f"{short(path)}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return SourceFile(path, name, "csv", headers, fingerprint, text=text, dialect=dialect, state=state)


def read_in_lake(connection: LakeConnection, sources: Sequence[SourceFile], columns_of: Sequence[Sequence[Column]]) -> None:
    """Read every row of the files into `source_rows`, and the lines that are none into `source_rejects`.

    Both must have been made. Files that are written alike are read together.
    """
    alike = sorted(zip(sources, columns_of, strict=True), key=lambda one: repr(_kind(*one)))
    for _, group in groupby(alike, key=lambda one: _kind(*one)):
        members = list(group)
        first, columns = members[0]
        names = {source.path: source.name for source, _ in members}
        if first.kind == "parquet":
            _read_parquet(connection, names, first, columns)
        else:
            _read_text(connection, names, first, columns)


def _kind(source: SourceFile, columns: Sequence[Column]) -> tuple[object, ...]:
    return source.kind, source.headers, source.types, source.dialect, tuple(columns)


def _read_parquet(connection: LakeConnection, names: Mapping[Path, str], source: SourceFile, columns: Sequence[Column]) -> None:
    for header, type_, column in zip(source.headers, source.types, columns, strict=True):
        if column.kind != IGNORE and type_ not in _PLAIN and not parquet.is_number(type_):
            raise InputError(
                f"{source.path}: column '{header}' is of type {type_}, which ENGINE=spark does not read; say in MAPPING=path.toml "
                f'that it is to be ignored: [columns] "{header}" = "ignore"'
            )
    connection.tables.read_parquet("source_values", names)
    values = "".join(
        f", {parquet.as_text(header, type_, by_digits=True)} as {column.name}"
        for header, type_, column in zip(source.headers, source.types, columns, strict=True)
        if column.kind != IGNORE
    )
    connection.execute(
        "insert into scratch.source_rows by name "
        f"select _source_file as source_file, _source_line as source_line, 1 as count_lines{values} from source_values"
    )


def _read_text(connection: LakeConnection, names: Mapping[Path, str], source: SourceFile, columns: Sequence[Column]) -> None:
    dialect = source.dialect
    assert dialect is not None
    mark, quote = re.escape(dialect.delimiter), dialect.quote
    end, blanks = rf"\{dialect.delimiter}", "" if dialect.delimiter == " " else " *"
    # a group is repeated for doubled quotes alone: Java's expressions go a level deeper for each time
    value = f"(?:{blanks}{quote}[^{quote}]*(?:{quote}{quote}[^{quote}]*)*{quote}|{blanks}(?:[^{end} {quote}][^{end}]*)?)"
    connection.tables.read_text("source_lines", names)
    execute_file(
        connection,  # type: ignore[arg-type]
        SQL / "load" / "lines.sql",
        Context.read(connection),  # type: ignore[arg-type]
        dialect=dialect,
        places=list(columns),
        longest=MOST_CHARACTERS,
        value=f"{mark}({value})",
    )


def _bom(path: Path, head: bytes, options: FileOptions) -> int:
    """Bytes of the mark in front. Raises InputError for what is not UTF-8 text."""
    packed = head[:6]
    if packed.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd", b"7z\xbc\xaf")):
        raise InputError(f"{path}: ENGINE=spark reads Parquet and plain CSV files; unpack it, or write it as one of these")
    marked = next(((name, len(bom)) for bom, name in BOMS if head.startswith(bom)), None)
    encoding = (options.encoding or (marked or ("utf-8", 0))[0]).lower().replace("_", "-")
    if encoding not in ("utf-8", "utf8", "ascii", "us-ascii"):
        raise InputError(f"{path}: is written in {encoding}; ENGINE=spark reads text in UTF-8 only: convert it first")
    looked_at = head.decode("utf-8", errors="replace")
    faults = looked_at.count("\ufffd")
    others = sum(character > "\x7f" for character in looked_at) - faults
    if faults > others + (len(head) == _LOOK):  # the last character may be cut in two
        raise InputError(f"{path}: is not UTF-8 text; ENGINE=spark reads no other: convert it first")
    refuse_binary(path, head, "utf-8")
    return marked[1] if marked else 0
