create or replace table segments.sales_models (
    run_id integer not null,
    period_unit varchar not null,
    first_period date,
    last_period date,
    count_periods integer not null,
    horizon integer not null,
    season_correlation double,
    is_seasonal boolean not null,
    method varchar,
    benchmark varchar,
    count_origins integer not null,
    shortfall varchar
);

comment on table segments.sales_models is 'How sales are forecast in the newest run. Empty where no transactions were given. Grain: one row.';
comment on column segments.sales_models.run_id is 'Number of the refresh.';
comment on column segments.sales_models.period_unit is 'week or month, by features.sales_periods.';
comment on column segments.sales_models.first_period is 'First day of the first complete period; null where there is none.';
comment on column segments.sales_models.last_period is 'First day of the last complete period: what is forecast begins with the next.';
comment on column segments.sales_models.count_periods is 'Complete periods.';
comment on column segments.sales_models.horizon is 'Periods that are forecast: 13 weeks or 6 months, but at most a quarter of those known.';
comment on column segments.sales_models.season_correlation is 'Correlation of all sales with those of the year before, a steady trend taken off, -1 to 1; null for less than a year and a half.';
comment on column segments.sales_models.is_seasonal is 'True when that is at least 0.5: then only methods are asked that know the year before.';
comment on column segments.sales_models.method is 'Method of the forecasts: of those tried, the one with the smallest error on all sales; null where there is no forecast.';
comment on column segments.sales_models.benchmark is 'What it is held against: seasonal naive (the year before again), or without a year naive (the last value again).';
comment on column segments.sales_models.count_origins is 'Past times from which the trial forecast.';
comment on column segments.sales_models.shortfall is 'Why there is no forecast, in words; null where there is one.';
