-- Nobody is recommended what they have bought, or one thing twice, and lifts are finite and within their intervals.
select
    'recommended and bought' as claim,
    recommended.customer_id,
    recommended.item
from marts.recommendations as recommended
semi join features.customer_items using (item_kind, customer_id, item)

union all

select
    'recommended twice' as claim,
    customer_id,
    item
from marts.recommendations
group by item_kind, customer_id, item
having count(*) > 1

union all

select
    'a lift that is none' as claim,
    null as customer_id,
    item
from marts.segment_products
where not coalesce(isfinite(lift) and lift_low <= lift and lift <= lift_high and lift_low >= 0, false)
