-- Who are the most typical customers of each segment?
-- The three nearest to its centre, with all that is known of them: faces to think of. Reads the distance of every customer twice.
-- Change the clustering in the first step, and how many in the steps limits and nearest.
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

members as (
    from segments.assignments
    semi join clustering using (segmentation, algorithm)
),

segments as (
    from marts.segment_profiles
),

known as (
    -- what is known of customers, without the numbers of their segments
    select * not similar to '.*_(kmeans|hierarchical)'
    from marts.customers
),

-- the third smallest distance of each: few have to be put in order then, however many customers there are
limits as (
    select
        segment_id,
        list_max(min(distance, 3)) as distance
    from members
    group by segment_id
),

nearest as (
    select
        members.segmentation,
        members.algorithm,
        members.segment_id,
        members.customer_id,
        members.distance
    from members
    inner join limits on limits.segment_id = members.segment_id and members.distance <= limits.distance
    qualify row_number() over (partition by members.segment_id order by members.distance, members.customer_id) <= 3
)

select
    segments.segment_name,
    nearest.distance,
    nearest.customer_id,
    known.* exclude (customer_id)
from nearest
inner join segments using (segmentation, algorithm, segment_id)
inner join known using (customer_id)
order by segments.size desc, segments.segment_name, nearest.distance, nearest.customer_id
