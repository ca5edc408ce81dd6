-- What could bring back the customers who are worth saving first?
-- The 20 with most at risk, and up to three products each that they have not bought and may want, the best first; because_name is
-- what they bought that speaks for it. Change how many in the steps retained and offers.
-- needs: transactions, retention, products, recommendations
with retained as (
    from marts.retention
    where saving_rank <= 20
),

models as (
    from segments.item_models
    where period = 'whole' and shortfall is null
),

offers as (
    from marts.recommendations
    where place <= 3 and item_kind = (select max(item_kind) from models)
)

select
    retained.saving_rank,
    retained.customer_id,
    retained.value_at_risk,
    offers.place,
    offers.item_name,
    offers.because_name
from retained
inner join offers using (customer_id)
order by retained.saving_rank, offers.place
