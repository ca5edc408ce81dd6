create or replace table segments.k_by_index (
    run_id integer not null,
    segmentation varchar not null,
    algorithm varchar not null,
    index_name varchar not null,
    k integer not null
);

comment on table segments.k_by_index is 'How many segments each index of fit would choose alone. Grain: one row per run, segmentation, algorithm and index.';
comment on column segments.k_by_index.run_id is 'Number of the refresh.';
comment on column segments.k_by_index.segmentation is 'Name of the feature list.';
comment on column segments.k_by_index.algorithm is 'kmeans or hierarchical.';
comment on column segments.k_by_index.index_name is 'A column of segments.k_evaluation: silhouette and calinski_harabasz choose their highest value, davies_bouldin its lowest, prediction_strength the largest k that has 0.8 within its standard error, gap the smallest k that is within one standard error of the next.';
comment on column segments.k_by_index.k is 'Number of segments; 1 says that there are none.';
