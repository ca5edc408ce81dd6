-- Every customer is in exactly one segment in each segmentation and algorithm, and the segment exists.
with runs as (
    from segments.runs
    semi join segments.newest_run using (run_id)
),

customers as (
    from features.customer_features
),

assignments as (
    select
        segmentation,
        algorithm,
        customer_id,
        count(*) as count_segments,
        count(segments.segment_id) as count_known
    from segments.assignments
    left join segments.segments using (run_id, segmentation, algorithm, segment_id)
    group by segmentation, algorithm, customer_id
)

select
    runs.segmentation,
    runs.algorithm,
    customers.customer_id,
    assignments.count_segments
from runs
cross join customers
full join assignments using (segmentation, algorithm, customer_id)
where
    runs.segmentation is null
    or assignments.count_segments is distinct from 1
    or assignments.count_known is distinct from 1
