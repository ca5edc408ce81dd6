{% import "macros.sql" as sql %}
-- depends on: segments.runs, features.columns
-- One feature after the other: an exact quantile holds all values of its group in memory.
create or replace temporary table feature_statistics (
    segmentation varchar,
    algorithm varchar,
    segment_id integer,
    feature varchar,
    mean double,
    quartiles double[],
    standard_deviation double,
    mean_seen double
);

{% for column in context.features %}
insert into feature_statistics
select
    case
        {% for clustering in context.clusterings %}
        when grouping({{ clustering.dimension }}) = 0 then {{ clustering.segmentation | literal }}
        {% endfor %}
    end as segmentation,
    case
        {% for clustering in context.clusterings %}
        when grouping({{ clustering.dimension }}) = 0 then {{ clustering.algorithm | literal }}
        {% endfor %}
    end as algorithm,
    coalesce({{ context.clusterings | join(", ", attribute="dimension") }}) as segment_id,
    {{ column.name | literal }} as feature,
    avg({{ column.name }}) as mean,
    quantile_cont({{ column.name }}, [0.25, 0.5, 0.75]) as quartiles,
    stddev_pop({{ column.name }}) as standard_deviation,
    avg({{ sql.transformed(column, column.name) }}) as mean_seen
from marts.customers
group by grouping sets (
    (),
    {% for clustering in context.clusterings %}
    ({{ clustering.dimension }}){{ "," if not loop.last }}
    {% endfor %}
);

{% endfor %}
create or replace table marts.segment_feature_profiles as
with everyone as (
    from feature_statistics
    where segment_id is null
),

-- mean and deviation of everyone, as the models see them
scaling as (
    from features.scaling
),

compared as (
    select
        own.segmentation,
        own.algorithm,
        own.segment_id,
        own.feature,
        own.mean,
        own.quartiles[2] as median,
        own.quartiles[1] as lower_quartile,
        own.quartiles[3] as upper_quartile,
        own.standard_deviation,
        everyone.mean as mean_everyone,
        everyone.quartiles[2] as median_everyone,
        everyone.quartiles[1] as lower_quartile_everyone,
        everyone.quartiles[3] as upper_quartile_everyone,
        own.mean - everyone.mean as difference,
        coalesce((own.mean_seen - scaling.mean) / nullif(scaling.standard_deviation, 0), 0) as effect_size
    from feature_statistics as own
    inner join everyone using (feature)
    inner join scaling using (feature)
    where own.segment_id is not null
)

select
    *,
    row_number() over (
        partition by segmentation, algorithm, segment_id
        order by abs(effect_size) desc, feature
    ) as effect_rank
from compared
order by segmentation, algorithm desc, segment_id, feature;

drop table feature_statistics;

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
