create or replace macro marts.item_candidates(of_period) as table
with models as (
    select
        row_number() over (order by item_kind) as model_id,
        item_kind,
        period,
        last_day,
        count_listed
    from segments.item_models
    where shortfall is null and period = of_period
),

bought as (
    select
        models.model_id,
        items.item,
        items.customer_id
    from features.customer_items as items
    inner join models on items.item_kind = models.item_kind and items.first_day <= models.last_day
),

-- what may be recommended, by a number: its place by popularity
items as (
    select
        model_id,
        item,
        row_number() over (partition by model_id order by count(*) desc, item) as item_number
    from bought
    semi join (
        select
            models.model_id,
            affinities.other_item as item
        from segments.item_affinities as affinities
        inner join models using (item_kind, period)
    ) as recommended using (model_id, item)
    group by model_id, item
),

affinities as (
    select
        models.model_id,
        items.item_number,
        others.item_number as other_number,
        affinities.weight,
        cast(1000000000 * affinities.weight as bigint) * 10000 - items.item_number as precedence  -- of equals the most bought
    from segments.item_affinities as affinities
    inner join models using (item_kind, period)
    inner join items on models.model_id = items.model_id and affinities.item = items.item
    inner join items as others on models.model_id = others.model_id and affinities.other_item = others.item
),

customers as (
    select
        bought.model_id,
        bought.customer_id,
        row_number() over () as customer_number,
        any_value(models.count_listed) as count_listed,
        count(items.item_number) as count_owned
    from bought
    inner join models using (model_id)
    left join items using (model_id, item)
    group by bought.model_id, bought.customer_id
),

owned as (
    select
        customers.model_id,
        customers.customer_number,
        customers.count_listed,
        items.item_number
    from bought
    inner join customers using (model_id, customer_id)
    inner join items using (model_id, item)
),

scored as (
    select
        owned.model_id,
        owned.customer_number,
        any_value(owned.count_listed) as count_listed,
        affinities.other_number as item_number,
        sum(affinities.weight) as score,
        max(affinities.precedence) as precedence
    from owned
    inner join affinities using (model_id, item_number)
    group by owned.model_id, owned.customer_number, affinities.other_number
    having sum(affinities.weight) > 0
),

own as (
    select
        model_id,
        customer_number,
        item_number,
        score,
        cast(10000 * ceil(precedence / 10000) as bigint) - precedence as because_number
    from scored
    anti join owned using (model_id, customer_number, item_number)
    qualify row_number() over (partition by model_id, customer_number order by score desc, item_number) <= count_listed
),

-- so many of the most bought that as many as are listed are left, whatever the customer has
popular as (
    select
        customers.model_id,
        customers.customer_number,
        items.item_number,
        row_number() over (partition by customers.model_id, customers.customer_number order by items.item_number) as popular_place
    from customers
    inner join items
        on
            customers.model_id = items.model_id
            and items.item_number <= customers.count_owned + customers.count_listed
    anti join owned
        on
            customers.model_id = owned.model_id
            and customers.customer_number = owned.customer_number
            and items.item_number = owned.item_number
    qualify popular_place <= customers.count_listed
),

merged as (
    select
        model_id,
        customer_number,
        item_number,
        max(score) as score,
        max(because_number) as because_number,
        max(popular_place) as popular_place
    from (
        from own
        union all by name
        select
            *,
            0 as score
        from popular
    ) as either
    group by model_id, customer_number, item_number
)

select
    models.item_kind,
    customers.customer_id,
    items.item,
    cast(merged.score as double) as score,
    reasons.item as because_item,
    row_number() over (
        partition by merged.model_id, merged.customer_number
        order by merged.score desc, merged.item_number
    ) as place,
    merged.popular_place
from merged
inner join models using (model_id)
inner join customers using (model_id, customer_number)
inner join items using (model_id, item_number)
left join items as reasons on merged.model_id = reasons.model_id and merged.because_number = reasons.item_number;

comment on macro table marts.item_candidates is 'What customers have not bought yet and may, by the models of of_period: whole or calibration. item_kind is product or category; score adds up the weights, segments.item_affinities, of all that the customer did buy, and is 0 where that does not speak for the item; because_item is what of that has the greatest weight; place is by score, equals by popularity; popular_place is by the number of customers who bought it, null beyond what is listed. Empty where there is no model: segments.item_models says why. Grain: one row per kind of item, customer who bought any of that kind, and item that is high enough in either order to be listed.';
