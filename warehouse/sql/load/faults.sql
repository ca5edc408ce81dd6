{% import "macros.sql" as sql %}
-- depends on: suspicious_rows; repeated_customers
-- What is wrong with a row: the first of these questions that is answered badly. Rows without a fault are not here.
-- What is worked out on the way begins with an underscore: no column of a file does.
{% set has_ids = (context.columns | selectattr("kind", "equalto", "id") | first).source_header != "" %}
{% set headed = context.columns | selectattr("source_header") | list %}
{% set values = context.columns | rejectattr("kind", "equalto", "id") | map(attribute="name") | list %}
{% set numbers = context.numeric | map(attribute="name") | list %}
create or replace temporary table faults as
with numbered as (
    select
        *,
        {{ sql.present("customer_id") | indent(4) }} as _id,
        {% for column in context.numeric %}
        {{ sql.amount(column, column.name) | indent(4) }} as _number_{{ column.name }},
        {% endfor %}
        {{ sql.first_of((["customer_id"] if has_ids else []) + values) }} as _first_value
    from suspicious_rows
),

judged as (
    select
        numbered.source_file,
        numbered.source_line,
        numbered.count_lines,
        numbered._id as customer_id,
        case
            {{ sql.row_faults(headed, "a customer", "numbered.", "") | indent(12) }}
            when _id is null
                then {'rule': 'no customer id', 'reason': 'the row has no customer id'}
            {% if numbers %}
            when {{ sql.first_of(numbers) }} is null
                then {
                    'rule': 'no values',
                    'reason': {{ ("the row has no value for " ~ context.numeric | map(attribute="source_header") | map("trim") | join(", ")) | literal }}
                }
            {% endif %}
            {% for column in context.numeric %}
            {{ sql.number_faults(column, "numbered.") | indent(12) }}
            {% endfor %}
            when repeated_customers._is_conflicting
                then {
                    'rule': 'conflicting ids',
                    'reason': 'customer id ' || {{ sql.shown("_id") }} || ' stands more than once, with different values: another '
                    || array_to_string(repeated_customers._differing[:3], ', ') || ' in '
                    || case
                        when repeated_customers._other.file <> numbered.source_file then repeated_customers._other.file || ', '
                        else ''
                    end || 'line ' || repeated_customers._other.line
                }
        end as fault,
        concat_ws(
            ','
            {% for value in (["customer_id"] if has_ids else []) + values %}
            , coalesce(numbered.{{ value }}, '')
            {% endfor %}
        ) as row_text
    from numbered
    left join repeated_customers using (source_file, source_line)
)

{{ sql.faulty_rows() }}
