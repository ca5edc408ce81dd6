{% import "macros.sql" as sql %}
create or replace table marts.distribution_history as
with cube as (
    from marts.crossfilter_cube
),

customers as (
    from marts.customers
),

{# what the cube has no room for is counted from the customers #}
left_out as (
    from marts.crossfilter_dimensions
    where not is_in_cube
),

bins as (
    from marts.crossfilter_bins
    where segment_id is null
),

counted as (
    {% for column in context.charted %}
    select
        {{ column.name | literal }} as dimension,
        {{ column.name }}_bin as bin,
        sum(count_customers) as count_customers,
        sum(sum_{{ column.name }}) as sum_values
    from cube
    where {{ column.name }}_bin is not null
    group by {{ column.name }}_bin
    union all
    select
        {{ column.name | literal }} as dimension,
        {{ sql.chart_bin_of(column, "customers." ~ column.name, "left_out.bin_width", "left_out.first_bin") | indent(4) }} as bin,
        count(*) as count_customers,
        sum(customers.{{ column.name }}) as sum_values
    from customers
    inner join left_out on left_out.dimension = {{ column.name | literal }}
    group by all
    {{ "union all" if not loop.last or context.category }}
    {% endfor %}
    {% for column in context.category %}
    select
        {{ column.name | literal }} as dimension,
        {{ column.name }}_bin as bin,
        sum(count_customers) as count_customers,
        null as sum_values
    from cube
    where {{ column.name }}_bin is not null
    group by {{ column.name }}_bin
    union all
    select
        {{ column.name | literal }} as dimension,
        bins.bin,
        count(*) as count_customers,
        null as sum_values
    from customers
    inner join left_out on left_out.dimension = {{ column.name | literal }}
    inner join bins on bins.dimension = left_out.dimension and bins.category = customers.{{ column.name }}
    group by all
    {{ "union all" if not loop.last }}
    {% endfor %}
),

runs as (
    select max(run_id) as run_id
    from segments.newest_run
)

select
    runs.run_id,
    bins.dimension,
    bins.bin,
    bins.lower_edge,
    bins.upper_edge,
    bins.category,
    cast(coalesce(counted.count_customers, 0) as bigint) as count_customers,
    coalesce(counted.count_customers, 0) / sum(counted.count_customers) over (partition by bins.dimension) as share,
    cast(case when bins.category is null then coalesce(counted.sum_values, 0) end as double) as sum_values
from bins
left join counted using (dimension, bin)
cross join runs
order by bins.dimension, bins.bin;

comment on table marts.distribution_history is 'How many customers lay where, in this version and in earlier ones. Grain: one row per run, dimension and bin.';
comment on column marts.distribution_history.run_id is 'Number of the refresh; also the number of the warehouse version it published.';
comment on column marts.distribution_history.dimension is 'A numeric or category column of features.customer_features.';
comment on column marts.distribution_history.bin is 'Number of the bin in that run, from 0; the bins of two runs may differ.';
comment on column marts.distribution_history.lower_edge is 'Smallest value in the bin; null unless numeric.';
comment on column marts.distribution_history.upper_edge is 'The bin holds values below this one; null unless numeric.';
comment on column marts.distribution_history.category is 'The category''s value; null unless a category.';
comment on column marts.distribution_history.count_customers is 'Customers in the bin.';
comment on column marts.distribution_history.share is 'Their share of all customers of the run, 0 to 1.';
comment on column marts.distribution_history.sum_values is 'Sum of their values, for the mean; null unless numeric.';
