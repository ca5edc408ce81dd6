-- What became of the segments since the run before?
-- kept, split, merged, new or gone, told by the customers who are in both runs: the shares say how many of the earlier segment are
-- in this one, and how many of this one were in the earlier. Change the clustering in the first step.
-- needs: two runs
with clustering as (
    -- another one: where segmentation = 'lifestyle' and algorithm = 'hierarchical'
    select
        segmentation,
        algorithm
    from marts.clusterings
    where algorithm = 'kmeans'
    order by segmentation_position
    limit 1
),

events as (
    from segments.events
    semi join segments.newest_run using (run_id)
),

segments as (
    from segments.segments
)

select
    events.event,
    before.segment_name as previous_segment_name,
    today.segment_name,
    events.count_shared,
    events.share_of_previous,
    events.share_of_new
from events
semi join clustering using (segmentation, algorithm)
left join segments as before
    on before.run_id = events.previous_run_id
    and before.segmentation = events.segmentation
    and before.algorithm = events.algorithm
    and before.segment_id = events.previous_segment_id
left join segments as today
    on today.run_id = events.run_id
    and today.segmentation = events.segmentation
    and today.algorithm = events.algorithm
    and today.segment_id = events.segment_id
order by events.event, events.count_shared desc, previous_segment_name, today.segment_name
