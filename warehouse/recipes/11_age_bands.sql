-- How many customers of each age band are in each segment?
-- A cross table made by pivot: change the bands, or put another column in the place of age. Every clustering is a column of
-- marts.customers, here spending_kmeans. Reads two columns of every customer; a missing age counts as the median.
-- needs: age, spending
with customers as (
    from marts.customers
),

segments as (
    from marts.segment_profiles
    where segmentation = 'spending' and algorithm = 'kmeans'
),

banded as (
    select
        spending_kmeans as segment_id,
        case
            when age < 25 then 'under_25'
            when age < 35 then 'from_25'
            when age < 45 then 'from_35'
            when age < 55 then 'from_45'
            when age < 65 then 'from_55'
            else 'from_65'
        end as age_band
    from customers
),

-- counted before the table is turned: a cell of it is one row, whose maximum is the count itself
counted as (
    select
        segment_id,
        age_band,
        count(*) as count_customers
    from banded
    group by segment_id, age_band
),

turned as (
    from counted
    pivot (
        coalesce(max(count_customers), 0)
        for age_band in ('under_25', 'from_25', 'from_35', 'from_45', 'from_55', 'from_65')
        group by segment_id
    )
)

select
    segments.segment_name,
    turned.* exclude (segment_id),
    segments.size as all_ages
from turned
inner join segments using (segment_id)
order by segments.size desc, segments.segment_name
