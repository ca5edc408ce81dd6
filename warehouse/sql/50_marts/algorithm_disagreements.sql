create or replace view marts.algorithm_disagreements as
with pairs as (
    from marts.algorithm_cross_table
    where not is_agreement
),

kmeans as (
    from segments.assignments
    where algorithm = 'kmeans'
),

hierarchical as (
    from segments.assignments
    where algorithm = 'hierarchical'
),

kmeans_segments as (
    from segments.segments
    semi join segments.newest_run using (run_id)
    where algorithm = 'kmeans'
),

hierarchical_segments as (
    from segments.segments
    semi join segments.newest_run using (run_id)
    where algorithm = 'hierarchical'
)

select
    pairs.segmentation,
    kmeans.customer_id,
    pairs.kmeans_segment_id,
    kmeans_segments.segment_name as kmeans_segment_name,
    pairs.hierarchical_segment_id,
    hierarchical_segments.segment_name as hierarchical_segment_name,
    kmeans.margin
from pairs
inner join kmeans
    on kmeans.segmentation = pairs.segmentation and kmeans.segment_id = pairs.kmeans_segment_id
inner join hierarchical
    on hierarchical.segmentation = pairs.segmentation and hierarchical.segment_id = pairs.hierarchical_segment_id
    and hierarchical.customer_id = kmeans.customer_id
inner join kmeans_segments
    on kmeans_segments.segmentation = pairs.segmentation and kmeans_segments.segment_id = pairs.kmeans_segment_id
inner join hierarchical_segments
    on hierarchical_segments.segmentation = pairs.segmentation
    and hierarchical_segments.segment_id = pairs.hierarchical_segment_id
order by pairs.segmentation, kmeans.margin desc, kmeans.customer_id;

comment on view marts.algorithm_disagreements is 'The customers on whom K-Means and Ward disagree: they are in two segments that do not go together, as neither holds half of the other. A finer cut of the same groups is no disagreement. Grain: one row per segmentation and such customer.';
comment on column marts.algorithm_disagreements.segmentation is 'Name of the feature list.';
comment on column marts.algorithm_disagreements.customer_id is 'The customer.';
comment on column marts.algorithm_disagreements.kmeans_segment_id is 'The K-Means segment.';
comment on column marts.algorithm_disagreements.kmeans_segment_name is 'Its name.';
comment on column marts.algorithm_disagreements.hierarchical_segment_id is 'The Ward segment.';
comment on column marts.algorithm_disagreements.hierarchical_segment_name is 'Its name.';
comment on column marts.algorithm_disagreements.margin is 'How much nearer the centre of the K-Means segment is than the next one, scaled units: a small one lies between two.';
