{% import "macros.sql" as sql %}
{# The browser holds the whole cube, so that it stays small whatever the columns: of some ways to bin the first is taken whose cells
   fit. First all columns have about 30 bins, then 20, then 12 (those of a log scale keep theirs); then columns are left out, the
   least important first, but for two. #}
{% set bins = [30, 20, 12] -%}
{% set names = context.by_importance -%}
{% set scales = {} -%}
{% for column in context.charted %}{% set _ = scales.update({column.name: column.scale}) %}{% endfor -%}
{% set ways = [] -%}
{% for level in range(bins | length) %}{% set _ = ways.append((level, names)) %}{% endfor -%}
{% for kept in range(names | length - 1, 1, -1) %}{% set _ = ways.append((bins | length - 1, names[:kept])) %}{% endfor -%}
{# What tells the bins of a column apart at a level, in SQL: edges need not be right for that. #}
{% macro bin(name, level) -%}
{% if name not in scales %}customers.{{ name }}{% elif scales[name] == "log" %}sign(customers.{{ name }}) * floor(5 * log10(1 + abs(customers.{{ name }}))){% else %}floor(customers.{{ name }} / widths_beside.{{ name }}_{{ level }}){% endif %}
{%- endmacro %}
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

levels as (
    select
        level,
        most_bins
    from (
        values
            {% for most in bins %}
            ({{ loop.index0 }}, {{ most }}){{ "," if not loop.last }}
            {% endfor %}
    ) as tried (level, most_bins)
),

{# about so many bins, of a width of 1, 2 or 5 times a power of ten; whole numbers are never split,
   and no bin is finer than what a double can tell apart #}
magnitudes as (
    select
        spans.dimension,
        levels.level,
        spans.lowest,
        greatest(
            (highest - lowest) / levels.most_bins,
            case when is_whole or highest = lowest then 1 else 0 end,
            1e-12 * greatest(abs(lowest), abs(highest))
        ) as ideal_width,
        pow(10, floor(log10(ideal_width))) as magnitude
    from spans
    cross join levels
),

widths as (
    select
        dimension,
        level,
        lowest,
        magnitude * case
            when ideal_width <= magnitude then 1
            when ideal_width <= 2 * magnitude then 2
            when ideal_width <= 5 * magnitude then 5
            else 10
        end as bin_width
    from magnitudes
),

widths_beside as (
    select
        {% for column in context.charted %}
        {% for _ in bins %}
        max(bin_width) filter (dimension = {{ column.name | literal }} and level = {{ loop.index0 }}) as {{ column.name }}_{{ loop.index0 }},
        {% endfor %}
        {% endfor %}
        null as _
    from widths
),

{# a cell of every way as one number; those with fewer columns are made one from another #}
hashed as (
    select
        {% for level in range(bins | length) %}
        {% for name in names %}
        hash({{ "0" if loop.first else "_kept_" ~ level ~ "_" ~ loop.index0 }}, {{ bin(name, level) }}) as _kept_{{ level }}_{{ loop.index }},
        {% endfor %}
        {% endfor %}
        hash({% for clustering in context.clusterings %}customers.{{ clustering.dimension }}, {% endfor %}0) as _segments
    from customers
    cross join widths_beside
    where (select count(*) from customers) > {{ context.cells(names) }}
),

{# whether the cells of every way fit, about; nobody is counted where all do #}
sizes as (
    select [
        {% for level, kept in ways %}
        approx_count_distinct(hash(_kept_{{ level }}_{{ kept | length }}, _segments)) <= {{ context.cells(kept) }}{{ "," if not loop.last }}
        {% else %}
        true
        {% endfor %}
    ] as fits
    from hashed
),

ways as (
    select
        way,
        [{% for level, _ in ways %}{{ level }}{{ ", " if not loop.last }}{% endfor %}][way] as level,
        [{% for _, kept in ways %}{{ kept | length }}{{ ", " if not loop.last }}{% endfor %}][way] as count_kept
    from (
        select coalesce(list_position(fits, true), {{ ways | length }}) as way
        from sizes
    )
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
    {{ "union all" if not loop.last or context.category or context.clusterings }}
    {% endfor %}
    {% for column in context.category %}
    select
        {{ column.name | literal }} as dimension,
        'category' as kind,
        {{ column.label | literal }} as label,
        '' as unit,
        null as scale,
        {{ context.charted | length + loop.index }} as position
    {{ "union all" if not loop.last or context.clusterings }}
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
    coalesce(list_position(cast([{% for name in names %}{{ name | literal }}{{ ", " if not loop.last }}{% endfor %}] as varchar[]), dimensions.dimension) <= ways.count_kept, true) as is_in_cube,
    cast(
        case
            when dimensions.scale = 'log' then {{ sql.log_bin_of("widths.lowest") | indent(12) }}
            else {{ sql.bin_of("widths.lowest", "widths.bin_width", 0) | indent(12) }}
        end as bigint
    ) as first_bin,
    widths.bin_width
from dimensions
cross join ways
left join widths on widths.dimension = dimensions.dimension and widths.level = ways.level
order by dimensions.position;

comment on table marts.crossfilter_dimensions is 'What the Explore page filters by. Grain: one row per dimension, a column of marts.customers.';
comment on column marts.crossfilter_dimensions.dimension is 'The column of marts.customers.';
comment on column marts.crossfilter_dimensions.kind is 'numeric, category or segment.';
comment on column marts.crossfilter_dimensions.label is 'What people call it.';
comment on column marts.crossfilter_dimensions.unit is 'Unit of the values; empty where there is none.';
comment on column marts.crossfilter_dimensions.scale is 'linear: the bins are equally wide; log: they grow wider, five for every ten times. Null unless numeric.';
comment on column marts.crossfilter_dimensions.position is 'Order on the page, from 1.';
comment on column marts.crossfilter_dimensions.is_in_cube is 'False for a column that marts.crossfilter_cube has no room for: the Explore page does not draw it.';
comment on column marts.crossfilter_dimensions.first_bin is 'On a linear scale bin 0 starts at first_bin times bin_width; on a log scale it is the first_bin-th after the one that starts at zero. Null unless numeric.';
comment on column marts.crossfilter_dimensions.bin_width is 'Width of a bin in the dimension''s unit, on a log scale what it would be on a linear one; null unless numeric.';
