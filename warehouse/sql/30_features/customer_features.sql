create or replace view features.customer_features as
with customers as (
    from features.customer_values
),

medians as (
    select
        {% for column in context.features %}
        max(imputed_value) filter (feature = {{ column.name | literal }}) as {{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from features.imputation
)

select
    customers.customer_id,
    {% for column in context.category %}
    coalesce(customers.{{ column.name }}, 'Unknown') as {{ column.name }},
    {% endfor %}
    {% for column in context.features %}
    coalesce(customers.{{ column.name }}, medians.{{ column.name }}) as {{ column.name }},
    {% endfor %}
    {% for column in context.category %}
    customers.{{ column.name }} is null as is_{{ column.name }}_imputed,
    {% endfor %}
    {% for column in context.features %}
    customers.{{ column.name }} is null as is_{{ column.name }}_imputed{{ "," if not loop.last }}
    {% endfor %}
from customers
cross join medians;

comment on view features.customer_features is 'Every customer with every feature, in ordinary units; what was missing is filled in and flagged. Grain: one row per customer.';
comment on column features.customer_features.customer_id is 'The customer''s id in the source, as text.';
{% for column in context.category %}
comment on column features.customer_features.{{ column.name }} is {{ (column.title ~ "; 'Unknown' where the source has none.") | literal }};
comment on column features.customer_features.is_{{ column.name }}_imputed is {{ ("True when " ~ column.name ~ " is missing in the source.") | literal }};
{% endfor %}
{% for column in context.features %}
comment on column features.customer_features.{{ column.name }} is {{ (column.title ~ "; where it is not known, what features.imputation says.") | literal }};
comment on column features.customer_features.is_{{ column.name }}_imputed is {{ ("True when " ~ column.name ~ " is not known and features.imputation stands in.") | literal }};
{% endfor %}
