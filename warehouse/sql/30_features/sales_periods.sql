-- depends on: features.observation
create or replace table features.sales_periods as
with days as (
    select
        cast(occurred_at as date) as day,
        count(*) as count_sales
    from features.transaction_lines
    where line_kind = 'sale'
    group by day
),

-- A week that ends on a closed Sunday is complete on Saturday: days of the week without any sale need not be waited for.
open_days as (
    select distinct isodow(day) as weekday
    from days
),

around as (
    select
        unnest(generate_series(-7, 7)) as shift,
        first_day,
        last_day
    from features.observation
    where last_day is not null
),

known as (
    select
        max(first_day + cast(shift as integer)) filter (
            shift < 0 and isodow(first_day + cast(shift as integer)) in (from open_days)
        ) + 1 as known_from,
        min(last_day + cast(shift as integer)) filter (
            shift > 0 and isodow(last_day + cast(shift as integer)) in (from open_days)
        ) - 1 as known_to,
        any_value(first_day) as first_day,
        any_value(last_day) as last_day
    from around
    having count(*) > 0
),

spans as (
    select
        'week' as period_unit,
        cast(unnest(generate_series(date_trunc('week', first_day), last_day, interval 7 days)) as date) as period_start,
        period_start + 6 as period_end,
        known_from,
        known_to
    from known

    union all

    select
        'month' as period_unit,
        cast(unnest(generate_series(date_trunc('month', first_day), last_day, interval 1 month)) as date) as period_start,
        cast(period_start + interval 1 month as date) - 1 as period_end,
        known_from,
        known_to
    from known
),

counted as (
    select
        spans.period_unit,
        spans.period_start,
        spans.period_end,
        spans.period_start >= spans.known_from and spans.period_end <= spans.known_to as is_complete,
        coalesce(sum(days.count_sales), 0) as count_sales
    from spans
    left join days on days.day between spans.period_start and spans.period_end
    group by all
),

-- Weeks, unless half of them have fewer than 10 sales and there are months enough.
units as (
    select
        case
            when
                coalesce(median(count_sales) filter (period_unit = 'week' and is_complete), 0) < 10
                and count(*) filter (period_unit = 'month' and is_complete) >= 18
                then 'month'
            else 'week'
        end as period_unit
    from counted
)

select
    period_unit,
    period_start,
    period_end,
    is_complete,
    cast(count_sales as bigint) as count_sales
from counted
semi join units using (period_unit)
order by period_start;

comment on table features.sales_periods is 'The weeks, from Monday on, that sales are forecast by; months where half of the weeks have fewer than 10 sales and there are at least 18 complete months. Empty without transactions. Grain: one row per period from the first sale to the last.';
comment on column features.sales_periods.period_unit is 'week or month.';
comment on column features.sales_periods.period_start is 'First day.';
comment on column features.sales_periods.period_end is 'Last day.';
comment on column features.sales_periods.is_complete is 'True when the transactions span all of it, but for days of the week on which nothing is ever sold: only these are forecast from.';
comment on column features.sales_periods.count_sales is 'Lines of sales.';
