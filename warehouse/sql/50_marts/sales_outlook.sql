create or replace table marts.sales_outlook as
with numbered as (
    select
        *,
        row_number() over (
            partition by level, segmentation, algorithm, segment_id, is_forecast
            order by period_start desc
        ) as from_last
    from marts.sales_forecast
),

sums as (
    select
        numbered.level,
        numbered.segmentation,
        numbered.algorithm,
        numbered.segment_id,
        sum(numbered.amount) filter (not numbered.is_forecast and numbered.from_last <= models.horizon) as amount_before,
        case
            when count(numbered.amount_year_before) filter (numbered.is_forecast) = any_value(models.horizon)
                then sum(numbered.amount_year_before) filter (numbered.is_forecast)
        end as amount_year_before
    from numbered
    cross join segments.sales_models as models
    group by all
)

select
    outlooks.level,
    outlooks.segmentation,
    outlooks.algorithm,
    outlooks.segment_id,
    outlooks.expected,
    outlooks.low_80,
    outlooks.high_80,
    outlooks.low_95,
    outlooks.high_95,
    sums.amount_before,
    sums.amount_year_before,
    outlooks.expected / nullif(greatest(sums.amount_before, 0), 0) - 1 as change,
    outlooks.expected / nullif(greatest(sums.amount_year_before, 0), 0) - 1 as change_from_year_before,
    outlooks.mase,
    outlooks.benchmark_mase,
    outlooks.bias,
    outlooks.coverage_80,
    outlooks.coverage_95
from segments.sales_outlooks as outlooks
inner join sums
    on sums.level = outlooks.level
    and sums.segmentation is not distinct from outlooks.segmentation
    and sums.algorithm is not distinct from outlooks.algorithm
    and sums.segment_id is not distinct from outlooks.segment_id
order by level, segmentation, algorithm, segment_id;

comment on table marts.sales_outlook is 'What is expected over the whole horizon of the forecast (segments.sales_models: 13 weeks or 6 months, less where the time is short), beside what was, and how the forecast did when it was tried on the past. Grain: one row per level, segmentation, algorithm and segment.';
comment on column marts.sales_outlook.level is 'everyone, segment or nobody, as in marts.sales_forecast.';
comment on column marts.sales_outlook.segmentation is 'Name of the feature list; null for everyone.';
comment on column marts.sales_outlook.algorithm is 'kmeans or hierarchical; null for everyone.';
comment on column marts.sales_outlook.segment_id is 'The segment; null for everyone and nobody.';
comment on column marts.sales_outlook.expected is 'Expected sales less returns and cancellations, in the money of the source.';
comment on column marts.sales_outlook.low_80 is 'Lower end of the 80 % prediction interval of the sum.';
comment on column marts.sales_outlook.high_80 is 'Upper end.';
comment on column marts.sales_outlook.low_95 is 'Lower end of the 95 % prediction interval of the sum.';
comment on column marts.sales_outlook.high_95 is 'Upper end.';
comment on column marts.sales_outlook.amount_before is 'What was sold in as many periods before.';
comment on column marts.sales_outlook.amount_year_before is 'What was sold in the same periods of the year before; null where that is not known.';
comment on column marts.sales_outlook.change is 'expected by amount_before, less 1; null where nothing was sold.';
comment on column marts.sales_outlook.change_from_year_before is 'expected by amount_year_before, less 1.';
comment on column marts.sales_outlook.mase is 'Mean absolute scaled error in the trial: 1 is the mean error of saying the year before again (without a year, the last period) on what was known; null where that never errs.';
comment on column marts.sales_outlook.benchmark_mase is 'The same of segments.sales_models.benchmark in the trial.';
comment on column marts.sales_outlook.bias is 'By how much too little was forecast in the trial, as a share of what came.';
comment on column marts.sales_outlook.coverage_80 is 'Share of what came in the trial that lay within the 80 % interval, 0 to 1.';
comment on column marts.sales_outlook.coverage_95 is 'Share that lay within the 95 % interval.';
