-- Every customer is in exactly one segment in each segmentation and algorithm, and the segment exists.
with runs as (
    from segments.runs
    semi join segments.newest_run using (run_id)
),

customers as not materialized (
    from features.customer_features
),

assignments as not materialized (
    from segments.assignments
),

known as (
    select
        run_id,
        segmentation,
        algorithm,
        segment_id,
        true as is_known
    from segments.segments
),

-- Two sets of ids of the same sum of hashes differ by a rare chance only: customers are looked for one by one only where the sums differ.
everyone as (
    select
        count(*) as count_customers,
        sum(hash(customer_id)) as sum_hashes
    from customers
),

per_segment as (
    select
        run_id,
        segmentation,
        algorithm,
        segment_id,
        count(*) as count_customers,
        sum(hash(customer_id)) as sum_hashes
    from assignments
    group by all
),

per_clustering as (
    select
        segmentation,
        algorithm,
        sum(per_segment.count_customers) as count_customers,
        sum(per_segment.sum_hashes) as sum_hashes,
        bool_and(coalesce(is_known, false)) as are_known
    from per_segment
    left join known using (run_id, segmentation, algorithm, segment_id)
    group by all
),

wrong as (
    select
        segmentation,
        algorithm,
        runs.segmentation is not null as is_of_run
    from runs
    full join per_clustering using (segmentation, algorithm)
    cross join everyone
    where
        runs.segmentation is null
        or per_clustering.count_customers is distinct from everyone.count_customers
        or per_clustering.sum_hashes is distinct from everyone.sum_hashes
        or not per_clustering.are_known
),

assigned as (
    select
        assignments.segmentation,
        assignments.algorithm,
        assignments.customer_id,
        count(*) as count_segments,
        count(known.is_known) as count_known
    from assignments
    semi join wrong using (segmentation, algorithm)
    left join known using (run_id, segmentation, algorithm, segment_id)
    group by all
),

expected as (
    select
        wrong.segmentation,
        wrong.algorithm,
        customers.customer_id
    from wrong
    cross join customers
    where wrong.is_of_run
)

select
    segmentation,
    algorithm,
    customer_id,
    assigned.count_segments
from expected
full join assigned using (segmentation, algorithm, customer_id)
where
    expected.segmentation is null
    or assigned.count_segments is distinct from 1
    or assigned.count_known is distinct from 1
