create or replace view marts.customer_columns as
with source_columns as (
    from raw.columns
    where source = 'customers' and kind in ('id', 'category')
),

features as (
    from features.columns
),

together as (
    select
        column_name,
        source,
        kind,
        label,
        unit,
        minimum,
        maximum,
        scale,
        true as is_charted,
        position
    from source_columns

    union all

    select
        features.column_name,
        features.source,
        'numeric' as kind,
        features.label,
        features.unit,
        features.minimum,
        features.maximum,
        features.scale,
        features.is_charted,
        coalesce(columns.position, 1000000 + features.position) as position
    from features
    left join raw.columns as columns
        on columns.source = features.source and columns.column_name = features.column_name
)

select
    column_name,
    source,
    kind,
    label,
    unit,
    minimum,
    maximum,
    scale,
    is_charted,
    cast(row_number() over (order by position) as integer) as position
from together
order by position;

comment on view marts.customer_columns is 'What is known of a customer, in the order in which it is shown. Grain: one row per column of features.customer_features.';
comment on column marts.customer_columns.column_name is 'The column.';
comment on column marts.customer_columns.source is 'What it comes from: customers or transactions.';
comment on column marts.customer_columns.kind is 'id, category or numeric.';
comment on column marts.customer_columns.label is 'What people call it.';
comment on column marts.customer_columns.unit is 'Unit of the values; empty where there is none.';
comment on column marts.customer_columns.minimum is 'Smallest value that can be true. Null: no limit.';
comment on column marts.customer_columns.maximum is 'Largest value that can be true. Null: no limit.';
comment on column marts.customer_columns.scale is 'How the models and the charts see a number: linear or log, sign(x) * ln(1 + |x|).';
comment on column marts.customer_columns.is_charted is 'True when the dashboard shows it in the list of customers and filters by it, unless it is an id.';
comment on column marts.customer_columns.position is 'Place in the order, from 1.';
