create or replace table segments.retention_expectations (
    run_id integer not null,
    period varchar not null,
    repeat_days bigint not null,
    days_observed bigint not null,
    purchases_if_alive double not null
);

comment on table segments.retention_expectations is 'What segments.retention_models expect of customers who have not left: the part that is no formula in SQL. Grain: one row per period, number of repeat purchases and days observed that a customer has.';
comment on column segments.retention_expectations.run_id is 'Number of the refresh.';
comment on column segments.retention_expectations.period is 'whole or calibration.';
comment on column segments.retention_expectations.repeat_days is 'x: purchases after the first.';
comment on column segments.retention_expectations.days_observed is 'T: days from the first purchase to the end of the period.';
comment on column segments.retention_expectations.purchases_if_alive is 'Purchases to expect within the horizon of the model.';
