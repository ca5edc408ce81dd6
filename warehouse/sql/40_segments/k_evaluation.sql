create or replace table segments.k_evaluation (
    run_id integer not null,
    segmentation varchar not null,
    algorithm varchar not null,
    k integer not null,
    is_chosen boolean not null,
    smallest_segment bigint not null,
    inertia double not null,
    silhouette double not null,
    davies_bouldin double not null,
    calinski_harabasz double not null
);

comment on table segments.k_evaluation is 'The evidence for the number of segments. Grain: one row per run, segmentation, algorithm and k tried.';
comment on column segments.k_evaluation.run_id is 'Number of the refresh.';
comment on column segments.k_evaluation.segmentation is 'Name of the feature list.';
comment on column segments.k_evaluation.algorithm is 'kmeans or hierarchical.';
comment on column segments.k_evaluation.k is 'Number of segments tried.';
comment on column segments.k_evaluation.is_chosen is 'True for the k of segments.runs.';
comment on column segments.k_evaluation.smallest_segment is 'Customers in the smallest segment.';
comment on column segments.k_evaluation.inertia is 'Sum over customers of the squared distance to the centroid of their segment, scaled units.';
comment on column segments.k_evaluation.silhouette is 'Mean silhouette width, -1 to 1; higher is better.';
comment on column segments.k_evaluation.davies_bouldin is 'Davies-Bouldin index; lower is better.';
comment on column segments.k_evaluation.calinski_harabasz is 'Calinski-Harabasz index; higher is better.';
