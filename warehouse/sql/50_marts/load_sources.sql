create or replace view marts.load_sources as
with sources as (
    from raw.sources
)

select
    source,
    source_file,
    source_fingerprint,
    file_kind,
    encoding,
    delimiter,
    rows_in,
    rows_kept,
    rows_rejected,
    rows_duplicate,
    rows_forgotten,
    is_synthetic,
    loaded_at
from sources
order by source, source_file;

comment on view marts.load_sources is 'The files this version was loaded from, and what became of their rows. Grain: one row per file.';
comment on column marts.load_sources.source is 'What the file holds: customers.';
comment on column marts.load_sources.source_file is 'Name of the file; where a folder or a pattern was given, its path from there.';
comment on column marts.load_sources.source_fingerprint is 'SHA-256 of the file''s bytes, hexadecimal.';
comment on column marts.load_sources.file_kind is 'csv, parquet or excel, as the content says.';
comment on column marts.load_sources.encoding is 'How the text is encoded; null for a file that is not text.';
comment on column marts.load_sources.delimiter is 'What separates the values of a line; null for a file that is not text.';
comment on column marts.load_sources.rows_in is 'Rows in the file: kept + rejected + duplicate + forgotten.';
comment on column marts.load_sources.rows_kept is 'Rows that became customers.';
comment on column marts.load_sources.rows_rejected is 'Rows that could not be used, see marts.load_rejects.';
comment on column marts.load_sources.rows_duplicate is 'Rows dropped because an identical row was kept.';
comment on column marts.load_sources.rows_forgotten is 'Rows of people who were erased on request.';
comment on column marts.load_sources.is_synthetic is 'True when the customers were generated: they are nobody.';
comment on column marts.load_sources.loaded_at is 'When the file was read, UTC.';
