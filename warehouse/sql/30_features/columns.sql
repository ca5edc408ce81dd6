create or replace table features.columns as
with columns as (
    from raw.columns
    where source = 'customers' and kind in ('numeric', 'category')
),

transaction_features as (
    from features.transaction_features
),

bought as (
    select
        column_name,
        label,
        short_label,
        unit,
        maximum,
        scale,
        is_charted,
        position
    from (
        values
            ('recency_days', 'Recency', 'recency', 'days', null, 'log', true, 1),
            ('frequency', 'Frequency', 'frequency', 'purchases', null, 'log', true, 2),
            ('monetary', 'Monetary value', 'spend', '', null, 'log', true, 3),
            ('tenure_days', 'Tenure', 'tenure', 'days', null, 'linear', false, 4),
            ('average_basket', 'Average basket', 'basket', '', null, 'log', false, 5),
            ('interpurchase_days', 'Time between purchases', 'time between purchases', 'days', null, 'log', false, 6),
            ('returns_share', 'Returned share', 'returns', '0–1', null, 'linear', false, 7),
            ('weekend_share', 'Weekend share', 'weekend share', '0–1', 1, 'linear', false, 8),
            ('morning_share', 'Morning share', 'morning share', '0–1', 1, 'linear', false, 9),
            ('evening_share', 'Evening share', 'evening share', '0–1', 1, 'linear', false, 10)
    ) as known (column_name, label, short_label, unit, maximum, scale, is_charted, position)
),

-- a feature that no customer has a value for is none, and one that is the same for all is nothing to look at
held as (
    select
        feature as column_name,
        count(value) as count_customers,
        count(distinct value) > 1 or count(value) < count(*) as varies
    from transaction_features
    unpivot include nulls (value for feature in (* exclude (customer_id)))
    group by feature
),

together as (
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
        position
    from columns
    where kind = 'numeric'

    union all

    select
        column_name,
        'transactions' as source,
        label,
        short_label,
        unit,
        case when column_name in ('monetary', 'average_basket') then null else 0 end as minimum,
        maximum,
        scale,
        is_charted and varies as is_charted,
        1000000 + position as position
    from bought
    inner join held using (column_name)
    anti join columns using (column_name)
    where count_customers > 0
)

select
    column_name,
    source,
    label,
    short_label,
    unit,
    cast(minimum as double) as minimum,
    cast(maximum as double) as maximum,
    scale,
    is_charted,
    cast(row_number() over (order by position) as integer) as position
from together
order by position;

comment on table features.columns is 'The numeric features of a customer. Grain: one row per feature.';
comment on column features.columns.column_name is 'Name of the feature: a column of features.customer_features.';
comment on column features.columns.source is 'What it comes from: customers or transactions.';
comment on column features.columns.label is 'What people call it.';
comment on column features.columns.short_label is 'The label inside the name of a segment.';
comment on column features.columns.unit is 'Unit of the values; empty where there is none.';
comment on column features.columns.minimum is 'Smallest value that can be true. Null: no limit.';
comment on column features.columns.maximum is 'Largest value that can be true. Null: no limit.';
comment on column features.columns.scale is 'How the models see it: linear (as it is) or log, sign(x) * ln(1 + |x|).';
comment on column features.columns.is_charted is 'True when the dashboard filters by it: the numbers of the customers file, recency, frequency and monetary value, and whatever is clustered on.';
comment on column features.columns.position is 'Place in the order of the columns, from 1.';
