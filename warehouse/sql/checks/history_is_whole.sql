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

closed as (
    from segments.membership_history
    where to_run_id is not null
),

{# two open stays of one customer differ from the assignments already, so only who ever moved needs a look #}
stays as (
    select
        *,
        lag(coalesce(to_run_id, 2147483647)) over stays as last_run_id,
        lag(coalesce(valid_to, 'infinity')) over stays as last_valid_to
    from segments.membership_history
    semi join closed using (customer_id, segmentation, algorithm)
    window stays as (partition by customer_id, segmentation, algorithm order by from_run_id, to_run_id)
)

select
    customer_id,
    segmentation,
    algorithm,
    segment_id,
    'assignment without an open stay' as problem
from assigned
anti join held using (customer_id, segmentation, algorithm, segment_id)

union all

{# assignments are distinct, so with as many open stays, among them one for each, the two are the same #}
select
    null as customer_id,
    null as segmentation,
    null as algorithm,
    null as segment_id,
    'open stays are not as many as assignments' as problem
where (select count(*) from held) <> (select count(*) from assigned)

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
    or valid_to is null and to_run_id is not null
    or last_run_id > from_run_id
    or last_valid_to > valid_from

union all

select
    customer_id,
    segmentation,
    algorithm,
    segment_id,
    'stay has ended but is open' as problem
from segments.membership_history
where to_run_id is null and valid_to is not null
