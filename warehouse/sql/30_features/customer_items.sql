{% import "macros.sql" as sql %}
-- depends on: raw.transactions
-- In parts: what is known of all days on which somebody bought something is as large as the lines, twice.
{% set parts = 1 + context.count_lines // (10 * context.lines_at_a_time) %}
create or replace table features.customer_items (
    item_kind varchar,
    item varchar,
    customer_id varchar,
    first_day date,
    last_day date,
    count_days bigint,
    quantity double,
    amount decimal(38, 4)
);

{% for part in range(parts) %}
insert into features.customer_items
with lines as (
    select
        customer_id,
        cast(occurred_at as date) as bought_on,
        product,
        category,
        quantity,
        amount
    from features.transaction_lines
    where line_kind = 'sale' and customer_id is not null and hash(customer_id) % {{ parts }} = {{ part }}
),

items as (
    {{ sql.items("lines") }}
),

days as (
    select
        item_kind,
        item,
        customer_id,
        bought_on,
        sum(quantity) as quantity,
        sum(amount) as amount
    from items
    group by item_kind, item, customer_id, bought_on
)

select
    item_kind,
    item,
    customer_id,
    min(bought_on) as first_day,
    max(bought_on) as last_day,
    count(*) as count_days,
    sum(quantity) as quantity,
    sum(amount) as amount
from days
group by item_kind, item, customer_id
order by customer_id, item_kind, item;

{% endfor %}
comment on table features.customer_items is 'Who bought what. Sales that were undone are left out. Empty where the transactions name neither products nor categories. Grain: one row per product or category and customer who bought it.';
comment on column features.customer_items.item_kind is 'product or category.';
comment on column features.customer_items.item is 'The product''s code, as in features.products, or the category.';
comment on column features.customer_items.customer_id is 'The customer.';
comment on column features.customer_items.first_day is 'Day of the first purchase of it.';
comment on column features.customer_items.last_day is 'Day of the last.';
comment on column features.customer_items.count_days is 'Days on which it was bought.';
comment on column features.customer_items.quantity is 'The pieces; null where the source has no quantities.';
comment on column features.customer_items.amount is 'What was spent on it, in the money of the source.';
