create or replace table marts.sales_forecast as
with clusterings as (
    select distinct
        segmentation,
        algorithm
    from segments.assignments
),

models as (
    select
        *,
        case period_unit when 'week' then interval 364 days else interval 12 months end as year
    from segments.sales_models
),

-- what was sold to nobody known is part of every clustering
history as (
    select
        history.level,
        coalesce(history.segmentation, clusterings.segmentation) as segmentation,
        coalesce(history.algorithm, clusterings.algorithm) as algorithm,
        history.segment_id,
        history.period_start,
        history.amount
    from segments.sales_history as history
    left join clusterings on history.level = 'nobody'
),

periods as (
    select
        level,
        segmentation,
        algorithm,
        segment_id,
        period_start,
        false as is_forecast,
        amount,
        null as expected,
        null as low_80,
        null as high_80,
        null as low_95,
        null as high_95
    from history

    union all

    select
        forecasts.level,
        forecasts.segmentation,
        forecasts.algorithm,
        forecasts.segment_id,
        forecasts.period_start,
        true as is_forecast,
        null as amount,
        forecasts.expected,
        forecasts.low_80,
        forecasts.high_80,
        forecasts.low_95,
        forecasts.high_95
    from segments.sales_forecasts as forecasts
    semi join segments.sales_models using (last_period)
)

select
    periods.level,
    periods.segmentation,
    periods.algorithm,
    periods.segment_id,
    models.period_unit,
    periods.period_start,
    periods.is_forecast,
    periods.amount,
    before.amount as amount_year_before,
    periods.expected,
    periods.low_80,
    periods.high_80,
    periods.low_95,
    periods.high_95
from periods
cross join models
left join history as before
    on before.level = periods.level
    and before.segmentation is not distinct from periods.segmentation
    and before.algorithm is not distinct from periods.algorithm
    and before.segment_id is not distinct from periods.segment_id
    and before.period_start = cast(periods.period_start - models.year as date)
order by level, segmentation, algorithm, segment_id, periods.period_start;

comment on table marts.sales_forecast is 'What was sold in each complete week or month, and what is expected in those that follow: by everyone, and per clustering by each segment and by nobody known, which add up to everyone. Segments hold the customers who are in them now. Empty without transactions; without a forecast where segments.sales_models says why. Grain: one row per level, segmentation, algorithm, segment and period.';
comment on column marts.sales_forecast.level is 'everyone; segment; nobody: lines without a customer, or whose customer is in no segment.';
comment on column marts.sales_forecast.segmentation is 'Name of the feature list; null for everyone.';
comment on column marts.sales_forecast.algorithm is 'kmeans or hierarchical; null for everyone.';
comment on column marts.sales_forecast.segment_id is 'The segment; null for everyone and nobody.';
comment on column marts.sales_forecast.period_unit is 'week, from Monday on, or month.';
comment on column marts.sales_forecast.period_start is 'First day of the period.';
comment on column marts.sales_forecast.is_forecast is 'True for a period that is forecast, false for one that was.';
comment on column marts.sales_forecast.amount is 'Sales less returns and cancellations, in the money of the source; null for what is forecast.';
comment on column marts.sales_forecast.amount_year_before is 'The same 52 weeks or 12 months before; null where that is not known.';
comment on column marts.sales_forecast.expected is 'What is expected; null for what was.';
comment on column marts.sales_forecast.low_80 is 'Lower end of the 80 % prediction interval.';
comment on column marts.sales_forecast.high_80 is 'Upper end.';
comment on column marts.sales_forecast.low_95 is 'Lower end of the 95 % prediction interval.';
comment on column marts.sales_forecast.high_95 is 'Upper end.';
