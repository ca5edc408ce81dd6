-- Every alert of the newest run is of a known kind and run, once, about something that is there, and outside of what chance explains.
with alerts as (
    from segments.alerts
    semi join segments.newest_run using (run_id)
),

segments as (
    from segments.segments
),

problems as (
    select
        alerts.*,
        case
            when alerts.previous_run_id >= alerts.run_id then 'compared with a run that is not before it'
            when alerts.severity not in ('warning', 'note') then 'severity is not known'
            when alerts.kind not in ('size', 'profile', 'born', 'gone', 'stability', 'rejects') then 'kind is not known'
            when (alerts.kind = 'profile') <> (alerts.feature is not null) then 'feature is told of a profile only'
            when (alerts.kind = 'rejects') <> (alerts.source is not null) then 'source is told of rejects only'
            when (alerts.kind = 'rejects') <> (alerts.segment_id is null) then 'segment is not told'
            when alerts.kind not in ('rejects', 'gone') and now.segment_id is null then 'segment is not there'
            when alerts.kind not in ('rejects', 'born') and before.segment_id is null and alerts.segment_id is not null then 'segment was not there'
            when
                alerts.kind not in ('born', 'gone')
                and coalesce(
                    alerts.value_now > alerts.noise_low + 1e-9 * abs(alerts.noise_low)  -- an end of it may be rounded
                    and alerts.value_now < alerts.noise_high - 1e-9 * abs(alerts.noise_high),
                    true
                )
                then 'within what chance explains'
            when not coalesce(isfinite(alerts.value_before), true) or not coalesce(isfinite(alerts.value_now), true) then 'value is not finite'
            when
                count(*) over (
                    partition by alerts.segmentation, alerts.algorithm, alerts.kind, alerts.segment_id, alerts.feature, alerts.source
                ) > 1
                then 'told twice'
        end as problem
    from alerts
    left join segments as now
        on now.run_id = alerts.run_id
        and now.segmentation = alerts.segmentation
        and now.algorithm = alerts.algorithm
        and now.segment_id = alerts.segment_id
    left join segments as before
        on before.run_id = alerts.previous_run_id
        and before.segmentation = alerts.segmentation
        and before.algorithm = alerts.algorithm
        and before.segment_id = alerts.segment_id
)

select
    place,
    kind,
    segment_id,
    problem
from problems
where problem is not null
