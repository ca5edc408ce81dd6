create or replace table raw.rejects (
    source varchar not null,
    source_file varchar not null,
    source_line bigint not null,
    customer_id varchar,
    rule varchar not null,
    reason varchar not null,
    row_text varchar
);

comment on table raw.rejects is 'The rows that could not be used, and why. Grain: one row per rejected row of a source.';
comment on column raw.rejects.source is 'What the file holds: customers, transactions, stock or results.';
comment on column raw.rejects.source_file is 'Name of the file, as in raw.sources.';
comment on column raw.rejects.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file or a sheet the row.';
comment on column raw.rejects.customer_id is 'The customer''s id in the row; null where it has none or cannot be told.';
comment on column raw.rejects.rule is 'The kind of fault, in a few words, e.g. out of range.';
comment on column raw.rejects.reason is 'Why the row was rejected, in a sentence.';
comment on column raw.rejects.row_text is 'The row, as it stands in the file; null once it was erased on request.';
