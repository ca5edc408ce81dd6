create or replace table segments.item_models (
    run_id integer not null,
    item_kind varchar not null,
    period varchar not null,
    last_day date not null,
    count_customers bigint not null,
    count_items bigint not null,
    count_listed integer not null,
    shortfall varchar
);

comment on table segments.item_models is 'The models of what customers buy next, of the newest run: EASE (Steck 2019), whose weights are segments.item_affinities. Empty where the transactions name neither products nor categories. Grain: one row per kind of item and period.';
comment on column segments.item_models.run_id is 'Number of the refresh.';
comment on column segments.item_models.item_kind is 'product or category.';
comment on column segments.item_models.period is 'whole: what is recommended today. calibration: fitted to the first two thirds of the time only, to be held against the rest.';
comment on column segments.item_models.last_day is 'Last day of the period.';
comment on column segments.item_models.count_customers is 'Customers who bought anything of that kind in it.';
comment on column segments.item_models.count_items is 'Items that may be recommended: at least 5 customers bought them, and they are among the 2,000 that most did.';
comment on column segments.item_models.count_listed is 'Items that are recommended to a customer: 10, or a quarter of all where those are few.';
comment on column segments.item_models.shortfall is 'Why there is no model, in words; null where there is one.';
