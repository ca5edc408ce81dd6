-- Who stands between two segments?
-- The 20 customers who are hardly nearer to the centre of their segment than to that of the next: the first to go over, in either
-- direction. margin is the difference, in scaled units; below 0 only by Ward. Change the clustering in the first step.
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

between_two as (
    select
        segmentation,
        algorithm,
        segment_id,
        second_segment_id,
        customer_id,
        margin
    from members
    semi join clustering using (segmentation, algorithm)
    order by margin, customer_id
    limit 20
)

select
    between_two.margin,
    own.segment_name,
    other.segment_name as second_segment_name,
    between_two.customer_id,
    known.* exclude (customer_id)
from between_two
inner join segments as own using (segmentation, algorithm, segment_id)
inner join segments as other
    on other.segmentation = between_two.segmentation
    and other.algorithm = between_two.algorithm
    and other.segment_id = between_two.second_segment_id
inner join known on known.customer_id = between_two.customer_id
order by between_two.margin, between_two.customer_id
