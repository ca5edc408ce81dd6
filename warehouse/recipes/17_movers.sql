-- Which customers moved to another segment since the run before?
-- The first 50 by id, those who changed themselves before those whom the model moved, with what is known of them today. Compares
-- all customers of both runs: some five seconds per million of them. Change the clustering, or the run, in the first steps.
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
    from marts.movements((select run_id from since))
    where previous_segment_id <> segment_id
),

segments_before as (
    from segments.segments
    semi join since using (run_id)
),

segments as (
    from marts.segment_profiles
),

known as (
    -- what is known of customers, without the numbers of their segments
    select * not similar to '.*_(kmeans|hierarchical)'
    from marts.customers
),

listed as (
    from moves
    semi join clustering using (segmentation, algorithm)
    order by movement, customer_id
    limit 50
)

select
    listed.movement,
    segments_before.segment_name as previous_segment_name,
    segments.segment_name,
    listed.customer_id,
    known.* exclude (customer_id)
from listed
inner join segments_before
    on segments_before.segmentation = listed.segmentation
    and segments_before.algorithm = listed.algorithm
    and segments_before.segment_id = listed.previous_segment_id
inner join segments
    on segments.segmentation = listed.segmentation
    and segments.algorithm = listed.algorithm
    and segments.segment_id = listed.segment_id
inner join known on known.customer_id = listed.customer_id
order by listed.movement, listed.customer_id
