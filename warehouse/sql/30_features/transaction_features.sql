-- depends on: features.observation
create or replace table features.transaction_features as
with customers as (
    from staging.customers
),

lines as (
    from features.transaction_lines
    where is_counted and customer_id is not null
),

observation as (
    from features.observation
),

purchases as (
    select
        customer_id,
        transaction_id,
        min(occurred_at) as bought_at,
        sum(amount) as amount
    from lines
    where line_kind = 'sale'
    group by customer_id, transaction_id
),

habits as (
    select
        customer_id,
        count(*) as frequency,
        cast(min(bought_at) as date) as first_day,
        cast(max(bought_at) as date) as last_day,
        count(distinct cast(bought_at as date)) as count_days,
        cast(sum(amount) as double) / count(*) as average_basket,
        avg(cast(isodow(bought_at) >= 6 as integer)) as weekend_share,
        avg(cast(hour(bought_at) < 12 as integer)) as morning_share,
        avg(cast(hour(bought_at) >= 18 as integer)) as evening_share
    from purchases
    group by customer_id
),

money as (
    select
        customer_id,
        cast(sum(amount) as double) as monetary,
        cast(coalesce(-sum(amount) filter (amount < 0), 0) as double) / nullif(cast(sum(amount) filter (amount > 0) as double), 0)
            as returns_share
    from lines
    group by customer_id
)

select
    customers.customer_id,
    cast(date_diff('day', habits.last_day, observation.last_day) as double) as recency_days,
    cast(coalesce(habits.frequency, 0) as double) as frequency,
    coalesce(money.monetary, 0) as monetary,
    cast(date_diff('day', habits.first_day, observation.last_day) as double) as tenure_days,
    habits.average_basket,
    date_diff('day', habits.first_day, habits.last_day) / nullif(cast(habits.count_days as double) - 1, 0) as interpurchase_days,
    money.returns_share,
    habits.weekend_share,
    case when observation.has_clock then habits.morning_share end as morning_share,
    case when observation.has_clock then habits.evening_share end as evening_share
from customers
cross join observation
left join habits using (customer_id)
left join money using (customer_id)
where observation.last_day is not null
order by customers.customer_id;

comment on table features.transaction_features is 'What each customer bought, when and how often; empty where no transactions were given. Grain: one row per customer, those who bought nothing among them.';
comment on column features.transaction_features.customer_id is 'The customer.';
comment on column features.transaction_features.recency_days is 'Days from the customer''s last purchase to the last day of the transactions, features.observation; null for who bought nothing.';
comment on column features.transaction_features.frequency is 'Transactions with a sale that was not undone; 0 for who bought nothing.';
comment on column features.transaction_features.monetary is 'What the customer spent, less returns and cancellations, without services, in the money of the source.';
comment on column features.transaction_features.tenure_days is 'Days from the customer''s first purchase to the last day of the transactions; null for who bought nothing.';
comment on column features.transaction_features.average_basket is 'Mean amount of a purchase, in the money of the source; null for who bought nothing.';
comment on column features.transaction_features.interpurchase_days is 'Mean days from one day with a purchase to the next; null for who bought on one day or never.';
comment on column features.transaction_features.returns_share is 'What came back of what was bought, by amount; above 1 where more came back than was bought in the time; null for who bought nothing.';
comment on column features.transaction_features.weekend_share is 'Share of the purchases made on a Saturday or Sunday, 0 to 1; null for who bought nothing.';
comment on column features.transaction_features.morning_share is 'Share of the purchases made before noon, 0 to 1; null for who bought nothing, or where the source gives no times of day.';
comment on column features.transaction_features.evening_share is 'Share of the purchases made from 18:00 on, 0 to 1; null for who bought nothing, or where the source gives no times of day.';
