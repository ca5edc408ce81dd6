{% import "macros.sql" as sql %}
create or replace table marts.demand_segments as
with recent as (
    select min(period_start) as first_day
    from (
        select period_start
        from features.sales_periods
        where is_complete
        order by period_start desc
        limit (select case period_unit when 'week' then 52 else 12 end from segments.sales_models)
    )
),

lines as (
    select
        lines.customer_id,
        lines.product,
        lines.category,
        sum(lines.quantity) as quantity
    from features.transaction_lines as lines
    cross join recent
    where lines.line_kind = 'sale' and lines.occurred_at >= recent.first_day
    group by all
),

sold as (
    {{ sql.items("lines") }}
),

bought as (
    select
        assignments.segmentation,
        assignments.algorithm,
        assignments.segment_id,
        sold.item_kind,
        sold.item,
        sum(sold.quantity) as units
    from sold
    inner join segments.assignments as assignments using (customer_id)
    group by all
),

totals as (
    select
        item_kind,
        item,
        sum(quantity) as units
    from sold
    group by all
)

select
    bought.segmentation,
    bought.algorithm,
    bought.segment_id,
    bought.item_kind,
    bought.item,
    bought.units,
    bought.units / totals.units as share,
    row_number() over (
        partition by bought.segmentation, bought.algorithm, bought.item_kind, bought.item
        order by bought.units desc, bought.segment_id
    ) as place
from bought
inner join totals using (item_kind, item)
order by segmentation, algorithm, bought.item_kind, bought.item, place;

comment on table marts.demand_segments is 'Which segments drive the demand for an item: the pieces that each bought in the last 52 weeks or 12 months. Sales that were undone are left out. Grain: one row per segmentation, algorithm, kind of item, item and segment that bought it.';
comment on column marts.demand_segments.segmentation is 'Name of the feature list.';
comment on column marts.demand_segments.algorithm is 'kmeans or hierarchical.';
comment on column marts.demand_segments.segment_id is 'The segment.';
comment on column marts.demand_segments.item_kind is 'product or category.';
comment on column marts.demand_segments.item is 'The product''s code, or the category.';
comment on column marts.demand_segments.units is 'Pieces that it bought.';
comment on column marts.demand_segments.share is 'The same as a share of all pieces sold, also to nobody known, 0 to 1.';
comment on column marts.demand_segments.place is '1 for the segment that bought most of the item.';
