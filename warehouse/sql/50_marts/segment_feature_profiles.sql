{% import "macros.sql" as sql %}
create or replace table marts.segment_feature_profiles as
with customers as (
    from features.customer_features
),

facts as (
    select
        customer_id,
        feature,
        value
    from customers
    unpivot (
        value for feature in (
            {% for column in context.features %}
            {{ column.name }}{{ "," if not loop.last }}
            {% endfor %}
        )
    )
),

-- mean and deviation of everyone, as the models see them
scaling as (
    from features.scaling
),

everyone as (
    select
        feature,
        avg(value) as mean,
        median(value) as median,
        quantile_cont(value, 0.25) as lower_quartile,
        quantile_cont(value, 0.75) as upper_quartile,
        stddev_pop(value) as standard_deviation
    from facts
    group by feature
),

per_segment as (
    select
        assignments.segmentation,
        assignments.algorithm,
        assignments.segment_id,
        facts.feature,
        avg(facts.value) as mean,
        median(facts.value) as median,
        quantile_cont(facts.value, 0.25) as lower_quartile,
        quantile_cont(facts.value, 0.75) as upper_quartile,
        stddev_pop(facts.value) as standard_deviation,
        avg(
            case
                when scaling.scale = 'log' then {{ sql.transformed({"scale": "log"}, "facts.value") }}
                else facts.value
            end
        ) as mean_seen
    from segments.assignments as assignments
    inner join facts using (customer_id)
    inner join scaling using (feature)
    group by all
),

compared as (
    select
        per_segment.* exclude (mean_seen),
        everyone.mean as mean_everyone,
        everyone.median as median_everyone,
        everyone.lower_quartile as lower_quartile_everyone,
        everyone.upper_quartile as upper_quartile_everyone,
        per_segment.mean - everyone.mean as difference,
        coalesce((per_segment.mean_seen - scaling.mean) / nullif(scaling.standard_deviation, 0), 0) as effect_size
    from per_segment
    inner join everyone using (feature)
    inner join scaling using (feature)
)

select
    segmentation,
    algorithm,
    segment_id,
    feature,
    mean,
    median,
    lower_quartile,
    upper_quartile,
    standard_deviation,
    mean_everyone,
    median_everyone,
    lower_quartile_everyone,
    upper_quartile_everyone,
    difference,
    effect_size,
    row_number() over (
        partition by segmentation, algorithm, segment_id
        order by abs(effect_size) desc, feature
    ) as effect_rank
from compared
order by segmentation, algorithm desc, segment_id, feature;

comment on table marts.segment_feature_profiles is 'What each segment is like in each number, against everyone. Grain: one row per segmentation, algorithm, segment and feature.';
comment on column marts.segment_feature_profiles.segmentation is 'Name of the feature list.';
comment on column marts.segment_feature_profiles.algorithm is 'kmeans or hierarchical.';
comment on column marts.segment_feature_profiles.segment_id is 'The segment.';
comment on column marts.segment_feature_profiles.feature is 'A numeric column of features.customer_features, clustered on or not.';
comment on column marts.segment_feature_profiles.mean is 'Mean of the segment, in the feature''s unit.';
comment on column marts.segment_feature_profiles.median is 'Median of the segment.';
comment on column marts.segment_feature_profiles.lower_quartile is 'A quarter of the segment lies at or below this value.';
comment on column marts.segment_feature_profiles.upper_quartile is 'A quarter of the segment lies at or above this value.';
comment on column marts.segment_feature_profiles.standard_deviation is 'Population standard deviation of the segment.';
comment on column marts.segment_feature_profiles.mean_everyone is 'Mean of all customers.';
comment on column marts.segment_feature_profiles.median_everyone is 'Median of all customers.';
comment on column marts.segment_feature_profiles.lower_quartile_everyone is 'A quarter of all customers lies at or below this value.';
comment on column marts.segment_feature_profiles.upper_quartile_everyone is 'A quarter of all customers lies at or above this value.';
comment on column marts.segment_feature_profiles.difference is 'Mean of the segment minus mean of all customers.';
comment on column marts.segment_feature_profiles.effect_size is 'The difference in standard deviations of all customers.';
comment on column marts.segment_feature_profiles.effect_rank is 'Place of the feature among those of the segment by the size of that, from 1: what sets the segment apart most.';
