-- warehouse/label.py fills this table; a refresh carries it on, and takes what other kept versions have of it as well.
create or replace table segments.labels (
    run_id integer not null,
    segmentation varchar not null,
    algorithm varchar not null,
    segment_id integer not null,
    segment_name varchar,
    description varchar,
    previous_name varchar not null,
    previous_description varchar,
    labelled_by varchar not null,
    labelled_at timestamp not null
);

comment on table segments.labels is 'The names and descriptions that people gave to segments. Rows are never changed: the newest of a segment counts, and it stays with the segment_id through refreshes. Grain: one row per label given.';
comment on column segments.labels.run_id is 'The run whose segments were shown when it was given.';
comment on column segments.labels.segmentation is 'Name of the feature list.';
comment on column segments.labels.algorithm is 'kmeans or hierarchical.';
comment on column segments.labels.segment_id is 'The segment.';
comment on column segments.labels.segment_name is 'The name given, at most 60 characters; null: the automatic name stands.';
comment on column segments.labels.description is 'The description given, at most 500 characters; null: there is none.';
comment on column segments.labels.previous_name is 'The name that was shown before.';
comment on column segments.labels.previous_description is 'The description that was shown before; null where there was none.';
comment on column segments.labels.labelled_by is 'Who gave it, as they called themselves.';
comment on column segments.labels.labelled_at is 'When, UTC.';
