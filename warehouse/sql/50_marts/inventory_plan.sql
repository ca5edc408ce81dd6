create or replace table marts.inventory_plan as
with models as (
    select
        last_period,
        horizon,
        case period_unit when 'week' then interval 7 days else interval 1 month end as period
    from segments.sales_models
),

levels as (
    unpivot segments.demand_forecasts
    on need_80, need_90, need_95, need_98, need_99
    into name service_level value needed
),

recent as (
    select
        demand.item_kind,
        demand.item,
        numbered.from_last,
        sum(demand.quantity) as quantity
    from features.item_demand as demand
    inner join (
        select
            period_start,
            row_number() over (order by period_start desc) as from_last
        from features.sales_periods
        where is_complete
    ) as numbered using (period_start)
    group by all
),

-- what was sold in the last period, the last two, …
before as (
    select
        horizons.count_periods,
        recent.item_kind,
        recent.item,
        sum(recent.quantity) as quantity
    from recent
    inner join (select unnest(range(1, horizon + 1)) as count_periods from models) as horizons
        on recent.from_last <= horizons.count_periods
    group by all
),

products as (
    from features.products
),

-- the demand of each period, and the days it reaches over
steps as (
    select
        demand.item_kind,
        demand.item,
        demand.expected as expected_to,
        coalesce(
            lag(demand.expected) over (partition by demand.item_kind, demand.item order by demand.count_periods), 0
        ) as expected_from,
        date_diff(
            'day', models.last_period + models.period, models.last_period + demand.count_periods * models.period
        ) as days_from,
        date_diff(
            'day', models.last_period + models.period, models.last_period + (demand.count_periods + 1) * models.period
        ) as days_to,
        demand.count_periods = models.horizon as is_last
    from segments.demand_forecasts as demand
    cross join models
),

-- stock ends in the period by whose end more is asked for; beyond the last it goes on at the pace of all of them
covers as (
    select
        steps.item_kind,
        steps.item,
        stock.on_hand,
        min(
            case
                when stock.on_hand <= 0 then 0
                when steps.expected_from <= stock.on_hand and steps.expected_to > stock.on_hand
                    then
                        steps.days_from
                        + (steps.days_to - steps.days_from) * (stock.on_hand - steps.expected_from)
                        / (steps.expected_to - steps.expected_from)
                when steps.is_last and steps.expected_to > 0 and steps.expected_to <= stock.on_hand
                    then steps.days_to * stock.on_hand / steps.expected_to
            end
        ) as cover_days
    from steps
    inner join features.stock as stock using (item_kind, item)
    group by all
),

planned as (
    select
        levels.item_kind,
        levels.item,
        coalesce(products.product_name, levels.item) as item_name,
        cast(levels.count_periods as integer) as count_periods,
        date_diff(
            'day', models.last_period + models.period, models.last_period + (levels.count_periods + 1) * models.period
        ) as count_days,
        cast(right(levels.service_level, 2) as double) / 100 as service_level,
        coalesce(before.quantity, 0) as units_before,
        levels.expected as units_expected,
        ceil(levels.needed) as units_needed,
        covers.on_hand,
        covers.cover_days
    from levels
    cross join models
    left join before using (count_periods, item_kind, item)
    left join covers using (item_kind, item)
    left join products on levels.item_kind = 'product' and levels.item = products.product
)

select
    *,
    units_needed - units_expected as safety_stock,
    greatest(ceil(units_needed - on_hand), 0) as units_to_order
from planned
order by item_kind, item, count_periods, service_level;

comment on table marts.inventory_plan is 'How many pieces of each product and category to have for the next 1, 2, … weeks or months, so that they last with a probability: what is expected, and the safety stock for the error of that. Empty where the transactions name neither, or where segments.demand_models says why. Grain: one row per kind of item, item, number of periods and service level.';
comment on column marts.inventory_plan.item_kind is 'product or category.';
comment on column marts.inventory_plan.item is 'The product''s code, as in features.products, or the category.';
comment on column marts.inventory_plan.item_name is 'Its name.';
comment on column marts.inventory_plan.count_periods is 'Weeks or months from the end of the last complete one on, taken together.';
comment on column marts.inventory_plan.count_days is 'Days of these.';
comment on column marts.inventory_plan.service_level is 'Probability with which the pieces last: 0.8, 0.9, 0.95, 0.98 or 0.99.';
comment on column marts.inventory_plan.units_before is 'Pieces sold in as many periods before.';
comment on column marts.inventory_plan.units_expected is 'Pieces expected to be asked for.';
comment on column marts.inventory_plan.units_needed is 'Pieces that last with that probability, rounded up.';
comment on column marts.inventory_plan.on_hand is 'Pieces in stock, taken as counted at the end of the last complete week or month; null where no stock was given, or none of the item.';
comment on column marts.inventory_plan.cover_days is 'Days for which they last if as much is asked for as expected: beyond the forecast, at its mean pace. Null where on_hand is, and where there are some of which nothing is expected to be asked for.';
comment on column marts.inventory_plan.safety_stock is 'units_needed less units_expected.';
comment on column marts.inventory_plan.units_to_order is 'units_needed less on_hand, rounded up; 0 where there are enough; null where on_hand is.';
