-- Who are the most typical customers of each segment?
-- The three nearest to its centre, with all that is known of them: faces to think of. Reads the distance of every customer once.
-- Change the clustering in the first step, and how many in the second last.
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
),

segments as (
    from marts.segment_profiles
),

known as (
    -- what is known of customers, without the numbers of their segments
    select * not similar to '.*_(kmeans|hierarchical)'
    from marts.customers
),

nearest as (
    select
        segmentation,
        algorithm,
        segment_id,
        customer_id,
        distance
    from members
    semi join clustering using (segmentation, algorithm)
    qualify row_number() over (partition by segment_id order by distance, customer_id) <= 3
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
