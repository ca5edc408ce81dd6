create or replace table segments.retention_models (
    run_id integer not null,
    period varchar not null,
    last_day date not null,
    horizon_days integer not null,
    count_customers bigint not null,
    count_repeating bigint not null,
    r double,
    alpha double,
    a double,
    b double,
    log_likelihood double,
    p double,
    q double,
    gamma double,
    amount_correlation double,
    shortfall varchar,
    amount_shortfall varchar
);

comment on table segments.retention_models is 'The models of retention of the newest run: BG/NBD says how often customers buy and whether they still do, Gamma-Gamma what a purchase is worth (both Fader, Hardie & Lee 2005). Times are in weeks. Empty where no transactions were given. Grain: one row per period of features.purchase_histories.';
comment on column segments.retention_models.run_id is 'Number of the refresh.';
comment on column segments.retention_models.period is 'whole: what is forecast today. calibration: fitted to the first two thirds of the time only, to be held against the rest.';
comment on column segments.retention_models.last_day is 'Last day of the period: what is forecast begins on the next.';
comment on column segments.retention_models.horizon_days is 'Days that are forecast: of the whole, 91, but no more than half as long as was observed; of the calibration period, all days that follow it.';
comment on column segments.retention_models.count_customers is 'Customers who bought in the period.';
comment on column segments.retention_models.count_repeating is 'Customers who bought on a second day.';
comment on column segments.retention_models.r is 'Shape of the gamma distribution of purchase rates; null, as are the three below, where there is no model.';
comment on column segments.retention_models.alpha is 'Its rate, in weeks: r / alpha is the mean number of purchases a week.';
comment on column segments.retention_models.a is 'First parameter of the beta distribution of the probability of leaving after a purchase; 0 where leaving fits no better than that everybody stays (by Akaike''s criterion).';
comment on column segments.retention_models.b is 'Second one: a / (a + b) is the mean probability.';
comment on column segments.retention_models.log_likelihood is 'Natural logarithm of the likelihood that was reached.';
comment on column segments.retention_models.p is 'Shape of the gamma distribution of the amounts of a customer; null, as are the two below, where there is no model of amounts.';
comment on column segments.retention_models.q is 'Shape of the gamma distribution over the customers of its rate.';
comment on column segments.retention_models.gamma is 'Rate of the latter, in the money of the source: p gamma / (q - 1) is the mean amount.';
comment on column segments.retention_models.amount_correlation is 'Correlation over the customers of how often they buy again with what they spend each time, -1 to 1; Gamma-Gamma takes it for 0.';
comment on column segments.retention_models.shortfall is 'Why there is no model, in words; null where there is one.';
comment on column segments.retention_models.amount_shortfall is 'Why there is no model of amounts, in words; null where there is one, or no model at all.';
