create or replace table segments.sales_history (
    run_id integer not null,
    level varchar not null,
    segmentation varchar,
    algorithm varchar,
    segment_id integer,
    period_start date not null,
    amount double not null
);

comment on table segments.sales_history is 'What was sold in each complete week or month, of the newest run: to everyone, to the customers who now are in a segment, and to nobody known. Grain: one row per level, segment and period, also those without a sale.';
comment on column segments.sales_history.run_id is 'Number of the refresh.';
comment on column segments.sales_history.level is 'everyone; segment; nobody: lines without a customer, or whose customer is in no segment.';
comment on column segments.sales_history.segmentation is 'Name of the feature list; null for everyone and nobody.';
comment on column segments.sales_history.algorithm is 'kmeans or hierarchical; null for everyone and nobody.';
comment on column segments.sales_history.segment_id is 'The segment; null for everyone and nobody.';
comment on column segments.sales_history.period_start is 'First day of the period.';
comment on column segments.sales_history.amount is 'Sales less returns and cancellations, in the money of the source.';
