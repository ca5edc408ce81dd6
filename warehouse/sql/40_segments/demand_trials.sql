create or replace table segments.demand_trials (
    run_id integer not null,
    item_kind varchar not null,
    count_periods integer not null,
    service_level double not null,
    count_tried bigint not null,
    lasted double not null,
    fill_rate double
);

comment on table segments.demand_trials is 'How far the pieces said to be needed would have lasted: forecast from several past times by what was known then, and held against what was asked for. Grain: one row per kind of item, number of periods and service level.';
comment on column segments.demand_trials.run_id is 'Number of the refresh.';
comment on column segments.demand_trials.item_kind is 'product or category.';
comment on column segments.demand_trials.count_periods is 'Periods ahead, taken together.';
comment on column segments.demand_trials.service_level is 'Probability that was asked for, 0 to 1.';
comment on column segments.demand_trials.count_tried is 'Items times the times they were tried from.';
comment on column segments.demand_trials.lasted is 'Share of these in which the pieces lasted, 0 to 1.';
comment on column segments.demand_trials.fill_rate is 'Share of all pieces asked for that would have been there, 0 to 1; null where nothing was asked for.';
