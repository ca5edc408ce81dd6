-- In which segments is most at risk?
-- Buyers by whether they very probably still are customers, may have left or are gone; those who bought once cannot be told.
-- expected_value is what is to come within the days that are forecast, value_at_risk what those at risk would add if they surely
-- stayed.
-- needs: transactions, retention
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

retention as (
    from marts.retention_segments
),

segments as (
    from marts.segment_profiles
)

select
    segments.segment_name,
    retention.count_customers,
    retention.count_buyers,
    retention.count_active,
    retention.count_at_risk,
    retention.count_gone,
    retention.count_bought_once,
    retention.expected_value,
    retention.value_at_risk
from retention
semi join clustering using (segmentation, algorithm)
inner join segments using (segmentation, algorithm, segment_id)
order by retention.value_at_risk desc, segments.segment_name
