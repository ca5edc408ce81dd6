create or replace table segments.campaign_lifts (
    campaign varchar not null,
    outcome_kind varchar not null,
    count_treated bigint not null,
    count_held_out bigint not null,
    treated double,
    held_out double,
    lift double,
    lift_low double,
    lift_high double,
    relative_lift double,
    relative_lift_low double,
    relative_lift_high double,
    method varchar not null,
    shortfall varchar
);

comment on table segments.campaign_lifts is 'What campaigns brought, measured in the newest refresh: the outcomes of those addressed less those of who was held out, with 95 % intervals. Grain: one row per campaign.';
comment on column segments.campaign_lifts.campaign is 'The campaign.';
comment on column segments.campaign_lifts.outcome_kind is 'response (every outcome is 0 or 1) or amount.';
comment on column segments.campaign_lifts.count_treated is 'Customers who were addressed.';
comment on column segments.campaign_lifts.count_held_out is 'Customers who were held out.';
comment on column segments.campaign_lifts.treated is 'Mean outcome of those addressed; null where there are none.';
comment on column segments.campaign_lifts.held_out is 'Mean outcome of those held out; null where there are none.';
comment on column segments.campaign_lifts.lift is 'The difference: where there are strata, that within them, weighted by their customers. Null where shortfall says why.';
comment on column segments.campaign_lifts.lift_low is 'Lower end of its 95 % interval.';
comment on column segments.campaign_lifts.lift_high is 'Upper end.';
comment on column segments.campaign_lifts.relative_lift is 'The same as a share of what came of those held out; null where that is nothing.';
comment on column segments.campaign_lifts.relative_lift_low is 'Lower end of its 95 % interval; null where either group brought nothing.';
comment on column segments.campaign_lifts.relative_lift_high is 'Upper end.';
comment on column segments.campaign_lifts.method is 'How the interval was made: Newcombe (responses) or Student (amounts), or either by strata.';
comment on column segments.campaign_lifts.shortfall is 'Why the lift cannot be told; null where it can.';
