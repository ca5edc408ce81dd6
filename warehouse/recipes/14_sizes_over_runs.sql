-- How have the sizes of the segments changed over the runs?
-- A row per run and segment under the name it last had, ids being permanent; change is in customers since the run before, null
-- where the segment was not there. Change the clustering in the first step.
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

sizes as (
    from segments.segments
    semi join clustering using (segmentation, algorithm)
),

runs as (
    from segments.runs
),

last_names as (
    select
        segment_id,
        arg_max(segment_name, run_id) as segment_name
    from sizes
    group by segment_id
)

select
    runs.created_at,
    sizes.run_id,
    last_names.segment_name,
    sizes.size,
    sizes.share,
    sizes.size - lag(sizes.size) over (partition by sizes.segment_id order by sizes.run_id) as change
from sizes
inner join runs using (run_id, segmentation, algorithm)
inner join last_names using (segment_id)
order by sizes.run_id desc, sizes.size desc, sizes.segment_id
