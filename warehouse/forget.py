"""Erasing a person from every version: `python -m warehouse.forget --id ID`, or `make forget ID=...`.

A version's file is written anew without the person and takes the place of the old one at once: what DuckDB deletes stays in a
file, what was never written to it does not. The models stay as they were fitted; counts follow the customers who remain.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path

import duckdb

from warehouse.blanks import stripped, trimmed
from warehouse.build import build
from warehouse.catalog import relations
from warehouse.checks import run_checks
from warehouse.connection import Snapshot, builder, literal
from warehouse.errors import BuildError, DamagedError, GateError, InputError, MallError, refuse
from warehouse.forgotten import read, remember, take_back
from warehouse.publish import locked, put, unfinished
from warehouse.settings import Settings
from warehouse.versions import current, files, version_of

_LONG = 6
"""From this many characters an id is looked for inside other people's values too; a shorter one stands there by chance."""
_TELLING = 4
"""From this many characters an id is looked for byte by byte."""
_ERASED = "erased on request"


@dataclass(frozen=True)
class Erasure:
    """What was done to one version."""

    version: int
    """Its number."""
    done: str
    """What was done, in words."""


def forget(directory: Path, customer_id: str) -> list[Erasure]:
    """Erase a customer from all versions in `directory`, newest first.

    Raises InputError when no version knows the customer, BusyError while the warehouse is being refreshed. Interrupted, it can be
    run again.
    """
    customer_id = stripped(customer_id)
    if not directory.is_dir() or not files(directory):
        raise InputError(f"{directory}: no warehouse has been published there; run `make refresh` first")
    with locked(directory):
        forgotten = read(directory)
        versions = list(reversed(files(directory)))
        held = {path: _holds(path, customer_id) for path in versions}
        if not any(held.values()) and not forgotten.holds(customer_id):
            numbers = ", ".join(str(version_of(path)) for path in versions)
            raise InputError(f"{directory}: no customer '{customer_id}' in version {numbers}")
        with unfinished(directory / "forgotten"):
            remember(directory, forgotten, customer_id)
        return [
            Erasure(version_of(path), _erase(path, customer_id) if held[path] else "does not hold the customer")
            for path in versions
        ]


def restore(directory: Path, customer_id: str) -> None:
    """Let a person who was erased be loaded again by the next refresh. Raises InputError for one who was not."""
    with locked(directory):
        forgotten = read(directory)
        if not forgotten.holds(customer_id):
            raise InputError(f"{directory}: customer '{customer_id}' was not erased")
        take_back(directory, forgotten, customer_id)


def _holds(path: Path, customer_id: str) -> bool:
    """Whether a version knows the customer, or has the id in another's values. A damaged one may."""
    try:
        snapshot = Snapshot(path)
    except DamagedError:
        return True
    columns = snapshot.rows(
        "select schema_name as s, table_name as t, column_name as c from duckdb_columns() inner join duckdb_tables() "
        "using (database_name, schema_name, table_name) where data_type = 'VARCHAR'"
    )
    found = any(
        snapshot.value(
            f'select count(*) from "{row["s"]}"."{row["t"]}" where {_hit(row["c"], row["c"] == "customer_id")}', {"id": customer_id}
        )
        for row in columns
        if row["c"] == "customer_id" or len(customer_id) >= _LONG or row["t"] == "rejects"
    )
    snapshot.close()
    return found


def _hit(column: str, is_id: bool) -> str:
    if is_id:
        return f"{trimmed(column)} = $id"
    return f"regexp_matches(\"{column}\", '(^|[^A-Za-z0-9])' || regexp_escape($id) || '([^A-Za-z0-9]|$)')"


def _erase(path: Path, customer_id: str) -> str:
    """Write a version anew without a customer. Returns what was done."""
    is_current = version_of(path) == current(path.parent)
    try:
        with unfinished(path) as building:
            removed = _write(building, path, customer_id, "auto")
            if _stands_in(building, customer_id):  # pieces of other ids, side by side in a dictionary
                building.unlink()
                _write(building, path, customer_id, "uncompressed")
            put(building, path)
    except (DamagedError, BuildError, GateError) as error:
        if is_current:
            raise InputError(
                f"{path}: the customer could not be erased from the current version ({error}); "
                "run make refresh, which leaves the customer out, then make forget again"
            ) from error
        path.unlink()
        return "was removed: it is damaged, or of an earlier release"
    return f"erased: {removed}"


