create or replace table segments.sales_forecasts (
    run_id integer not null,
    level varchar not null,
    segmentation varchar,
    algorithm varchar,
    segment_id integer,
    last_period date not null,
    period_start date not null,
    expected double not null,
    low_80 double not null,
    high_80 double not null,
    low_95 double not null,
    high_95 double not null
);

comment on table segments.sales_forecasts is 'What the chosen method of the newest run forecasts, and what it did forecast from several past times in its trial. Of each clustering the segments, with nobody, add up to everyone. Grain: one row per level, segment, time it was forecast from and period.';
comment on column segments.sales_forecasts.run_id is 'Number of the refresh.';
comment on column segments.sales_forecasts.level is 'everyone, segment or nobody, as in segments.sales_history.';
comment on column segments.sales_forecasts.segmentation is 'Name of the feature list; null for everyone.';
comment on column segments.sales_forecasts.algorithm is 'kmeans or hierarchical; null for everyone.';
comment on column segments.sales_forecasts.segment_id is 'The segment; null for everyone and nobody.';
comment on column segments.sales_forecasts.last_period is 'First day of the last period that was known.';
comment on column segments.sales_forecasts.period_start is 'First day of the period that is forecast.';
comment on column segments.sales_forecasts.expected is 'Expected sales less returns and cancellations, in the money of the source.';
comment on column segments.sales_forecasts.low_80 is 'Lower end of the 80 % prediction interval.';
comment on column segments.sales_forecasts.high_80 is 'Upper end.';
comment on column segments.sales_forecasts.low_95 is 'Lower end of the 95 % prediction interval.';
comment on column segments.sales_forecasts.high_95 is 'Upper end.';
