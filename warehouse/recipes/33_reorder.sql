-- What has to be ordered, and who buys it?
-- The first 50 items whose stock does not last for the next four weeks (or months) with a probability of 95 %, the soonest to end
-- first. Change both in the step plan, and the clustering in the first; most_by is the segment that bought most of it in the last
-- year. Products, else categories.
-- needs: transactions, products, forecast, stock
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

plan as (
    from marts.inventory_plan
    where count_periods = 4 and service_level = 0.95 and on_hand is not null
),

buyers as (
    from marts.demand_segments
    semi join clustering using (segmentation, algorithm)
    where place = 1
),

segments as (
    from marts.segment_profiles
)

select
    plan.item_kind,
    plan.item,
    plan.item_name,
    plan.on_hand,
    plan.cover_days,
    plan.units_expected,
    plan.units_needed,
    plan.units_to_order,
    segments.segment_name as most_by,
    buyers.share as share_of_most
from plan
left join buyers using (item_kind, item)
left join segments using (segmentation, algorithm, segment_id)
where plan.units_to_order > 0 and plan.item_kind = (select max(item_kind) from plan)
order by plan.cover_days, plan.item
limit 50
