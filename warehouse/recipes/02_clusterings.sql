-- Which clustering can be trusted most, and why has it so many segments?
-- silhouette against silhouette_groupless says how far the segments are more than a way to cut; prediction_strength from 0.8 on
-- that halves of the customers find the same ones; adjusted_rand_index how far K-Means and Ward agree. All are 1 at best.
with clusterings as (
    from marts.clusterings
)

select
    segmentation_title,
    algorithm,
    features,
    k,
    is_clear,
    silhouette,
    silhouette_groupless,
    prediction_strength,
    adjusted_rand_index,
    k_chosen_by,
    k_reason
from clusterings
order by segmentation_position, algorithm desc
