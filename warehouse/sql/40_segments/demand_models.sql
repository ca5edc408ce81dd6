create or replace table segments.demand_models (
    run_id integer not null,
    item_kind varchar not null,
    count_items integer not null,
    count_left_out integer not null,
    method varchar,
    shortfall varchar
);

comment on table segments.demand_models is 'How the demand for items is forecast in the newest run: all pieces together by the method with the smallest error, an item by its smoothed share of them. Empty where the transactions name neither products nor categories. Grain: one row per kind of item.';
comment on column segments.demand_models.run_id is 'Number of the refresh.';
comment on column segments.demand_models.item_kind is 'product or category.';
comment on column segments.demand_models.count_items is 'Items that are planned: those sold within the last 26 weeks or 12 months.';
comment on column segments.demand_models.count_left_out is 'Items that were sold before that only.';
comment on column segments.demand_models.method is 'Method of the forecast of all pieces together, as in segments.sales_methods; null where there is none.';
comment on column segments.demand_models.shortfall is 'Why there is no forecast, in words; null where there is one.';
