create or replace view marts.customer_segments as
with assignments as (
    from segments.assignments
),

segments as (
    from segments.segments
    semi join segments.newest_run using (run_id)
),

customers as (
    from features.customer_features
)

select
    assignments.customer_id,
    assignments.segmentation,
    assignments.algorithm,
    assignments.segment_id,
    segments.segment_name,
    assignments.second_segment_id,
    {% for column in context.category %}
    customers.{{ column.name }},
    {% endfor %}
    {% for column in context.features %}
    customers.{{ column.name }},
    {% endfor %}
    assignments.distance,
    assignments.margin,
    assignments.silhouette
from assignments
inner join segments using (run_id, segmentation, algorithm, segment_id)
inner join customers using (customer_id);

comment on view marts.customer_segments is 'Every customer with the segment and what we know of them. Grain: one row per customer, segmentation and algorithm.';
comment on column marts.customer_segments.customer_id is 'The customer''s id in the source, as text.';
comment on column marts.customer_segments.segmentation is 'Name of the feature list.';
comment on column marts.customer_segments.algorithm is 'kmeans or hierarchical.';
comment on column marts.customer_segments.segment_id is 'The customer''s segment.';
comment on column marts.customer_segments.segment_name is 'What sets the segment apart, in words.';
comment on column marts.customer_segments.second_segment_id is 'The nearest other segment.';
{% for column in context.category + context.features %}
comment on column marts.customer_segments.{{ column.name }} is {{ (column.title ~ "; filled in where the source has none.") | literal }};
{% endfor %}
comment on column marts.customer_segments.distance is 'Distance to the centroid of the segment, scaled units.';
comment on column marts.customer_segments.margin is 'How much nearer that centroid is than the next one, scaled units.';
comment on column marts.customer_segments.silhouette is 'Silhouette width of the customer, -1 to 1; null outside the sample.';
