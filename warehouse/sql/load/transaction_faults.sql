{% import "macros.sql" as sql %}
-- depends on: source_rows, the table the loader fills
-- What is wrong with a line of a transaction: the first of these questions that is answered badly. Lines without a fault are not
-- here. What is worked out on the way begins with an underscore: no column of a file does.
{% set columns = context.transactions %}
{% set numeric = columns | selectattr("kind", "equalto", "numeric") | list %}
{% set names = columns | map(attribute="name") | list %}
{% set time = columns | selectattr("name", "equalto", "occurred_at") | first %}
{% set amounts = numeric | selectattr("name", "in", ("amount", "unit_price")) | list %}
create or replace temporary table faults as
{# a quick look clears most lines; the costly questions are asked of the others only #}
with suspicious as (
    select *
    from source_rows
    where not coalesce(
        regexp_matches(occurred_at, '\d')
        and coalesce(try_cast(occurred_at as timestamp), {{ sql.time(time, "occurred_at") | indent(8) }})
        between timestamp '1900-01-01' and cast(current_date as timestamp) + interval 2 day
        {% if "amount" not in names and "quantity" in names %}
        and quantity is not null
        {% endif %}
        and {{ (amounts | first).name }} is not null
        {% for column in numeric %}
        and (
            {{ column.name }} is null
            or (
                {{ "regexp_full_match(" ~ column.name ~ ", '[0-9]+')" if column.decimal_mark == "," else "not contains(" ~ column.name ~ ", '_')" }}
                and try_cast({{ column.name }} as double) / {{ column.divide_by }}
                between {{ column.minimum if column.minimum is not none else -1e12 }}
                and {{ column.maximum if column.maximum is not none else 1e12 }}
            )
        )
        {% endfor %}
        {% if "transaction_id" in names %}
        and regexp_matches(transaction_id, '[0-9]')
        and not regexp_matches(transaction_id, '(?i)^\s*[gstam][a-z -]*[ :]')
        {% else %}
        and false
        {% endif %},
        false
    )
),

numbered as (
    select
        *,
        {{ sql.present("customer_id") | indent(4) }} as _id,
        {{ sql.time(time, "occurred_at") | indent(4) }} as _time,
        {% for column in numeric %}
        {{ sql.amount(column, column.name) | indent(4) }} as _number_{{ column.name }},
        {% endfor %}
        {{ sql.first_of(names) }} as _first_value
    from suspicious
),

judged as (
    select
        source_file,
        source_line,
        count_lines,
        _id as customer_id,
        case
            {{ sql.row_faults(columns, "a transaction", "", "") | indent(12) }}
            when {{ sql.present("occurred_at") | indent(12) }} is null
                then {'rule': 'no date', 'reason': {{ ("the row has no " ~ time.source_header.strip()) | literal }}}
            when _time is null
                then {
                    'rule': 'not a date',
                    'reason': {{ (time.source_header.strip() ~ " is '") | literal }} || {{ sql.shown(sql.trimmed("occurred_at")) }}
                    || {{ ("', which is not a date" ~ (" with the " ~ time.date_order ~ " first" if time.date_order)) | literal }}
                }
            when _time < timestamp '1900-01-01'
                then {
                    'rule': 'out of range',
                    'reason': {{ (time.source_header.strip() ~ " is ") | literal }} || {{ sql.shown(sql.trimmed("occurred_at")) }} || ', before 1900'
                }
            when _time > cast(current_date as timestamp) + interval 2 day
                then {
                    'rule': 'out of range',
                    'reason': {{ (time.source_header.strip() ~ " is ") | literal }} || {{ sql.shown(sql.trimmed("occurred_at")) }} || ', which is still to come'
                }
            {% for column in numeric %}
            {{ sql.number_faults(column, "") | indent(12) }}
            {% endfor %}
            when
                {% if "amount" in names %}
                _number_amount is null
                {{ "and " if "unit_price" in names }}
                {% endif %}
                {% if "unit_price" in names %}
                ({{ "_number_quantity is null or " if "quantity" in names }}_number_unit_price is null)
                {% endif %}
                then {
                    'rule': 'no amount',
                    'reason': {{ ("the row has no " ~ amounts | map(attribute="source_header") | map("trim") | join(" and no ") ~ (
                        " or no " ~ (numeric | selectattr("name", "equalto", "quantity") | first).source_header.strip()
                        if "quantity" in names and "unit_price" in names
                    )) | literal }}
                }
        end as fault,
        {{ sql.row_text(names) }} as row_text
    from numbered
)

{{ sql.faulty_rows() }}
