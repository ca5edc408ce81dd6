-- What did each segment buy, month by month?
-- Sales less returns, of the weeks that the transactions span fully: a week counts for the month in which it begins. Segments hold
-- those who are in them now; nobody known is what no customer of a segment bought. Change the clustering in the first step.
-- needs: transactions
with clustering as (
    -- another one: where segmentation = 'lifestyle' and algorithm = 'hierarchical'
    select
        segmentation,
        algorithm
    from marts.clusterings
    where algorithm = 'kmeans'
    order by segmentation_position
    limit 1
),

sales as (
    from marts.sales_forecast
    where not is_forecast
),

segments as (
    from marts.segment_profiles
),

months as (
    select
        cast(date_trunc('month', sales.period_start) as date) as month,
        coalesce(segments.segment_name, 'nobody known') as segment_name,
        sum(sales.amount) as amount
    from sales
    semi join clustering using (segmentation, algorithm)
    left join segments using (segmentation, algorithm, segment_id)
    group by month, coalesce(segments.segment_name, 'nobody known')
)

select
    month,
    segment_name,
    amount,
    amount / nullif(sum(amount) over (partition by month), 0) as share_of_month
from months
order by month desc, amount desc, segment_name
