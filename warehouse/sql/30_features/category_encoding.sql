create or replace table features.category_encoding as
with customers as (
    from features.customer_features
),

present as (
    {% for column in context.category %}
    select distinct
        {{ column.name | literal }} as column_name,
        {{ column.name }} as value
    from customers
    {{ "union all" if not loop.last }}
    {% else %}
    select
        '' as column_name,
        '' as value
    where false
    {% endfor %}
),

coded as (
    select
        column_name,
        value,
        row_number() over (partition by column_name order by value) - 1 as code,
        column_name || '_is_' || trim(regexp_replace(lower(strip_accents(value)), '[^a-z0-9]+', '_', 'g'), '_') as slug
    from present
)

select
    column_name,
    value,
    cast(code as integer) as code,
    case
        when count(*) over (partition by slug) > 1 then slug || '_' || code
        else slug
    end as encoded_column
from coded
order by column_name, code;

comment on table features.category_encoding is 'How categories become numbers. Grain: one row per category column and value.';
comment on column features.category_encoding.column_name is 'The category column.';
comment on column features.category_encoding.value is 'One of its values.';
comment on column features.category_encoding.code is 'Number of the value, from 0 in alphabetical order.';
comment on column features.category_encoding.encoded_column is 'The 0/1 column of features.customer_features_scaled that stands for it.';
