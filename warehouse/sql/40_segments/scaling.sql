create or replace table segments.scaling (
    run_id integer not null,
    segmentation varchar not null,
    feature varchar not null,
    position integer not null,
    scale varchar not null,
    mean double not null,
    standard_deviation double not null,
    imputed_value double,
    category_column varchar,
    category_value varchar
);

comment on table segments.scaling is 'How a run turned customers into what segments.centroids are measured in: scaled = (value - mean) / standard_deviation, where on a log scale sign(value) * ln(1 + |value|) takes the place of the value. Both together are the model of the run; marts.score_customers applies that of the newest one. Grain: one row per run, segmentation and feature clustered on.';
comment on column segments.scaling.run_id is 'Number of the refresh.';
comment on column segments.scaling.segmentation is 'Name of the feature list.';
comment on column segments.scaling.feature is 'The feature.';
comment on column segments.scaling.position is 'Place of the feature in the list, from 1: squares are added up in this order, so that distances are equal to the last bit.';
comment on column segments.scaling.scale is 'linear or log.';
comment on column segments.scaling.mean is 'What is taken off a value: the mean of all customers, in the feature''s unit, on a log scale of the logarithms; 0 for a category.';
comment on column segments.scaling.standard_deviation is 'What the rest is divided by: the population standard deviation, in the feature''s unit, on a log scale of the logarithms; 1 where that is 0, and for a category.';
comment on column segments.scaling.imputed_value is 'What stands in for a missing number: the median, in the feature''s unit; null for a category.';
comment on column segments.scaling.category_column is 'For a category, the column that holds it; a missing value there counts as ''Unknown''. Null for a number.';
comment on column segments.scaling.category_value is 'The value of that column which makes the feature 1; any other makes it 0. Null for a number.';
