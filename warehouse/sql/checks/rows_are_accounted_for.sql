-- Rows in = rows kept + rejected + identical ones dropped + erased on request, and the counts are those of the tables.
with sources as (
    from raw.sources
    where source = 'customers'
),

kept as (
    select
        source_file,
        count(*) as count_rows
    from raw.customers
    group by source_file
),

rejected as (
    select
        source_file,
        count(*) as count_rows
    from raw.rejects
    group by source_file
)

select
    source_file,
    sources.rows_in,
    sources.rows_kept,
    sources.rows_rejected,
    sources.rows_duplicate,
    sources.rows_forgotten,
    kept.count_rows as counted_kept,
    rejected.count_rows as counted_rejected
from sources
full join kept using (source_file)
full join rejected using (source_file)
where
    sources.rows_in is distinct from sources.rows_kept + sources.rows_rejected + sources.rows_duplicate + sources.rows_forgotten
    or sources.rows_kept <> coalesce(kept.count_rows, 0)
    or sources.rows_rejected <> coalesce(rejected.count_rows, 0)
