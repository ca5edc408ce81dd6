create or replace table segments.membership_history (
    customer_id varchar not null using compression zstd,
    segmentation varchar not null,
    algorithm varchar not null,
    segment_id integer not null,
    from_run_id integer not null,
    to_run_id integer,
    valid_from timestamp not null,
    valid_to timestamp
);

comment on table segments.membership_history is 'Who was where, and when: a slowly changing dimension of type 2. A customer who stays keeps one open row however many runs go by. Grain: one row per customer, segmentation, algorithm and uninterrupted stay in a segment.';
comment on column segments.membership_history.customer_id is 'The customer.';
comment on column segments.membership_history.segmentation is 'Name of the feature list.';
comment on column segments.membership_history.algorithm is 'kmeans or hierarchical.';
comment on column segments.membership_history.segment_id is 'The customer''s segment.';
comment on column segments.membership_history.from_run_id is 'The first run that found the customer there.';
comment on column segments.membership_history.to_run_id is 'The first run that no longer did: the customer had moved or left the file, or the segmentation was not run. Null while it is true.';
comment on column segments.membership_history.valid_from is 'When the stay began: segments.runs.created_at of from_run_id, UTC.';
comment on column segments.membership_history.valid_to is 'When it ended: created_at of to_run_id, UTC, itself not included. Null while it is true.';
