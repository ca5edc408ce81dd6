-- The open stays are those of segments.assignments, every stay ends after it began, and no customer is in two places at once.
with held as (
    select
        customer_id,
        segmentation,
        algorithm,
        segment_id
    from segments.membership_history
    where to_run_id is null
),

assigned as (
    select
        customer_id,
        segmentation,
        algorithm,
        segment_id
    from segments.assignments
),

stays as (
    select
        *,
        lag(coalesce(to_run_id, 2147483647)) over stays as last_run_id,
        lag(coalesce(valid_to, 'infinity')) over stays as last_valid_to
    from segments.membership_history
    window stays as (partition by customer_id, segmentation, algorithm order by from_run_id, to_run_id)
)

select
    customer_id,
    segmentation,
    algorithm,
    segment_id,
    'open stay and assignment differ' as problem
from (
    (from held except all from assigned)
    union all
    (from assigned except all from held)
)

union all

select
    customer_id,
    segmentation,
    algorithm,
    segment_id,
    'stay ends before it began, or overlaps the one before' as problem
from stays
where
    to_run_id <= from_run_id
    or valid_to <= valid_from
    or (to_run_id is null) <> (valid_to is null)
    or last_run_id > from_run_id
    or last_valid_to > valid_from
