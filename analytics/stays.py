"""From run to run: since when a customer is in a segment, which stays have ended, and what became of the segments.

Who was where before stands beside who is where now, so that joins by the ids of all customers are few: one for all clusterings.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb

from analytics.identity import LINK_SHARE
from warehouse.connection import literal
from warehouse.history import stay_columns
from warehouse.lake_connection import join_beside

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
    if not clusterings:
        return [], ""
    held = _held(connection)
    runs = [run_id for (run_id,) in connection.execute("select distinct run_id from segments.runs order by all").fetchall()]
    columns, joins = [], [f"left join {ALL} as stays using (customer_id)"] if held else []
    for segmentation, algorithm in clusterings:
        segment, since = stay_columns(segmentation, algorithm)
        if segment in held:
            columns += [f"stays.{segment}", f"case when list_contains({runs}, stays.{since}) then stays.{since} end as {since}"]
        elif (last := last_run(connection, segmentation, algorithm)) is not None:
            past = f"past_{len(columns)}"
            joins.append(f"left join ({_past(segmentation, algorithm, last)}) as {past} using (customer_id)")
            columns += [f"{past}.segment_id as {segment}", f"null::integer as {since}"]
        else:
            columns += [f"null::integer as {segment}", f"null::integer as {since}"]
    return columns, " ".join(joins)


def write_stays(
    connection: duckdb.DuckDBPyConnection, run_id: int, created_at: datetime, segmentation: str, algorithm: str
) -> None:
    """End the stays of those who are in another segment now, and count in `shared_customers` who was where.

    `segments.assignments` has the clustering; where rows have an order, in that of `scratch.scaled_customers`.
    """
    segment, since = stay_columns(segmentation, algorithm)
    beside = f"""
        (select customer_id, {segment} as segment_id, {since} as from_run_id from scratch.scaled_customers)
        {
        join_beside(
            connection,
            "(select customer_id, segment_id as _now from segments.assignments "
            "where segmentation = $segmentation and algorithm = $algorithm) as assigned",
        )
    }
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
    held = _held(connection)
    if not held:
        return
    connection.execute(f"create or replace table scratch.gone as from {ALL} anti join scratch.scaled_customers using (customer_id)")
    known = "select distinct segmentation, algorithm from segments.runs where run_id < ? order by all"
    for segmentation, algorithm in connection.execute(known, [run_id]).fetchall():
        segment, since = stay_columns(segmentation, algorithm)
        if segment not in held:
            continue
        source = "gone" if (segmentation, algorithm) in clusterings else ALL
        _end(
            connection,
            f"(select customer_id, {segment} as segment_id, {since} as from_run_id from {source})",
            {"segmentation": segmentation, "algorithm": algorithm, "run_id": run_id, "created_at": created_at},
        )
    connection.execute(f"drop table gone; drop table {ALL}")


def write_events(connection: duckdb.DuckDBPyConnection, run_id: int) -> None:
    """Say what became of the segments of each segmentation's last run, by `shared_customers`.

    A segmentation's first run has nothing to compare.
    """
    connection.execute(_EVENTS, {"run_id": run_id, "link_share": LINK_SHARE})
    connection.execute("drop table shared_customers")


def last_run(connection: duckdb.DuckDBPyConnection, segmentation: str, algorithm: str) -> int | None:
    """The last run of a clustering; None before its first."""
    (run_id,) = connection.execute(
        "select max(run_id) from segments.runs where segmentation = ? and algorithm = ?", [segmentation, algorithm]
    ).fetchone() or (None,)
    return None if run_id is None else int(run_id)


def _held(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The columns of scratch.stays; none where there is no run before."""
    rows = connection.execute(
        "select column_name from duckdb_columns() where database_name = 'scratch' and table_name = 'stays'"
    ).fetchall()
    return {column for (column,) in rows}


def _past(segmentation: str, algorithm: str, run_id: int) -> str:
    """The SQL of who was where in a run, of a clustering all of whose stays have ended."""
    return (
        "select customer_id, segment_id from segments.past_memberships "
        f"where segmentation = {literal(segmentation)} and algorithm = {literal(algorithm)} "
        f"and from_run_id <= {run_id} and to_run_id > {run_id}"
    )


def _end(connection: duckdb.DuckDBPyConnection, stays: str, bound: Mapping[str, object]) -> None:
    """Keep stays (customer_id, segment_id, from_run_id) as ended in this run, if it is known when they began."""
    connection.execute(
        f"""
        insert into segments.past_memberships by name
        select
            stays.customer_id,
            $segmentation as segmentation,
            $algorithm as algorithm,
            stays.segment_id,
            stays.from_run_id,
            $run_id as to_run_id,
            runs.created_at as valid_from,
            $created_at as valid_to
        from {stays} as stays
        inner join segments.runs as runs
            on runs.run_id = stays.from_run_id and runs.segmentation = $segmentation and runs.algorithm = $algorithm
        where stays.from_run_id < $run_id
        """,
        bound,
    )


_EVENTS = """
insert into segments.events
with runs as (
    select segmentation, algorithm, max(run_id) filter (run_id < $run_id) as previous_run_id
    from segments.runs
    group by segmentation, algorithm
    having max(run_id) = $run_id and previous_run_id is not null
),

before as (
    select segmentation, algorithm, previous_run_id, segment_id as previous_segment_id
    from segments.segments
    inner join runs using (segmentation, algorithm)
    where run_id = previous_run_id
),

after as (
    select segmentation, algorithm, previous_run_id, segment_id
    from segments.segments
    inner join runs using (segmentation, algorithm)
    where run_id = $run_id
),

shares as (
    select
        *,
        count_shared / sum(count_shared) over (partition by segmentation, algorithm, previous_segment_id) as share_of_previous,
        count_shared / sum(count_shared) over (partition by segmentation, algorithm, segment_id) as share_of_new
    from shared_customers
),

links as (
    select
        segmentation,
        algorithm,
        before.previous_run_id,
        segment_id,
        previous_segment_id,
        coalesce(count_shared, 0) as count_shared,
        share_of_previous,
        share_of_new,
        count(*) over (partition by segmentation, algorithm, previous_segment_id) as count_after,
        count(*) over (partition by segmentation, algorithm, segment_id) as count_before
    from before
    inner join after using (segmentation, algorithm)
    left join shares using (segmentation, algorithm, previous_segment_id, segment_id)
    where segment_id = previous_segment_id or greatest(share_of_previous, share_of_new) >= $link_share
),

told as (
    select
        * exclude (count_after, count_before),
        case when count_after > 1 then 'split' when count_before > 1 then 'merged' else 'kept' end as event
    from links
    union all by name
    select *, 'new' as event from after anti join links using (segmentation, algorithm, segment_id)
    union all by name
    select *, 'gone' as event from before anti join links using (segmentation, algorithm, previous_segment_id)
)

select
    $run_id,
    previous_run_id,
    segmentation,
    algorithm,
    segment_id,
    previous_segment_id,
    event,
    coalesce(count_shared, 0),
    share_of_previous,
    share_of_new
from told
order by segmentation, algorithm desc, previous_segment_id, segment_id
"""
