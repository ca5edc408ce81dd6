"""What loading customers and loading transactions have in common: open the files, match their headers, read their rows.

In between the rows stand in tables of their own: `source_rows` and `source_rejects` as read, `forgotten_rows`, and what the
questions of each source make of them, among it `faults` (what is wrong with a row) and `duplicate_rows` (copies that do not count).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np

from etl.files import find_files
from etl.headers import likeness, match, unused
from etl.lake import open_in_lake, read_in_lake
from etl.mapping import Mapping
from etl.source import SourceFile, line_texts, make_tables, open_source, read_rows
from etl.vocabulary import IGNORE, Vocabulary, normalise
from warehouse.build import build
from warehouse.columns import Column, Kind
from warehouse.errors import InputError
from warehouse.lake_connection import is_in_lake

MOST_COLUMNS = 1_000
"""Columns a file may have."""


@dataclass(frozen=True)
class Files:
    """The files of one source, opened."""

    given: Path
    """The file, folder or pattern that was asked for."""
    vocabulary: Vocabulary
    """The columns they may have."""
    mapping: Mapping
    """What a person says of them."""
    sources: tuple[SourceFile, ...]
    """Each file."""
    columns_of: tuple[tuple[Column, ...], ...]
    """The columns of each file, one per header."""
    all_columns: tuple[Column, ...]
    """The columns of all files together, in order of appearance, those that are not loaded among them."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are loaded."""
        return tuple(column for column in self.all_columns if column.kind != IGNORE)


def open_files(connection: duckdb.DuckDBPyConnection, given: Path, mapping: Mapping, vocabulary: Vocabulary) -> Files:
    """Open the files that `given` means and match their headers. Raises InputError, naming the file that cannot be used."""
    recognises = _recognises(mapping, vocabulary)
    look = open_in_lake if is_in_lake(connection) else open_source
    sources = tuple(look(connection, path, name, mapping.options, recognises) for path, name in find_files(given))
    columns_of = _match(connection, sources, mapping, vocabulary)
    files = Files(given, vocabulary, mapping, sources, columns_of, _together(sources, columns_of))
    if not any(column.source_header for column in files.columns):
        raise InputError(f"{mapping.path}: every column of {given} is to be ignored: nothing is left to load")
    return files


def only_known(files: Files, other: Kind = "text") -> Files:
    """The same files, the columns that the vocabulary does not know as `other`; those that are to be ignored stay so."""

    def known(columns: Sequence[Column]) -> tuple[Column, ...]:
        return tuple(
            column if column.kind == IGNORE or column.name in files.vocabulary.names else replace(column, kind=other)
            for column in columns
        )

    return replace(files, all_columns=known(files.all_columns), columns_of=tuple(map(known, files.columns_of)))


def read_files(connection: duckdb.DuckDBPyConnection, files: Files, columns: Sequence[Column]) -> None:
    """Read every row into `source_rows`, which gets `columns`."""
    make_tables(connection, [column.name for column in columns])
    if is_in_lake(connection):
        read_in_lake(connection, files.sources, files.columns_of)
    else:
        for source, of_source in zip(files.sources, files.columns_of, strict=True):
            read_rows(connection, source, of_source)
    for source in files.sources:
        if not source.is_as_it_was():
            raise InputError(
                f"{source.path}: was changed while it was read; run the refresh again when whoever writes it has ended"
            )


def write_columns(connection: duckdb.DuckDBPyConnection, source: str, columns: Sequence[Column]) -> None:
    """Add the columns of a source to raw.columns."""
    connection.executemany(
        "insert into raw.columns values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(source, c.name, c.source_header, c.kind, c.label, c.short, c.unit, c.minimum, c.maximum),
                *(c.divide_by, c.scale, c.decimal_mark, c.date_order, position),
            )
            for position, c in enumerate(columns, start=1)
        ],
    )


def write_rejects(connection: duckdb.DuckDBPyConnection, files: Files) -> None:
    """Write the rejected rows with their text: as it stands in a text file, otherwise the values side by side."""
    for source in () if is_in_lake(connection) else files.sources:  # a cluster has the values side by side
        refused = connection.execute("select source_line, count_lines from faults where source_file = $1", [source.name]).fetchall()
        texts = line_texts(source, dict(refused))
        if texts:
            connection.register("given", {"line": np.array(list(texts)), "text": np.array(list(texts.values()), dtype=object)})
            connection.execute(
                "update faults set row_text = given.text from given where source_file = $1 and source_line = given.line",
                [source.name],
            )
            connection.unregister("given")
    connection.execute(
        "insert into raw.rejects by name select $source as source, * from ("
        "select source_file, source_line, customer_id, rule, reason, row_text from faults "
        "union all by name from source_rejects) order by source_file, source_line",
        {"source": files.vocabulary.source},
    )


def refuse_missing(files: Files, missing: Sequence[str], also: str = "") -> None:
    """Raise InputError where a needed column is missing, with the headers it is recognised by; `also` says what else would do."""
    if not missing:
        return
    found = ", ".join(f"'{column.source_header}'" for column in files.all_columns)
    hints = "; ".join(map(files.vocabulary.hint, missing))
    raise InputError(
        f"{files.given}: a needed column is missing; its columns are {found}. Headers that are recognised: {hints}{also}. "
        f'Say in MAPPING=path.toml which is which: [{files.vocabulary.prefix}columns] "..." = "{missing[0]}"'
    )


