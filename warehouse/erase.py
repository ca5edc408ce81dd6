"""Writing one version anew without a customer.

What DuckDB deletes stays in a file, what was never written to it does not: so every table is copied without the customer's rows
to a new file, which then takes the place of the old one at once.
"""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import duckdb

from warehouse.blanks import named_id
from warehouse.build import build, execute_file
from warehouse.builder import builder
from warehouse.catalog import SQL, relations
from warehouse.checks import run_checks
from warehouse.connection import IN_FILES, Snapshot, is_of_the_machine, literal
from warehouse.errors import BuildError, GateError, InputError, MallError
from warehouse.forgotten import LONG_ID
from warehouse.lake import folders, lake_of, next_edition, rows_of
from warehouse.publish import put, settle, unfinished
from warehouse.rules import count_rules

_TELLING = 4
"""From this many characters an id is looked for byte by byte."""
_ERASED = "erased on request"
_SOURCES = {"raw.customers": "customers", "raw.transactions": "transactions", "raw.results": "results"}
"""The tables of raw rows, with what raw.columns calls their source."""
_IS_THEIRS = f"coalesce({named_id('customer_id')} in ($id, sha256($id)), false)"
"""A row that has their id, or the hash of it, as the lists of campaigns may."""
_COLUMNS = f"""
select schema_name, table_name, column_name
from duckdb_columns()
where
    database_name = '{{database}}'
    and schema_name || '.' || table_name in (
        select schema_name || '.' || table_name from duckdb_tables() where database_name = '{{database}}'
        union all
        select relation from ({IN_FILES.replace("= ?", "= '{database}'")})
    )
    and data_type {{condition}}
"""
"""The columns of what is kept, in the file or in its lake."""


@dataclass
class _Removed:
    """What was left out of a copy, by table."""

    rows: dict[str, int] = field(default_factory=dict)
    mentions: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{count:,} {what}{'s' if count > 1 else ''} {where}" for what, where, count in self._counts() if count]
        return ", ".join(parts) or "nothing, the customer was not in it"

    def _counts(self) -> list[tuple[str, str, int]]:
        rows = [("row", f"of {table}", count) for table, count in self.rows.items()]
        return rows + [("mention", f"in {table}", count) for table, count in self.mentions.items()]


def holds(path: Path, customer_id: str, is_mention_enough: bool = True) -> bool:
    """Whether a version has rows of the customer, or mentions that would be blanked. One that cannot be read may."""
    try:
        snapshot = Snapshot(path)
    except MallError:
        return True
    try:
        tables = snapshot.rows(_COLUMNS.format(database="warehouse", condition="= 'VARCHAR' and column_name = 'customer_id'"))
        conditions = {f"{row['schema_name']}.{row['table_name']}": _IS_THEIRS for row in tables}
        conditions["raw.rejects"] = _rejected("raw.rejects" in conditions)
        if len(customer_id) >= LONG_ID and is_mention_enough:
            for table in sorted(_SOURCES.keys() & conditions.keys()):
                if texts := _texts_of(table, snapshot.rows("from raw.columns where kind = 'text'")):
                    conditions[table] = f"({_IS_THEIRS} or {_mentioned(texts)})"
        return any(
            snapshot.value(f"select count(*) from {table} where {condition}", {"id": customer_id})
            for table, condition in conditions.items()
        )
    except (MallError, duckdb.Error):
        return True
    finally:
        snapshot.close()


def erase(path: Path, customer_id: str, must_pass: bool) -> str:
    """Write a version anew without a customer, and its lake, if it has one. Returns what was done, in words.

    Where a check fails on what is left, `must_pass` refuses it with GateError; otherwise it is told. Raises BuildError where the
    tables cannot be read or made anew, InputError where there is no room. The old file then stays as it was.
    """
    lake = lake_of(path)
    if lake is not None and lake.parent.resolve() != path.parent.resolve():
        raise InputError(f"{path}: reads {lake}, which is not beside it: forget the person where that is, and copy it again")
    with unfinished(path) as building:
        said = _write(building, path, customer_id, "auto", must_pass)
        stands = _stands_in(building, customer_id)
        if stands and not (value := _value_with(building, customer_id)):  # pieces of other ids, side by side in a dictionary
            building.unlink()
            said = _write(building, path, customer_id, "uncompressed", must_pass)
            stands = _stands_in(building, customer_id)
        if lake := lake_of(building):
            settle(lake)
        put(building, path)
    if stands:
        said += f"; '{customer_id}' still stands in the file, " + (f"within {value}" if value else "by chance: no value has it")
    return said


def is_earlier(path: Path) -> bool:
    """Whether a version lacks a column that this release's SQL describes: an earlier release wrote it."""
    described = {
        (relation.schema, relation.name, column)
        for relation in relations()
        for column in re.findall(rf"^comment on column {re.escape(relation.qualified)}\.(\w+) is", relation.template, re.MULTILINE)
    }
    snapshot = Snapshot(path)
    try:
        held = snapshot.rows("select schema_name, table_name, column_name from duckdb_columns() where database_name = 'warehouse'")
    finally:
        snapshot.close()
    return not described <= {tuple(row.values()) for row in held}


