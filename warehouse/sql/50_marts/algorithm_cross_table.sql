create or replace view marts.algorithm_cross_table as
with kmeans as (
    from segments.assignments
    where algorithm = 'kmeans'
),

hierarchical as (
    from segments.assignments
    where algorithm = 'hierarchical'
)

select
    kmeans.segmentation,
    kmeans.segment_id as kmeans_segment_id,
    hierarchical.segment_id as hierarchical_segment_id,
    count(*) as count_customers
from kmeans
inner join hierarchical using (segmentation, customer_id)
group by kmeans.segmentation, kmeans.segment_id, hierarchical.segment_id
order by kmeans.segmentation, kmeans_segment_id, hierarchical_segment_id;

comment on view marts.algorithm_cross_table is 'K-Means against Ward. Grain: one row per segmentation and pair of segments that share a customer.';
comment on column marts.algorithm_cross_table.segmentation is 'Name of the feature list.';
comment on column marts.algorithm_cross_table.kmeans_segment_id is 'The K-Means segment.';
comment on column marts.algorithm_cross_table.hierarchical_segment_id is 'The Ward segment.';
comment on column marts.algorithm_cross_table.count_customers is 'Customers in both.';
