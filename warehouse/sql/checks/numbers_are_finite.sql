-- Scaling, centroids, distances and every index of the newest run are finite numbers.
with numbers as (
    select
        'features.scaling ' || feature as place,
        unnest([mean, standard_deviation]) as number
    from features.scaling

    union all

    select
        'segments.centroids ' || feature as place,
        unnest([scaled_value, scaled_error, value]) as number
    from segments.centroids
    semi join segments.newest_run using (run_id)

    union all

    select
        'segments.scaling ' || feature as place,
        unnest([mean, standard_deviation, coalesce(imputed_value, 0)]) as number
    from segments.scaling
    semi join segments.newest_run using (run_id)

    union all

    select
        'segments.runs ' || algorithm as place,
        unnest([inertia, silhouette, davies_bouldin, calinski_harabasz, seed_stability]) as number
    from segments.runs
    semi join segments.newest_run using (run_id)

    union all

    select
        'segments.k_evaluation ' || algorithm as place,
        unnest([
            inertia,
            silhouette,
            silhouette_error,
            silhouette_groupless,
            silhouette_deviation,
            prediction_strength,
            prediction_strength_error,
            gap,
            gap_error,
            davies_bouldin,
            calinski_harabasz
        ]) as number
    from segments.k_evaluation
    semi join segments.newest_run using (run_id)

    union all

    select
        'segments.segments ' || algorithm as place,
        unnest([stability, stability_error, share, share_error]) as number
    from segments.segments
    semi join segments.newest_run using (run_id)

    union all

    select
        'segments.assignments ' || algorithm as place,
        unnest([min(distance), max(distance), sum(distance), sum(margin)]) as number
    from segments.assignments
    group by algorithm
)

select
    place,
    number
from numbers
where not isfinite(number)
