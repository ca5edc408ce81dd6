-- What does each segment buy more than everyone?
-- The five surest per segment and kind of item. lift 2 says that twice as many of the segment's buyers have it as of all buyers;
-- the order is by the lower end of its 95 % interval, so that few customers do not make a large lift. Change the clustering in the
-- first step.
-- needs: transactions, products
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

products as (
    from marts.segment_products
    where verdict = 'more'
),

segments as (
    from marts.segment_profiles
),

surest as (
    from products
    semi join clustering using (segmentation, algorithm)
    qualify row_number() over (partition by segment_id, item_kind order by lift_low desc, item) <= 5
)

select
    segments.segment_name,
    surest.item_kind,
    surest.item_name,
    surest.count_customers,
    surest.share,
    surest.everyone_share,
    surest.lift,
    surest.lift_low,
    surest.lift_high
from surest
inner join segments using (segmentation, algorithm, segment_id)
order by segments.size desc, segments.segment_name, surest.item_kind desc, surest.lift_low desc, surest.item
