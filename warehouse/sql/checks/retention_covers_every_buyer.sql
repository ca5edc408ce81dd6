-- Where there is a model of retention, every customer who bought has one forecast of it, in whole probabilities and finite numbers.
with buyers as (
    select histories.customer_id
    from features.purchase_histories as histories
    inner join segments.retention_models as models using (period)
    where histories.period = 'whole' and models.r is not null
)

select
    coalesce(buyers.customer_id, retention.customer_id) as customer_id,
    retention.standing,
    retention.probability_alive,
    retention.probability_buys,
    retention.expected_purchases,
    retention.expected_amount,
    retention.value_at_risk
from buyers
full join marts.retention as retention using (customer_id)
where
    buyers.customer_id is null
    or retention.standing is null
    or not coalesce(retention.probability_alive between 0 and 1, false)
    or not coalesce(retention.probability_silence between 0 and 1, false)
    or not coalesce(retention.probability_buys between 0 and retention.probability_alive, false)
    or not coalesce(isfinite(retention.expected_purchases) and retention.expected_purchases >= 0, false)
    or not coalesce(isfinite(retention.expected_amount) and isfinite(retention.value_at_risk), true)
