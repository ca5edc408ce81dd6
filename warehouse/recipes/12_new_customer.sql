-- Which segment would a new customer be in?
-- Put people of your own into the first step; read_csv('new.csv') in its place scores a file in the duckdb client. A missing value
-- counts as the median, and a small margin says that the second segment is nearly as near.
-- needs: spending
with visitors as (
    select
        customer_id,
        age,
        annual_income_k,
        spending_score
    from (
        values
            ('earns much, spends little', 34, 95, 20),
            ('earns much, spends much', 31, 88, 85),
            ('income not known', 25, null, 75)
    ) as people (customer_id, age, annual_income_k, spending_score)
)

select
    customer_id,
    segmentation,
    segment_name,
    second_segment_name,
    distance,
    margin
from marts.score_customers('visitors')
where algorithm = 'kmeans'
order by segmentation, customer_id
