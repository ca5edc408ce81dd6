"""Loading the customers: every row ends in raw.customers, in raw.rejects, or is counted as a copy of a kept one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np

from etl.decimals import set_decimal_marks
from etl.files import find_files
from etl.headers import CUSTOMER_ID, IGNORE, is_known, likeness, match, normalise, unused
from etl.mapping import Mapping
from etl.source import SourceFile, line_texts, make_tables, open_source, read_rows
from warehouse.blanks import trimmed
from warehouse.build import build, execute_file
from warehouse.catalog import SQL
from warehouse.columns import Column
from warehouse.errors import InputError
from warehouse.forgotten import Forgotten

SYNTHETIC_PREFIX = "synthetic-"
"""What the ids of generated customers start with, so that they can be told wherever they show."""
MOST_COLUMNS = 1_000
"""Columns a file may have."""
MOST_CATEGORIES = 50
"""Values a category column may have."""
_WORDS = r"""
list_concat(
    regexp_split_to_array(concat_ws(' ', row_text, reason), '[^\p{L}\p{M}\p{N}_-]+'),
    regexp_split_to_array(concat_ws(' ', row_text, reason), '[\s\p{Z},;|"''()<>]+|[.:!?]+([\s\p{Z},;|"''()<>]+|$)'),
    list_transform(regexp_split_to_array(row_text, '[,;|\t\r\n]'), lambda value : trim(trim(value), '"')),
    list_transform(regexp_extract_all(row_text, '"((?:[^"]|"")*)"', 1), lambda value : replace(value, '""', '"')),
    regexp_split_to_array(reason, '''')
)
"""
"""SQL: what may be an id in a rejected row: its words, what stands between blanks, and each value, bare or quoted."""


@dataclass(frozen=True)
class LoadReport:
    """What became of the rows of the sources."""

    given: Path
    """The file, folder or pattern that was asked for."""
    files: tuple[str, ...]
    """The files it means."""
    columns: tuple[Column, ...]
    """The columns of the warehouse."""
    rows_in: int
    """Rows in the files."""
    rows_kept: int
    """Rows in raw.customers."""
    rows_rejected: int
    """Rows in raw.rejects."""
    rows_duplicate: int
    """Rows dropped because an identical one was kept."""
    rows_forgotten: int
    """Rows of people erased on request."""
    is_synthetic: bool
    """Whether the customers were generated."""
    warnings: tuple[str, ...] = ()
    """What a person should look at."""
    open_ends: tuple[str, ...] = ()
    """The text files whose last line has no end."""

    @property
    def has_ids(self) -> bool:
        """Whether the customers' ids come from the files; otherwise they are made from the rows' values."""
        return any(column.kind == "id" and column.source_header for column in self.columns)


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
    warnings += _leave_out(connection, forgotten or Forgotten("", ()))
    for name in ("repeated_customers", "suspicious_rows", "faults"):
        execute_file(connection, SQL / "load" / f"{name}.sql")
    build(connection, ["raw.customers", "raw.rejects", "raw.sources", "raw.gate"])
    _write_rows(connection, columns)
    _write_rejects(connection, sources)
    _redact(connection, forgotten or Forgotten("", ()))
    _write_sources(connection, sources)
    for name in ("source_rows", "source_rejects", "forgotten_rows", "repeated_customers", "suspicious_rows", "faults"):
        connection.execute(f"drop table {name}")
    warnings += _cut_off(connection, sources)
    report = replace(
        _report(connection, given, columns, warnings),
        open_ends=tuple(source.name for source in sources if source.text is not None and source.text.ends_open),
    )
    build(connection, ["staging"])
    _refuse_unusable(connection, report)
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
        "insert into raw.columns by name select $1 as column_name, $2 as source_header, $3 as kind, $4 as label, "
        "$5 as short_label, $6 as unit, $7 as minimum, $8 as maximum, $9 as divide_by, $10 as decimal_mark, $11 as position",
        [
            (c.name, c.source_header, c.kind, c.label, c.short, c.unit, c.minimum, c.maximum, c.divide_by, c.decimal_mark, position)
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


def _leave_out(connection: duckdb.DuckDBPyConnection, forgotten: Forgotten) -> list[str]:
    """Take the rows of erased people out of what was read. Returns a warning per file."""
    connection.execute(
        f"""
        create or replace temporary table forgotten_rows as
        select source_file, source_line
        from source_rows
        semi join (select unnest($hashes::varchar[]) as erased) on sha256($salt || {trimmed("customer_id")}) = erased
        """,
        {"hashes": list(forgotten.hashes), "salt": forgotten.salt},
    )
    if not forgotten.hashes:
        return []
    connection.execute(
        "create or replace temporary table source_rows as "
        "from source_rows anti join forgotten_rows using (source_file, source_line)"
    )
    found = connection.execute(
        "select source_file, count(*), list(source_line order by source_line)[:10] from forgotten_rows group by all order by all"
    ).fetchall()
    return [
        f"{file}: still holds people who were erased on request, in {count:,} row{'s' if count > 1 else ''} (line "
        f"{', '.join(map(str, lines))}{', …' if count > len(lines) else ''}); they were not loaded: take them out of the file"
        for file, count, lines in found
    ]


def _redact(connection: duckdb.DuckDBPyConnection, forgotten: Forgotten) -> None:
    """Take what a rejected row says out of raw.rejects where it mentions a person who was erased.

    A short id stands in other people's rows by chance, so that it counts only where nobody knows whose row it is.
    """
    if not forgotten.hashes:
        return
    connection.execute(
        f"""
        update raw.rejects set row_text = null, reason = 'erased on request'
        where rowid in (
            with words as (
                select
                    rowid as reject,
                    customer_id,
                    unnest({_WORDS}) as word
                from raw.rejects
            )

            select reject
            from words
            semi join (select unnest($hashes::varchar[]) as erased) on sha256($salt || {trimmed("word")}) = erased
            where customer_id is null or length({trimmed("word")}) >= 6
        )
        """,
        {"hashes": list(forgotten.hashes), "salt": forgotten.salt},
    )


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


def _write_sources(connection: duckdb.DuckDBPyConnection, sources: Sequence[SourceFile]) -> None:
    for source in sources:
        counts = connection.execute(
            f"""
            select
                (select count(*) from source_rows where source_file = $file)
                + (select count(*) from source_rejects where source_file = $file)
                + (select count(*) from forgotten_rows where source_file = $file) as rows_in,
                (select count(*) from raw.customers where source_file = $file) as rows_kept,
                (select count(*) from raw.rejects where source_file = $file) as rows_rejected,
                (
                    select count(*)
                    from (from repeated_customers where source_file = $file and _copy > 1)
                    anti join faults using (source_file, source_line)
                ) as rows_duplicate,
                (select count(*) from forgotten_rows where source_file = $file) as rows_forgotten,
                (
                    select coalesce(bool_and(starts_with(customer_id, '{SYNTHETIC_PREFIX}')), false)
                    from raw.customers
                    where source_file = $file
                ) as is_synthetic
            """,
            {"file": source.name},
        ).fetchone()
        assert counts is not None
        connection.execute(
            "insert into raw.sources values ('customers', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                source.name,
                source.fingerprint,
                source.kind,
                source.text.encoding if source.text else None,
                source.dialect.delimiter if source.dialect else None,
                *counts,
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )


def _report(connection: duckdb.DuckDBPyConnection, given: Path, columns: tuple[Column, ...], warnings: Sequence[str]) -> LoadReport:
    row = connection.execute(
        "select list(source_file order by source_file), sum(rows_in), sum(rows_kept), sum(rows_rejected), sum(rows_duplicate), "
        "sum(rows_forgotten), bool_and(is_synthetic) from raw.sources"
    ).fetchone()
    assert row is not None
    files, rows_in, kept, rejected, duplicate, erased, is_synthetic = row
    return LoadReport(given, tuple(files), columns, rows_in, kept, rejected, duplicate, erased, is_synthetic, tuple(warnings))


def _refuse_unusable(connection: duckdb.DuckDBPyConnection, report: LoadReport) -> None:
    """What no limit can allow: no rows at all, none that can be used, a category of too many values."""
    if report.rows_in == 0:
        raise InputError(f"{report.given}: has a header but no customers")
    if report.rows_kept == 0:
        first = connection.execute(
            "select source_file, source_line, reason from raw.rejects order by source_file, source_line"
        ).fetchone()
        assert first is not None
        where = f"{first[0]}, line {first[1]}" if len(report.files) > 1 else f"line {first[1]}"
        raise InputError(f"{report.given}: not one of its {report.rows_in:,} rows can be used; the first is {where}: {first[2]}")
    for column in report.columns:
        if column.kind == "category":
            (count,) = connection.execute(f"select count(distinct {column.name}) from staging.customers").fetchone() or (0,)
            if count > MOST_CATEGORIES:
                header = column.source_header
                raise InputError(
                    f"{report.given}: column '{header}' has {count:,} values, and a category has {MOST_CATEGORIES} at most; "
                    f'say in a MAPPING file what it is: [columns] "{header}" = "text"'
                )
