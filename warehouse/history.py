"""Carrying history forward: each version holds what earlier runs wrote, so one file answers for all of them."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import Snapshot, literal
from warehouse.errors import DamagedError, ReleaseError
from warehouse.forgotten import NOBODY, Forgotten
from warehouse.lake import folders
from warehouse.lake_connection import is_in_lake

HISTORY = (
    "segments.runs",
    "segments.segments",
    "segments.centroids",
    "segments.scaling",
    "segments.k_evaluation",
    "segments.k_by_index",
    "segments.events",
    "segments.loads",
    "segments.alerts",
    "segments.past_memberships",
    "segments.labels",
)
"""What is carried."""

STAYS = ("segments.assignments", "segments.membership_history")
"""Where the stays that last are, in this release and in earlier ones: see hold_stays.

The other tables of the segments schema are of the newest run alone.
"""

MARTS = ("marts.distribution_history", "marts.distribution_detail")
"""What the marts remember of earlier runs; carried once the marts are built."""

DEFAULTS: dict[str, str] = {"segments.segments.automatic_name": "segment_name", "segments.scaling.scale": "'linear'"}
"""For a column that older versions lack and that may not be null, "schema.relation.column": the SQL that stands in for it."""

_SUCCEEDED = {"segments.past_memberships": "segments.membership_history"}
"""By relation, the one that an earlier release kept the same rows in: those in which nothing is null that may not be."""

_RUN_COLUMNS = ("run_id", "from_run_id")
"""The column that says since which run a row is true, under either name."""

_OLD = "previous_version"


@dataclass(frozen=True)
class Carried:
    """What came of carrying one relation."""

    relation: str
    """schema.relation"""
    count_rows: int = 0
    """Rows carried."""
    problem: str = ""
    """Why nothing was carried; empty where all went well, also when the previous version did not have the relation yet."""


@dataclass(frozen=True)
class _Column:
    name: str
    data_type: str
    is_nullable: bool
    default: str | None


_Columns = dict[str, list[_Column]]


def carry_history(
    connection: duckdb.DuckDBPyConnection,
    previous: Path,
    before: int,
    relations: Sequence[str] = HISTORY,
    erased: Forgotten = NOBODY,
) -> list[Carried]:
    """Copy what runs below `before` left in `previous` into the relations, which must exist in the connection's database.

    The columns both have in common are copied; one that the previous version lacks gets its default, or null. People in `erased`
    are left out. A layout that cannot be carried never raises: its relation starts anew, and the answer says why.
    """
    try:
        with _attached(connection, previous):
            held, wanted = _columns(connection, _OLD), _wanted(connection)
            return [_carry(connection, relation, before, held, wanted[relation], erased) for relation in relations]
    except duckdb.Error as error:
        problem = f"{previous}: cannot be read: {str(error).splitlines()[0]}"
        return [Carried(relation, problem=problem) for relation in relations]


def stay_columns(segmentation: str, algorithm: str) -> tuple[str, str]:
    """The columns of a clustering in scratch.stays: the segment a customer is in, and the first run that found them there."""
    return f"_{segmentation}_{algorithm}_before", f"_{segmentation}_{algorithm}_since"


def hold_stays(connection: duckdb.DuckDBPyConnection, previous: Path | None, before: int, erased: Forgotten = NOBODY) -> Carried:
    """Put the stays that last in the newest run of `previous`, if that is below `before`, into `scratch.stays`.

    `previous` is a version, or None for what the connection's database holds. One row per customer: customer_id and, of every
    clustering, the `stay_columns`; people in `erased` are left out, and without a run there is no table. A layout that cannot be
    read never raises: the answer says why.
    """
    relation = "segments.membership_history"
    try:
        connection.execute("drop table if exists scratch.stays")
        with _attached(connection, previous) if previous else contextlib.nullcontext(_current(connection)) as database:
            held = _columns(connection, database)
            clusterings = _clusterings(connection, database, before) if "segments.runs" in held else []
            if not clusterings:
                return Carried(relation)
            are_beside = _are_beside(connection, database, held)
            carried = _insert(connection, relation, _stays(database, held, clusterings, erased, are_beside))
            if not are_beside and _has_twins(connection):
                connection.execute("drop table scratch.stays")
                return Carried(relation, problem=f"{relation} of the previous version has customers in two places at once")
            return carried
    except duckdb.Error as error:
        return Carried(relation, problem=f"{relation} cannot be carried: {str(error).splitlines()[0]}")


def highest_ids(connection: duckdb.DuckDBPyConnection, versions: Sequence[Path]) -> dict[tuple[str, str], int]:
    """By segmentation and algorithm the highest segment id in other versions: not to be given again, whatever became of them.

    Only versions that share a run with the history carried count: elsewhere a segment id means another segment.
    """
    highest: dict[tuple[str, str], int] = {}
    of_each = "select segmentation, algorithm, max(segment_id) as id from segments.segments group by all"
    for row in _in_related(connection, versions, of_each):
        key = (row["segmentation"], row["algorithm"])
        highest[key] = max(highest.get(key, 0), row["id"])
    return highest


def gather_labels(connection: duckdb.DuckDBPyConnection, versions: Sequence[Path], before: int) -> int:
    """Add to segments.labels what people wrote in other versions, left by a rollback or returned from. Returns how many rows.

    Only versions that share a run with the history carried count, as for highest_ids.
    """
    columns = [column.name for column in _columns(connection, _current(connection))["segments.labels"]]
    held = set(connection.execute(f"select {', '.join(columns)} from segments.labels").fetchall())
    labels = _in_related(connection, versions, f"select {', '.join(columns)} from segments.labels where run_id < {before}")
    found = {tuple(label.values()) for label in labels}
    new = sorted(found - held, key=lambda label: label[columns.index("labelled_at")])
    if new:
        connection.executemany(f"insert into segments.labels values ({', '.join('?' for _ in columns)})", new)
    return len(new)


def _in_related(connection: duckdb.DuckDBPyConnection, versions: Sequence[Path], sql: str) -> Iterator[dict[str, Any]]:
    """The rows of a query in each version that can be read and shares a run with the history carried."""
    known = set(connection.execute("select run_id, created_at from segments.runs").fetchall())
    for path in versions:
        with contextlib.suppress(DamagedError, ReleaseError), contextlib.closing(Snapshot(path)) as snapshot:
            runs = snapshot.rows("select distinct run_id, created_at from segments.runs")
            if known & {tuple(run.values()) for run in runs}:
                yield from snapshot.rows(sql)


@contextlib.contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, previous: Path) -> Iterator[str]:
    """Attach a version for reading while the block runs, under the name that is given back."""
    try:
        connection.execute(f"attach {literal(previous)} as {_OLD} (read_only)")
        yield _OLD
    finally:
        connection.execute(f"detach database if exists {_OLD}")


def _carry(
    connection: duckdb.DuckDBPyConnection, relation: str, before: int, old: _Columns, wanted: list[_Column], erased: Forgotten
) -> Carried:
    source = relation if relation in old else _SUCCEEDED.get(relation, relation)
    held = {column.name: column for column in old.get(source, [])}
    if not held:
        return Carried(relation)
    run_column = next((name for name in _RUN_COLUMNS if name in held), None)
    if run_column is None:
        return Carried(relation, problem=f"{relation} of the previous version does not say of which run its rows are")
    names, values, conditions = [], [], [f"{run_column} < {before}"]
    if "customer_id" in held:
        conditions.append(_is_not_erased(erased, "customer_id"))
    for column in wanted:
        value = _value(relation, column, held.get(column.name))
        if value is None and not column.is_nullable and column.default is None:
            return Carried(relation, problem=f"{relation} of the previous version has no {column.name}")
        if value is not None:
            names.append(f'"{column.name}"')
            values.append(value)
            if not column.is_nullable:
                conditions.append(f"{value} is not null")
    return _insert(
        connection,
        relation,
        f"insert into {relation} ({', '.join(names)}) select {', '.join(values)} from {_OLD}.{source} "
        f"where {' and '.join(conditions)}",
    )


def _value(relation: str, column: _Column, held: _Column | None) -> str | None:
    """The SQL of a column's values in the previous version; None where there are none."""
    if held is None:
        return DEFAULTS.get(f"{relation}.{column.name}")
    return f'"{column.name}"' if held.data_type == column.data_type else f'try_cast("{column.name}" as {column.data_type})'


