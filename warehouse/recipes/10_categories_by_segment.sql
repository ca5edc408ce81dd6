-- How does gender, or another category, differ between the segments?
-- share is that of the segment, share_everyone that of all customers, and times the first by the second: 1 is like everyone. Change
-- the clustering in the first step, and add a condition on the column where there are several.
-- needs: category
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
    from marts.segment_category_profiles
),

segments as (
    from marts.segment_profiles
),

columns as (
    from marts.customer_columns
)

select
    columns.label as category,
    profiles.value,
    segments.segment_name,
    profiles.count_customers,
    profiles.share,
    profiles.share_everyone,
    profiles.share / nullif(profiles.share_everyone, 0) as times
from profiles
semi join clustering using (segmentation, algorithm)
inner join segments using (segmentation, algorithm, segment_id)
inner join columns on columns.column_name = profiles.feature
order by columns.position, profiles.value, profiles.share desc, segments.segment_name
