-- The inertia of a run is the sum of its customers' squared distances.
with summed as (
    select
        run_id,
        segmentation,
        algorithm,
        sum(distance * distance) as inertia
    from segments.assignments
    group by all
),

runs as (
    from segments.runs
    semi join segments.newest_run using (run_id)
)

select
    runs.segmentation,
    runs.algorithm,
    runs.inertia as claimed,
    summed.inertia as summed
from runs
left join summed using (run_id, segmentation, algorithm)
where summed.inertia is null or abs(runs.inertia - summed.inertia) > 1e-9 * greatest(1, summed.inertia)
