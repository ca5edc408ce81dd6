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

expected as (
    select unnest([
        {% for column in context.charted %}
        {{ column.name | literal }},
        {{ (column.name ~ " in detail") | literal }}{{ "," if not loop.last or context.category }}
        {% endfor %}
        {% for column in context.category %}
        {{ column.name | literal }}{{ "," if not loop.last }}
        {% endfor %}
    ]) as dimension
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
from expected
full join counted using (dimension)
where
    in_distribution is distinct from (select count(*) from features.customer_features)
    or share is null
    or abs(share - 1) > 1e-9
