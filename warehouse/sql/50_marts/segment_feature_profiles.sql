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
            {% for column in context.numeric %}
            {{ column.name }}{{ "," if not loop.last }}
            {% endfor %}
        )
    )
),

everyone as (
    select
        feature,
        avg(value) as mean,
        median(value) as median,
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
        quantile_cont(facts.value, 0.75) as upper_quartile
    from segments.assignments as assignments
    inner join facts using (customer_id)
    group by all
)

select
    per_segment.segmentation,
    per_segment.algorithm,
    per_segment.segment_id,
    per_segment.feature,
    per_segment.mean,
    per_segment.median,
    per_segment.lower_quartile,
    per_segment.upper_quartile,
    everyone.mean as mean_everyone,
    everyone.median as median_everyone,
    per_segment.mean - everyone.mean as difference,
    coalesce((per_segment.mean - everyone.mean) / nullif(everyone.standard_deviation, 0), 0) as effect_size
from per_segment
inner join everyone using (feature)
order by per_segment.segmentation, per_segment.algorithm desc, per_segment.segment_id, per_segment.feature;

comment on table marts.segment_feature_profiles is 'What each segment is like in each number, against everyone. Grain: one row per segmentation, algorithm, segment and feature.';
comment on column marts.segment_feature_profiles.segmentation is 'Name of the feature list.';
comment on column marts.segment_feature_profiles.algorithm is 'kmeans or hierarchical.';
comment on column marts.segment_feature_profiles.segment_id is 'The segment.';
comment on column marts.segment_feature_profiles.feature is 'A numeric column of features.customer_features, clustered on or not.';
comment on column marts.segment_feature_profiles.mean is 'Mean of the segment, in the feature''s unit.';
comment on column marts.segment_feature_profiles.median is 'Median of the segment.';
comment on column marts.segment_feature_profiles.lower_quartile is 'A quarter of the segment lies at or below this value.';
comment on column marts.segment_feature_profiles.upper_quartile is 'A quarter of the segment lies at or above this value.';
comment on column marts.segment_feature_profiles.mean_everyone is 'Mean of all customers.';
comment on column marts.segment_feature_profiles.median_everyone is 'Median of all customers.';
comment on column marts.segment_feature_profiles.difference is 'Mean of the segment minus mean of all customers.';
comment on column marts.segment_feature_profiles.effect_size is 'The difference in standard deviations of all customers.';
