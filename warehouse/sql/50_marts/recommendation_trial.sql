create or replace table marts.recommendation_trial as
with models as (
    from segments.item_models
    where period = 'calibration' and shortfall is null
),

bought as (
    select
        models.item_kind,
        items.customer_id,
        items.item,
        items.first_day > models.last_day as is_new
    from features.customer_items as items
    inner join models on items.item_kind = models.item_kind
),

-- Who bought before and then something new: what they bought is what should have been offered. Of many some are taken, by another
-- order than that in which the models took theirs.
came as (
    select
        item_kind,
        customer_id,
        count(*) filter (is_new) as count_new
    from bought
    group by item_kind, customer_id
    having bool_or(is_new) and not bool_and(is_new)
    qualify
        row_number() over (partition by item_kind order by hash('trial', customer_id), customer_id) <= {{ context.customers_tried }}
),

members as (
    select distinct customer_id
    from came
),

hits as (
    select
        candidates.item_kind,
        candidates.customer_id,
        count(*) filter (candidates.place <= models.count_listed) as ours,
        count(candidates.popular_place) as popular
    from marts.item_candidates('calibration', members := 'members') as candidates
    inner join models using (item_kind)
    inner join bought using (item_kind, customer_id, item)
    where bought.is_new
    group by candidates.item_kind, candidates.customer_id
),

told as (
    select
        came.item_kind,
        came.count_new,
        coalesce(hits.ours, 0) as ours,
        coalesce(hits.popular, 0) as popular,
        cast(coalesce(hits.ours, 0) > 0 as integer) - cast(coalesce(hits.popular, 0) > 0 as integer) as difference
    from came
    left join hits using (item_kind, customer_id)
)

select
    told.item_kind,
    any_value(models.count_listed) as count_listed,
    count(*) as count_customers,
    avg(cast(ours > 0 as integer)) as hit_rate,
    avg(cast(popular > 0 as integer)) as popular_hit_rate,
    avg(ours / count_new) as recall,
    avg(popular / count_new) as popular_recall,
    avg(difference) as difference,
    stddev_samp(difference) / sqrt(count(*)) as difference_error,
    case
        when avg(difference) > 1.96 * stddev_samp(difference) / sqrt(count(*)) then 'better'
        when avg(difference) < -1.96 * stddev_samp(difference) / sqrt(count(*)) then 'worse'
        else 'alike'
    end as verdict
from told
inner join models using (item_kind)
group by told.item_kind
order by told.item_kind desc;

comment on table marts.recommendation_trial is 'How good recommendations are: models of the first two thirds of the time, against what customers then bought that they had not bought before; beside it what offering everybody the most bought would have done. Empty where there is no such model. Grain: one row per kind of item.';
comment on column marts.recommendation_trial.item_kind is 'product or category.';
comment on column marts.recommendation_trial.count_listed is 'Items that were recommended to each.';
comment on column marts.recommendation_trial.count_customers is 'Customers who bought before and something new afterwards; of more than 100,000 by each kind, so many by chance.';
comment on column marts.recommendation_trial.hit_rate is 'Share of them who bought any of the items recommended to them, 0 to 1.';
comment on column marts.recommendation_trial.popular_hit_rate is 'The same, had they been recommended the most bought items that they did not have.';
comment on column marts.recommendation_trial.recall is 'Share of the new items of a customer that had been recommended, on average, 0 to 1.';
comment on column marts.recommendation_trial.popular_recall is 'The same of the most bought items.';
comment on column marts.recommendation_trial.difference is 'hit_rate less popular_hit_rate.';
comment on column marts.recommendation_trial.difference_error is 'Its standard error: both lists are of the same customers.';
comment on column marts.recommendation_trial.verdict is 'better or worse than the most bought items, where the difference is beyond chance (95 %); else alike.';
