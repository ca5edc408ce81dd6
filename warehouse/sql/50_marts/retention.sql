create or replace table marts.retention as
with predictions as (
    from marts.retention_predictions
    where period = 'whole'
),

standings as (
    select
        predictions.*,
        case when predictions.repeat_days = 0 then 'bought once' else standings.standing end as standing
    from predictions
    asof join marts.retention_standings as standings
        on predictions.probability_alive >= standings.least_probability
)

select
    customer_id,
    standing,
    case
        when standing = 'at risk'
            then row_number() over (
                partition by standing
                order by purchases_if_alive * (1 - probability_alive) * coalesce(expected_amount, 1) desc, customer_id
            )
    end as saving_rank,
    repeat_days + 1 as purchase_days,
    days_observed - days_to_last as days_since,
    probability_alive,
    probability_silence,
    probability_buys,
    expected_purchases,
    expected_amount,
    expected_purchases * expected_amount as expected_value,
    (1 - probability_alive) * purchases_if_alive * expected_amount as value_at_risk
from standings
order by customer_id;

comment on table marts.retention is 'Who still is a customer, and what they will be worth: BG/NBD and Gamma-Gamma, segments.retention_models, which also has the days that are forecast. Empty where no transactions were given or no model could be made. Grain: one row per customer who bought.';
comment on column marts.retention.customer_id is 'The customer.';
comment on column marts.retention.standing is 'active, at risk or gone, by marts.retention_standings; bought once where there is one day with a purchase, of whom the model cannot tell it.';
comment on column marts.retention.saving_rank is 'Place among those at risk by value at risk, from 1: who is worth saving first. Null for all others. Where there is no model of amounts, by purchases.';
comment on column marts.retention.purchase_days is 'Days with a purchase.';
comment on column marts.retention.days_since is 'Days from the last purchase to the last day of the transactions.';
comment on column marts.retention.probability_alive is 'Probability that the customer has not left, 0 to 1; 1 for who bought once, by the construction of the model, and for everybody where nobody is seen to leave (a of the model is 0).';
comment on column marts.retention.probability_silence is 'Probability that a customer with that history who has not left would have been silent for so long, 0 to 1: a small one means overdue.';
comment on column marts.retention.probability_buys is 'Probability of at least one purchase within the horizon, 0 to 1.';
comment on column marts.retention.expected_purchases is 'Days with a purchase to expect within the horizon.';
comment on column marts.retention.expected_amount is 'Mean amount to expect of such a day, in the money of the source, returns not deducted; null where there is no model of amounts.';
comment on column marts.retention.expected_value is 'What to expect of the customer within the horizon: purchases times amount.';
comment on column marts.retention.value_at_risk is 'What is missing from that because the customer may have left: what would be expected if they surely had not, less what is.';
