create or replace macro marts.item_candidates(of_period, members := 'features.customer_items') as table
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

-- what may be recommended, by a number: its place by popularity
items as (
    select
        models.model_id,
        popularity.item,
        popularity.place as item_number
    from segments.item_popularity as popularity
    inner join models using (item_kind, period)
),

-- Weights as whole billionths: their sums are exact in whatever order. Of equals, `precedence` is of the most bought.
affinities as materialized (
    select
        models.model_id,
        items.item_number,
        others.item_number as other_number,
        cast(1000000000 * affinities.weight as double) as billionths,
        cast(1000000000 * affinities.weight as bigint) * 10000 - items.item_number as precedence
    from segments.item_affinities as affinities
    inner join models using (item_kind, period)
    inner join items on models.model_id = items.model_id and affinities.item = items.item
    inner join items as others on models.model_id = others.model_id and affinities.other_item = others.item
),

bought as (
    select
        models.model_id,
        models.count_listed,
        items.customer_id,
        items.item
    from features.customer_items as items
    semi join query_table(members) as chosen using (customer_id)
    inner join models on items.item_kind = models.item_kind and items.first_day <= models.last_day
),

-- a buyer by every model has a number
customers as materialized (
    select
        bought.model_id,
        bought.customer_id,
        row_number() over () as customer_number,
        any_value(bought.count_listed) as count_listed,
        count(items.item_number) as count_owned
    from bought
    left join items using (model_id, item)
    group by bought.model_id, bought.customer_id
),

owned as materialized (
    select
        bought.model_id,
        customers.customer_number,
        items.item_number
    from bought
    inner join customers using (model_id, customer_id)
    inner join items using (model_id, item)
),

-- one number for customer and item: it halves the time of what is by far the largest step
scored as materialized (
    select
        owned.customer_number * 10000 + affinities.other_number as pair,
        sum(affinities.billionths) as score,
        max(affinities.precedence) as precedence
    from owned
    inner join affinities using (model_id, item_number)
    group by pair
    having sum(affinities.billionths) > 0
),

own as (
    select
        scored.pair,
        scored.score,
        cast(10000 * ceil(scored.precedence / 10000) as bigint) - scored.precedence as because_number
    from scored
    inner join customers on scored.pair // 10000 = customers.customer_number
    anti join owned on scored.pair = owned.customer_number * 10000 + owned.item_number
    qualify
        row_number() over (partition by customers.customer_number order by scored.score desc, scored.pair) <= customers.count_listed
),

-- so many of the most bought that as many as are listed are left, whatever the customer has
popular as (
    select
        customers.customer_number * 10000 + items.item_number as pair,
        row_number() over (partition by customers.customer_number order by items.item_number) as popular_place
    from customers
    inner join items
        on
            customers.model_id = items.model_id
            and items.item_number <= customers.count_owned + customers.count_listed
    anti join owned on customers.customer_number = owned.customer_number and items.item_number = owned.item_number
    qualify popular_place <= customers.count_listed
),

merged as (
    select
        pair // 10000 as customer_number,
        pair % 10000 as item_number,
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
    group by pair
)

select
    models.item_kind,
    customers.customer_id,
    items.item,
    merged.score / 1000000000 as score,
    reasons.item as because_item,
    row_number() over (
        partition by merged.customer_number
        order by merged.score desc, merged.item_number
    ) as place,
    merged.popular_place
from merged
inner join customers using (customer_number)
inner join models using (model_id)
inner join items using (model_id, item_number)
left join items as reasons on customers.model_id = reasons.model_id and merged.because_number = reasons.item_number;

comment on macro table marts.item_candidates is 'What customers have not bought yet and may, by the models of of_period: whole or calibration; of everyone, or of the customers in members, the name of a table, view or common table expression with customer_id. item_kind is product or category; score adds up the weights, segments.item_affinities, of all that the customer did buy, and is 0 where that does not speak for the item; because_item is what of that has the greatest weight; place is by score, equals by popularity; popular_place is by the number of customers who bought it, null beyond what is listed. Empty where there is no model: segments.item_models says why. Grain: one row per kind of item, customer who bought any of that kind, and item that is high enough in either order to be listed.';
