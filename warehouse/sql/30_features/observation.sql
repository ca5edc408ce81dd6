create or replace table features.observation as
with lines as (
    from features.transaction_lines
    where line_kind = 'sale'
)

select
    cast(min(occurred_at) as date) as first_day,
    cast(max(occurred_at) as date) as last_day,
    date_diff('day', cast(min(occurred_at) as date), cast(max(occurred_at) as date)) + 1 as count_days,
    cast(min(occurred_at) as date)
    + cast(floor(date_diff('day', cast(min(occurred_at) as date), cast(max(occurred_at) as date)) * 2 / 3) as integer)
        as calibration_day,
    coalesce(bool_or(cast(occurred_at as time) <> time '00:00:00'), false) as has_clock
from lines;

comment on table features.observation is 'The time that the transactions span. Grain: one row.';
comment on column features.observation.first_day is 'Day of the first sale; null without transactions.';
comment on column features.observation.last_day is 'Day of the last sale of anyone: recency is counted up to here, not up to today; null without transactions.';
comment on column features.observation.count_days is 'Days from the first to the last, both included; null without transactions.';
comment on column features.observation.calibration_day is 'Last day of the calibration period, the first two thirds: what is forecast from it is held against what came after; null without transactions.';
comment on column features.observation.has_clock is 'True when the source gives times of day, not days only.';
