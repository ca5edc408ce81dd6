{% import "macros.sql" as sql %}
-- depends on: segments.runs
create or replace table marts.crossfilter_dimensions as
with customers as (
    from marts.customers
),

spans as (
    {% for column in context.charted %}
    select
        {{ column.name | literal }} as dimension,
        min({{ column.name }}) as lowest,
        max({{ column.name }}) as highest,
        bool_and({{ column.name }} = floor({{ column.name }})) as is_whole
    from customers
    {{ "union all" if not loop.last }}
    {% endfor %}
),

{# about 30 bins, of a width of 1, 2 or 5 times a power of ten; whole numbers are never split,
   and no bin is finer than what a double can tell apart #}
magnitudes as (
    select
        dimension,
        lowest,
        is_whole,
        greatest(
            (highest - lowest) / 30,
            case when is_whole or highest = lowest then 1 else 0 end,
            1e-12 * greatest(abs(lowest), abs(highest))
        ) as ideal_width,
        pow(10, floor(log10(ideal_width))) as magnitude
    from spans
),

widths as (
    select
        dimension,
        lowest,
        magnitude * case
            when ideal_width <= magnitude then 1
            when ideal_width <= 2 * magnitude then 2
            when ideal_width <= 5 * magnitude then 5
            else 10
        end as bin_width
    from magnitudes
),

dimensions as (
    {% for column in context.charted %}
    select
        {{ column.name | literal }} as dimension,
        'numeric' as kind,
        {{ column.label | literal }} as label,
        {{ column.unit | literal }} as unit,
        {{ column.scale | literal }} as scale,
        {{ loop.index }} as position
    union all
    {% endfor %}
    {% for column in context.category %}
    select
        {{ column.name | literal }} as dimension,
        'category' as kind,
        {{ column.label | literal }} as label,
        '' as unit,
        null as scale,
        {{ context.charted | length + loop.index }} as position
    union all
    {% endfor %}
    {% for clustering in context.clusterings %}
    select
        {{ clustering.dimension | literal }} as dimension,
        'segment' as kind,
        {{ clustering.dimension | literal }} as label,
        '' as unit,
        null as scale,
        {{ context.charted | length + context.category | length + loop.index }} as position
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    dimensions.dimension,
    dimensions.kind,
    dimensions.label,
    dimensions.unit,
    dimensions.scale,
    dimensions.position,
    cast(
        case
            when dimensions.scale = 'log' then {{ sql.log_bin_of("widths.lowest") | indent(12) }}
            else {{ sql.bin_of("widths.lowest", "widths.bin_width", 0) | indent(12) }}
        end as bigint
    ) as first_bin,
    widths.bin_width
from dimensions
left join widths using (dimension)
order by dimensions.position;

comment on table marts.crossfilter_dimensions is 'What the Explore page filters by. Grain: one row per dimension, a column of marts.customers.';
comment on column marts.crossfilter_dimensions.dimension is 'The column of marts.customers.';
comment on column marts.crossfilter_dimensions.kind is 'numeric, category or segment.';
comment on column marts.crossfilter_dimensions.label is 'What people call it.';
comment on column marts.crossfilter_dimensions.unit is 'Unit of the values; empty where there is none.';
comment on column marts.crossfilter_dimensions.scale is 'linear: the bins are equally wide; log: they grow wider, five for every ten times. Null unless numeric.';
comment on column marts.crossfilter_dimensions.position is 'Order on the page, from 1.';
comment on column marts.crossfilter_dimensions.first_bin is 'On a linear scale bin 0 starts at first_bin times bin_width; on a log scale it is the first_bin-th after the one that starts at zero. Null unless numeric.';
comment on column marts.crossfilter_dimensions.bin_width is 'Width of a bin in the dimension''s unit, on a log scale what it would be on a linear one; null unless numeric.';
