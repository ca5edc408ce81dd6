create or replace table marts.segment_category_profiles as
with customers as (
    from features.customer_features
),

{# one branch per category column, so that a file without any still gives a table, empty #}
facts as (
    {% for column in context.category %}
    select
        customer_id,
        {{ column.name | literal }} as feature,
        {{ column.name }} as value
    from customers
    union all
    {% endfor %}
    select
        customer_id,
        '' as feature,
        '' as value
    from customers
    where false
),

everyone as (
    select
        feature,
        value,
        count(*) / sum(count(*)) over (partition by feature) as share
    from facts
    group by feature, value
),

segments as (
    from segments.segments
    semi join segments.newest_run using (run_id)
),

per_segment as (
    select
        assignments.segmentation,
        assignments.algorithm,
        assignments.segment_id,
        facts.feature,
        facts.value,
        count(*) as count_customers
    from segments.assignments as assignments
    inner join facts using (customer_id)
    group by all
)

select
    segments.segmentation,
    segments.algorithm,
    segments.segment_id,
    everyone.feature,
    everyone.value,
    coalesce(per_segment.count_customers, 0) as count_customers,
    coalesce(per_segment.count_customers, 0) / segments.size as share,
    everyone.share as share_everyone
from segments
cross join everyone
left join per_segment using (segmentation, algorithm, segment_id, feature, value)
order by segments.segmentation, segments.algorithm desc, segments.segment_id, everyone.feature, everyone.value;

comment on table marts.segment_category_profiles is 'What each segment is like in each category, against everyone. Grain: one row per segmentation, algorithm, segment, category column and value.';
comment on column marts.segment_category_profiles.segmentation is 'Name of the feature list.';
comment on column marts.segment_category_profiles.algorithm is 'kmeans or hierarchical.';
comment on column marts.segment_category_profiles.segment_id is 'The segment.';
comment on column marts.segment_category_profiles.feature is 'A category column of features.customer_features.';
comment on column marts.segment_category_profiles.value is 'One of its values.';
comment on column marts.segment_category_profiles.count_customers is 'Customers of the segment with that value.';
comment on column marts.segment_category_profiles.share is 'Their share of the segment, 0 to 1.';
comment on column marts.segment_category_profiles.share_everyone is 'The share of that value among all customers, 0 to 1.';
