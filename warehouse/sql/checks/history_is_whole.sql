-- The open stays are those of segments.assignments, every stay ends after it began, and no customer is in two places at once.
with stays as not materialized (
    from segments.membership_history
),

assignments as not materialized (
    from segments.assignments
),

-- Two sets of rows of the same sum of hashes differ by a rare chance only: customers are compared one by one only where the sums differ.
sums as (
    select
        segmentation,
        algorithm,
        sum(hash(customer_id, segment_id)) as of_assignments,
        null as of_stays
    from assignments
    group by all

    union all

    select
        segmentation,
        algorithm,
        null as of_assignments,
        sum(hash(customer_id, segment_id)) as of_stays
    from stays
    where to_run_id is null
    group by all
),

differing as (
    select
        segmentation,
        algorithm
    from sums
    group by all
    having max(of_assignments) is distinct from max(of_stays)
),

-- only who has left a place can be in two at once, where the open stays are those of segments.assignments
moved as (
    select
        customer_id,
        segmentation,
        algorithm
    from stays
    where to_run_id is not null

    union

    select
        customer_id,
        segmentation,
        algorithm
    from stays
    semi join differing using (segmentation, algorithm)
),

in_order as (
    select
        *,
        lag(coalesce(to_run_id, 2147483647)) over places as last_run_id,
        lag(coalesce(valid_to, 'infinity')) over places as last_valid_to
    from stays
    semi join moved using (customer_id, segmentation, algorithm)
    window places as (partition by customer_id, segmentation, algorithm order by from_run_id, to_run_id)
)

select
    customer_id,
    segmentation,
    algorithm,
    stays.segment_id,
    'open stay and assignment differ' as problem
from (from stays semi join differing using (segmentation, algorithm) where to_run_id is null) as stays
full join (from assignments semi join differing using (segmentation, algorithm)) as assignments
    using (customer_id, segmentation, algorithm)
where stays.segment_id is distinct from assignments.segment_id

union all

select
    customer_id,
    segmentation,
    algorithm,
    segment_id,
    'stay ends before it began' as problem
from stays
where
    to_run_id <= from_run_id
    or valid_to <= valid_from
    or (to_run_id is null) <> (valid_to is null)

union all

select
    customer_id,
    segmentation,
    algorithm,
    segment_id,
    'stay overlaps the one before' as problem
from in_order
where
    last_run_id > from_run_id
    or last_valid_to > valid_from
