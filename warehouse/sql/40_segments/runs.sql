create or replace table segments.runs (
    run_id integer not null,
    segmentation varchar not null,
    algorithm varchar not null,
    segmentation_title varchar not null,
    segmentation_position integer not null,
    features varchar[] not null,
    k integer not null,
    k_chosen_by varchar not null,
    is_clear boolean,
    k_reason varchar not null,
    n_customers bigint not null,
    n_points bigint not null,
    n_silhouettes bigint not null,
    inertia double not null,
    silhouette double not null,
    davies_bouldin double not null,
    calinski_harabasz double not null,
    seed_stability double,
    seed integer not null,
    created_at timestamp not null,
    source_fingerprint varchar not null
);

comment on table segments.runs is 'What was clustered, how, and how well. Grain: one row per run, segmentation and algorithm.';
comment on column segments.runs.run_id is 'Number of the refresh; also the number of the warehouse version it published.';
comment on column segments.runs.segmentation is 'Name of the feature list, e.g. spending.';
comment on column segments.runs.algorithm is 'kmeans, or hierarchical (Ward).';
comment on column segments.runs.segmentation_title is 'What people call the segmentation.';
comment on column segments.runs.segmentation_position is 'Place of the segmentation in its file, from 1.';
comment on column segments.runs.features is 'Columns of features.customer_features_scaled that were clustered on.';
comment on column segments.runs.k is 'Number of segments.';
comment on column segments.runs.k_chosen_by is 'evidence (the rule), or person (a k in the segmentations file). Runs of earlier releases say silhouette.';
comment on column segments.runs.is_clear is 'Whether the customers fall into these segments by more than chance: halves of them predict each other''s segments, and the silhouette lies well above that of groupless data. Null in runs of earlier releases.';
comment on column segments.runs.k_reason is 'Why this k, in a sentence.';
comment on column segments.runs.n_customers is 'Customers clustered.';
comment on column segments.runs.n_points is 'Points the algorithm saw: the customers themselves, or the cells, or of many features the customers drawn, that stand for all.';
comment on column segments.runs.n_silhouettes is 'Customers the silhouette, Davies-Bouldin and Calinski-Harabasz indices were computed on: all, or a sample.';
comment on column segments.runs.inertia is 'Sum over customers of the squared distance to the centroid of their segment, scaled units.';
comment on column segments.runs.silhouette is 'Mean silhouette width, -1 to 1 (Rousseeuw 1987); higher is better.';
comment on column segments.runs.davies_bouldin is 'Davies-Bouldin index (1979); lower is better.';
comment on column segments.runs.calinski_harabasz is 'Calinski-Harabasz index (1974); higher is better.';
comment on column segments.runs.seed_stability is 'How alike 10 runs from other random starts are: their mean adjusted Rand index, 1 where all are the same. Null for hierarchical, where nothing is random, and in runs of earlier releases.';
comment on column segments.runs.seed is 'Seed of the random starts.';
comment on column segments.runs.created_at is 'When the clustering was made, UTC; always later than that of the runs before.';
comment on column segments.runs.source_fingerprint is 'SHA-256 of the customers file.';
