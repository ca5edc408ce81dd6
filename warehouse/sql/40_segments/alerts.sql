-- analytics/alerts.py fills this table; its thresholds stand there.
create or replace table segments.alerts (
    run_id integer not null,
    place integer not null,
    previous_run_id integer not null,
    segmentation varchar,
    algorithm varchar,
    kind varchar not null,
    severity varchar not null,
    segment_id integer,
    feature varchar,
    source varchar,
    value_before double,
    value_now double,
    noise_low double,
    noise_high double,
    sentence varchar not null
);

comment on table segments.alerts is 'What changed from one run to the next beyond what chance explains, and by enough to matter; nothing in a first run. Where nothing but chance changed, one refresh in a hundred is meant to have an alert of kind size, profile or rejects. Grain: one row per run and alert.';
comment on column segments.alerts.run_id is 'Number of the refresh that found it.';
comment on column segments.alerts.place is 'Place in the order of telling, from 1; warnings stand before notes.';
comment on column segments.alerts.previous_run_id is 'The run it is compared with: the last one before it that ran the segmentation, or loaded the source.';
comment on column segments.alerts.segmentation is 'Name of the feature list; null for rejects.';
comment on column segments.alerts.algorithm is 'kmeans or hierarchical; null for rejects.';
comment on column segments.alerts.kind is 'size (a segment''s share of all customers moved), profile (a segment''s mean moved), born, gone, stability (it fell by a band) or rejects (more rows of a source were rejected).';
comment on column segments.alerts.severity is 'warning (look at it) or note (for information).';
comment on column segments.alerts.segment_id is 'The segment; null for rejects.';
comment on column segments.alerts.feature is 'The feature whose mean moved; null but for profile.';
comment on column segments.alerts.source is 'The source whose rows were rejected; null but for rejects.';
comment on column segments.alerts.value_before is 'In the previous run: the share of all customers (size, born, gone), the mean in the feature''s own unit (profile; on a log scale the value of the mean logarithm), the stability, or the share of rows rejected. Null for born.';
comment on column segments.alerts.value_now is 'The same in this run. Null for gone.';
comment on column segments.alerts.noise_low is 'From here to noise_high value_now could lie by chance, had nothing changed; null for born and gone.';
comment on column segments.alerts.noise_high is 'The other end.';
comment on column segments.alerts.sentence is 'The alert in words.';
