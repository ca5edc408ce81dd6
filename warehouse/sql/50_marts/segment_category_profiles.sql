-- depends on: segments.runs
create or replace table marts.segment_category_profiles as
with customers as (
    from marts.customers
),

{# one branch per category column, so that a file without any still gives a table, empty #}
counted as (
    {% for column in context.category %}
    select
        {{ column.name | literal }} as feature,
        {{ column.name }} as value,
        {% for clustering in context.clusterings %}
        {{ clustering.dimension }},
        {% endfor %}
        count(*) as count_customers
    from customers
    group by all
    union all
    {% endfor %}
    select
        '' as feature,
        '' as value,
        {% for clustering in context.clusterings %}
        {{ clustering.dimension }},
        {% endfor %}
        0 as count_customers
    from customers
    where false
),

everyone as (
    select
        feature,
        value,
        sum(count_customers) / sum(sum(count_customers)) over (partition by feature) as share
    from counted
    group by feature, value
),

segments as (
    from segments.segments
    semi join segments.newest_run using (run_id)
),

per_segment as (
    {% for clustering in context.clusterings %}
    select
        {{ clustering.segmentation | literal }} as segmentation,
        {{ clustering.algorithm | literal }} as algorithm,
        {{ clustering.dimension }} as segment_id,
        feature,
        value,
        cast(sum(count_customers) as bigint) as count_customers
    from counted
    group by all
    {{ "union all" if not loop.last }}
    {% endfor %}
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
