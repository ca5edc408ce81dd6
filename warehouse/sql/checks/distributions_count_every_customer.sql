-- The distributions of this version have every customer in exactly one bin of every dimension.
with history as (
    from marts.distribution_history
    semi join segments.newest_run using (run_id)
),

runs as (
    select
        run_id,
        max(n_customers) as n_customers
    from segments.runs
    group by run_id
)

select
    history.run_id,
    history.dimension,
    sum(history.count_customers) as in_bins,
    any_value(runs.n_customers) as in_run
from history
inner join runs using (run_id)
group by history.run_id, history.dimension
having sum(history.count_customers) <> any_value(runs.n_customers) or abs(sum(history.share) - 1) > 1e-9
