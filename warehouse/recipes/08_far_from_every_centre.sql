-- Which customers are far from every centre?
-- The 20 who are furthest from the centre of their segment, by K-Means the nearest one: outliers, wrong entries, or the first of a
-- new kind. times_the_mean compares with the mean distance in that segment. Reads every distance. Change the clustering in the
-- first step.
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

means as (
    select
        segment_id,
        avg(distance) as mean_distance
    from members
    group by segment_id
),

furthest as (
    select
        segmentation,
        algorithm,
        segment_id,
        customer_id,
        distance
    from members
    order by distance desc, customer_id
    limit 20
)

select
    furthest.distance,
    furthest.distance / nullif(means.mean_distance, 0) as times_the_mean,
    segments.segment_name,
    furthest.customer_id,
    known.* exclude (customer_id)
from furthest
inner join means using (segment_id)
inner join segments using (segmentation, algorithm, segment_id)
inner join known using (customer_id)
order by furthest.distance desc, furthest.customer_id
