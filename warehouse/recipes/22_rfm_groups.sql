-- What are the RFM groups, and what are they worth?
-- The classic groups by fifths of recency, frequency and money: fixed rules, other than segments. spent is of all time, in the
-- money of the source, less returns. The rules are marts.rfm_groups. Reads three columns of every buyer.
-- needs: transactions
with buyers as (
    from marts.rfm
),

groups as (
    select
        group_name,
        any_value(meaning) as meaning
    from marts.rfm_groups
    group by group_name
)

select
    groups.group_name,
    groups.meaning,
    count(*) as count_customers,
    count(*) / sum(count(*)) over () as share_of_customers,
    sum(buyers.monetary) as spent,
    sum(buyers.monetary) / nullif(sum(sum(buyers.monetary)) over (), 0) as share_of_spent,
    avg(buyers.monetary) as mean_spent,
    avg(buyers.recency_days) as mean_recency_days
from buyers
inner join groups using (group_name)
group by groups.group_name, groups.meaning
order by spent desc, groups.group_name
