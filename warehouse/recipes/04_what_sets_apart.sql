-- What sets each segment apart, in ordinary units?
-- The three features in which a segment is furthest from everyone, clustered on or not. effect_size is the difference in standard
-- deviations of all customers: one half can be noticed, one is large. Change the clustering in the first step.
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

profiles as (
    from marts.segment_feature_profiles
    where effect_rank <= 3
),

segments as (
    from marts.segment_profiles
),

columns as (
    from features.columns
)

select
    segments.segment_name,
    segments.size,
    columns.label as feature,
    columns.unit,
    profiles.mean,
    profiles.mean_everyone,
    profiles.difference,
    profiles.effect_size
from profiles
semi join clustering using (segmentation, algorithm)
inner join segments using (segmentation, algorithm, segment_id)
inner join columns on columns.column_name = profiles.feature
order by segments.size desc, segments.segment_name, profiles.effect_rank
