-- Which campaigns brought more than would have come by itself?
-- lift is the mean outcome of those addressed less that of those held out, with its 95 % interval, and extra the same for all
-- addressed together. Where the verdict is "cannot be told", the difference may be chance, or shortfall says what is lacking.
-- needs: results
with campaigns as (
    from marts.campaigns
)

select
    campaign,
    verdict,
    outcome_kind,
    count_treated,
    count_held_out,
    treated,
    held_out,
    lift,
    lift_low,
    lift_high,
    extra,
    method,
    shortfall
from campaigns
order by campaign
