{% import "macros.sql" as sql %}
{% set columns = context.transactions %}
{% set names = columns | map(attribute="name") | list %}
{% set further = columns | rejectattr("name", "in", ("transaction_id", "customer_id", "occurred_at", "product", "product_name", "category", "quantity", "unit_price", "amount", "store")) | list %}
{# The number of one of the known columns, null where the files have no such column. #}
{% macro amount_of(name) %}
{% for column in columns if column.name == name %}{{ sql.amount(column, name) }}{% else %}cast(null as double){% endfor %}
{% endmacro %}
{# The text of one of them. #}
{% macro text_of(name) %}
{% if name in names %}{{ sql.present(name) }}{% else %}cast(null as varchar){% endif %}
{% endmacro %}
create or replace view staging.transactions as
with transactions as (
    from raw.transactions
),

typed as (
    select
        source_file,
        source_line,
        {{ text_of("transaction_id") | trim }} as transaction_id,
        {{ text_of("customer_id") | trim }} as customer_id,
        {% for column in columns if column.name == "occurred_at" %}
        {{ sql.time(column, "occurred_at") | indent(4) }} as occurred_at,
        {% else %}
        cast(null as timestamp) as occurred_at,
        {% endfor %}
        {{ text_of("product") | trim }} as product,
        {{ text_of("product_name") | trim }} as product_name,
        {{ text_of("category") | trim }} as category,
        {{ amount_of("quantity") | trim if "quantity" in names else "cast(1 as double)" }} as quantity,
        {{ amount_of("unit_price") | trim }} as unit_price,
        {{ amount_of("amount") | trim }} as amount,
        {{ text_of("store") | trim }} as store,
        {% for column in further %}
        {{ sql.present(column.name) }} as {{ column.name }},
        {% endfor %}
        is_duplicate
    from transactions
)

select
    source_file,
    source_line,
    coalesce(transaction_id, customer_id || ' ' || occurred_at, 'line ' || source_line || ' of ' || source_file) as transaction_id,
    customer_id,
    occurred_at,
    coalesce(upper(product), product_name) as product,
    coalesce(product_name, product) as product_name,
    category,
    quantity,
    coalesce(unit_price, amount / nullif(quantity, 0)) as unit_price,
    cast(round(coalesce(amount, quantity * unit_price), 4) as decimal(18, 4)) as amount,
    store,
    {% for column in further %}
    {{ column.name }},
    {% endfor %}
    is_duplicate
from typed;

comment on view staging.transactions is 'The lines of the transactions, renamed, trimmed and cast; a missing value is null. Empty where no transactions were given. Grain: one row per line.';
comment on column staging.transactions.source_file is 'Name of the file.';
comment on column staging.transactions.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file the row, from 1.';
comment on column staging.transactions.transaction_id is 'The transaction (invoice, receipt, order) that the line is of; where the source has none, all lines of a customer at one time are one.';
comment on column staging.transactions.customer_id is 'The customer''s id, as text; null where the line has none.';
comment on column staging.transactions.occurred_at is 'When it was bought or brought back, by the clock of the source; an offset from UTC is left aside.';
comment on column staging.transactions.product is 'The product''s code in capitals, else its name; null where the source has neither.';
comment on column staging.transactions.product_name is 'The product''s name, else its code; null where the source has neither.';
comment on column staging.transactions.category is 'The product''s category; null where the source has none.';
comment on column staging.transactions.quantity is 'Pieces, below zero where they come back; 1 where the source has no quantity.';
comment on column staging.transactions.unit_price is 'Price of one piece, in the money of the source; where the source has none, amount / quantity.';
comment on column staging.transactions.amount is 'Amount of the line, in the money of the source, to the fourth decimal place; where the source has none, quantity times unit_price.';
comment on column staging.transactions.store is 'Where it was bought; null where the source does not say.';
{% for column in further %}
comment on column staging.transactions.{{ column.name }} is {{ ("Column '" ~ column.source_header ~ "' of the source, as text.") | literal }};
{% endfor %}
comment on column staging.transactions.is_duplicate is 'True when an earlier line of the same transaction is identical in every column: it does not count.';
