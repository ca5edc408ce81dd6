-- What will each segment buy in the time ahead?
-- The sum over the weeks or months that are forecast, with 80 % intervals, beside as many before and the same a year ago. mase
-- below benchmark_mase says that in the trial the forecast did better than repeating what was. Change the clustering in the first
-- step.
-- needs: transactions, forecast
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

outlooks as (
    from marts.sales_outlook
),

models as (
    from segments.sales_models
),

segments as (
    from marts.segment_profiles
),

chosen as (
    from outlooks
    semi join clustering using (segmentation, algorithm)

    union all

    from outlooks
    where level = 'everyone'
)

select
    coalesce(segments.segment_name, case chosen.level when 'nobody' then 'nobody known' else chosen.level end) as who,
    models.horizon || ' ' || models.period_unit || 's' as time_ahead,
    chosen.expected,
    chosen.low_80,
    chosen.high_80,
    chosen.amount_before,
    chosen.amount_year_before,
    chosen.mase,
    chosen.benchmark_mase
from chosen
cross join models
left join segments using (segmentation, algorithm, segment_id)
order by chosen.level = 'everyone' desc, chosen.expected desc, who
