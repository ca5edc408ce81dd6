-- Rows in = rows kept + rows rejected + identical rows dropped, and the counts are those of the tables.
with sources as (
    from raw.sources
    where source = 'customers'
)

select
    source_file,
    rows_in,
    rows_kept,
    rows_rejected,
    rows_duplicate
from sources
where
    rows_in <> rows_kept + rows_rejected + rows_duplicate
    or rows_kept <> (select count(*) from raw.customers)
    or rows_rejected <> (select count(*) from raw.rejects)
