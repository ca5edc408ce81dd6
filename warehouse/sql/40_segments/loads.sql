create or replace table segments.loads (
    run_id integer not null,
    source varchar not null,
    source_fingerprint varchar not null,
    rows_in bigint not null,
    rows_rejected bigint not null,
    loaded_at timestamp not null
);

comment on table segments.loads is 'What each run was made from; raw.sources tells more of the newest. Grain: one row per run and source.';
comment on column segments.loads.run_id is 'Number of the refresh.';
comment on column segments.loads.source is 'What was loaded: customers, transactions, stock or results.';
comment on column segments.loads.source_fingerprint is 'SHA-256 of the file; of the fingerprints of the files, joined by commas in order of their names, where there are several.';
comment on column segments.loads.rows_in is 'Rows in the files.';
comment on column segments.loads.rows_rejected is 'Those of them that were rejected.';
comment on column segments.loads.loaded_at is 'When the last of the files was read, UTC.';
