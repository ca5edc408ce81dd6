-- Of every item that is planned as many pieces are needed as are expected or more, and the more the surer they shall last.
with plan as (
    select
        *,
        lag(units_needed) over (partition by item_kind, item, count_periods order by service_level) as needed_less_surely
    from marts.inventory_plan
)

select
    item_kind,
    item,
    count_periods,
    service_level
from plan
where
    not coalesce(units_needed >= units_expected - 1e-9 and isfinite(units_needed) and units_expected >= 0, false)
    or units_needed < needed_less_surely
