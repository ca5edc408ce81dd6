create or replace view marts.playbook as
with profiles as (
    select
        *,
        case when effect_size >= 0.5 then 'high' when effect_size <= -0.5 then 'low' else 'average' end as level
    from marts.segment_feature_profiles
),

-- what the segments were made from
own as (
    select
        segmentation,
        feature
    from segments.scaling
    semi join segments.newest_run using (run_id)
),

conditions as (
    select
        *,
        count(*) over (partition by position) as count_conditions
    from segments.play_conditions
),

met as (
    select
        profiles.segmentation,
        profiles.algorithm,
        profiles.segment_id,
        conditions.position,
        any_value(conditions.count_conditions) as count_conditions,
        count(*) as count_met,
        bool_and(own.feature is not null) as is_own,
        list(profiles.feature order by abs(profiles.effect_size) desc, profiles.feature) as features,
        string_agg(
            columns.short_label || ' ' || profiles.level || ' (' || printf('%+.1f', profiles.effect_size) || ')', ', '
            order by abs(profiles.effect_size) desc, profiles.feature
        ) as because
    from profiles
    inner join conditions using (feature, level)
    inner join features.columns as columns on columns.column_name = profiles.feature
    left join own on profiles.segmentation = own.segmentation and profiles.feature = own.feature
    group by profiles.segmentation, profiles.algorithm, profiles.segment_id, conditions.position
),

fitting as (
    select
        segmentation,
        algorithm,
        segment_id,
        position,
        true as is_told,
        is_own,
        features,
        because
    from met
    where count_met = count_conditions

    union all

    select
        segments.segmentation,
        segments.algorithm,
        segments.segment_id,
        plays.position,
        false as is_told,
        false as is_own,
        [] as features,
        null as because
    from marts.segment_profiles as segments
    cross join segments.plays as plays
    anti join conditions using (position)
),

chosen as (
    from fitting
    qualify row_number() over (
        partition by segmentation, algorithm, segment_id
        order by is_told desc, is_own desc, position
    ) = 1
),

-- what they buy more than everyone: of products the surest, else of categories
offers as (
    select
        segmentation,
        algorithm,
        segment_id,
        item_name,
        lift,
        lift_low
    from marts.segment_products
    where verdict = 'more'
    qualify row_number() over (
        partition by segmentation, algorithm, segment_id
        order by item_kind desc, lift_low desc, item
    ) = 1
)

select
    segments.segmentation,
    segments.algorithm,
    segments.segment_id,
    segments.segment_name,
    segments.size,
    plays.play,
    plays.advice,
    chosen.because,
    chosen.features,
    offers.item_name as offer,
    offers.lift as offer_lift,
    offers.lift_low as offer_lift_low
from marts.segment_profiles as segments
left join chosen using (segmentation, algorithm, segment_id)
left join segments.plays as plays using (position)
left join offers using (segmentation, algorithm, segment_id)
order by segments.segmentation, segments.algorithm desc, segments.segment_id;

comment on view marts.playbook is 'What to do with each segment: the play of segments.plays that fits its measured profile. Of those that fit, one about the features the segments were made from goes first, then the order of the file; one without conditions only where no other fits. Grain: one row per segment of the newest run.';
comment on column marts.playbook.segmentation is 'Name of the feature list.';
comment on column marts.playbook.algorithm is 'kmeans or hierarchical.';
comment on column marts.playbook.segment_id is 'The segment.';
comment on column marts.playbook.segment_name is 'Its name.';
comment on column marts.playbook.size is 'Customers in it.';
comment on column marts.playbook.play is 'What to do; null where no play fits.';
comment on column marts.playbook.advice is 'The same, in sentences.';
comment on column marts.playbook.because is 'The features that made it fit, strongest first: high from half a standard deviation above everyone''s mean, low from half a one below; in brackets how many. Null where a play fits everybody.';
comment on column marts.playbook.features is 'The same features, as columns of marts.customers.';
comment on column marts.playbook.offer is 'The product, else the category, that the segment most surely buys more than everyone, as in marts.segment_products; null where there is none.';
comment on column marts.playbook.offer_lift is 'How many times as many of the segment buy it.';
comment on column marts.playbook.offer_lift_low is 'Lower end of the 95 % interval of that.';
