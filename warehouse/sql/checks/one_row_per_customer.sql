-- Every customer id stands exactly once in features, and no customer is lost between the layers.
with customers as not materialized (
    from features.customer_features
),

-- told for all at once, and looked for one by one only where they are not
is_wrong as (
    select count(*) > count(distinct customer_id) as is_wrong
    from customers
),

ids as (
    select
        customer_id,
        count(*) as count_rows
    from customers
    where (from is_wrong)
    group by customer_id
),

layers as (
    select
        (select count(*) from raw.customers) as count_raw,
        (select count(*) from features.customer_features) as count_features,
        (select count(*) from marts.customers) as count_marts
)

select
    customer_id as broken_at,
    count_rows
from ids
where customer_id is null or count_rows <> 1

union all

select
    'layers' as broken_at,
    count_raw as count_rows
from layers
where count_raw <> count_features or count_features <> count_marts
