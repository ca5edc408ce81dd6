create or replace table segments.sales_outlooks (
    run_id integer not null,
    level varchar not null,
    segmentation varchar,
    algorithm varchar,
    segment_id integer,
    expected double not null,
    low_80 double not null,
    high_80 double not null,
    low_95 double not null,
    high_95 double not null,
    mase double,
    benchmark_mase double,
    bias double,
    coverage_80 double,
    coverage_95 double
);

comment on table segments.sales_outlooks is 'What is forecast for the whole horizon together in the newest run, and how the method did in its trial. Grain: one row per level and segment.';
comment on column segments.sales_outlooks.run_id is 'Number of the refresh.';
comment on column segments.sales_outlooks.level is 'everyone, segment or nobody, as in segments.sales_history.';
comment on column segments.sales_outlooks.segmentation is 'Name of the feature list; null for everyone.';
comment on column segments.sales_outlooks.algorithm is 'kmeans or hierarchical; null for everyone.';
comment on column segments.sales_outlooks.segment_id is 'The segment; null for everyone and nobody.';
comment on column segments.sales_outlooks.expected is 'Expected sales less returns and cancellations over the horizon, in the money of the source.';
comment on column segments.sales_outlooks.low_80 is 'Lower end of the 80 % prediction interval of the sum, whose errors go together from period to period.';
comment on column segments.sales_outlooks.high_80 is 'Upper end.';
comment on column segments.sales_outlooks.low_95 is 'Lower end of the 95 % prediction interval.';
comment on column segments.sales_outlooks.high_95 is 'Upper end.';
comment on column segments.sales_outlooks.mase is 'Mean absolute scaled error in the trial, as in segments.sales_methods.';
comment on column segments.sales_outlooks.benchmark_mase is 'The same of the benchmark.';
comment on column segments.sales_outlooks.bias is 'By how much too little was forecast, as a share of what came.';
comment on column segments.sales_outlooks.coverage_80 is 'Share of what came in the trial that lay within the 80 % interval, 0 to 1.';
comment on column segments.sales_outlooks.coverage_95 is 'Share that lay within the 95 % interval.';