def _write(building: Path, path: Path, customer_id: str, compression: str, must_pass: bool) -> str:
    try:
        with builder(building) as connection:
            connection.execute(f"set force_compression = '{compression}'")
            connection.execute(f"attach {literal(path)} as old (read_only)")
            removed = _Removed()
            _copy(connection, customer_id, removed)
            _copy_lake(connection, folders(connection, "old"), customer_id, removed)
            execute_file(connection, SQL / "forget" / "recount.sql")
            _rebuild(connection)
            count_rules(connection)
            failed = _failed_check(connection, must_pass)
            connection.execute("detach old")
            connection.execute("checkpoint warehouse")
    except duckdb.Error as error:
        if is_of_the_machine(error):
            raise
        raise BuildError(f"{path}: cannot be written anew: {str(error).splitlines()[0]}") from error
    return f"{removed}{failed}"


def _failed_check(connection: duckdb.DuckDBPyConnection, must_pass: bool) -> str:
    """What a check has against the version, in words; nothing where all hold."""
    try:
        run_checks(connection)
    except GateError as error:
        if must_pass:
            raise
        return "; look before you roll back to it: " + str(error).removeprefix("not published, because ")
    return ""


def _copy(connection: duckdb.DuckDBPyConnection, customer_id: str, removed: _Removed) -> None:
    """Copy every table that is not made from others, without the customer's rows."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'old' and schema_name <> 'marts'"
    ).fetchall()
    for schema, table in tables:
        connection.execute(f"create schema if not exists {schema}")
        _create(connection, schema, table)
        _copy_table(connection, schema, table, customer_id, removed)


def _copy_lake(connection: duckdb.DuckDBPyConnection, held: Mapping[str, Path], customer_id: str, removed: _Removed) -> None:
    """Take over the files of a lake that has the relations `held` into its next edition: those with the customer, without them."""
    for name, folder in held.items():
        new = next_edition(folder.parent) / name
        shutil.rmtree(new, ignore_errors=True)  # of a try before
        new.mkdir(parents=True)
        texts = _texts(connection, name) if name in _SOURCES and len(customer_id) >= LONG_ID else []
        blanked = ", ".join(f'if({_mentions(text)}, null, "{text}") as "{text}"' for text in texts)
        counts = [0, 0]
        for path in sorted(folder.glob("*.parquet")):
            own = _counts(connection, f"read_parquet({literal(path)})", texts, customer_id)
            if any(own):
                connection.execute(
                    f"copy (select *{f' replace ({blanked})' if texts else ''} from read_parquet({literal(path)}) "
                    f"where not ({_IS_THEIRS})) to {literal(new / path.name)} (format parquet, compression zstd)",
                    {"id": customer_id},
                )
            else:
                _take_over(path, new / path.name)
            counts = [one + other for one, other in zip(counts, own, strict=True)]
        removed.rows[name], removed.mentions[name] = counts
        schema, view = name.split(".")
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(f"create view {name} as {rows_of(new)}")
        _comment(connection, schema, view, "view")


def _take_over(path: Path, place: Path) -> None:
    """Have a file in a second place: the same file where that is possible, else a copy of it."""
    try:
        os.link(path, place)
    except OSError:  # a file system without links, or a file of another user
        shutil.copyfile(path, place)


def _counts(connection: duckdb.DuckDBPyConnection, rows: str, texts: Sequence[str], customer_id: str) -> tuple[int, int]:
    """Of some rows those of the customer, and those of others whose `texts` mention them."""
    mentioned = f"not ({_IS_THEIRS}) and {_mentioned(texts)}" if texts else "false"
    counts = connection.execute(
        f"select count(*) filter ({_IS_THEIRS}), count(*) filter ({mentioned}) from {rows}", {"id": customer_id}
    ).fetchone()
    return counts or (0, 0)


def _copy_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str, customer_id: str, removed: _Removed) -> None:
    name, bound = f"{schema}.{table}", {"id": customer_id}
    columns = [
        column
        for (column,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = 'old' and schema_name = $1 and table_name = $2",
            [schema, table],
        ).fetchall()
    ]

    def count(condition: str) -> int:
        (counted,) = connection.execute(f"select count(*) from old.{name} where {condition}", bound).fetchone() or (0,)
        return int(counted)

    if name == "raw.rejects":
        hit = _rejected("customer_id" in columns)
        removed.mentions[name] = count(hit)
        connection.execute(f"insert into {name} {_redacted(hit, 'customer_id' in columns)}", bound)
        return
    if "customer_id" not in columns:
        connection.execute(f"insert into {name} from old.{name}")
        return
    texts = _texts(connection, name) if name in _SOURCES and len(customer_id) >= LONG_ID else []
    blanked = ", ".join(f'if({_mentions(text)}, null, "{text}") as "{text}"' for text in texts)
    removed.rows[name], removed.mentions[name] = _counts(connection, f"old.{name}", texts, customer_id)
    connection.execute(
        f"insert into {name} select *{f' replace ({blanked})' if texts else ''} from old.{name} where not ({_IS_THEIRS})", bound
    )


def _texts(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The columns of free text of a table of raw rows: a number that looks like the id is another customer's own."""
    read = connection.execute("from old.raw.columns where kind = 'text'").fetchdf()
    return _texts_of(table, read.to_dict("records"))


