create or replace table segments.item_affinities (
    run_id integer not null,
    item_kind varchar not null,
    period varchar not null,
    item varchar not null,
    other_item varchar not null,
    weight decimal(18, 9) not null
);

comment on table segments.item_affinities is 'What having bought one item tells of another: the weights of segments.item_models, of each other_item the 20 that tell most. Grain: one row per kind of item, period and pair of items.';
comment on column segments.item_affinities.run_id is 'Number of the refresh.';
comment on column segments.item_affinities.item_kind is 'product or category.';
comment on column segments.item_affinities.period is 'whole or calibration.';
comment on column segments.item_affinities.item is 'What was bought.';
comment on column segments.item_affinities.other_item is 'What may be bought next.';
comment on column segments.item_affinities.weight is 'How much more a customer is expected to buy it: the weights of all that they bought add up to a score. Decimal, so that they add up to the same in any order.';
