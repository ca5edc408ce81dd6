{% import "macros.sql" as sql %}
-- depends on: raw.transactions; staging.transactions
-- A customer for everyone who stands in the transactions, with what the latest line says of each.
{% set names = context.columns | rejectattr("kind", "equalto", "id") | map(attribute="name") | list %}
{% set latest = "{'time': lines.occurred_at, 'line': transactions.source_line}" %}
insert into raw.customers by name
select
    {{ sql.trimmed("transactions.customer_id") }} as customer_id,
    {% for name in names %}
    arg_max(transactions.{{ name }}, {{ latest }}) filter ({{ sql.present("transactions." ~ name) | indent(4) }} is not null) as {{ name }},
    {% endfor %}
    arg_max(transactions.source_file, {{ latest }}) as source_file,
    arg_max(transactions.source_line, {{ latest }}) as source_line
from raw.transactions
inner join staging.transactions as lines using (source_file, source_line)
where {{ sql.present("transactions.customer_id") }} is not null
group by 1
order by 1
