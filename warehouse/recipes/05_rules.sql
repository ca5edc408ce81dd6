-- Who is in each segment, in one plain sentence?
-- rule_coverage is the share of the segment that the rule catches, rule_purity the share of those caught who are in the segment.
-- rule_sql goes into the where of a query on features.customer_features or marts.customers. Change the clustering in the first
-- step.
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

segments as (
    from marts.segment_profiles
)

select
    segment_name,
    size,
    rule,
    rule_coverage,
    rule_purity,
    rule_sql
from segments
semi join clustering using (segmentation, algorithm)
order by size desc, segment_name
