"""What segments.alerts is made of: the SQL that puts a run beside the last one before it."""

LOADS = """
insert into segments.loads by name
select
    $run_id as run_id,
    source,
    case
        when count(*) = 1 then min(source_fingerprint)
        else sha256(string_agg(source_fingerprint, ',' order by source_file))
    end as source_fingerprint,
    sum(rows_in) as rows_in,
    sum(rows_rejected) as rows_rejected,
    max(loaded_at) as loaded_at
from raw.sources
group by source
"""
"""Keeps what a run was made from."""

REJECTS = """
with loads as (
    from segments.loads
    where rows_in > 0
),

previous as (
    from loads
    where run_id < $run_id
    qualify row_number() over (partition by source order by run_id desc) = 1
)

select
    previous.run_id as previous_run_id,
    source,
    previous.rows_in as rows_before,
    previous.rows_rejected as rejected_before,
    now.rows_in as rows_now,
    now.rows_rejected as rejected_now
from loads as now
inner join previous using (source)
where now.run_id = $run_id
order by source
"""
"""The sources of a run that were loaded before, with their rows; $run_id is bound, here and below."""

_RUNS = """
runs as (
    select
        now.segmentation,
        now.algorithm,
        before.run_id as previous_run_id,
        before.n_customers as count_before,
        now.n_customers as count_now,
        before.features = now.features as has_same_features,
        coalesce(before.is_clear, false) as was_clear,
        coalesce(now.is_clear, false) as is_clear,
        has_same_features and (before.k = now.k or coalesce(before.is_clear and now.is_clear, false)) as is_comparable,
        not has_same_features
        or (before.k <> now.k and (now.k_chosen_by = 'person' or before.k_chosen_by = 'person')) as is_asked
    from segments.runs as now
    inner join segments.runs as before
        on before.segmentation = now.segmentation
        and before.algorithm = now.algorithm
        and before.run_id < now.run_id
    where now.run_id = $run_id
    qualify row_number() over (partition by now.segmentation, now.algorithm order by before.run_id desc) = 1
)
"""
"""The clusterings of a run that have one before; is_asked where people have changed what is clustered, or into how many.

Into another number of segments everything is cut elsewhere, unless the segments are clear: then those that stay can be compared.
"""

_CHANGED = """
changed as (
    select
        segmentation,
        algorithm,
        runs.previous_run_id,
        segment_id,
        before.segment_id is null as is_born,
        now.segment_id is null as is_gone,
        coalesce(now.segment_name, before.segment_name) as segment_name,
        before.share as share_before,
        now.share as share_now,
        runs.was_clear,
        runs.is_clear,
        runs.is_asked
    from (from segments.segments where run_id = $run_id) as now
    full join (from segments.segments inner join runs using (segmentation, algorithm) where run_id = previous_run_id) as before
        using (segmentation, algorithm, segment_id)
    inner join runs using (segmentation, algorithm)
    where is_born or is_gone
)
"""
"""Segments that are in one of the two runs only."""

_PAIRS = f"""
with {_RUNS},

{_CHANGED},

-- who gave customers to a new segment, or took in those of one that is gone, is another one for that reason
touched as (
    select segmentation, algorithm, events.previous_segment_id as segment_id
    from segments.events as events
    inner join changed using (segmentation, algorithm, segment_id)
    where events.run_id = $run_id and events.event = 'split' and changed.is_born
    union all
    select segmentation, algorithm, events.segment_id
    from segments.events as events
    inner join changed using (segmentation, algorithm)
    where
        events.run_id = $run_id
        and events.event = 'merged'
        and changed.is_gone
        and changed.segment_id = events.previous_segment_id
),

pairs as (
    select
        runs.*,
        segment_id,
        now.segment_name,
        before.share as share_before,
        now.share as share_now,
        sqrt(before.share_error * before.share_error + now.share_error * now.share_error) as share_error,
        before.stability as stability_before,
        now.stability as stability_now,
        sqrt(before.stability_error * before.stability_error + now.stability_error * now.stability_error) as stability_error
    from segments.segments as now
    inner join runs using (segmentation, algorithm)
    inner join segments.segments as before using (segmentation, algorithm, segment_id)
    anti join touched using (segmentation, algorithm, segment_id)
    where now.run_id = $run_id and before.run_id = runs.previous_run_id and runs.is_comparable
)
"""
"""The segments that are in both runs, where these can be compared."""

SIZES = f"""
{_PAIRS}

select *, share_error as error
from pairs
order by segmentation, algorithm, segment_id
"""
"""The shares of the segments that are in both runs, and the standard error of the difference."""

STABILITIES = f"""
{_PAIRS}

select *, stability_error as error
from pairs
where stability_before is not null and stability_now is not null
order by segmentation, algorithm, segment_id
"""
"""Their stabilities."""

MEANS = f"""
{_PAIRS},

scaling as (
    select
        segmentation,
        feature,
        before.run_id as previous_run_id,
        before.scale,
        before.standard_deviation,
        before.standard_deviation as deviation_before,
        now.standard_deviation as deviation_now,
        now.category_column,
        now.category_value
    from segments.scaling as now
    inner join segments.scaling as before using (segmentation, feature)
    where now.run_id = $run_id and before.run_id < $run_id and before.scale = now.scale
)

select
    pairs.*,
    now.feature,
    scaling.* exclude (segmentation, feature, previous_run_id),
    coalesce(columns.label, now.feature) as label,
    coalesce(columns.unit, '') as unit,
    before.value as value_before,
    now.value as value_now,
    sqrt(
        before.scaled_error * before.scaled_error * deviation_before * deviation_before
        + now.scaled_error * now.scaled_error * deviation_now * deviation_now
    ) as error
from pairs
inner join segments.centroids as before
    on before.run_id = pairs.previous_run_id
    and before.segmentation = pairs.segmentation
    and before.algorithm = pairs.algorithm
    and before.segment_id = pairs.segment_id
inner join segments.centroids as now
    on now.run_id = $run_id
    and now.segmentation = pairs.segmentation
    and now.algorithm = pairs.algorithm
    and now.segment_id = pairs.segment_id
    and now.feature = before.feature
inner join scaling
    on scaling.segmentation = pairs.segmentation
    and scaling.previous_run_id = pairs.previous_run_id
    and scaling.feature = now.feature
left join features.columns as columns on columns.column_name = coalesce(scaling.category_column, now.feature)
order by pairs.segmentation, pairs.algorithm, pairs.segment_id, now.feature
"""
"""Their means by feature, in the units people read, and the error on the scale of the models before it is centred."""

COME_OR_GONE = f"""
with {_RUNS},

{_CHANGED}

select
    changed.*,
    case when is_born then 'split' else 'merged' end as way,
    (
        select string_agg('“' || others.segment_name || '”', ' and ' order by others.segment_id)
        from segments.events as events
        inner join segments.segments as others
            on others.segmentation = events.segmentation
            and others.algorithm = events.algorithm
            and (
                (is_born and others.run_id = events.previous_run_id and others.segment_id = events.previous_segment_id)
                or (is_gone and others.run_id = events.run_id and others.segment_id = events.segment_id)
            )
        where
            events.run_id = $run_id
            and events.segmentation = changed.segmentation
            and events.algorithm = changed.algorithm
            and (
                (is_born and events.segment_id = changed.segment_id)
                or (is_gone and events.previous_segment_id = changed.segment_id)
            )
    ) as relatives
from changed
where was_clear or is_clear or is_asked  -- others come and go by chance
order by segmentation, algorithm, segment_id
"""
"""The segments that are in one of the two runs only, with the names of those that they are linked with in the other."""
