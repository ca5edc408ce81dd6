{% import "macros.sql" as sql %}
-- depends on: raw.transactions
-- A customer for everyone who stands in the transactions, with what the latest line says of each; where the lines say nothing of
-- customers, the place of the first.
{% set names = context.columns | rejectattr("kind", "equalto", "id") | map(attribute="name") | list %}
{% set time = context.transactions | selectattr("name", "equalto", "occurred_at") | first %}
{% set place = "{'file': source_file, 'line': source_line}" %}
{% set latest = "{'time': " ~ sql.time(time, "occurred_at") ~ ", 'file': source_file, 'line': source_line}" %}
insert into raw.customers by name
with spelled as (
    select
        customer_id,
        {% for name in names %}
        max({'at': {{ latest | indent(8) }}, 'value': {{ name }}})
            filter ({{ sql.present(name) | indent(12) }} is not null) as {{ name }},
        {% endfor %}
        min({{ place }}) as place
    from raw.transactions
    where customer_id is not null
    group by customer_id
),

-- few, however many lines: the ids are trimmed here and not before
customers as (
    select
        {{ sql.present("customer_id") | indent(8) }} as customer_id,
        {% for name in names %}
        max({{ name }}).value as {{ name }},
        {% endfor %}
        min(place) as place
    from spelled
    group by 1
)

select
    customer_id,
    {% for name in names %}
    {{ name }},
    {% endfor %}
    place.file as source_file,
    place.line as source_line
from customers
where customer_id is not null
order by customer_id
