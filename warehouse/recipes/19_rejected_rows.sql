-- How many rows could not be used, and why?
-- A row per source and kind of fault, with the first example; a source without a fault has one row without. rows_in is kept,
-- rejected, identical copies and people erased on request together. Every rejected row stands in marts.load_rejects.
with files as (
    from marts.load_sources
),

rejects as (
    from marts.load_rejects
    where place = 1
),

sources as (
    select
        source,
        cast(sum(rows_in) as bigint) as rows_in,
        cast(sum(rows_kept) as bigint) as rows_kept,
        cast(sum(rows_rejected) as bigint) as rows_rejected,
        cast(sum(rows_duplicate) as bigint) as rows_duplicate,
        cast(sum(rows_forgotten) as bigint) as rows_forgotten
    from files
    group by source
)

select
    sources.*,
    rejects.rule,
    rejects.count_rows as rows_of_the_rule,
    rejects.source_file,
    rejects.source_line,
    rejects.reason,
    rejects.row_text
from sources
left join rejects using (source)
order by sources.source, rejects.count_rows desc, rejects.rule
