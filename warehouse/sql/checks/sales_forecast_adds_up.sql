-- Periods hold all that was sold, segments add up to everyone before and ahead, and every forecast lies within its intervals.
with summed as (
    select
        segmentation,
        algorithm,
        period_start,
        sum(coalesce(amount, expected)) as amount,
        sum(abs(coalesce(amount, expected))) as size
    from marts.sales_forecast
    where level <> 'everyone'
    group by all
)

select
    'more or less than everyone' as claim,
    summed.segmentation,
    cast(summed.period_start as varchar) as what
from marts.sales_forecast as everyone
inner join summed using (period_start)
where
    everyone.level = 'everyone'
    and not coalesce(abs(summed.amount - coalesce(everyone.amount, everyone.expected)) <= 1e-6 * (1 + summed.size), false)

union all

select
    'a forecast without its intervals' as claim,
    segmentation,
    cast(period_start as varchar) as what
from marts.sales_forecast
where
    is_forecast
    and not coalesce(isfinite(expected) and low_95 <= low_80 and low_80 <= high_80 and high_80 <= high_95, false)

union all

select
    'sold in no period' as claim,
    null as segmentation,
    cast(sum(amount) as varchar) as what
from (
    select amount
    from features.customer_sales

    union all

    select -amount
    from features.transaction_lines
    where is_counted
)
having sum(amount) <> 0
