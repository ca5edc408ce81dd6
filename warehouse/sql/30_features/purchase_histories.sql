-- depends on: features.observation
create or replace table features.purchase_histories as
with periods as (
    select
        'whole' as period,
        last_day,
        last_day as end_day
    from features.observation
    where last_day is not null

    union all

    select
        'calibration' as period,
        calibration_day as last_day,
        last_day as end_day
    from features.observation
    where calibration_day < last_day
),

days as (
    select
        customer_id,
        cast(occurred_at as date) as bought_on,
        sum(amount) as amount
    from features.transaction_lines
    where line_kind = 'sale' and customer_id is not null
    group by customer_id, bought_on
),

numbered as (
    select
        *,
        min(bought_on) over (partition by customer_id) as first_day
    from days
)

select
    periods.period,
    numbered.customer_id,
    count(*) filter (bought_on between first_day + 1 and last_day) as repeat_days,
    date_diff('day', first_day, max(bought_on) filter (bought_on <= last_day)) as days_to_last,
    date_diff('day', first_day, last_day) as days_observed,
    -- of decimals: sums of doubles differ in the last digit from run to run
    cast(sum(amount) filter (bought_on between first_day + 1 and last_day) as double)
    / count(*) filter (bought_on between first_day + 1 and last_day) as repeat_amount,
    count(*) filter (bought_on > last_day) as later_days,
    cast(coalesce(sum(amount) filter (bought_on > last_day), 0) as double) as later_amount
from periods
inner join numbered on numbered.first_day <= periods.last_day
group by periods.period, periods.last_day, numbered.customer_id, numbered.first_day
order by periods.period desc, numbered.customer_id;

comment on table features.purchase_histories is 'What models of retention know of a customer, of the whole time and of the calibration period alone, which is the first two thirds of it. A purchase is a day with a sale that was not undone. Grain: one row per period and customer who bought in it.';
comment on column features.purchase_histories.period is 'whole or calibration.';
comment on column features.purchase_histories.customer_id is 'The customer.';
comment on column features.purchase_histories.repeat_days is 'x: days with a purchase after the first such day, up to the end of the period.';
comment on column features.purchase_histories.days_to_last is 't_x: days from the first purchase to the last of the period; 0 for who bought on one day.';
comment on column features.purchase_histories.days_observed is 'T: days from the first purchase to the end of the period.';
comment on column features.purchase_histories.repeat_amount is 'Mean amount of a day with a purchase, the first left out, in the money of the source; null for who bought on one day.';
comment on column features.purchase_histories.later_days is 'Days with a purchase after the end of the period; 0 for the whole time.';
comment on column features.purchase_histories.later_amount is 'What was bought then, in the money of the source.';
