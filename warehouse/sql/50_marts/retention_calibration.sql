create or replace table marts.retention_calibration as
with predictions as (
    from marts.retention_predictions
    where period = 'calibration'
),

grouped as (
    select
        'everyone' as grouping,
        0 as position,
        'everyone' as label,
        predictions.*
    from predictions

    union all

    select
        'purchases' as grouping,
        cast(least(repeat_days, 7) as integer) + 1 as position,
        case when repeat_days >= 7 then '8+' else cast(repeat_days + 1 as varchar) end as label,
        predictions.*
    from predictions

    union all

    select
        'silence' as grouping,
        silences.position,
        silences.label,
        predictions.*
    from predictions
    asof join (
        values
            (0, 1, '<30'),
            (30, 2, '30–59'),
            (60, 3, '60–89'),
            (90, 4, '90–179'),
            (180, 5, '180–364'),
            (365, 6, '365+')
    ) as silences (least_days, position, label)
        on predictions.days_observed - predictions.days_to_last >= silences.least_days

    union all

    select
        'probability' as grouping,
        cast(tenths.tenth as integer) as position,
        cast(10 * tenths.tenth as integer) || '–' || cast(10 * tenths.tenth + 10 as integer) as label,
        tenths.* exclude (tenth)
    from (select *, least(floor(probability_buys * 10), 9) as tenth from predictions) as tenths
)

select
    grouping,
    position,
    label,
    count(*) as count_customers,
    avg(probability_buys) as share_predicted,
    avg(cast(later_days > 0 as integer)) as share_actual,
    avg(expected_purchases) as purchases_predicted,
    avg(later_days) as purchases_actual,
    stddev_samp(later_days) / sqrt(count(*)) as purchases_error,
    avg(expected_purchases * expected_amount) as value_predicted,
    avg(later_amount) as value_actual
from grouped
group by grouping, position, label
order by grouping, position;

comment on table marts.retention_calibration is 'How good the forecast of retention is: the models, fitted to the first two thirds of the time, against what came in the last third. Empty where there is no such model. Grain: one row per grouping and group of the customers who bought in the first two thirds.';
comment on column marts.retention_calibration.grouping is 'everyone; purchases: by days with a purchase in the first two thirds; silence: by the days since the last purchase at its end; probability: by the predicted probability of a purchase in the last third.';
comment on column marts.retention_calibration.position is 'Place of the group, ascending.';
comment on column marts.retention_calibration.label is 'The group: a number or a range of them; probabilities in percent.';
comment on column marts.retention_calibration.count_customers is 'Customers in it.';
comment on column marts.retention_calibration.share_predicted is 'Mean predicted probability of a purchase in the last third, 0 to 1.';
comment on column marts.retention_calibration.share_actual is 'Share of them who did buy, 0 to 1.';
comment on column marts.retention_calibration.purchases_predicted is 'Predicted days with a purchase per customer in the last third.';
comment on column marts.retention_calibration.purchases_actual is 'Those that came.';
comment on column marts.retention_calibration.purchases_error is 'Standard error of the latter; null for one customer.';
comment on column marts.retention_calibration.value_predicted is 'Predicted amount per customer in the last third, in the money of the source; null where there is no model of amounts.';
comment on column marts.retention_calibration.value_actual is 'What they bought.';
