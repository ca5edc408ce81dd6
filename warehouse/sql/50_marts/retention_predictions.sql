create or replace view marts.retention_predictions as
with histories as (
    select
        histories.*,
        models.* exclude (run_id, period, last_day, horizon_days, count_customers, count_repeating),
        models.horizon_days / 7 as horizon,
        histories.days_to_last / 7 as last,
        histories.days_observed / 7 as observed,
        expectations.purchases_if_alive
    from features.purchase_histories as histories
    inner join segments.retention_models as models using (period)
    inner join segments.retention_expectations as expectations using (period, repeat_days, days_observed)
),

-- Silence is what the model weighs: how probable one that long is of who has not left. Who bought once cannot have left: the
-- model lets customers leave after a repeat purchase only.
silent as (
    select
        *,
        (r + repeat_days) * ln((alpha + last) / (alpha + observed)) as log_silence
    from histories
),

alive as (
    select
        *,
        case
            when repeat_days = 0 or a = 0 then 1
            else 1 / (1 + exp(least(700, ln(a / (b + repeat_days - 1)) - log_silence)))
        end as probability_alive,
        1 - exp((r + repeat_days) * ln((alpha + observed) / (alpha + observed + horizon))) as buys_if_alive
    from silent
)

select
    period,
    customer_id,
    repeat_days,
    days_to_last,
    days_observed,
    later_days,
    later_amount,
    probability_alive,
    exp(log_silence) as probability_silence,
    probability_alive * buys_if_alive as probability_buys,
    purchases_if_alive,
    probability_alive * purchases_if_alive as expected_purchases,
    p * (gamma + repeat_days * coalesce(repeat_amount, 0)) / (p * repeat_days + q - 1) as expected_amount
from alive;

comment on view marts.retention_predictions is 'What the models of retention say of every customer, of today and, for a trial, of the calibration period. Empty where there is no model: segments.retention_models says why. Grain: one row per period and customer who bought in it.';
comment on column marts.retention_predictions.period is 'whole or calibration, as in features.purchase_histories.';
comment on column marts.retention_predictions.customer_id is 'The customer.';
comment on column marts.retention_predictions.repeat_days is 'Days with a purchase after the first such day.';
comment on column marts.retention_predictions.days_to_last is 'Days from the first purchase to the last.';
comment on column marts.retention_predictions.days_observed is 'Days from the first purchase to the end of the period.';
comment on column marts.retention_predictions.later_days is 'Days with a purchase after the period: what really came.';
comment on column marts.retention_predictions.later_amount is 'What was bought then.';
comment on column marts.retention_predictions.probability_alive is 'Probability that the customer has not left, 0 to 1: BG/NBD. 1 for who bought on one day, of whom the model says it by construction, and for everybody where a of the model is 0: nobody is seen to leave.';
comment on column marts.retention_predictions.probability_silence is 'Probability that a customer with that history who has not left would not have bought since their last purchase, 0 to 1.';
comment on column marts.retention_predictions.probability_buys is 'Probability of at least one purchase within the horizon, 0 to 1.';
comment on column marts.retention_predictions.purchases_if_alive is 'Purchases to expect within the horizon if the customer has not left.';
comment on column marts.retention_predictions.expected_purchases is 'The same times the probability of that.';
comment on column marts.retention_predictions.expected_amount is 'Mean amount to expect of a purchase, in the money of the source: Gamma-Gamma; null where there is no model of amounts.';
