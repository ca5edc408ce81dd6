create or replace table segments.assignments (
    run_id integer not null,
    customer_id varchar not null using compression zstd,  -- written twice as quickly as by what DuckDB would choose
    segmentation varchar not null,
    algorithm varchar not null,
    segment_id integer not null,
    second_segment_id integer not null,
    leaf_id integer,
    distance double not null,
    margin double not null,
    silhouette double,
    from_run_id integer not null
);

comment on table segments.assignments is 'Who is where, in the newest run. Grain: one row per customer, segmentation and algorithm.';
comment on column segments.assignments.run_id is 'Number of the refresh.';
comment on column segments.assignments.customer_id is 'The customer.';
comment on column segments.assignments.segmentation is 'Name of the feature list.';
comment on column segments.assignments.algorithm is 'kmeans or hierarchical.';
comment on column segments.assignments.segment_id is 'The customer''s segment.';
comment on column segments.assignments.second_segment_id is 'The nearest other segment, by distance to its centroid.';
comment on column segments.assignments.leaf_id is 'The leaf of the dendrogram (segments.merges) that holds the customer, from 0; null for kmeans.';
comment on column segments.assignments.distance is 'Euclidean distance to the centroid of the customer''s segment, scaled units.';
comment on column segments.assignments.margin is 'Distance to the second segment''s centroid minus distance: how much nearer the own one is. Below 0 only where Ward keeps a customer away from the nearest centroid.';
comment on column segments.assignments.silhouette is 'Silhouette width of the customer, -1 to 1; null for customers outside the sample.';
comment on column segments.assignments.from_run_id is 'The first run since which the customer is in the segment without a break; stays that ended are in segments.past_memberships.';
