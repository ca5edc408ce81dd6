create or replace table segments.segments (
    run_id integer not null,
    segmentation varchar not null,
    algorithm varchar not null,
    segment_id integer not null,
    segment_name varchar not null,
    automatic_name varchar not null,
    description varchar,
    colour integer not null,
    size bigint not null,
    share double not null,
    share_error double,
    stability double,
    stability_error double,
    rule varchar,
    rule_sql varchar,
    rule_coverage double,
    rule_purity double
);

comment on table segments.segments is 'The segments. Grain: one row per run, segmentation, algorithm and segment.';
comment on column segments.segments.run_id is 'Number of the refresh.';
comment on column segments.segments.segmentation is 'Name of the feature list.';
comment on column segments.segments.algorithm is 'kmeans or hierarchical.';
comment on column segments.segments.segment_id is 'Id of the segment, from 1. It is permanent: from run to run it stays with the customers, and that of a segment that is gone is never given again. In its first run a hierarchical segment takes the id of the K-Means segment it shares most customers with.';
comment on column segments.segments.segment_name is 'What the segment is called: the name a person gave it (segments.labels), otherwise the automatic one; unique within a segmentation and algorithm. An earlier run keeps what was shown then.';
comment on column segments.segments.automatic_name is 'What sets the segment apart, in words made from its features.';
comment on column segments.segments.description is 'What a person wrote about the segment; null where nobody has.';
comment on column segments.segments.colour is 'Place in the palette, from 0; it stays with the segment_id on every page and from run to run.';
comment on column segments.segments.size is 'Customers in the segment.';
comment on column segments.segments.share is 'Size divided by all customers, 0 to 1.';
comment on column segments.segments.share_error is 'Standard error of the share: how much it would differ with other customers like these, the clustering anew included (analytics/stability.py). Null where too few of its customers were asked, and in runs of earlier releases, as in the other errors.';
comment on column segments.segments.stability is 'How alike the segment comes out when the customers are drawn anew, 0 to 1: the mean Jaccard similarity to the most similar segment of 100 bootstrap samples (Hennig 2007), of at most 1,000 customers. From 0.85 very stable, from 0.75 stable, from 0.60 doubtful, below that unstable. Stable is not the same as true: data without groups can be cut alike every time. Null where too few of its customers were asked, and in runs of earlier releases.';
comment on column segments.segments.stability_error is 'Standard error of the stability, from the same bootstrap samples; other samples of customers differ by that much, or less.';
comment on column segments.segments.rule is 'Who is in the segment, roughly: at most three conditions in ordinary units, from a decision tree. Null in runs of earlier releases, as in the columns below.';
comment on column segments.segments.rule_sql is 'The same as a condition: select * from features.customer_features where (this).';
comment on column segments.segments.rule_coverage is 'Share of the segment''s customers whom the rule catches, 0 to 1.';
comment on column segments.segments.rule_purity is 'Share of the customers whom the rule catches who are in the segment, 0 to 1; null where it catches nobody.';
