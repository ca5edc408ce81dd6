create or replace view marts.segment_profiles as
with segments as (
    from segments.segments
    semi join segments.newest_run using (run_id)
),

labels as (
    from segments.newest_labels
    where segment_name is not null or description is not null
),

profiles as (
    select
        segmentation,
        algorithm,
        segment_id,
        {% for column in context.features %}
        max(mean) filter (feature = {{ column.name | literal }}) as mean_{{ column.name }},
        max(median) filter (feature = {{ column.name | literal }}) as median_{{ column.name }},
        max(difference) filter (feature = {{ column.name | literal }}) as difference_{{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from marts.segment_feature_profiles
    group by segmentation, algorithm, segment_id
)

select
    segments.segmentation,
    segments.algorithm,
    segments.segment_id,
    segments.segment_name,
    segments.automatic_name,
    segments.description,
    labels.labelled_by,
    labels.labelled_at,
    segments.colour,
    segments.size,
    segments.share,
    segments.stability,
    case
        when segments.stability >= 0.85 then 'very stable'
        when segments.stability >= 0.75 then 'stable'
        when segments.stability >= 0.6 then 'doubtful'
        when segments.stability is not null then 'unstable'
    end as stability_band,
    segments.rule,
    segments.rule_sql,
    segments.rule_coverage,
    segments.rule_purity,
    {% for column in context.features %}
    profiles.mean_{{ column.name }},
    profiles.median_{{ column.name }},
    profiles.difference_{{ column.name }}{{ "," if not loop.last }}
    {% endfor %}
from segments
inner join profiles using (segmentation, algorithm, segment_id)
left join labels using (segmentation, algorithm, segment_id)
order by segments.segmentation, segments.algorithm desc, segments.segment_id;

comment on view marts.segment_profiles is 'What each segment is like, in ordinary units. Grain: one row per segmentation, algorithm and segment.';
comment on column marts.segment_profiles.segmentation is 'Name of the feature list.';
comment on column marts.segment_profiles.algorithm is 'kmeans or hierarchical.';
comment on column marts.segment_profiles.segment_id is 'The segment.';
comment on column marts.segment_profiles.segment_name is 'What the segment is called: the name a person gave it, otherwise the automatic one.';
comment on column marts.segment_profiles.automatic_name is 'What sets the segment apart, in words.';
comment on column marts.segment_profiles.description is 'What a person wrote about the segment; null where nobody has.';
comment on column marts.segment_profiles.labelled_by is 'Who gave the name or the description; null where neither is a person''s.';
comment on column marts.segment_profiles.labelled_at is 'When, UTC.';
comment on column marts.segment_profiles.colour is 'Place in the palette, from 0.';
comment on column marts.segment_profiles.size is 'Customers in the segment.';
comment on column marts.segment_profiles.share is 'Size divided by all customers, 0 to 1.';
comment on column marts.segment_profiles.stability is 'How alike the segment comes out when the customers are drawn anew, 0 to 1 (segments.segments says how).';
comment on column marts.segment_profiles.stability_band is 'The same in words: very stable from 0.85, stable from 0.75, doubtful from 0.60, else unstable; null where it is not known.';
comment on column marts.segment_profiles.rule is 'Who is in the segment, roughly, in plain words.';
comment on column marts.segment_profiles.rule_sql is 'The same as a condition on features.customer_features.';
comment on column marts.segment_profiles.rule_coverage is 'Share of the segment''s customers whom the rule catches, 0 to 1.';
comment on column marts.segment_profiles.rule_purity is 'Share of the customers whom the rule catches who are in the segment, 0 to 1.';
{% for column in context.features %}
comment on column marts.segment_profiles.mean_{{ column.name }} is {{ ("Mean of the segment: " ~ column.title ~ ".") | literal }};
comment on column marts.segment_profiles.median_{{ column.name }} is {{ ("Median of the segment: " ~ column.title ~ ".") | literal }};
comment on column marts.segment_profiles.difference_{{ column.name }} is {{ ("Mean of the segment minus mean of all customers: " ~ column.title ~ ".") | literal }};
{% endfor %}
