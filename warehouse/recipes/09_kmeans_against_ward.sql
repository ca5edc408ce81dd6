-- Where do K-Means and Ward disagree?
-- A row per pair of segments that share customers; is_agreement is false where the two do not go together, as neither holds half of
-- the other. Who these customers are stands in marts.algorithm_disagreements. Change the segmentation in the first step.
with clustering as (
    -- another one: where segmentation = 'lifestyle'
    select segmentation
    from marts.clusterings
    order by segmentation_position
    limit 1
),

pairs as (
    from marts.algorithm_cross_table
),

segments as (
    from marts.segment_profiles
)

select
    kmeans.segment_name as kmeans_segment_name,
    hierarchical.segment_name as hierarchical_segment_name,
    pairs.is_agreement,
    pairs.count_customers,
    pairs.count_customers / kmeans.size as share_of_kmeans_segment,
    pairs.count_customers / hierarchical.size as share_of_hierarchical_segment
from pairs
semi join clustering using (segmentation)
inner join segments as kmeans
    on kmeans.segmentation = pairs.segmentation
    and kmeans.algorithm = 'kmeans'
    and kmeans.segment_id = pairs.kmeans_segment_id
inner join segments as hierarchical
    on hierarchical.segmentation = pairs.segmentation
    and hierarchical.algorithm = 'hierarchical'
    and hierarchical.segment_id = pairs.hierarchical_segment_id
order by pairs.is_agreement, pairs.count_customers desc, kmeans_segment_name, hierarchical_segment_name
