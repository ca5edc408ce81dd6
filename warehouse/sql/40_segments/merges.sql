create or replace table segments.merges (
    run_id integer not null,
    segmentation varchar not null,
    merge_id integer not null,
    left_id integer not null,
    right_id integer not null,
    size bigint not null,
    height double not null
);

comment on table segments.merges is 'The dendrogram of Ward''s method. Grain: one row per run, segmentation and merge.';
comment on column segments.merges.run_id is 'Number of the refresh.';
comment on column segments.merges.segmentation is 'Name of the feature list.';
comment on column segments.merges.merge_id is 'Id of the group the merge makes. Leaves are 0 to n - 1, merges n to 2n - 2, in order of height.';
comment on column segments.merges.left_id is 'One group merged: a leaf or an earlier merge.';
comment on column segments.merges.right_id is 'The other.';
comment on column segments.merges.size is 'Customers in the group.';
comment on column segments.merges.height is 'Ward distance of the two groups, scaled units, as scipy.cluster.hierarchy.linkage gives it.';
