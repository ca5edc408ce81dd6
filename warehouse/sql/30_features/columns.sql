create or replace table features.columns as
with columns as (
    from raw.columns
)

select
    column_name,
    source,
    label,
    short_label,
    unit,
    minimum,
    maximum,
    scale,
    true as is_charted,
    cast(row_number() over (order by position) as integer) as position
from columns
where source = 'customers' and kind = 'numeric'
order by position;

comment on table features.columns is 'The numeric features of a customer. Grain: one row per feature.';
comment on column features.columns.column_name is 'Name of the feature: a column of features.customer_features.';
comment on column features.columns.source is 'What it comes from: customers.';
comment on column features.columns.label is 'What people call it.';
comment on column features.columns.short_label is 'The label inside the name of a segment.';
comment on column features.columns.unit is 'Unit of the values; empty where there is none.';
comment on column features.columns.minimum is 'Smallest value that can be true. Null: no limit.';
comment on column features.columns.maximum is 'Largest value that can be true. Null: no limit.';
comment on column features.columns.scale is 'How the models see it: linear (as it is) or log, sign(x) * ln(1 + |x|).';
comment on column features.columns.is_charted is 'True when the dashboard can filter by it.';
comment on column features.columns.position is 'Place in the order of the columns, from 1.';