def _write(building: Path, path: Path, customer_id: str, compression: str) -> str:
    with builder(building) as connection:
        connection.execute(f"set force_compression = '{compression}'")
        removed = _copy(connection, path, customer_id)
        _rebuild(connection)
        run_checks(connection)
        connection.execute("detach old")
        connection.execute("checkpoint warehouse")
    return removed


def _stands_in(path: Path, customer_id: str) -> bool:
    """Whether a file has an id anywhere in its bytes; of one too short to be told from chance nothing is said."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as held:
        return len(customer_id) >= _TELLING and held.find(customer_id.encode()) >= 0


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, customer_id: str) -> str:
    """Copy every table that is not made from others, without the customer's rows; returns the counts of what was left out."""
    try:
        connection.execute(f"attach {literal(path)} as old (read_only)")
        tables = connection.execute(
            "select schema_name, table_name, sql from duckdb_tables() where database_name = 'old' and schema_name <> 'marts'"
        ).fetchall()
    except duckdb.Error as error:
        raise DamagedError(f"{path}: {str(error).splitlines()[0]}") from error
    removed = []
    for schema, table, _ in tables:
        connection.execute(f"create schema if not exists {schema}")
        count = _copy_table(connection, schema, table, customer_id)
        if count:
            removed.append(f"{count:,} row{'s' if count > 1 else ''} of {schema}.{table}")
    _recount(connection)
    return ", ".join(removed) or "nothing but mentions"


def _copy_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str, customer_id: str) -> int:
    name = f"{schema}.{table}"
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where database_name = 'old' and schema_name = $1 and table_name = $2",
        [schema, table],
    ).fetchall()
    names = [column for column, _ in columns]
    _create(connection, schema, table)
    if table == "rejects":
        connection.execute(f"insert into {name} by name {_redacted('customer_id' in names)}", {"id": customer_id})
        return 0
    replaced = []
    if schema == "raw" and len(customer_id) >= _LONG:
        replaced = [
            f'if({_hit(column, False)}, null, "{column}") as "{column}"'
            for column, kind in columns
            if kind == "VARCHAR" and column not in ("customer_id", "source_file")
        ]
    selected = f"select *{' replace (' + ', '.join(replaced) + ')' if replaced and table == 'customers' else ''} from old.{name}"
    if "customer_id" not in names:
        connection.execute(f"insert into {name} {selected}", {"id": customer_id} if "$id" in selected else None)
        return 0
    connection.execute(f"insert into {name} {selected} where {trimmed('customer_id')} is distinct from $id", {"id": customer_id})
    (count,) = connection.execute(
        f"select count(*) from old.{name} where {trimmed('customer_id')} = $id", {"id": customer_id}
    ).fetchone() or (0,)
    if name == "raw.customers" and count:
        connection.execute(
            "create or replace temporary table erased as select source_file, count(*) as count_rows from old.raw.customers "
            f"where {trimmed('customer_id')} = $id group by source_file",
            {"id": customer_id},
        )
    return int(count)


