create or replace table segments.past_memberships (
    customer_id varchar not null using compression zstd,
    segmentation varchar not null,
    algorithm varchar not null,
    segment_id integer not null,
    from_run_id integer not null,
    to_run_id integer not null,
    valid_from timestamp not null,
    valid_to timestamp not null
);

comment on table segments.past_memberships is 'Who was where and is no longer: the ended stays of segments.membership_history. Grain: one row per customer, segmentation, algorithm and ended stay in a segment.';
comment on column segments.past_memberships.customer_id is 'The customer.';
comment on column segments.past_memberships.segmentation is 'Name of the feature list.';
comment on column segments.past_memberships.algorithm is 'kmeans or hierarchical.';
comment on column segments.past_memberships.segment_id is 'The segment the customer was in.';
comment on column segments.past_memberships.from_run_id is 'The first run that found the customer there.';
comment on column segments.past_memberships.to_run_id is 'The first run that no longer did.';
comment on column segments.past_memberships.valid_from is 'When the stay began: segments.runs.created_at of from_run_id, UTC.';
comment on column segments.past_memberships.valid_to is 'When it ended: created_at of to_run_id, UTC, itself not included.';
