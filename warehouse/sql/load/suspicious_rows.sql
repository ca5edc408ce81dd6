{% import "macros.sql" as sql %}
-- depends on: source_rows, the table the loader fills; repeated_customers
-- The rows that a quick look does not clear: the costly questions (load/faults.sql) are asked of these only.
{% set has_ids = (context.columns | selectattr("kind", "equalto", "id") | first).source_header != "" %}
create or replace table scratch.suspicious_rows as
select source_rows.*
from source_rows
left join repeated_customers using (source_file, source_line)
where
    repeated_customers.source_line is not null
    {% if has_ids %}
    {# an id has a figure as a rule; the others are looked at, and so is 'Total 2024' #}
    or not coalesce(regexp_matches(customer_id, '[0-9]') and not regexp_matches(customer_id, '(?i)^\s*[gstam][a-z -]*[ :]'), false)
    {% endif %}
    {% if not has_ids and context.columns[1] is defined %}
    or regexp_full_match(lower(trim({{ context.columns[1].name }})), {{ sql.totals() | literal }})
    {% endif %}
    {% if context.numeric %}
    or coalesce({% for column in context.numeric %}{{ column.name }}{{ ", " if not loop.last }}{% endfor %}) is null
    {% else %}
    or true
    {% endif %}
    {% for column in context.numeric %}
    or (
        {{ column.name }} is not null
        and not coalesce(
            {{ "regexp_full_match(" ~ column.name ~ ", '[0-9]+')" if column.decimal_mark == "," else "not contains(" ~ column.name ~ ", '_')" }}
            and try_cast({{ column.name }} as double) / {{ column.divide_by }}
            between {{ column.minimum if column.minimum is not none else -1e12 }}
            and {{ column.maximum if column.maximum is not none else 1e12 }},
            false
        )
    )
    {% endfor %}
