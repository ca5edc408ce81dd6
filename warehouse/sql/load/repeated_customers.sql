{% import "macros.sql" as sql %}
-- depends on: source_rows, the temporary table the loader fills
-- The rows whose customer id stands more than once: which copy of the same values each is, and whether the values differ.
{% set has_ids = (context.columns | selectattr("kind", "equalto", "id") | first).source_header != "" %}
create or replace temporary table repeated_customers as
with source_rows as (
    from source_rows
),

repeated_ids as (
    select {{ sql.trimmed("customer_id") }} as _id
    from source_rows
    {% if not has_ids %}
    where false
    {% endif %}
    group by _id
    having count(*) > 1
),

copies as (
    select
        source_file,
        source_line,
        _id,
        [
            {% for column in context.columns if column.kind != "id" %}
            coalesce({{ sql.trimmed(column.name) }}, ''){{ "," if not loop.last }}
            {% endfor %}
        ] as _values
    from source_rows
    inner join repeated_ids on repeated_ids._id = {{ sql.trimmed("source_rows.customer_id") }}
)

select
    source_file,
    source_line,
    row_number() over (partition by _id, _values order by source_file, source_line) as _copy,
    count(*) over (partition by _id, _values) < count(*) over (partition by _id) as _is_conflicting
from copies
