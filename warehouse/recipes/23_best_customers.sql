-- How much of the sales do the best customers bring?
-- Fifths of the buyers by what they spent, the best first; running_share adds up from the top. Who spent the same is in the same
-- fifth, so that fifths may differ in size. Reads two columns of every buyer.
-- needs: transactions
with buyers as (
    from marts.rfm
),

fifths as (
    select
        6 - monetary_score as fifth,
        count(*) as count_customers,
        sum(monetary) as spent,
        min(monetary) as least_spent
    from buyers
    group by monetary_score
)

select
    fifth,
    count_customers,
    least_spent,
    spent,
    spent / nullif(sum(spent) over (), 0) as share,
    sum(spent) over (order by fifth) / nullif(sum(spent) over (), 0) as running_share
from fifths
order by fifth
