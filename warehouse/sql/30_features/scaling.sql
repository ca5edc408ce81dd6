create or replace table features.scaling as
with customers as (
    from features.customer_features
)

{% for column in context.numeric %}
select
    {{ column.name | literal }} as feature,
    avg({{ column.name }}) as mean,
    stddev_pop({{ column.name }}) as standard_deviation
from customers
{{ "union all" if not loop.last }}
{% endfor %}
order by feature;

comment on table features.scaling is 'The z-scaling: scaled = (value - mean) / standard_deviation. Grain: one row per numeric feature.';
comment on column features.scaling.feature is 'Name of the feature.';
comment on column features.scaling.mean is 'Mean over all customers, in the feature''s unit.';
comment on column features.scaling.standard_deviation is 'Population standard deviation (divisor n), in the feature''s unit; what scikit-learn''s StandardScaler uses.';
