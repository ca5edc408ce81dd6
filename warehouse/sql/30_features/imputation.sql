create or replace table features.imputation as
with customers as (
    from staging.customers
)

{% for column in context.numeric %}
select
    {{ column.name | literal }} as feature,
    median({{ column.name }}) as imputed_value,
    count(*) - count({{ column.name }}) as count_missing
from customers
{{ "union all" if not loop.last }}
{% endfor %}
order by feature;

comment on table features.imputation is 'What a missing number is replaced by. Grain: one row per numeric feature.';
comment on column features.imputation.feature is 'Name of the feature.';
comment on column features.imputation.imputed_value is 'Median of the customers that have a value, in the feature''s unit.';
comment on column features.imputation.count_missing is 'Customers without a value.';
