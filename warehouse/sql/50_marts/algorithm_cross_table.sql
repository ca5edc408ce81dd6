-- depends on: segments.runs
create or replace table marts.algorithm_cross_table as
with customers as (
    from marts.customers
),

pairs as (
    {% for segmentation in context.clusterings | map(attribute="segmentation") | unique %}
    select
        {{ segmentation | literal }} as segmentation,
        {{ segmentation }}_kmeans as kmeans_segment_id,
        {{ segmentation }}_hierarchical as hierarchical_segment_id,
        count(*) as count_customers
    from customers
    group by all
    union all
    {% endfor %}
    {# so that without any clustering there is a table still, empty #}
    select
        '' as segmentation,
        0 as kmeans_segment_id,
        0 as hierarchical_segment_id,
        0 as count_customers
    where false
)

select
    segmentation,
    kmeans_segment_id,
    hierarchical_segment_id,
    count_customers,
    2 * count_customers >= least(
        sum(count_customers) over (partition by segmentation, kmeans_segment_id),
        sum(count_customers) over (partition by segmentation, hierarchical_segment_id)
    ) as is_agreement
from pairs
order by segmentation, kmeans_segment_id, hierarchical_segment_id;

comment on table marts.algorithm_cross_table is 'K-Means against Ward. Grain: one row per segmentation and pair of segments that share a customer.';
comment on column marts.algorithm_cross_table.segmentation is 'Name of the feature list.';
comment on column marts.algorithm_cross_table.kmeans_segment_id is 'The K-Means segment.';
comment on column marts.algorithm_cross_table.hierarchical_segment_id is 'The Ward segment.';
comment on column marts.algorithm_cross_table.count_customers is 'Customers in both.';
comment on column marts.algorithm_cross_table.is_agreement is 'Whether the two segments share at least half of the customers of either, as one that is a part of the other does.';
