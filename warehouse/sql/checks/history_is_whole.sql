-- The open stays are those of segments.assignments, every stay ends after it began, and no customer is in two places at once.
with stays as (
    from segments.membership_history
),

-- only who has stayed in more than one place can be in two at once
moved as (
    select
        customer_id,
        segmentation,
        algorithm
    from stays
    group by all
    having count(*) > 1
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
from (from stays where to_run_id is null) as stays
full join segments.assignments as assignments using (customer_id, segmentation, algorithm)
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
