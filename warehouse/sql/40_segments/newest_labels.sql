create or replace view segments.newest_labels as
select
    segmentation,
    algorithm,
    segment_id,
    segment_name,
    description,
    labelled_by,
    labelled_at
from segments.labels
qualify row_number() over (partition by segmentation, algorithm, segment_id order by labelled_at desc) = 1;

comment on view segments.newest_labels is 'The label that counts. Grain: one row per segmentation, algorithm and segment that a person ever labelled.';
comment on column segments.newest_labels.segmentation is 'Name of the feature list.';
comment on column segments.newest_labels.algorithm is 'kmeans or hierarchical.';
comment on column segments.newest_labels.segment_id is 'The segment.';
comment on column segments.newest_labels.segment_name is 'The name given; null: the automatic name stands.';
comment on column segments.newest_labels.description is 'The description given; null: there is none.';
comment on column segments.newest_labels.labelled_by is 'Who gave it, as they called themselves.';
comment on column segments.newest_labels.labelled_at is 'When, UTC.';
