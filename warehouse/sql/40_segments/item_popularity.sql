create or replace table segments.item_popularity (
    run_id integer not null,
    item_kind varchar not null,
    period varchar not null,
    item varchar not null,
    place integer not null
);

comment on table segments.item_popularity is 'The items that the models of segments.item_models know, the most bought first; empty where there is no model. Grain: one row per kind of item, period and item.';
comment on column segments.item_popularity.run_id is 'Number of the refresh.';
comment on column segments.item_popularity.item_kind is 'product or category.';
comment on column segments.item_popularity.period is 'whole or calibration.';
comment on column segments.item_popularity.item is 'The product''s code, or the category.';
comment on column segments.item_popularity.place is 'From 1, by the customers who bought it in the period; equals by name.';
