-- Which customers at risk does it pay to keep?
-- The 20 with the largest gain: value_at_risk is what is missing because they may have left, within the days that are forecast
-- (segments.retention_models). Change what an offer costs and how often it works in the first step, and the clustering in the
-- second.
-- needs: transactions, retention
with offer as (
    select
        5 as cost,
        0.25 as success
),

clustering as (
    select
        segmentation,
        algorithm
    from marts.clusterings
    where algorithm = 'kmeans'
    order by segmentation_position
    limit 1
),

at_risk as (
    from marts.retention
    where standing = 'at risk'
),

members as (
    from segments.assignments
),

segments as (
    from marts.segment_profiles
),

worth_it as (
    select
        at_risk.*,
        offer.success * at_risk.value_at_risk - offer.cost as gain
    from at_risk
    cross join offer
    where offer.success * at_risk.value_at_risk > offer.cost
    order by gain desc, at_risk.customer_id
    limit 20
)

select
    worth_it.customer_id,
    segments.segment_name,
    worth_it.gain,
    worth_it.value_at_risk,
    worth_it.probability_alive,
    worth_it.days_since,
    worth_it.purchase_days
from worth_it
inner join members using (customer_id)
semi join clustering using (segmentation, algorithm)
inner join segments using (segmentation, algorithm, segment_id)
order by worth_it.gain desc, worth_it.customer_id
