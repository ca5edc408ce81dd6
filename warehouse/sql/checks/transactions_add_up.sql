-- The lines and amounts of the accounting are those of the source, what counts is what the customers spent, and no line has two kinds.
with accounting as (
    select
        coalesce(sum(count_lines), 0) as count_lines,
        coalesce(sum(amount), 0) as amount,
        coalesce(sum(amount) filter (is_counted), 0) as counted
    from marts.transaction_accounting
),

source_lines as (
    select
        count(*) as count_lines,
        coalesce(sum(amount), 0) as amount
    from staging.transactions
),

spent as (
    select coalesce(sum(monetary), 0) as monetary
    from features.transaction_features
)

select
    accounting.count_lines,
    source_lines.count_lines as count_of_source,
    accounting.amount,
    source_lines.amount as amount_of_source,
    accounting.counted,
    spent.monetary
from accounting
cross join source_lines
cross join spent
where
    accounting.count_lines <> source_lines.count_lines
    or accounting.amount <> source_lines.amount
    or abs(accounting.counted - spent.monetary) > 1e-9 * greatest(1, abs(spent.monetary))
