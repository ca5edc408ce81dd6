-- Which values were missing, and what stands in for them?
-- Models need a number for everybody: a missing one is filled in and flagged (is_..._imputed in features.customer_features). Where
-- share_missing is large, the column says less than it seems to. Of transactions: customers who bought nothing have no such value.
with columns as (
    from marts.customer_columns
),

numbers as (
    from features.imputation
),

categories as (
    from marts.columns
    where source = 'customers' and kind = 'category'
),

everyone as (
    select count_customers
    from marts.provenance
),

filled as (
    select
        feature as column_name,
        count_missing,
        case when feature = 'recency_days' then 'days of the transactions' else 'median' end as filled_with,
        imputed_value
    from numbers

    union all

    select
        column_name,
        count_missing,
        filled_with,
        null as imputed_value
    from categories
)

select
    columns.label as column_label,
    columns.source,
    columns.unit,
    filled.count_missing,
    filled.count_missing / everyone.count_customers as share_missing,
    filled.filled_with,
    filled.imputed_value
from filled
inner join columns using (column_name)
cross join everyone
order by filled.count_missing desc, columns.position
