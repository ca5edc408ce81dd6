-- How many customers moved since the run before, and did they change or did the model?
-- "customer changed": the old model too puts the customer of today elsewhere; "model changed": it does not; "moved": it cannot
-- tell, as by Ward or after a change of features. Compares all customers of both runs: some five seconds per million of them.
-- Change the clustering, or the run, in the first steps.
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

since as (
    -- any earlier run_id of segments.runs may stand here
    select max(run_id) as run_id
    from segments.runs
    semi join clustering using (segmentation, algorithm)
    anti join segments.newest_run using (run_id)
),

moves as (
    from marts.movement_matrix((select run_id from since))
),

segments_before as (
    from segments.segments
    semi join since using (run_id)
),

segments as (
    from marts.segment_profiles
)

select
    moves.movement,
    segments_before.segment_name as previous_segment_name,
    segments.segment_name,
    moves.count_customers
from moves
semi join clustering using (segmentation, algorithm)
left join segments_before
    on segments_before.segmentation = moves.segmentation
    and segments_before.algorithm = moves.algorithm
    and segments_before.segment_id = moves.previous_segment_id
left join segments
    on segments.segmentation = moves.segmentation
    and segments.algorithm = moves.algorithm
    and segments.segment_id = moves.segment_id
order by moves.movement = 'stayed', moves.count_customers desc, moves.movement, previous_segment_name, segments.segment_name
