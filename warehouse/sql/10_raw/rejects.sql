create or replace table raw.rejects (
    source_file varchar not null,
    source_line bigint not null,
    row_text varchar,
    reason varchar not null
);

comment on table raw.rejects is 'The rows that could not be used, and why. Grain: one row per rejected row of the source.';
comment on column raw.rejects.source_file is 'Name of the file.';
comment on column raw.rejects.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file the row, from 1.';
comment on column raw.rejects.row_text is 'The row, as it stands in the file.';
comment on column raw.rejects.reason is 'Why it was rejected, in words.';
