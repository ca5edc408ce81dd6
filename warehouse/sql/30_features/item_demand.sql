{% import "macros.sql" as sql %}
create or replace table features.item_demand as
with lines as (
    select
        cast(occurred_at as date) as bought_on,
        product,
        category,
        quantity
    from features.transaction_lines
    where line_kind = 'sale'
),

items as (
    {{ sql.items("lines") }}
),

periods as (
    from features.sales_periods
)

select
    items.item_kind,
    items.item,
    periods.period_start,
    sum(items.quantity) as quantity
from items
inner join periods on items.bought_on between periods.period_start and periods.period_end
group by items.item_kind, items.item, periods.period_start
order by items.item_kind, items.item, periods.period_start;

comment on table features.item_demand is 'How many pieces of each product and category were sold in each week or month, to anybody. Sales that were undone are left out. Empty where the transactions name neither. Grain: one row per kind of item, item and period of features.sales_periods in which it was sold.';
comment on column features.item_demand.item_kind is 'product or category.';
comment on column features.item_demand.item is 'The product''s code, as in features.products, or the category.';
comment on column features.item_demand.period_start is 'First day of the period.';
comment on column features.item_demand.quantity is 'Pieces; where the source has no quantities, lines.';