def _create(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
    """Make a table as it is in the old version, comments included."""
    (sql,) = connection.execute(
        "select sql from duckdb_tables() where database_name = 'old' and schema_name = $1 and table_name = $2", [schema, table]
    ).fetchone() or ("",)
    connection.execute(sql.replace("CREATE TABLE old.", "CREATE TABLE ", 1))
    comments = connection.execute(
        "select 'table', null, comment from duckdb_tables() where database_name = 'old' and schema_name = $1 and table_name = $2 "
        "union all select 'column', column_name, comment from duckdb_columns() "
        "where database_name = 'old' and schema_name = $1 and table_name = $2",
        [schema, table],
    ).fetchall()
    for kind, column, comment in comments:
        if comment is not None:
            target = f"{schema}.{table}" + (f'."{column}"' if column else "")
            connection.execute(f"comment on {kind} {target} is {literal(comment)}")


def _redacted(has_id: bool) -> str:
    """The rejected rows, those of the person, or that mention them, without what they say."""
    mentioned = f"({_hit('row_text', False)} or {_hit('reason', False)})"
    hit = (
        f"({trimmed('customer_id')} is not distinct from $id or ((customer_id is null or length($id) >= {_LONG}) and {mentioned}))"
    )
    hit = hit if has_id else mentioned
    replaced = f"if({hit}, null, row_text) as row_text, if({hit}, '{_ERASED}', reason) as reason"
    return f"select * replace ({replaced}{f', if({hit}, null, customer_id) as customer_id' if has_id else ''}) from old.raw.rejects"


def _recount(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the counts of the newest run follow the customers who remain."""
    connection.execute("create temporary table if not exists erased (source_file varchar, count_rows bigint)")
    connection.execute(
        "update raw.sources set rows_kept = rows_kept - erased.count_rows, rows_forgotten = rows_forgotten + erased.count_rows "
        "from erased where sources.source_file = erased.source_file"
    )
    newest = "run_id = (select max(run_id) from segments.assignments)"
    of_clustering = "assignments.segmentation = {0}.segmentation and assignments.algorithm = {0}.algorithm"
    of_segments, of_runs = of_clustering.format("segments"), of_clustering.format("runs")
    connection.execute(
        f"""
        update segments.segments as segments
        set
            size = (select count(*) from segments.assignments where {of_segments} and assignments.segment_id = segments.segment_id),
            share = (select count(*) filter (assignments.segment_id = segments.segment_id) / count(*) from segments.assignments
                where {of_segments})
        where {newest}
        """
    )
    connection.execute(
        f"""
        update segments.runs as runs
        set
            n_customers = (select count(*) from segments.assignments where {of_runs}),
            inertia = (select sum(distance * distance) from segments.assignments where {of_runs})
        where {newest}
        """
    )
    connection.execute(
        f"""
        update segments.k_evaluation as evaluation
        set
            inertia = runs.inertia,
            smallest_segment = (
                select min(size) from segments.segments
                where segments.run_id = runs.run_id and segments.segmentation = runs.segmentation
                    and segments.algorithm = runs.algorithm
            )
        from segments.runs as runs
        where
            evaluation.is_chosen and evaluation.run_id = runs.run_id and evaluation.segmentation = runs.segmentation
            and evaluation.algorithm = runs.algorithm and runs.{newest}
        """
    )


def _rebuild(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views and the marts anew; what a mart remembers of earlier runs is copied."""
    copied = connection.execute("select schema_name || '.' || table_name from duckdb_tables() where database_name = 'warehouse'")
    there = {name for (name,) in copied.fetchall()}
    try:
        build(connection, [relation.qualified for relation in relations() if relation.qualified not in there])
        remembered = connection.execute(
            "select table_name from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name) "
            "where database_name = 'old' and schema_name = 'marts' and column_name = 'run_id'"
        ).fetchall()
        for (table,) in remembered:
            connection.execute(
                f"insert into marts.{table} by name "
                f"from old.marts.{table} where run_id < (select max(run_id) from segments.assignments)"
            )
    except duckdb.Error as error:
        raise BuildError(f"the marts cannot be made from an earlier release: {str(error).splitlines()[0]}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m warehouse.forget", description="Erase a customer from every version.")
    parser.add_argument("--id", required=True, help="the customer's id, as in staging.customers")
    parser.add_argument("--undo", action="store_true", help="let a customer who was erased be loaded again")
    given = parser.parse_args(arguments)
    directory = Settings.from_environment().warehouse
    try:
        if not stripped(given.id):
            raise InputError("give the customer's id: make forget ID=...")
        if given.undo:
            restore(directory, given.id)
            print("The next refresh loads the customer again, where a source holds them.")
            return 0
        for erasure in forget(directory, given.id):
            print(f"Version {erasure.version}: {erasure.done}")
    except MallError as error:
        return refuse("forget", error)
    print("Refreshes leave the customer out. Sources, reports and exports are yours to clear; the next refresh names the source.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
