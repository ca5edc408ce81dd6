"""Stays: since which run a customer is in a segment, and which stays have ended.

Who was where before stands beside who is where now, so that joins by the ids of all customers are few: one for all clusterings.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb

from warehouse.connection import literal
from warehouse.history import stay_columns

ALL = "scratch.stays"
"""Who was where in the run before: see warehouse.history.hold_stays."""

Clustered = tuple[str, str]
"""A segmentation and an algorithm."""


def create_shared(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `shared_customers` that write_stays fills."""
    connection.execute(
        "create or replace temporary table shared_customers ("
        "segmentation varchar, algorithm varchar, previous_segment_id integer, segment_id integer, count_shared bigint)"
    )


def before_of_customers(connection: duckdb.DuckDBPyConnection, clusterings: Sequence[Clustered]) -> tuple[list[str], str]:
    """The SQL of the `stay_columns` of each clustering, and of the joins that give them to customers, called `customers`.

    The segment is that of the clustering's last run. Since which run is null where the stay does not last: the clustering was
    not among those of the run before, or where the stay began is not known.
    """
    held = _held(connection)
    runs = [run_id for (run_id,) in connection.execute("select distinct run_id from segments.runs order by all").fetchall()]
    columns, joins = [], [f"left join {ALL} as stays using (customer_id)"] if held else []
    for segmentation, algorithm in clusterings:
        segment, since = stay_columns(segmentation, algorithm)
        if segment in held:
            columns += [f"stays.{segment}", f"case when list_contains({runs}, stays.{since}) then stays.{since} end as {since}"]
        else:
            past = f"past_{len(columns)}"
            joins.append(f"left join ({_past(segmentation, algorithm)}) as {past} using (customer_id)")
            columns += [f"{past}.segment_id as {segment}", f"null::integer as {since}"]
    return columns, " ".join(joins)


def write_stays(
    connection: duckdb.DuckDBPyConnection, run_id: int, created_at: datetime, segmentation: str, algorithm: str
) -> None:
    """End the stays of those who are in another segment now, and count in `shared_customers` who was where.

    `segments.assignments` has the clustering, in the order of `scratch.scaled_customers`.
    """
    segment, since = stay_columns(segmentation, algorithm)
    beside = f"""
        (select segment_id as _now from segments.assignments where segmentation = $segmentation and algorithm = $algorithm)
        positional join (select customer_id, {segment} as segment_id, {since} as from_run_id from scratch.scaled_customers)
    """
    which = {"segmentation": segmentation, "algorithm": algorithm}
    connection.execute(
        "insert into shared_customers "
        f"select $segmentation, $algorithm, segment_id, _now, count(*) from {beside} where segment_id is not null group by all",
        which,
    )
    _end(connection, f"(from {beside} where segment_id <> _now)", {**which, "run_id": run_id, "created_at": created_at})


def end_stays(connection: duckdb.DuckDBPyConnection, run_id: int, created_at: datetime, clusterings: Sequence[Clustered]) -> None:
    """End the stays of customers who are no longer there, and of clusterings that are not among those of this run."""
    if not _held(connection):
        return
    connection.execute(
        f"create or replace temporary table gone as from {ALL} anti join scratch.scaled_customers using (customer_id)"
    )
    for segmentation, algorithm in connection.execute(_BEFORE, [run_id]).fetchall():
        segment, since = stay_columns(segmentation, algorithm)
        source = "gone" if (segmentation, algorithm) in clusterings else ALL
        _end(
            connection,
            f"(select customer_id, {segment} as segment_id, {since} as from_run_id from {source})",
            {"segmentation": segmentation, "algorithm": algorithm, "run_id": run_id, "created_at": created_at},
        )
    connection.execute(f"drop table gone; drop table {ALL}")


_BEFORE = """
with runs as (
    from segments.runs
    where run_id < ?
)

select segmentation, algorithm
from runs
where run_id = (select max(run_id) from runs)
"""
"""What the run before clustered."""


def _held(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The columns of scratch.stays; none where there is no run before."""
    rows = connection.execute(
        "select column_name from duckdb_columns() where database_name = 'scratch' and table_name = 'stays'"
    ).fetchall()
    return {column for (column,) in rows}


def _past(segmentation: str, algorithm: str) -> str:
    """The SQL of who was where in the last run of a clustering, once that has ended."""
    which = f"segmentation = {literal(segmentation)} and algorithm = {literal(algorithm)}"
    return (
        f"select customer_id, segment_id from segments.past_memberships where {which} "
        f"and to_run_id > (select max(run_id) from segments.runs where {which}) "
        f"and from_run_id <= (select max(run_id) from segments.runs where {which})"
    )


def _end(connection: duckdb.DuckDBPyConnection, stays: str, bound: Mapping[str, object]) -> None:
    """Keep stays (customer_id, segment_id, from_run_id) as ended in this run, if it is known when they began."""
    connection.execute(
        f"""
        insert into segments.past_memberships
        select
            stays.customer_id,
            $segmentation,
            $algorithm,
            stays.segment_id,
            stays.from_run_id,
            $run_id,
            runs.created_at,
            $created_at
        from {stays} as stays
        inner join segments.runs as runs
            on runs.run_id = stays.from_run_id and runs.segmentation = $segmentation and runs.algorithm = $algorithm
        where stays.from_run_id < $run_id
        """,
        bound,
    )