def keep_rows(connection: duckdb.DuckDBPyConnection, files: Files) -> None:
    """Make the source's table of raw rows, and put those into it that have no fault and are no copies."""
    table = f"raw.{files.vocabulary.source}"
    build(connection, [table])
    names = ", ".join(column.name for column in files.columns)
    connection.execute(
        f"insert into {table} select source_file, source_line, {names} from source_rows "
        "anti join faults using (source_file, source_line) anti join duplicate_rows using (source_file, source_line) "
        "order by source_file, source_line"
    )


def left_out(files: Files) -> list[str]:
    """A warning for each sheet that is not read, and one for the folders in a folder."""
    given = files.given
    folders = sorted(path.name for path in given.iterdir() if path.is_dir()) if given.is_dir() else []
    passed_by = f"{given}: its folders {', '.join(folders[:5])} were not read; a pattern reads them: '{given}/**/*'"
    return [passed_by] * bool(folders) + [
        f"{source.name}: sheet '{source.sheet.name}' was read, {', '.join(repr(name) for name in source.sheet.left_out)} not; "
        f'another one can be named in a MAPPING file: [{files.vocabulary.prefix}file] sheet = "..."'
        for source in files.sources
        if source.sheet is not None and source.sheet.left_out
    ]


def cut_off(connection: duckdb.DuckDBPyConnection, files: Files) -> list[str]:
    """A warning for each file whose last line is broken and has no end."""
    warnings = []
    for source in files.sources:
        if source.text is not None and source.text.ends_open:
            last = source.text.count_lines or _last_line(connection, files, source)
            broken = connection.execute(
                "select 1 from raw.rejects where source = $1 and source_file = $2 and source_line = $3 and rule = 'broken row'",
                [files.vocabulary.source, source.name, last],
            ).fetchone()
            if broken:
                warnings.append(f"{source.name}: its last line, {last:,}, is broken and has no end: the file may have been cut off")
    return warnings


def _last_line(connection: duckdb.DuckDBPyConnection, files: Files, source: SourceFile) -> int:
    """The last line that became a row or was rejected, of a file whose lines nobody has counted."""
    return max(
        int(line or 0)
        for (line,) in connection.execute(
            f"select max(source_line) from raw.{files.vocabulary.source} where source_file = $1 "
            "union all select max(source_line) from raw.rejects where source = $2 and source_file = $1",
            [source.name, files.vocabulary.source],
        ).fetchall()
    )


def _recognises(mapping: Mapping, vocabulary: Vocabulary) -> Callable[[str], bool]:
    mapped = {normalise(header) for header in mapping.columns}
    return lambda header: vocabulary.knows(header) or header in mapping.columns or normalise(header) in mapped


def _match(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[SourceFile], mapping: Mapping, vocabulary: Vocabulary
) -> tuple[tuple[Column, ...], ...]:
    """The columns of each file. A mapping that names a header which no file has is refused: it is a slip of the pen."""
    reserved = connection.execute("select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'").fetchall()
    words = [word for (word,) in reserved]
    columns_of: list[tuple[Column, ...]] = []
    earlier: dict[str, str] = {}
    for source in sources:
        if len(source.headers) > MOST_COLUMNS:
            raise InputError(
                f"{source.path}: has {len(source.headers):,} columns, and {MOST_COLUMNS:,} are the most that can be loaded"
            )
        try:
            matched = match(source.headers, mapping.columns, words, earlier, vocabulary)
        except InputError as error:
            raise InputError(f"{source.path}: {error}") from error
        columns_of.append(matched)
        earlier |= {
            likeness(column.source_header): column.name
            for column in matched
            if column.kind == "text" and column.name not in vocabulary.names
        }
    missing = unused(mapping.columns, [header for source in sources for header in source.headers])
    if missing:
        headers = ", ".join(f"'{header}'" for header in sources[0].headers)
        raise InputError(f"{mapping.path}: there is no column '{missing[0]}' in {sources[0].path}; its columns are {headers}")
    return tuple(columns_of)


def _together(sources: Sequence[SourceFile], columns_of: Sequence[Sequence[Column]]) -> tuple[Column, ...]:
    """The columns of all files, in order of appearance. A column that counts must be in every file; text may be missing."""
    found: dict[str, Column] = {}
    for columns in columns_of:
        for column in columns:
            is_ignored = column.kind == IGNORE
            key = f"{IGNORE} {column.source_header}" if is_ignored else column.name
            found.setdefault(key, replace(column, name=f"{IGNORE}d_{len(found) + 1}") if is_ignored else column)
    for source, columns in zip(sources, columns_of, strict=True):
        there = {column.name for column in columns}
        for column in found.values():
            if column.kind not in ("text", IGNORE) and column.name not in there:
                raise InputError(f"{source.path}: has no column for {column.name}, which {sources[0].name} or another file has")
    return tuple(found.values())
