-- depends on: features.columns
create or replace table features.imputation as
with customers as (
    from features.customer_values
),

observation as (
    from features.observation
)

{% for column in context.features %}
select
    {{ column.name | literal }} as feature,
    {% if column in context.purchases and column.name == "recency_days" %}
    cast((select count_days from observation) as double) as imputed_value,
    {% else %}
    median({{ column.name }}) as imputed_value,
    {% endif %}
    count(*) - count({{ column.name }}) as count_missing
from customers
{{ "union all" if not loop.last }}
{% endfor %}
order by feature;

comment on table features.imputation is 'What a missing number is replaced by. Grain: one row per numeric feature.';
comment on column features.imputation.feature is 'Name of the feature.';
comment on column features.imputation.imputed_value is 'Median of the customers that have a value, in the feature''s unit; of recency_days the days from the first sale to the last: who bought nothing was away at least that long.';
comment on column features.imputation.count_missing is 'Customers without a value.';
