-- The cells of the cube add up to all customers, in number and in every sum.
with cube as (
    select
        sum(count_customers) as count_customers,
        {% for column in context.charted %}
        sum(sum_{{ column.name }}) as {{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from marts.crossfilter_cube
),

customers as (
    select
        count(*) as count_customers,
        {% for column in context.charted %}
        sum({{ column.name }}) as {{ column.name }},
        sum(abs({{ column.name }})) as size_{{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from features.customer_features
)

select
    cube.count_customers as in_cube,
    customers.count_customers as in_features
from cube
cross join customers
where
    cube.count_customers is distinct from customers.count_customers
    {% for column in context.charted %}
    or abs(cube.{{ column.name }} - customers.{{ column.name }}) > 1e-9 * customers.size_{{ column.name }}
    {% endfor %}
