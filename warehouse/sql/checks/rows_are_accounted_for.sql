-- Rows in = rows kept + rejected + identical ones + erased on request, and the counts are those of the tables.
-- Customers that were made from transactions are in no file of customers.
with sources as (
    from raw.sources
),

held as (
    select
        'customers' as source,
        source_file,
        false as is_duplicate
    from raw.customers
    semi join (from raw.sources where source = 'customers') using (source_file)

    union all

    select
        'transactions' as source,
        source_file,
        is_duplicate
    from raw.transactions

    union all

    select
        'stock' as source,
        source_file,
        false as is_duplicate
    from raw.stock

    union all

    select
        'results' as source,
        source_file,
        false as is_duplicate
    from raw.results
),

counted as (
    select
        source,
        source_file,
        count(*) filter (not is_duplicate) as count_kept,
        count(*) filter (is_duplicate) as count_duplicate
    from held
    group by all
),

rejected as (
    select
        source,
        source_file,
        count(*) as count_rows
    from raw.rejects
    group by all
)

select
    source,
    source_file,
    sources.rows_in,
    sources.rows_kept,
    sources.rows_rejected,
    sources.rows_duplicate,
    sources.rows_forgotten,
    counted.count_kept,
    rejected.count_rows as count_rejected
from sources
full join counted using (source, source_file)
full join rejected using (source, source_file)
where
    sources.rows_in is distinct from sources.rows_kept + sources.rows_rejected + sources.rows_duplicate + sources.rows_forgotten
    or sources.rows_kept <> coalesce(counted.count_kept, 0)
    or sources.rows_rejected <> coalesce(rejected.count_rows, 0)
    or (source = 'transactions' and sources.rows_duplicate <> coalesce(counted.count_duplicate, 0))
