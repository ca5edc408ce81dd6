{% import "macros.sql" as sql %}
-- depends on: features.columns
create or replace table features.scaling as
with customers as (
    from features.customer_features
)

{% for column in context.features %}
select
    {{ column.name | literal }} as feature,
    {{ column.scale | literal }} as scale,
    avg({{ sql.transformed(column, column.name) }}) as mean,
    stddev_pop({{ sql.transformed(column, column.name) }}) as standard_deviation
from customers
{{ "union all" if not loop.last }}
{% endfor %}
order by feature;

comment on table features.scaling is 'The z-scaling: scaled = (value - mean) / standard_deviation, where on a log scale sign(value) * ln(1 + |value|) takes the place of the value. Grain: one row per numeric feature.';
comment on column features.scaling.feature is 'Name of the feature.';
comment on column features.scaling.scale is 'linear or log.';
comment on column features.scaling.mean is 'Mean over all customers, in the feature''s unit; on a log scale the mean of the logarithms.';
comment on column features.scaling.standard_deviation is 'Population standard deviation (divisor n), in the feature''s unit, on a log scale of the logarithms; what scikit-learn''s StandardScaler uses.';
