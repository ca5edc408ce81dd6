create or replace table features.customer_sales as
with lines as (
    from features.transaction_lines
    where is_counted
),

periods as (
    from features.sales_periods
)

select
    lines.customer_id,
    periods.period_start,
    sum(lines.amount) as amount
from lines
inner join periods on cast(lines.occurred_at as date) between periods.period_start and periods.period_end
group by lines.customer_id, periods.period_start
order by lines.customer_id, periods.period_start;

comment on table features.customer_sales is 'What each customer bought in each week or month, less what came back. Grain: one row per customer and period of features.sales_periods in which anything was bought or came back.';
comment on column features.customer_sales.customer_id is 'The customer; null for all lines that have none.';
comment on column features.customer_sales.period_start is 'First day of the period.';
comment on column features.customer_sales.amount is 'Sales less returns and cancellations, in the money of the source.';
