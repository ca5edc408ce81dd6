create or replace table marts.rfm as
with buyers as (
    select
        customer_id,
        recency_days,
        frequency,
        monetary
    from features.transaction_features
    where frequency > 0
),

-- fifths of the customers by rank: who is alike in a number is alike in its score
scored as (
    select
        *,
        cast(1 + floor(5 * (rank() over (order by recency_days desc) - 1) / count(*) over ()) as integer) as recency_score,
        cast(1 + floor(5 * (rank() over (order by frequency) - 1) / count(*) over ()) as integer) as frequency_score,
        cast(1 + floor(5 * (rank() over (order by monetary) - 1) / count(*) over ()) as integer) as monetary_score
    from buyers
)

select
    scored.customer_id,
    scored.recency_days,
    scored.frequency,
    scored.monetary,
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    scored.recency_score || '-' || scored.frequency_score || '-' || scored.monetary_score as rfm_cell,
    groups.group_name
from scored
inner join marts.rfm_groups as groups
    on scored.recency_score between groups.lowest_recency and groups.highest_recency
    and floor((scored.frequency_score + scored.monetary_score + 1) / 2) between groups.lowest_value and groups.highest_value
order by scored.customer_id;

comment on table marts.rfm is 'The classic view of buyers by recency, frequency and monetary value, each in fifths; empty where no transactions were given. Fixed rules, not found in the data: segments are in marts.customer_segments. Grain: one row per customer who bought.';
comment on column marts.rfm.customer_id is 'The customer.';
comment on column marts.rfm.recency_days is 'Days since the last purchase.';
comment on column marts.rfm.frequency is 'Purchases.';
comment on column marts.rfm.monetary is 'What was spent, in the money of the source.';
comment on column marts.rfm.recency_score is '5 for the fifth who bought last, 1 for the fifth who bought longest ago. Customers with equal days have equal scores, so that the fifths are not equally large.';
comment on column marts.rfm.frequency_score is '5 for the fifth with the most purchases, 1 for that with the fewest; equal numbers, equal scores.';
comment on column marts.rfm.monetary_score is '5 for the fifth that spent most, 1 for that which spent least; equal sums, equal scores.';
comment on column marts.rfm.rfm_cell is 'The three scores side by side, e.g. 5-1-3.';
comment on column marts.rfm.group_name is 'The group, by marts.rfm_groups.';
