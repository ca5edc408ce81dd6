create or replace table features.category_shares as
with customers as (
    from staging.customers
),

lines as (
    from features.transaction_lines
    where line_kind = 'sale' and category is not null
),

bought as (
    select
        customer_id,
        category,
        sum(amount) as amount,
        sum(quantity) as quantity
    from lines
    semi join customers using (customer_id)
    group by customer_id, category
)

select
    customer_id,
    category,
    cast(amount as double) as amount,
    quantity,
    cast(amount as double) / cast(sum(amount) over (partition by customer_id) as double) as share
from bought
order by customer_id, category;

comment on table features.category_shares is 'On what each customer spends. Empty where the transactions have no categories. Grain: one row per customer and category bought.';
comment on column features.category_shares.customer_id is 'The customer.';
comment on column features.category_shares.category is 'The category.';
comment on column features.category_shares.amount is 'What the customer spent on it, in the money of the source; sales that were undone are left out.';
comment on column features.category_shares.quantity is 'The pieces.';
comment on column features.category_shares.share is 'The amount as a share of what the customer spent, 0 to 1.';
