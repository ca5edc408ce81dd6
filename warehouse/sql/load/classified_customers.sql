{% import "macros.sql" as sql %}
-- depends on: source_rows, the temporary table the loader fills: file, line, count of lines, then every column as text
-- What is worked out on the way begins with an underscore: no column of a file does.
{% set has_ids = (context.columns | selectattr("kind", "equalto", "id") | first).source_header != "" %}
{% set values = context.columns | rejectattr("kind", "equalto", "id") | map(attribute="name") | list %}
{% set headed = context.columns | selectattr("source_header") | list %}
{% set totals = "(grand |sub[- ]?)?(totals?|sums?|average|avg|mean|summe|gesamt|gesamtsumme|somme|moyenne|suma|totale)([ :].*)?" %}
{% macro shown(value) %}if(length({{ value }}) > 60, left({{ value }}, 60) || '…', {{ value }}){% endmacro %}
create or replace temporary table classified_customers as
with source_rows as (
    from source_rows
),

{# without ids a row is told by its values, so that a customer is the same in the next file #}
identified as (
    select
        {% if has_ids %}
        *
        {% else %}
        * exclude (customer_id),
        'row-' || left(md5(concat_ws(chr(31){% for value in values %}, coalesce({{ value }}, ''){% endfor %})), 16) as _hash,
        row_number() over (partition by _hash order by source_file, source_line) as _place,
        if(_place = 1, _hash, _hash || '-' || _place) as customer_id
        {% endif %}
    from source_rows
),

numbered as (
    select
        *,
        {{ sql.present("customer_id") | indent(4) }} as _id,
        {% for column in context.numeric %}
        {{ sql.amount(column, column.name) | indent(4) }} as _number_{{ column.name }},
        {% endfor %}
        coalesce(
            {% for value in (["customer_id"] if has_ids else []) + values %}
            {{ sql.present(value) | indent(8) }}{{ "," if not loop.last }}
            {% endfor %}
        ) as _first_value
    from identified
),

{# only ids that stand more than once cost the comparison of whole rows #}
repeated_ids as (
    select _id
    from numbered
    where _id is not null
    group by _id
    having count(*) > 1
),

copies as (
    select
        numbered.source_file,
        numbered.source_line,
        [
            {% for value in values %}
            coalesce({{ sql.trimmed("numbered." ~ value) }}, ''){{ "," if not loop.last }}
            {% endfor %}
        ] as _values,
        row_number() over (partition by numbered._id, _values order by numbered.source_file, numbered.source_line) as _copy,
        count(*) over (partition by numbered._id, _values) < count(*) over (partition by numbered._id) as _is_conflicting
    from numbered
    inner join repeated_ids using (_id)
),

judged as (
    select
        numbered.*,
        coalesce(copies._copy > 1 and not copies._is_conflicting, false) as _is_copy,
        case
            when _first_value is null
                then {'rule': 'blank row', 'reason': 'the row is blank'}
            when regexp_full_match(lower({{ "coalesce(_id, _first_value)" if has_ids else "_first_value" }}), {{ totals | literal }})
                then {
                    'rule': 'subtotal row',
                    'reason': '''' || {{ shown("coalesce(_id, _first_value)" if has_ids else "_first_value") }} || ''' stands where a customer should: a row of totals'
                }
            {% if headed %}
            when
                {% for column in headed %}
                coalesce({{ sql.trimmed("numbered." ~ column.name) }}, '') = {{ column.source_header.strip() | literal }}
                {{ "and" if not loop.last }}
                {% endfor %}
                then {'rule': 'repeated header', 'reason': 'the row repeats the header'}
            {% endif %}
            when _id is null
                then {'rule': 'no customer id', 'reason': 'the row has no customer id'}
            {% if context.numeric %}
            when coalesce({% for column in context.numeric %}{{ sql.present("numbered." ~ column.name) | indent(8) }}{{ ", " if not loop.last }}{% endfor %}) is null
                then {'rule': 'no values', 'reason': {{ ("the row has no value for " ~ context.numeric | map(attribute="source_header") | map("trim") | join(", ")) | literal }}}
            {% endif %}
            {% for column in context.numeric %}
            {% set header = column.source_header.strip() %}
            {% set value = shown(sql.trimmed("numbered." ~ column.name)) %}
            when {{ sql.present("numbered." ~ column.name) | indent(8) }} is not null and _number_{{ column.name }} is null
                then {
                    'rule': 'not a number',
                    'reason': {{ (header ~ " is '") | literal }} || {{ value }}
                    || {{ ("', which is not a number" ~ (" with a decimal comma" if column.decimal_mark == ",")) | literal }}
                }
            {% if column.minimum is not none %}
            when _number_{{ column.name }} < {{ column.minimum }}
                then {
                    'rule': 'out of range',
                    'reason': {{ (header ~ " is ") | literal }} || {{ value }} || {{ (", below %.10g" % (column.minimum * column.divide_by)) | literal }}
                }
            {% endif %}
            {% if column.maximum is not none %}
            when _number_{{ column.name }} > {{ column.maximum }}
                then {
                    'rule': 'out of range',
                    'reason': {{ (header ~ " is ") | literal }} || {{ value }} || {{ (", above %.10g" % (column.maximum * column.divide_by)) | literal }}
                }
            {% endif %}
            when abs(_number_{{ column.name }}) > 1e12
                then {
                    'rule': 'out of range',
                    'reason': {{ (header ~ " is ") | literal }} || {{ value }} || ', beyond a million millions'
                }
            {% endfor %}
            when copies._is_conflicting
                then {
                    'rule': 'conflicting ids',
                    'reason': 'customer id ' || {{ shown("_id") }} || ' stands more than once, with different values'
                }
        end as _fault
    from numbered
    left join copies using (source_file, source_line)
)

select
    source_file,
    source_line,
    count_lines,
    {% for column in context.columns %}
    {{ column.name }},
    {% endfor %}
    _fault.rule as rule,
    _fault.reason as reason,
    _fault is null and _is_copy as is_duplicate
from judged
