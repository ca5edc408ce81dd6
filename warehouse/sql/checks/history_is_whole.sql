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
    from segments.membership_history
    semi join past_stays using (customer_id, segmentation, algorithm)
),

in_order as (
    select
        *,
        lag(coalesce(to_run_id, 2147483647)) over places as last_run_id,
        lag(coalesce(valid_to, timestamp '9999-12-31 00:00:00')) over places as last_valid_to,
        lag(segment_id) over places as last_segment_id
    from stays
    window places as (partition by customer_id, segmentation, algorithm order by from_run_id, to_run_id)
),

problems as (
    select
        current_stays.customer_id,
        current_stays.segmentation,
        current_stays.algorithm,
        current_stays.from_run_id,
        case
            when runs.run_id is null then 'stay began in a run that is not known'
            when current_stays.from_run_id > current_stays.run_id then 'stay began after the newest run'
        end as problem
    from current_stays
    left join segments.runs as runs
        on runs.run_id = current_stays.from_run_id
        and runs.segmentation = current_stays.segmentation
        and runs.algorithm = current_stays.algorithm

    union all

    select
        customer_id,
        segmentation,
        algorithm,
        from_run_id,
        case when to_run_id <= from_run_id or valid_to <= valid_from then 'stay ends before it began' end as problem
    from past_stays

    union all

    select
        customer_id,
        segmentation,
        algorithm,
        from_run_id,
        case
            when last_run_id > from_run_id or last_valid_to > valid_from then 'stay overlaps the one before'
            when last_run_id = from_run_id and last_segment_id = segment_id then 'stay goes on after it ended'
        end as problem
    from in_order
)

select
    customer_id,
    segmentation,
    algorithm,
    from_run_id,
    problem
from problems
where problem is not null
