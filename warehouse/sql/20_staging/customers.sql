{% import "macros.sql" as sql %}
create or replace view staging.customers as
with customers as (
    from raw.customers
)

select
    {{ "customer_id" | trimmed_id }} as customer_id,
    {% for column in context.category %}
    {% if column.name == "gender" %}
    case
        when regexp_full_match({{ sql.trimmed("gender") }}, '(?i)m|male|man') then 'Male'
        when regexp_full_match({{ sql.trimmed("gender") }}, '(?i)f|female|woman') then 'Female'
        else {{ sql.present("gender") | indent(4) }}
    end as gender,
    {% else %}
    {{ sql.present(column.name) }} as {{ column.name }},
    {% endif %}
    {% endfor %}
    {% for column in context.text %}
    {{ sql.present(column.name) }} as {{ column.name }},
    {% endfor %}
    {% for column in context.numeric %}
    {{ sql.amount(column, column.name) }} as {{ column.name }}{{ "," if not loop.last }}
    {% endfor %}
from customers;

comment on view staging.customers is 'The customers, renamed, trimmed and cast; a missing value is null. Grain: one row per customer.';
comment on column staging.customers.customer_id is 'The customer''s id in the source, as text.';
{% for column in context.category %}
comment on column staging.customers.{{ column.name }} is {{ (column.title ~ "; null where the source has none.") | literal }};
{% endfor %}
{% for column in context.text %}
comment on column staging.customers.{{ column.name }} is {{ ("Column '" ~ column.source_header ~ "' of the source, as text.") | literal }};
{% endfor %}
{% for column in context.numeric %}
comment on column staging.customers.{{ column.name }} is {{ (column.title ~ "; null where the source has none.") | literal }};
{% endfor %}
