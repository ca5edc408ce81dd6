-- When and how do the segments shop?
-- Means of what the receipts tell. Shares are 0 to 1 of the purchases, those by the hour null where the source gives days only; who
-- bought nothing counts with the median. Change the clustering in the first step.
-- needs: transactions
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
    semi join clustering using (segmentation, algorithm)
),

segments as (
    from marts.segment_profiles
)

select
    segments.segment_name,
    segments.size,
    max(profiles.mean) filter (profiles.feature = 'frequency') as mean_purchases,
    max(profiles.mean) filter (profiles.feature = 'monetary') as mean_spent,
    max(profiles.mean) filter (profiles.feature = 'average_basket') as mean_basket,
    max(profiles.mean) filter (profiles.feature = 'interpurchase_days') as days_between_purchases,
    max(profiles.mean) filter (profiles.feature = 'returns_share') as returns_share,
    max(profiles.mean) filter (profiles.feature = 'weekend_share') as weekend_share,
    max(profiles.mean) filter (profiles.feature = 'morning_share') as morning_share,
    max(profiles.mean) filter (profiles.feature = 'evening_share') as evening_share
from profiles
inner join segments using (segmentation, algorithm, segment_id)
group by segments.segment_name, segments.size
order by segments.size desc, segments.segment_name
