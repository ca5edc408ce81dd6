-- How many segments does the evidence call for?
-- A row per number that was tried; chosen_alone_by lists the indices that would have taken that one if asked alone. Davies-Bouldin
-- is better the lower it is, all others the higher. Change the clustering in the first step.
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

tried as (
    from segments.k_evaluation
    semi join segments.newest_run using (run_id)
),

choices as (
    from segments.k_by_index
    semi join segments.newest_run using (run_id)
),

by_k as (
    select
        segmentation,
        algorithm,
        k,
        string_agg(index_name, ', ' order by index_name) as chosen_alone_by
    from choices
    group by segmentation, algorithm, k
)

select
    tried.k,
    tried.is_chosen,
    by_k.chosen_alone_by,
    tried.silhouette,
    tried.silhouette_groupless,
    tried.prediction_strength,
    tried.gap,
    tried.davies_bouldin,
    tried.calinski_harabasz,
    tried.smallest_segment
from tried
semi join clustering using (segmentation, algorithm)
left join by_k using (segmentation, algorithm, k)
order by tried.k
