-- Every stay began before it ended, in a run that is known, is not told in two parts, and no customer is in two places at once.
with past_stays as not materialized (
    from segments.past_memberships
),

current_stays as (
    select
        segmentation,
        algorithm,
        run_id,
        from_run_id,
        min(customer_id) as customer_id
    from segments.assignments
    group by all
),

-- only who has left a place can be in two at once
stays as (
    select
        customer_id,
        segmentation,
        algorithm,
        segment_id,
        from_run_id,
        to_run_id,
        valid_from,
        valid_to
    from segments.membership_history
    semi join past_stays using (customer_id, segmentation, algorithm)
),

in_order as (
    select
        *,
        lag(coalesce(to_run_id, 2147483647)) over places as last_run_id,
        lag(coalesce(valid_to, 'infinity')) over places as last_valid_to,
        lag(segment_id) over places as last_segment_id
    from stays
    window places as (partition by customer_id, segmentation, algorithm order by from_run_id, to_run_id)
)

select
    customer_id,
    segmentation,
    algorithm,
    from_run_id,
    'stay began in a run that is not known' as problem
from current_stays
anti join segments.runs as runs
    on runs.run_id = current_stays.from_run_id
    and runs.segmentation = current_stays.segmentation
    and runs.algorithm = current_stays.algorithm

union all

select
    customer_id,
    segmentation,
    algorithm,
    from_run_id,
    'stay began after the newest run' as problem
from current_stays
where from_run_id > run_id

union all

select
    customer_id,
    segmentation,
    algorithm,
    from_run_id,
    'stay ends before it began' as problem
from past_stays
where
    to_run_id <= from_run_id
    or valid_to <= valid_from

union all

select
    customer_id,
    segmentation,
    algorithm,
    from_run_id,
    'stay overlaps the one before' as problem
from in_order
where
    last_run_id > from_run_id
    or last_valid_to > valid_from

union all

select
    customer_id,
    segmentation,
    algorithm,
    from_run_id,
    'stay goes on after it ended' as problem
from in_order
where last_run_id = from_run_id and last_segment_id = segment_id
