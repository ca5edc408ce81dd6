create or replace table segments.k_evaluation (
    run_id integer not null,
    segmentation varchar not null,
    algorithm varchar not null,
    k integer not null,
    is_chosen boolean not null,
    smallest_segment bigint not null,
    inertia double not null,
    silhouette double not null,
    silhouette_error double,
    silhouette_groupless double,
    silhouette_deviation double,
    prediction_strength double,
    prediction_strength_error double,
    gap double,
    gap_error double,
    davies_bouldin double not null,
    calinski_harabasz double not null
);

comment on table segments.k_evaluation is 'The evidence for the number of segments. Grain: one row per run, segmentation, algorithm and k tried.';
comment on column segments.k_evaluation.run_id is 'Number of the refresh.';
comment on column segments.k_evaluation.segmentation is 'Name of the feature list.';
comment on column segments.k_evaluation.algorithm is 'kmeans or hierarchical.';
comment on column segments.k_evaluation.k is 'Number of segments tried.';
comment on column segments.k_evaluation.is_chosen is 'True for the k of segments.runs.';
comment on column segments.k_evaluation.smallest_segment is 'Customers in the smallest segment. By K-Means of many features, as inertia and calinski_harabasz, estimated from customers drawn, but for the k that was chosen.';
comment on column segments.k_evaluation.inertia is 'Sum over customers of the squared distance to the centroid of their segment, scaled units.';
comment on column segments.k_evaluation.silhouette is 'Mean silhouette width, -1 to 1; higher is better.';
comment on column segments.k_evaluation.silhouette_error is 'Its standard error: 0 up to 5,000 customers, whose mean it is, and that of a stratified sample beyond. Null in runs of earlier releases, as in the columns below.';
comment on column segments.k_evaluation.silhouette_groupless is 'Mean silhouette width of groupless data of the same shape, cut into as many segments: what the silhouette has to exceed.';
comment on column segments.k_evaluation.silhouette_deviation is 'Standard deviation of that over the groupless data sets.';
comment on column segments.k_evaluation.prediction_strength is 'How surely one half of the customers predicts who belongs together in the other, 0 to 1 (Tibshirani & Walther 2005); null too where halves are too small to tell.';
comment on column segments.k_evaluation.prediction_strength_error is 'Its standard error over the splits.';
comment on column segments.k_evaluation.gap is 'Gap statistic (Tibshirani, Walther & Hastie 2001): how far the logarithm of the inertia lies below that of evenly spread data.';
comment on column segments.k_evaluation.gap_error is 'Its standard error.';
comment on column segments.k_evaluation.davies_bouldin is 'Davies-Bouldin index; lower is better.';
comment on column segments.k_evaluation.calinski_harabasz is 'Calinski-Harabasz index; higher is better.';
