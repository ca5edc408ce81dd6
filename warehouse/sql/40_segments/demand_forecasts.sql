create or replace table segments.demand_forecasts (
    run_id integer not null,
    item_kind varchar not null,
    item varchar not null,
    count_periods integer not null,
    expected double not null,
    deviation double not null,
    need_80 double not null,
    need_90 double not null,
    need_95 double not null,
    need_98 double not null,
    need_99 double not null
);

comment on table segments.demand_forecasts is 'How many pieces of each item are expected to be asked for within the next weeks or months together, in the newest run. Grain: one row per kind of item, item and number of periods, up to the horizon of segments.sales_models.';
comment on column segments.demand_forecasts.run_id is 'Number of the refresh.';
comment on column segments.demand_forecasts.item_kind is 'product or category.';
comment on column segments.demand_forecasts.item is 'The product''s code, or the category.';
comment on column segments.demand_forecasts.count_periods is 'Periods ahead, taken together.';
comment on column segments.demand_forecasts.expected is 'Expected pieces.';
comment on column segments.demand_forecasts.deviation is 'Standard deviation of the error.';
comment on column segments.demand_forecasts.need_80 is 'Pieces that last with a probability of 80 %: a gamma distribution of the same mean and deviation.';
comment on column segments.demand_forecasts.need_90 is 'Pieces that last with a probability of 90 %.';
comment on column segments.demand_forecasts.need_95 is 'Pieces that last with a probability of 95 %.';
comment on column segments.demand_forecasts.need_98 is 'Pieces that last with a probability of 98 %.';
comment on column segments.demand_forecasts.need_99 is 'Pieces that last with a probability of 99 %.';
