create or replace table segments.centroids (
    run_id integer not null,
    segmentation varchar not null,
    algorithm varchar not null,
    segment_id integer not null,
    feature varchar not null,
    scaled_value double not null,
    scaled_error double,
    value double not null
);

comment on table segments.centroids is 'The centres of the segments. Grain: one row per run, segmentation, algorithm, segment and feature clustered on.';
comment on column segments.centroids.run_id is 'Number of the refresh.';
comment on column segments.centroids.segmentation is 'Name of the feature list.';
comment on column segments.centroids.algorithm is 'kmeans or hierarchical.';
comment on column segments.centroids.segment_id is 'The segment.';
comment on column segments.centroids.feature is 'The feature.';
comment on column segments.centroids.scaled_value is 'Mean of the segment''s customers in scaled units: what distances are measured from. With many customers K-Means ends once it is the mean to within about 0.001, or the last step brought less than a hundred-thousandth of the inertia; its customers are those who are nearest to it all the same.';
comment on column segments.centroids.scaled_error is 'Standard error of scaled_value: how much it would differ with other customers like these, the clustering anew included. Null where too few of the segment''s customers were asked, and in runs of earlier releases.';
comment on column segments.centroids.value is 'The same in the feature''s own unit; on a log scale the value of the mean logarithm.';
