-- Every campaign that has results stands in marts.campaigns once, and its lift lies within its interval or there is a reason why not.
with told as (
    select
        campaign,
        count(*) as count_rows,
        bool_and(
            case
                when shortfall is null
                    then lift_low <= lift and lift <= lift_high and isfinite(lift_low) and isfinite(lift_high)
                else lift is null
            end
        ) as is_sound
    from marts.campaigns
    group by campaign
),

given as (
    select distinct campaign
    from staging.results
)

select
    campaign,
    told.count_rows,
    told.is_sound
from given
full join told using (campaign)
where coalesce(told.count_rows, 0) <> 1 or not coalesce(told.is_sound, false)
