{% import "macros.sql" as sql %}
create or replace table marts.crossfilter_bins as
with dimensions as (
    from marts.crossfilter_dimensions
),

customers as (
    from marts.customers
),

last_bins as (
    {% for column in context.charted %}
    select
        dimensions.dimension,
        max({{ sql.chart_bin_of(column, "customers." ~ column.name, "dimensions.bin_width", "dimensions.first_bin") | indent(4) }}) as last_bin
    from customers
    inner join dimensions on dimensions.dimension = {{ column.name | literal }}
    group by dimensions.dimension
    {{ "union all" if not loop.last }}
    {% endfor %}
),

numbered as (
    select
        dimension,
        unnest(range(last_bin + 1)) as bin
    from last_bins
),

numeric_bins as (
    select
        dimension,
        cast(bin as integer) as bin
    from numbered
),

segments as (
    from segments.segments
    semi join segments.newest_run using (run_id)
)

select
    numeric_bins.dimension,
    numeric_bins.bin,
    case
        when dimensions.scale = 'log' then {{ sql.log_edge("(dimensions.first_bin + numeric_bins.bin)") | indent(4) }}
        else (dimensions.first_bin + numeric_bins.bin) * dimensions.bin_width
    end as lower_edge,
    case
        when dimensions.scale = 'log' then {{ sql.log_edge("(dimensions.first_bin + numeric_bins.bin + 1)") | indent(4) }}
        else (dimensions.first_bin + numeric_bins.bin + 1) * dimensions.bin_width
    end as upper_edge,
    cast(null as varchar) as category,
    cast(null as integer) as segment_id
from numeric_bins
inner join dimensions using (dimension)

union all

select
    column_name as dimension,
    code as bin,
    null as lower_edge,
    null as upper_edge,
    value as category,
    null as segment_id
from features.category_encoding

union all

select
    segmentation || '_' || algorithm as dimension,
    cast(row_number() over (partition by segmentation, algorithm order by segment_id) - 1 as integer) as bin,
    null as lower_edge,
    null as upper_edge,
    null as category,
    segment_id
from segments
order by dimension, bin;

comment on table marts.crossfilter_bins is 'The bins of every dimension: defined here and nowhere else. Grain: one row per dimension and bin.';
comment on column marts.crossfilter_bins.dimension is 'The dimension.';
comment on column marts.crossfilter_bins.bin is 'Number of the bin, from 0.';
comment on column marts.crossfilter_bins.lower_edge is 'Smallest value in the bin; null unless numeric.';
comment on column marts.crossfilter_bins.upper_edge is 'The bin holds values below this one; null unless numeric.';
comment on column marts.crossfilter_bins.category is 'The category''s value; null unless a category.';
comment on column marts.crossfilter_bins.segment_id is 'The segment; null unless a segment.';
