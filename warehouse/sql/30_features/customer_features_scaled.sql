{% import "macros.sql" as sql %}
-- depends on: features.category_encoding; features.columns
create or replace view features.customer_features_scaled as
with customers as (
    from features.customer_features
),

means as (
    select
        {% for column in context.features %}
        max(mean) filter (feature = {{ column.name | literal }}) as {{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from features.scaling
),

deviations as (
    select
        {% for column in context.features %}
        max(standard_deviation) filter (feature = {{ column.name | literal }}) as {{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from features.scaling
)

select
    customers.customer_id,
    {% for column in context.features %}
    ({{ sql.transformed(column, "customers." ~ column.name) }} - means.{{ column.name }}) / coalesce(nullif(deviations.{{ column.name }}, 0), 1) as {{ column.name }},
    {% endfor %}
    {% for category in context.categories %}
    cast(customers.{{ category.column_name }} = {{ category.value | literal }} as double) as {{ category.encoded_column }},
    {% endfor %}
from customers
cross join means
cross join deviations;

comment on view features.customer_features_scaled is 'The customers as the models see them. Grain: one row per customer.';
comment on column features.customer_features_scaled.customer_id is 'The customer''s id in the source, as text.';
{% for column in context.features %}
comment on column features.customer_features_scaled.{{ column.name }} is {{ (column.label ~ (", as a logarithm," if column.scale == "log") ~ " in standard deviations from the mean of all customers; 0 when all customers are alike.") | literal }};
{% endfor %}
{% for category in context.categories %}
comment on column features.customer_features_scaled.{{ category.encoded_column }} is {{ ("1 where " ~ category.column_name ~ " is '" ~ category.value ~ "', otherwise 0.") | literal }};
{% endfor %}
