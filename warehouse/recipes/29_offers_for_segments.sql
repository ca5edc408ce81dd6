-- What should be offered to each segment next?
-- The five products (or categories, where there are no products) that are the first recommendation of most of its customers: none
-- of them has bought it yet. Joins every customer to a recommendation: seconds at millions of customers. Change the clustering in
-- the first step.
-- needs: transactions, products, recommendations
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

models as (
    from segments.item_models
    where period = 'whole' and shortfall is null
),

first_offers as (
    from marts.recommendations
    where place = 1 and item_kind = (select max(item_kind) from models)
),

members as (
    from segments.assignments
    semi join clustering using (segmentation, algorithm)
),

segments as (
    from marts.segment_profiles
),

counted as (
    select
        members.segmentation,
        members.algorithm,
        members.segment_id,
        first_offers.item,
        any_value(first_offers.item_name) as item_name,
        count(*) as count_customers
    from members
    inner join first_offers using (customer_id)
    group by members.segmentation, members.algorithm, members.segment_id, first_offers.item
    qualify row_number() over (partition by members.segment_id order by count(*) desc, first_offers.item) <= 5
)

select
    segments.segment_name,
    counted.item_name,
    counted.count_customers,
    counted.count_customers / segments.size as share_of_segment
from counted
inner join segments using (segmentation, algorithm, segment_id)
order by segments.size desc, segments.segment_name, counted.count_customers desc, counted.item
