-- analytics/history.py fills this table. Its one threshold is LINK_SHARE of analytics/identity.py.
create or replace table segments.events (
    run_id integer not null,
    previous_run_id integer not null,
    segmentation varchar not null,
    algorithm varchar not null,
    segment_id integer,
    previous_segment_id integer,
    event varchar not null,
    count_shared bigint not null,
    share_of_previous double,
    share_of_new double
);

comment on table segments.events is 'What became of the segments from one run to the next, over the customers who are in both. Two segments are linked when they share half or more of either''s customers, or bear one id. The first run of a segmentation has no events. Grain: one row per run, segmentation, algorithm and linked pair, and per segment without a link.';
comment on column segments.events.run_id is 'Number of the refresh.';
comment on column segments.events.previous_run_id is 'The run it is compared with: the last one before it that ran the segmentation.';
comment on column segments.events.segmentation is 'Name of the feature list.';
comment on column segments.events.algorithm is 'kmeans or hierarchical.';
comment on column segments.events.segment_id is 'The segment in this run; null where it is gone.';
comment on column segments.events.previous_segment_id is 'The segment in the previous run; null where it is new.';
comment on column segments.events.event is 'split: the previous segment is linked to several of this run. merged: this run''s segment is linked to several previous ones. kept: one to one. new, gone: linked to none.';
comment on column segments.events.count_shared is 'Customers in both segments.';
comment on column segments.events.share_of_previous is 'They as a share of the previous segment''s customers who are still there, 0 to 1; null where there is none.';
comment on column segments.events.share_of_new is 'They as a share of this run''s segment''s customers who were there before, 0 to 1; null where there is none.';
