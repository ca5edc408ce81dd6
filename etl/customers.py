"""Loading the customers: every row ends in raw.customers, in raw.rejects, or is counted as a copy of a kept one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np

from etl.accounts import LoadReport, make_report, refuse_unusable, write_sources
from etl.decimals import set_decimal_marks
from etl.erased import leave_out, redact
from etl.files import find_files
from etl.headers import CUSTOMER_ID, IGNORE, is_known, likeness, match, normalise, unused
from etl.mapping import Mapping
from etl.source import SourceFile, line_texts, make_tables, open_source, read_rows
from warehouse.build import build, execute_file
from warehouse.catalog import SQL
from warehouse.columns import Column
from warehouse.errors import InputError
from warehouse.forgotten import Forgotten

MOST_COLUMNS = 1_000
"""Columns a file may have."""


def load_customers(
    connection: duckdb.DuckDBPyConnection, given: Path, mapping: Mapping | None = None, forgotten: Forgotten | None = None
) -> LoadReport:
    """Load a file, the files of a folder or those of a pattern into the raw layer, and build staging.

    People in `forgotten` are counted and not loaded. Raises InputError for files that cannot be used, naming the file.
    """
    mapping = mapping or Mapping()
    sources = [open_source(connection, path, name, mapping.options, _recognises(mapping)) for path, name in find_files(given)]
    columns_of = _match(connection, sources, mapping)
    all_columns = _together(sources, columns_of)
    columns = tuple(column for column in all_columns if column.kind != IGNORE)
    if not any(column.source_header for column in columns):
        raise InputError(f"{mapping.path}: every column of {given} is to be ignored: nothing is left to load")
    make_tables(connection, [column.name for column in columns])
    for source, of_source in zip(sources, columns_of, strict=True):
        read_rows(connection, source, of_source)
    _refuse_changed(sources)
    _write_columns(connection, all_columns)
    warnings = [*_left_out(sources, given), *set_decimal_marks(connection, sources, columns_of, mapping.options.decimal)]
    if not any(column.kind == "id" and column.source_header for column in columns):
        execute_file(connection, SQL / "load" / "made_ids.sql")
    warnings += leave_out(connection, forgotten or Forgotten("", ()))
    for name in ("repeated_customers", "suspicious_rows", "faults"):
        execute_file(connection, SQL / "load" / f"{name}.sql")
    build(connection, ["raw.customers", "raw.rejects", "raw.sources", "raw.gate"])
    _write_rows(connection, columns)
    _write_rejects(connection, sources)
    warnings += redact(connection, forgotten or Forgotten("", ()), columns)
    write_sources(connection, sources)
    for name in ("source_rows", "source_rejects", "forgotten_rows", "repeated_customers", "suspicious_rows", "faults"):
        connection.execute(f"drop table {name}")
    warnings += _cut_off(connection, sources)
    report = replace(
        make_report(connection, given, columns, warnings),
        open_ends=tuple(source.name for source in sources if source.text is not None and source.text.ends_open),
    )
    build(connection, ["staging"])
    refuse_unusable(connection, report)
    return report


def _recognises(mapping: Mapping) -> Callable[[str], bool]:
    mapped = {normalise(header) for header in mapping.columns}
    return lambda header: is_known(header) or header in mapping.columns or normalise(header) in mapped


def _match(connection: duckdb.DuckDBPyConnection, sources: Sequence[SourceFile], mapping: Mapping) -> list[tuple[Column, ...]]:
    """The columns of each file. A mapping that names a header which no file has is refused: it is a slip of the pen."""
    reserved = connection.execute("select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'").fetchall()
    words = [word for (word,) in reserved]
    columns_of: list[tuple[Column, ...]] = []
    for source in sources:
        if len(source.headers) > MOST_COLUMNS:
            raise InputError(
                f"{source.path}: has {len(source.headers):,} columns, and {MOST_COLUMNS:,} are the most that can be loaded"
            )
        try:
            earlier = {
                likeness(column.source_header): column.name for columns in columns_of for column in columns if column.kind == "text"
            }
            columns_of.append(match(source.headers, mapping.columns, words, earlier))
        except InputError as error:
            raise InputError(f"{source.path}: {error}") from error
    missing = unused(mapping.columns, [header for source in sources for header in source.headers])
    if missing:
        headers = ", ".join(f"'{header}'" for header in sources[0].headers)
        raise InputError(f"{mapping.path}: there is no column '{missing[0]}' in {sources[0].path}; its columns are {headers}")
    return columns_of


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
    if CUSTOMER_ID.name not in found:
        return (CUSTOMER_ID, *found.values())
    return tuple(found.values())


def _refuse_changed(sources: Sequence[SourceFile]) -> None:
    for source in sources:
        if not source.is_as_it_was():
            raise InputError(
                f"{source.path}: was changed while it was read; run the refresh again when whoever writes it has ended"
            )


def _write_columns(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    build(connection, ["raw.columns"])
    connection.executemany(
        "insert into raw.columns values ('customers', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(c.name, c.source_header, c.kind, c.label, c.short, c.unit, c.minimum, c.maximum),
                *(c.divide_by, c.scale, c.decimal_mark, position),
            )
            for position, c in enumerate(columns, start=1)
        ],
    )


def _left_out(sources: Sequence[SourceFile], given: Path) -> list[str]:
    """A warning for each sheet that is not read, and one for the folders in a folder."""
    folders = sorted(path.name for path in given.iterdir() if path.is_dir()) if given.is_dir() else []
    passed_by = f"{given}: its folders {', '.join(folders[:5])} were not read; a pattern reads them: '{given}/**/*'"
    return [passed_by] * bool(folders) + [
        f"{source.name}: sheet '{source.sheet.name}' was read, {', '.join(repr(name) for name in source.sheet.left_out)} not; "
        'another one can be named in a MAPPING file: [file] sheet = "..."'
        for source in sources
        if source.sheet is not None and source.sheet.left_out
    ]


def _cut_off(connection: duckdb.DuckDBPyConnection, sources: Sequence[SourceFile]) -> list[str]:
    """A warning for each file whose last line is broken and has no end."""
    warnings = []
    for source in sources:
        if source.text is not None and source.text.ends_open:
            last = source.text.count_lines
            broken = connection.execute(
                "select 1 from raw.rejects where source_file = $1 and source_line = $2 and rule = 'broken row'", [source.name, last]
            ).fetchone()
            if broken:
                warnings.append(f"{source.name}: its last line, {last:,}, is broken and has no end: the file may have been cut off")
    return warnings


def _write_rows(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    names = ", ".join(column.name for column in columns)
    connection.execute(
        f"insert into raw.customers select source_file, source_line, {names} from source_rows "
        "anti join faults using (source_file, source_line) "
        "anti join (from repeated_customers where _copy > 1) using (source_file, source_line) "
        "order by source_file, source_line"
    )


def _write_rejects(connection: duckdb.DuckDBPyConnection, sources: Sequence[SourceFile]) -> None:
    """Write the rejected rows with their text: as it stands in a text file, otherwise the values side by side."""
    for source in sources:
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
        "insert into raw.rejects by name "
        "select source_file, source_line, customer_id, rule, reason, row_text from faults "
        "union all by name from source_rejects order by source_file, source_line"
    )
