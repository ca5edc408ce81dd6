-- Do those who came in earlier quarters still buy?
-- Customers by the quarter of their first purchase; share_lately is of those who bought within the last 91 days of the
-- transactions. Who was there before the files begin counts for the first quarter. Change the 91 in the last step. Reads four
-- columns of every customer.
-- needs: transactions
with buyers as (
    from features.transaction_features
    where frequency > 0
),

observation as (
    from features.observation
)

select
    cast(date_trunc('quarter', observation.last_day - cast(buyers.tenure_days as integer)) as date) as first_quarter,
    count(*) as count_customers,
    count(*) filter (buyers.recency_days < 91) / count(*) as share_lately,
    avg(buyers.frequency) as mean_purchases,
    avg(buyers.monetary) as mean_spent,
    sum(buyers.monetary) as spent
from buyers
cross join observation
group by first_quarter
order by first_quarter
