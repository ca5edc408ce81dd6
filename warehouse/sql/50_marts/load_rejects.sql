create or replace view marts.load_rejects as
with rejects as (
    from raw.rejects
),

sources as (
    select
        source,
        sum(rows_in) as rows_in
    from raw.sources
    group by source
)

select
    source,
    rejects.rule,
    cast(row_number() over (partition by source, rejects.rule order by rejects.source_file, rejects.source_line) as bigint) as place,
    count(*) over (partition by source, rejects.rule) as count_rows,
    count(*) over (partition by source, rejects.rule) / sources.rows_in as share_of_rows,
    rejects.source_file,
    rejects.source_line,
    rejects.customer_id,
    rejects.reason,
    rejects.row_text
from rejects
inner join sources using (source)
order by source, count_rows desc, rejects.rule, place;

comment on view marts.load_rejects is 'The rows that could not be used, by source and kind of fault, the most frequent first. Grain: one row per rejected row of a source.';
comment on column marts.load_rejects.source is 'What the file holds: customers, transactions, stock or results.';
comment on column marts.load_rejects.rule is 'The kind of fault, in a few words, e.g. out of range.';
comment on column marts.load_rejects.place is 'Place of the row among those of its kind, from 1, by file and line.';
comment on column marts.load_rejects.count_rows is 'Rows of that kind.';
comment on column marts.load_rejects.share_of_rows is 'Their share of all rows of all files of the source, 0 to 1.';
comment on column marts.load_rejects.source_file is 'Name of the file, as in marts.load_sources.';
comment on column marts.load_rejects.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file or a sheet the row.';
comment on column marts.load_rejects.customer_id is 'The customer''s id in the row; null where it has none or cannot be told.';
comment on column marts.load_rejects.reason is 'Why the row was rejected, in a sentence.';
comment on column marts.load_rejects.row_text is 'The row, as it stands in the file; null once it was erased on request.';