def _clusterings(connection: duckdb.DuckDBPyConnection, database: str, before: int) -> list[tuple[str, str]]:
    """Segmentation and algorithm of what the newest run clustered."""
    return connection.execute(
        f"select segmentation, algorithm from {database}.segments.runs "
        f"where run_id = (select max(run_id) from {database}.segments.runs) and run_id < {before} order by all"
    ).fetchall()


def _are_beside(connection: duckdb.DuckDBPyConnection, database: str, held: _Columns) -> bool:
    """Whether the stays of all clusterings lie side by side, in the order of the ids: all with the same customers, each once."""
    if not _has_since(held) or is_in_lake(connection) or _is_in_lake(connection, database):
        return False
    told = f"select count(*), sum(hash(customer_id)) from {database}.segments.assignments group by segmentation, algorithm"
    runs = f"{database}.segments.runs"
    expected = f"select distinct n_customers from {runs} where run_id = (select max(run_id) from {runs})"
    sums = set(connection.execute(told).fetchall())
    return len(sums) == 1 and {(count,) for count, _ in sums} == set(connection.execute(expected).fetchall())


def _is_in_lake(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Whether the assignments of a version are in Parquet files, whose rows have no order."""
    return "segments.assignments" in folders(connection, database)


def _has_since(held: _Columns) -> bool:
    return any(column.name == "from_run_id" for column in held.get("segments.assignments", []))


def _has_twins(connection: duckdb.DuckDBPyConnection) -> bool:
    (has_twins,) = connection.execute("select count(*) > count(distinct customer_id) from scratch.stays").fetchone() or (False,)
    return bool(has_twins)


def _stays(database: str, held: _Columns, clusterings: Sequence[tuple[str, str]], erased: Forgotten, are_beside: bool) -> str:
    """The SQL that fills scratch.stays: where they are not side by side, as in an older release, they are joined by the ids."""
    has_since = _has_since(held)
    source, since, condition = "assignments", "from_run_id" if has_since else "run_id", "true"
    if not has_since and "segments.membership_history" in held:
        source, since, condition = "membership_history", "from_run_id", "to_run_id is null"
    beside, columns = [], []
    for number, (segmentation, algorithm) in enumerate(clusterings):
        segment, first_run = stay_columns(segmentation, algorithm)
        columns += [segment, first_run]
        beside.append(
            f"(select customer_id, segment_id as {segment}, {since} as {first_run} "
            f"from {database}.segments.{source} where {condition} "
            f"and segmentation = {literal(segmentation)} and algorithm = {literal(algorithm)}) as clustering_{number}"
        )
    if are_beside:
        joined, customer = " positional join ".join(beside), "clustering_0.customer_id"
    else:
        joined, customer = beside[0] + "".join(f" full join {each} using (customer_id)" for each in beside[1:]), "customer_id"
    values = ", ".join([customer, *columns])
    return f"create table scratch.stays as select {values} from {joined} where {_is_not_erased(erased, customer)}"


def _is_not_erased(erased: Forgotten, customer_id: str) -> str:
    """SQL: whether a customer was not erased; where nobody was, no id is hashed."""
    return f"not ({erased.holds_sql(customer_id)})" if erased.hashes else "true"


def _insert(connection: duckdb.DuckDBPyConnection, relation: str, sql: str) -> Carried:
    try:
        (count,) = connection.execute(sql).fetchone() or (0,)
    except duckdb.Error as error:
        return Carried(relation, problem=f"{relation} cannot be carried: {str(error).splitlines()[0]}")
    return Carried(relation, count)


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> _Columns:
    """By relation, its columns in their order."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type, is_nullable, column_default from duckdb_columns() "
        "where database_name = ? order by 1, column_index",
        [database],
    ).fetchall()
    return {relation: [_Column(*row) for _, *row in columns] for relation, columns in groupby(rows, key=itemgetter(0))}


def _wanted(connection: duckdb.DuckDBPyConnection) -> _Columns:
    """The columns of the version that is built. Of a view, as a lake has them, DuckDB does not know what may be null."""
    columns = _columns(connection, _current(connection))
    if is_in_lake(connection):
        for relation in columns:
            if required := connection.tables.required(relation):
                columns[relation] = [replace(column, is_nullable=column.name not in required) for column in columns[relation]]
    return columns


def _current(connection: duckdb.DuckDBPyConnection) -> str:
    (name,) = connection.execute("select current_database()").fetchone() or ("",)
    return str(name)
