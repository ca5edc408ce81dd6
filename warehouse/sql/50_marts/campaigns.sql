create or replace view marts.campaigns as
with lifts as (
    from segments.campaign_lifts
)

select
    *,
    lift * count_treated as extra,
    lift_low * count_treated as extra_low,
    lift_high * count_treated as extra_high,
    case
        when lift_low > 0 then 'more'
        when lift_high < 0 then 'less'
        when lift is not null then 'cannot be told'
    end as verdict
from lifts
order by campaign;

comment on view marts.campaigns is 'What campaigns brought: outcomes of those addressed less those of who was held out, with 95 % intervals, and whether that is more than chance. Empty where no results were given. Grain: one row per campaign.';
comment on column marts.campaigns.campaign is 'The campaign.';
comment on column marts.campaigns.outcome_kind is 'response (every outcome is 0 or 1) or amount.';
comment on column marts.campaigns.count_treated is 'Customers who were addressed.';
comment on column marts.campaigns.count_held_out is 'Customers who were held out.';
comment on column marts.campaigns.treated is 'Mean outcome of those addressed; null where there are none.';
comment on column marts.campaigns.held_out is 'Mean outcome of those held out; null where there are none.';
comment on column marts.campaigns.lift is 'The difference: where there are strata, that within them, weighted by their customers. Null where shortfall says why.';
comment on column marts.campaigns.lift_low is 'Lower end of its 95 % interval.';
comment on column marts.campaigns.lift_high is 'Upper end.';
comment on column marts.campaigns.relative_lift is 'The same as a share of what came of those held out; null where that is nothing.';
comment on column marts.campaigns.relative_lift_low is 'Lower end of its 95 % interval; null where either group brought nothing.';
comment on column marts.campaigns.relative_lift_high is 'Upper end.';
comment on column marts.campaigns.method is 'How the interval was made: Newcombe (responses) or Student (amounts), or either by strata.';
comment on column marts.campaigns.shortfall is 'Why the lift cannot be told; null where it can.';
comment on column marts.campaigns.extra is 'Responses, or amount, that those addressed brought more than they would have by themselves: lift times count_treated.';
comment on column marts.campaigns.extra_low is 'Lower end of its 95 % interval.';
comment on column marts.campaigns.extra_high is 'Upper end.';
comment on column marts.campaigns.verdict is 'more or less, where the interval of the lift is on one side of 0; otherwise cannot be told. Null where there is no lift.';
