-- The distributions of this version have every customer in exactly one bin, and one cell, of every dimension.
with distributions as (
    select
        dimension,
        count_customers,
        share
    from marts.distribution_history
    semi join segments.newest_run using (run_id)
),

cells as (
    select
        dimension || ' in detail' as dimension,
        count_customers,
        count_customers / sum(count_customers) over (partition by dimension) as share
    from marts.distribution_detail
    semi join segments.newest_run using (run_id)
),

counted as (
    select
        dimension,
        sum(count_customers) as in_distribution,
        sum(share) as share
    from (from distributions union all from cells)
    group by dimension
)

select
    dimension,
    in_distribution,
    share
from counted
where in_distribution <> (select count(*) from features.customer_features) or abs(share - 1) > 1e-9
