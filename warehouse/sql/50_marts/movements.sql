create or replace macro marts.movements(since_run_id) as table
with runs as (
    select
        newest.segmentation,
        newest.algorithm,
        newest.features = earlier.features as has_same_features
    from segments.runs as newest
    semi join segments.newest_run using (run_id)
    inner join segments.runs as earlier
        on earlier.segmentation = newest.segmentation
        and earlier.algorithm = newest.algorithm
    where earlier.run_id = since_run_id
),

before as (
    select
        customer_id,
        segmentation,
        algorithm,
        segment_id
    from segments.membership_history
    semi join runs using (segmentation, algorithm)
    where
        from_run_id <= since_run_id
        and (to_run_id is null or to_run_id > since_run_id)
),

today as (
    select
        customer_id,
        segmentation,
        algorithm,
        segment_id
    from segments.assignments
    semi join runs using (segmentation, algorithm)
),

places as (
    select
        customer_id,
        segmentation,
        algorithm,
        before.segment_id as previous_segment_id,
        today.segment_id
    from before
    full join today using (customer_id, segmentation, algorithm)
),

movers as (
    from features.customer_values
    semi join (
        from places
        where algorithm = 'kmeans' and previous_segment_id <> segment_id
    ) using (customer_id)
),

-- the model of then on the data of today; Ward has no rule for new data, and with other features the models cannot be compared
by_old_model as (
    select
        scored.customer_id,
        scored.segmentation,
        scored.algorithm,
        scored.segment_id as old_model_segment_id
    from marts.score_customers('movers', of_run_id := since_run_id) as scored
    inner join runs using (segmentation, algorithm)
    where
        scored.algorithm = 'kmeans'
        and runs.has_same_features
        and scored.distance is not null  -- a run of a release that did not keep its scaling has none
)

select
    places.customer_id,
    places.segmentation,
    places.algorithm,
    places.previous_segment_id,
    places.segment_id,
    if_moved.old_model_segment_id,
    case
        when places.previous_segment_id is null then 'joined'
        when places.segment_id is null then 'left'
        when places.previous_segment_id = places.segment_id then 'stayed'
        when if_moved.old_model_segment_id is null then 'moved'
        when if_moved.old_model_segment_id <> places.previous_segment_id then 'customer changed'
        else 'model changed'
    end as movement
from places
left join by_old_model as if_moved
    on if_moved.customer_id = places.customer_id
    and if_moved.segmentation = places.segmentation
    and if_moved.algorithm = places.algorithm
    and places.previous_segment_id <> places.segment_id;

comment on macro table marts.movements is 'Who was in which segment in the run since_run_id, and is in which in the newest. movement is stayed, joined or left (the customers file); of those in another segment than before, "customer changed" where the old model already says another segment of the customer''s data of today (old_model_segment_id), "model changed" where it does not, and "moved" where no old model can tell: for Ward''s method, after a change of features, and for runs of a release that did not keep its scaling. A customer whose data did not change never counts as customer changed. Grain: one row per customer in either run, segmentation and algorithm that both runs have.';