def _texts_of(table: str, columns: Sequence[Mapping[Any, Any]]) -> list[str]:
    """Those of the rows of raw.columns that are of a table; an earlier release knew customers only."""
    return [str(column["column_name"]) for column in columns if column.get("source", "customers") == _SOURCES[table]]


def _create(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
    """Make a table as it is in the old version, comments included."""
    (sql,) = connection.execute(
        "select sql from duckdb_tables() where database_name = 'old' and schema_name = $1 and table_name = $2", [schema, table]
    ).fetchone() or ("",)
    sql = re.sub(r" USING COMPRESSION \w+", "", sql, flags=re.IGNORECASE)  # what is left of the id is looked for in the bytes
    connection.execute(sql.replace("CREATE TABLE old.", "CREATE TABLE ", 1))
    _comment(connection, schema, table, "table")


def _comment(connection: duckdb.DuckDBPyConnection, schema: str, relation: str, kind: str) -> None:
    """Give a table or view the comments that it has in the old version."""
    comments = connection.execute(
        f"select '{kind}', null, comment from duckdb_{kind}s() "
        f"where database_name = 'old' and schema_name = $1 and {kind}_name = $2 "
        "union all select 'column', column_name, comment from duckdb_columns() "
        "where database_name = 'old' and schema_name = $1 and table_name = $2",
        [schema, relation],
    ).fetchall()
    for what, column, comment in comments:
        if comment is not None:
            target = f"{schema}.{relation}" + (f'."{column}"' if column else "")
            connection.execute(f"comment on {what} {target} is {literal(comment)}")


def _mentions(column: str) -> str:
    """SQL: whether a value has the id in it, as a word of its own."""
    return (
        f"coalesce(regexp_matches(\"{column}\", '(^|[^A-Za-z0-9])' || regexp_escape($id) || '([^A-Za-z0-9]|$)') "
        f'or contains(lower("{column}"), sha256($id)), false)'
    )


def _mentioned(columns: Sequence[str]) -> str:
    return f"({' or '.join(_mentions(column) for column in columns)})"


def _rejected(has_id: bool) -> str:
    """SQL: whether a rejected row is the person's, or mentions them; a short id only where nobody knows whose row it is."""
    mentioned = _mentioned(["row_text"])
    if not has_id:
        return mentioned
    return f"({_IS_THEIRS} or ((customer_id is null or length($id) >= {LONG_ID}) and {mentioned}))"


def _redacted(hit: str, has_id: bool) -> str:
    replaced = f"if({hit}, null, row_text) as row_text, if({hit}, '{_ERASED}', reason) as reason"
    return f"select * replace ({replaced}{f', if({hit}, null, customer_id) as customer_id' if has_id else ''}) from old.raw.rejects"


def _rebuild(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views and the marts anew; what a mart remembers of earlier runs is copied."""
    copied = connection.execute("select schema_name || '.' || table_name from duckdb_tables() where database_name = 'warehouse'")
    there = {name for (name,) in copied.fetchall()} | folders(connection, "warehouse").keys()
    build(connection, [relation.qualified for relation in relations() if relation.qualified not in there])
    newest = "(select max(run_id) from segments.assignments)"
    remembered = connection.execute(
        "select table_name from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name) "
        "where database_name = 'old' and schema_name = 'marts' and column_name = 'run_id'"
    ).fetchall()
    for (table,) in remembered:
        connection.execute(f"insert into marts.{table} by name from old.marts.{table} where run_id < {newest}")


def _stands_in(path: Path, customer_id: str) -> bool:
    """Whether a file has an id anywhere in its bytes; of one too short to be told from chance nothing is said."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as held:
        return len(customer_id) >= _TELLING and held.find(customer_id.encode()) >= 0


def _value_with(path: Path, customer_id: str) -> str | None:
    """A value that has the id within it, such as a longer id, and its column, in words; None where there is none."""
    found = "coalesce(regexp_extract(cast(\"{column}\" as varchar), '[^\\s,;]*' || regexp_escape($id) || '[^\\s,;]*'), '')"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach {literal(path)} as written (read_only)")
        columns = connection.execute(_COLUMNS.format(database="written", condition="similar to '.*(VARCHAR|JSON).*'")).fetchall()
        for schema, table, column in columns:
            value = found.format(column=column)
            row = connection.execute(
                f'select {value} from written."{schema}"."{table}" where {value} <> \'\' limit 1', {"id": customer_id}
            ).fetchone()
            if row is not None:
                return f"'{row[0]}' ({schema}.{table}, {column})"
    return None
