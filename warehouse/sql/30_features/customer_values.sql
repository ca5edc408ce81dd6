-- depends on: features.columns
create or replace view features.customer_values as
with customers as (
    from staging.customers
)

select
    customers.customer_id,
    {% for column in context.category + context.numeric %}
    customers.{{ column.name }}{{ "," if not loop.last or context.purchases }}
    {% endfor %}
    {% for column in context.purchases %}
    purchases.{{ column.name }}{{ "," if not loop.last }}
    {% endfor %}
from customers
{% if context.purchases %}
inner join features.transaction_features as purchases using (customer_id)
{% endif %};

comment on view features.customer_values is 'Every customer with what is known: categories and numbers of the source, and what the transactions tell; a missing value is null. Grain: one row per customer.';
comment on column features.customer_values.customer_id is 'The customer''s id in the source, as text.';
{% for column in context.category + context.features %}
comment on column features.customer_values.{{ column.name }} is {{ (column.title ~ "; null where it is not known.") | literal }};
{% endfor %}
