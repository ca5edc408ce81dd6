create or replace view marts.clusterings as
with runs as (
    from segments.runs
    semi join segments.newest_run using (run_id)
),

chosen as (
    from segments.k_evaluation
    semi join segments.newest_run using (run_id)
    where is_chosen
),

bands as (
    select
        segmentation,
        algorithm,
        count(*) filter (stability_band = 'very stable') as count_very_stable,
        count(*) filter (stability_band = 'stable') as count_stable,
        count(*) filter (stability_band = 'doubtful') as count_doubtful,
        count(*) filter (stability_band = 'unstable') as count_unstable,
        count(*) filter (stability_band is null) as count_unknown
    from marts.segment_profiles
    group by segmentation, algorithm
)

select
    runs.segmentation,
    runs.algorithm,
    runs.segmentation_title,
    runs.segmentation_position,
    runs.features,
    runs.k,
    runs.k_chosen_by,
    runs.k_reason,
    runs.is_clear,
    bands.count_very_stable,
    bands.count_stable,
    bands.count_doubtful,
    bands.count_unstable,
    bands.count_unknown,
    runs.n_customers,
    runs.n_silhouettes,
    runs.silhouette,
    chosen.silhouette_groupless,
    chosen.prediction_strength,
    runs.seed_stability,
    agreement.adjusted_rand_index,
    agreement.count_disagreements
from runs
inner join chosen using (segmentation, algorithm)
inner join bands using (segmentation, algorithm)
inner join marts.algorithm_agreement as agreement using (segmentation)
order by runs.segmentation_position, runs.algorithm desc;

comment on view marts.clusterings is 'How far each clustering can be trusted. Grain: one row per segmentation and algorithm.';
comment on column marts.clusterings.segmentation is 'Name of the feature list.';
comment on column marts.clusterings.algorithm is 'kmeans or hierarchical.';
comment on column marts.clusterings.segmentation_title is 'What people call the segmentation.';
comment on column marts.clusterings.segmentation_position is 'Place of the segmentation in its file, from 1.';
comment on column marts.clusterings.features is 'Columns of features.customer_features_scaled that were clustered on.';
comment on column marts.clusterings.k is 'Number of segments.';
comment on column marts.clusterings.k_chosen_by is 'evidence (the rule) or person.';
comment on column marts.clusterings.k_reason is 'Why this k, in a sentence.';
comment on column marts.clusterings.is_clear is 'Whether the customers fall into these segments by more than chance. Where not, the segments are a way to divide the customers, not kinds of customers.';
comment on column marts.clusterings.count_very_stable is 'Segments whose stability_band in marts.segment_profiles is very stable.';
comment on column marts.clusterings.count_stable is 'Segments that are stable.';
comment on column marts.clusterings.count_doubtful is 'Segments that are doubtful.';
comment on column marts.clusterings.count_unstable is 'Segments that are unstable.';
comment on column marts.clusterings.count_unknown is 'Segments of which too few customers were asked to tell.';
comment on column marts.clusterings.n_customers is 'Customers clustered.';
comment on column marts.clusterings.n_silhouettes is 'Customers the silhouette was computed on: all, or a sample.';
comment on column marts.clusterings.silhouette is 'Mean silhouette width, -1 to 1; higher is better.';
comment on column marts.clusterings.silhouette_groupless is 'The same of groupless data of the same shape, cut into as many segments.';
comment on column marts.clusterings.prediction_strength is 'How surely one half of the customers predicts who belongs together in the other, 0 to 1; null where they are too few to tell.';
comment on column marts.clusterings.seed_stability is 'How alike runs from other random starts are, 1 where they are the same; null for hierarchical, where nothing is random.';
comment on column marts.clusterings.adjusted_rand_index is 'How far K-Means and Ward agree: 1 for the same groups, about 0 for chance.';
comment on column marts.clusterings.count_disagreements is 'Customers on whom they disagree: those of marts.algorithm_disagreements.';
