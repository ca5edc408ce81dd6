{% import "macros.sql" as sql %}
-- Bins as wide as those of the charts tell little apart where a few large values stretch them, so each is cut further wherever
-- the first three digits of a value change. The cuts depend on nothing but the value: any two runs can be compared.
create or replace table marts.distribution_detail as
with customers as (
    from marts.customers
),

dimensions as (
    from marts.crossfilter_dimensions
),

counted as (
    {% for column in context.charted %}
    select
        dimensions.dimension,
        dimensions.bin_width,
        {{ sql.bin_of("customers." ~ column.name, "dimensions.bin_width", 0) | indent(4) }} as bin,
        cast({{ sql.first_digits("customers." ~ column.name) }} as double) as first_digits,
        count(*) as count_customers
    from customers
    inner join dimensions on dimensions.dimension = {{ column.name | literal }}
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
    counted.dimension,
    counted.bin_width,
    counted.bin,
    counted.first_digits,
    counted.count_customers
from counted
cross join runs
order by counted.dimension, counted.bin, counted.first_digits;

comment on table marts.distribution_detail is 'The numbers of customers in cells fine enough to find the tenths of the customers, in this version and in earlier ones. Grain: one row per run, numeric dimension and cell with a customer.';
comment on column marts.distribution_detail.run_id is 'Number of the refresh.';
comment on column marts.distribution_detail.dimension is 'A numeric column of features.customer_features.';
comment on column marts.distribution_detail.bin_width is 'Width of the bins in that run, as in marts.crossfilter_dimensions.';
comment on column marts.distribution_detail.bin is 'The cell lies in the bin that begins at bin times bin_width.';
comment on column marts.distribution_detail.first_digits is 'What is left of the cell''s values when they are cut off after three digits: 1390 for 1395.';
comment on column marts.distribution_detail.count_customers is 'Customers in the cell.';
