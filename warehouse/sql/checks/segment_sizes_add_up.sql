-- The sizes of the segments are those of segments.assignments, add up to all customers, and their shares to 1.
with counted as (
    select
        run_id,
        segmentation,
        algorithm,
        segment_id,
        count(*) as count_assigned
    from segments.assignments
    group by all
),

totals as (
    select
        run_id,
        segmentation,
        algorithm,
        sum(size) as size,
        sum(share) as share
    from segments.segments
    semi join segments.newest_run using (run_id)
    group by all
),

segments as (
    from segments.segments
    semi join segments.newest_run using (run_id)
),

runs as (
    from segments.runs
    semi join segments.newest_run using (run_id)
)

select
    segments.segmentation,
    segments.algorithm,
    segments.segment_id,
    segments.size as claimed,
    counted.count_assigned as counted
from segments
full join counted using (run_id, segmentation, algorithm, segment_id)
where segments.size is distinct from coalesce(counted.count_assigned, 0)  -- 0: its last customer was erased on request

union all

select
    runs.segmentation,
    runs.algorithm,
    null as segment_id,
    totals.size as claimed,
    runs.n_customers as counted
from runs
left join totals using (run_id, segmentation, algorithm)
where
    totals.size is distinct from runs.n_customers
    or abs(totals.share - 1) > 1e-9
