{% import "macros.sql" as sql %}
-- depends on: segments.runs
create or replace table marts.crossfilter_cube as
with customers as (
    from marts.customers
),

firsts as (
    select
        {% for column in context.charted %}
        max(first_bin) filter (dimension = {{ column.name | literal }}) as {{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from marts.crossfilter_dimensions
),

widths as (
    select
        {% for column in context.charted %}
        max(bin_width) filter (dimension = {{ column.name | literal }}) as {{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from marts.crossfilter_dimensions
),

{# the columns that there is room for #}
kept as (
    select
        {% for column in context.charted + context.category %}
        bool_or(is_in_cube) filter (dimension = {{ column.name | literal }}) as {{ column.name }},
        {% endfor %}
        {# of few customers each is a cell of its own, so that the page can draw each #}
        (select count(*) from customers) <= {{ context.customers_drawn }} as _is_single
    from marts.crossfilter_dimensions
),

cells as (
    select
        {% for column in context.charted %}
        case when kept.{{ column.name }} then cast({{ sql.chart_bin_of(column, "customers." ~ column.name, "widths." ~ column.name, "firsts." ~ column.name) | indent(4) }} as integer) end as {{ column.name }}_bin,
        {% endfor %}
        {% for column in context.category %}
        case when kept.{{ column.name }} then customers.{{ column.name }} end as {{ column.name }},
        {% endfor %}
        case when kept._is_single then customers.customer_id end as _customer,
        {% for clustering in context.clusterings %}
        customers.{{ clustering.dimension }},
        {% endfor %}
        count(*) as count_customers,
        {% for column in context.charted %}
        sum(customers.{{ column.name }}) as sum_{{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from customers
    cross join firsts
    cross join widths
    cross join kept
    group by all
)

select
    {% for column in context.charted %}
    cells.{{ column.name }}_bin,
    {% endfor %}
    {% for column in context.category %}
    {{ column.name }}_bins.bin as {{ column.name }}_bin,
    {% endfor %}
    {% for clustering in context.clusterings %}
    {{ clustering.dimension }}_bins.bin as {{ clustering.dimension }}_bin,
    {% endfor %}
    cells.count_customers,
    {% for column in context.charted %}
    cells.sum_{{ column.name }}{{ "," if not loop.last }}
    {% endfor %}
from cells
{% for column in context.category %}
left join marts.crossfilter_bins as {{ column.name }}_bins
    on {{ column.name }}_bins.dimension = {{ column.name | literal }} and {{ column.name }}_bins.category = cells.{{ column.name }}
{% endfor %}
{% for clustering in context.clusterings %}
inner join marts.crossfilter_bins as {{ clustering.dimension }}_bins
    on
        {{ clustering.dimension }}_bins.dimension = {{ clustering.dimension | literal }}
        and {{ clustering.dimension }}_bins.segment_id = cells.{{ clustering.dimension }}
{% endfor %}
order by all;

comment on table marts.crossfilter_cube is 'The cells the Explore page filters in the browser. Grain: one row per combination of bins that holds a customer; of few customers, at most 5,000, one row per customer.';
{% for column in context.charted + context.category %}
comment on column marts.crossfilter_cube.{{ column.name }}_bin is {{ ("Bin of " ~ column.name ~ ", see marts.crossfilter_bins; null where marts.crossfilter_dimensions says that it is not in the cube.") | literal }};
{% endfor %}
{% for clustering in context.clusterings %}
comment on column marts.crossfilter_cube.{{ clustering.dimension }}_bin is {{ ("Bin of " ~ clustering.dimension ~ ", see marts.crossfilter_bins.") | literal }};
{% endfor %}
comment on column marts.crossfilter_cube.count_customers is 'Customers in the cell.';
{% for column in context.charted %}
comment on column marts.crossfilter_cube.sum_{{ column.name }} is {{ ("Sum over these customers: " ~ column.title ~ ".") | literal }};
{% endfor %}
