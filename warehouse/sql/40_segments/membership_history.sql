create or replace view segments.membership_history as
with past_stays as (
    from segments.past_memberships
),

current_stays as (
    from segments.assignments
),

runs as (
    from segments.runs
)

select
    customer_id,
    segmentation,
    algorithm,
    segment_id,
    from_run_id,
    to_run_id,
    valid_from,
    valid_to
from past_stays

union all

select
    current_stays.customer_id,
    current_stays.segmentation,
    current_stays.algorithm,
    current_stays.segment_id,
    current_stays.from_run_id,
    null as to_run_id,
    runs.created_at as valid_from,
    null as valid_to
from current_stays
inner join runs
    on runs.run_id = current_stays.from_run_id
    and runs.segmentation = current_stays.segmentation
    and runs.algorithm = current_stays.algorithm;

comment on view segments.membership_history is 'Who was where, and when: a slowly changing dimension of type 2. A customer who stays keeps one open row however many runs go by. Grain: one row per customer, segmentation, algorithm and uninterrupted stay in a segment.';
comment on column segments.membership_history.customer_id is 'The customer.';
comment on column segments.membership_history.segmentation is 'Name of the feature list.';
comment on column segments.membership_history.algorithm is 'kmeans or hierarchical.';
comment on column segments.membership_history.segment_id is 'The customer''s segment.';
comment on column segments.membership_history.from_run_id is 'The first run that found the customer there.';
comment on column segments.membership_history.to_run_id is 'The first run that no longer did: the customer had moved or left the file, or the segmentation was not run. Null while it is true.';
comment on column segments.membership_history.valid_from is 'When the stay began: segments.runs.created_at of from_run_id, UTC.';
comment on column segments.membership_history.valid_to is 'When it ended: created_at of to_run_id, UTC, itself not included. Null while it is true.';
